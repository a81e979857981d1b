#include "store/junk.h"

#include "store/account.h"
#include "store/entry.h"
#include "store/keyword.h"

static const char junk_mailbox[] =
    "SELECT id FROM mailbox WHERE account = $1 AND special_use = $2 ORDER BY id LIMIT 1";

/* 0: the mailbox has no bit left for it. */
static uint64_t junk_flag(struct commit *commit, uint64_t mailbox) {
    static const struct slice name = SLICE_INIT("$Junk");
    bool is_full = false;
    return keyword_bits(commit->db, mailbox, &name, 1, true, &is_full);
}

void junk_add(struct commit *commit, struct inbox *inbox, const struct delivery *delivery) {
    struct mailbox_state mailbox;
    uint64_t id = (uint64_t)DB_READ_NUMBER(commit->db, junk_mailbox, 0, DB_NUMBER(inbox->account),
                                           DB_NUMBER(SPECIAL_JUNK));
    int64_t raw_bytes = (int64_t)delivery->body.raw_bytes;
    if (id == 0 || !mailbox_load(commit->db, id, &mailbox)) {
        inbox_add(commit, inbox,
                  &(struct entry_row){delivery->id, junk_flag(commit, inbox->mailbox.id),
                                      delivery->received_ms, raw_bytes});
        return;
    }
    mailbox.modseq++;
    entry_insert(commit->db, &mailbox,
                 &(struct entry_row){delivery->id, junk_flag(commit, id), delivery->received_ms, raw_bytes});
    mailbox_save(commit, &mailbox);
    account_use(commit->db, inbox->account, raw_bytes, 1);
    /* The others of this batch are measured against it. */
    inbox->used_bytes += raw_bytes;
}

/*
 * STATUS (RFC 9051 6.3.11; RFC 7162 3.1.7, RFC 7889 4, RFC 8474 4.3). All but DELETED and DELETED-STORAGE
 * stand in the mailbox's row, so a client may ask for all its mailboxes every minute.
 */
#include "imap/imap_commands.h"
#include "imap/imap_status.h"

static void count_range(void *context, struct uid_range range) {
    *(uint64_t *)context += range.last - range.first + 1;
}

static uint64_t deleted_count(struct imap_call *call, const struct mailbox *mailbox) {
    uint64_t count = 0;
    enum store_result result = reader_uids_with_flags(call->session->server->reader, mailbox->id,
                                                      FLAG_DELETED, 0, count_range, &count);
    return result == STORE_OK ? count : 0;
}

/* RFC 9208 4.1.4: what an EXPUNGE would give back. */
static uint64_t deleted_bytes(struct imap_call *call, const struct mailbox *mailbox) {
    uint64_t bytes = 0;
    enum store_result result =
        reader_bytes_with_flags(call->session->server->reader, mailbox->id, FLAG_DELETED, &bytes);
    return result == STORE_OK ? bytes : 0;
}

static uint64_t value_of(struct imap_call *call, const struct mailbox *mailbox, uint32_t item) {
    switch (item) {
    case IMAP_STATUS_MESSAGES:
        return mailbox->message_count;
    case IMAP_STATUS_UIDNEXT:
        return mailbox->uidnext;
    case IMAP_STATUS_UIDVALIDITY:
        return mailbox->uidvalidity;
    case IMAP_STATUS_UNSEEN:
        return mailbox->unseen_count;
    case IMAP_STATUS_DELETED:
        return deleted_count(call, mailbox);
    case IMAP_STATUS_DELETED_STORAGE:
        return deleted_bytes(call, mailbox);
    case IMAP_STATUS_SIZE:
        return mailbox->bytes;
    case IMAP_STATUS_HIGHESTMODSEQ:
        return mailbox->highest_modseq;
    case IMAP_STATUS_APPENDLIMIT:
        return call->session->server->settings.message_bytes_max;
    default:
        /* RECENT */
        return 0;
    }
}

void imap_status_write(struct imap_call *call, const struct mailbox *mailbox, uint32_t items) {
    buffer_append_text(call->out, "* STATUS ");
    imap_reply_mailbox(call->out, mailbox->name, imap_is_utf8(call->session));
    const char *before = " (";
    for (const struct imap_word *word = imap_status_items; word->bits; word++) {
        if (!(items & word->bits)) continue;
        buffer_append_text(call->out, before);
        buffer_append(call->out, word->name);
        buffer_append_byte(call->out, ' ');
        if (word->bits == IMAP_STATUS_MAILBOXID)
            buffer_printf(call->out, "(F%016llx)", (unsigned long long)mailbox->id);
        else
            buffer_append_number(call->out, value_of(call, mailbox, word->bits));
        before = " ";
    }
    buffer_append_text(call->out, items ? ")\r\n" : " ()\r\n");
}

struct imap_answer imap_run_status(struct task *t, struct imap_call *call) {
    (void)t;
    const struct imap_status *status = &call->command->status;
    struct mailbox mailbox;
    enum store_result result = imap_call_mailbox(call, status->mailbox, &mailbox);
    if (result != STORE_OK) return imap_answer_of(result);
    /* RFC 7162 3.1.7 */
    if (status->items & IMAP_STATUS_HIGHESTMODSEQ) call->session->enabled |= IMAP_ENABLE_CONDSTORE;
    imap_status_write(call, &mailbox, status->items);
    return ANSWER_OK("That is its state");
}

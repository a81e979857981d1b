#include "outreach/outside_send.h"

#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/outside_folders.h"

/* ---- SMTP ---- */

struct reading {
    struct slice content;
    size_t at;
};

static ssize_t read_content(struct task *t, void *context, void *bytes, size_t len) {
    (void)t;
    struct reading *reading = context;
    struct slice next = slice_sub(reading->content, reading->at, len);
    if (next.len) memcpy(bytes, next.ptr, next.len);
    reading->at += next.len;
    return (ssize_t)next.len;
}

static bool is_8bit(struct slice content) {
    for (size_t i = 0; i < content.len; i++)
        if (content.ptr[i] & 0x80) return true;
    return false;
}

/* Of a transaction with one recipient: what became of him, where the transaction itself went well. */
static const struct smtp_client_outcome *outcome_for(const struct smtp_client_outcome *outcome,
                                                     const struct smtp_client_recipient *recipient) {
    bool is_about_him = outcome->result == SMTP_CLIENT_OK || outcome->result == SMTP_CLIENT_REFUSED;
    return is_about_him && recipient->outcome.result != SMTP_CLIENT_OK ? &recipient->outcome : outcome;
}

static struct smtp_client_outcome submit(struct task *t, struct smtp_client *client, struct arena *arena,
                                         const struct outside_message *message) {
    struct reading reading = {message->content, 0};
    struct smtp_client_recipient recipient = {.address = message->recipient};
    struct smtp_client_message submitted = {.mail_from = message->mail_from,
                                            .bytes = message->content.len,
                                            .is_8bit = is_8bit(message->content),
                                            .recipients = &recipient,
                                            .recipient_count = 1,
                                            .read = read_content,
                                            .context = &reading};
    struct smtp_client_outcome outcome = smtp_client_send(t, client, arena, &submitted);
    return *outcome_for(&outcome, &recipient);
}

/* Behind the first byte of the content nobody knows what the server made of it. */
static bool may_have_left(const struct smtp_client_outcome *outcome) {
    return outcome->stage == SMTP_STAGE_CONTENT || outcome->stage == SMTP_STAGE_END_OF_DATA;
}

/* To this recipient, or to this message: not to us. A mailbox that is full is the recipient's; that we sent
   too much is ours, whenever it is said. */
static bool is_about_recipient(const struct smtp_client_outcome *outcome) {
    enum sender_cause cause = cause_of_refusal(outcome->answer.code, outcome->answer.text);
    if (outcome->stage == SMTP_STAGE_RCPT) return cause != SENDER_CAUSE_RATE;
    bool is_late = outcome->stage == SMTP_STAGE_DATA || may_have_left(outcome);
    return is_late && cause == SENDER_CAUSE_SMTP_REFUSED;
}

static struct outside_sent sent_of(struct arena *arena, const struct smtp_client_outcome *outcome,
                                   enum sender_auth auth) {
    struct outside_sent sent = {.code = outcome->answer.code,
                                .enhanced = outcome->answer.enhanced,
                                .words = outcome->answer.text,
                                .outcome = OUTSIDE_LATER};
    if (outcome->result == SMTP_CLIENT_OK) {
        sent.outcome = OUTSIDE_SENT;
        return sent;
    }
    if (outcome->result == SMTP_CLIENT_REFUSED && is_about_recipient(outcome)) {
        if (sent.code / 100 == 5) sent.outcome = OUTSIDE_REFUSED;
        return sent;
    }
    bool is_answered = outcome->result == SMTP_CLIENT_REFUSED || outcome->result == SMTP_CLIENT_LACKS ||
                       outcome->result == SMTP_CLIENT_NO_CONTENT;
    if (!is_answered && may_have_left(outcome)) {
        sent.outcome = OUTSIDE_UNKNOWN;
        return sent;
    }
    if (outcome->result == SMTP_CLIENT_CANCELLED) {
        sent.outcome = OUTSIDE_CANCELLED;
        return sent;
    }
    sent.trouble = outside_trouble_of_smtp(arena, outcome, auth);
    return sent;
}

bool outside_is_gone(const struct outside_sent *sent) {
    const struct smtp_enhanced_code *code = &sent->enhanced;
    return code->class == 5 && code->subject == 1 &&
           (code->detail == 1 || code->detail == 2 || code->detail == 3 || code->detail == 6 ||
            code->detail == 10);
}

struct outside_sent outside_send(struct task *t, struct outside *outside, struct arena *arena,
                                 const struct outside_message *message) {
    struct smtp_client *client;
    struct outside_sent sent = {.outcome = OUTSIDE_LATER};
    if (!outside_connect_smtp(t, outside, arena, &client, &sent.trouble)) {
        if (sent.trouble.cause == SENDER_CAUSE_CANCELLED) sent.outcome = OUTSIDE_CANCELLED;
        return sent;
    }
    if (message->may_leave && !message->may_leave(t, message->context)) {
        smtp_client_free(t, &client);
        return (struct outside_sent){.outcome = OUTSIDE_HELD};
    }
    struct smtp_client_outcome outcome = submit(t, client, arena, message);
    sent = sent_of(arena, &outcome, outside->sender.smtp.auth);
    smtp_client_free(t, &client);
    return sent;
}

bool outside_check_smtp(struct task *t, struct outside *outside, struct arena *arena,
                        struct outside_trouble *trouble) {
    struct smtp_client *client;
    struct smtp_client_recipient recipient = {.address = outside->sender.address};
    struct smtp_client_message question = {
        .mail_from = outside->sender.address, .recipients = &recipient, .recipient_count = 1};
    if (!outside_connect_smtp(t, outside, arena, &client, trouble)) return false;
    struct smtp_client_outcome outcome = smtp_client_verify(t, client, arena, &question);
    *trouble = outside_trouble_of_smtp(arena, outcome_for(&outcome, &recipient), outside->sender.smtp.auth);
    smtp_client_free(t, &client);
    return trouble->cause == SENDER_CAUSE_NONE;
}

/* ---- looking ---- */

static bool fail(struct task *t, struct outside *outside, struct arena *arena,
                 const struct imap_client_outcome *outcome, struct outside_trouble *trouble) {
    *trouble = outside_trouble_of_imap(arena, outcome, outside->sender.imap.auth);
    if (outside->imap && !imap_client_is_usable(outside->imap)) outside_disconnect_imap(t, outside);
    return false;
}

bool outside_count(struct task *t, struct outside *outside, struct arena *arena, struct slice folder,
                   struct slice message_id, size_t *count, struct outside_trouble *trouble) {
    struct imap_client_status status;
    uint32_t *uids;
    *count = 0;
    struct imap_client_outcome outcome = imap_client_select(t, outside->imap, arena, folder, false, &status);
    if (outcome.result == IMAP_CLIENT_OK && status.messages)
        outcome = imap_client_search(t, outside->imap, arena, SLICE("Message-ID"), message_id, &uids, count);
    return outcome.result == IMAP_CLIENT_OK || fail(t, outside, arena, &outcome, trouble);
}

/* Where it most likely is comes first. */
static unsigned rank_of(const struct imap_client_folder *folder) {
    if (folder->use & IMAP_FOLDER_SENT) return 0;
    if (folder->use & IMAP_FOLDER_ALL) return 1;
    return folder->use & IMAP_FOLDER_INBOX ? 2 : 3;
}
enum { RANKS = 4 };

static enum outside_found find(struct task *t, struct outside *outside, struct arena *arena,
                               struct slice message_id, struct outside_trouble *trouble) {
    struct outside_folders folders;
    struct imap_client_outcome outcome = outside_list(t, outside, arena, &folders);
    if (outcome.result != IMAP_CLIENT_OK) {
        (void)fail(t, outside, arena, &outcome, trouble);
        return OUTSIDE_FIND_FAILED;
    }
    for (unsigned rank = 0; rank < RANKS; rank++)
        for (size_t i = 0; i < folders.count; i++) {
            size_t count;
            const struct imap_client_folder *folder = &folders.items[i];
            if (rank_of(folder) != rank || folder->use & IMAP_FOLDER_NOSELECT) continue;
            if (!outside_count(t, outside, arena, folder->name, message_id, &count, trouble))
                return OUTSIDE_FIND_FAILED;
            if (count) return OUTSIDE_FOUND;
        }
    bool has_copies = outside->sender.copies == SENDER_COPIES_PROVIDER;
    if (has_copies && !outside->sender.is_renaming_accepted) return OUTSIDE_NOT_FOUND;
    *trouble = (struct outside_trouble){
        SENDER_CAUSE_NO_SENT_COPY,
        has_copies
            ? SLICE("the provider gives messages other Message-IDs, so that looking cannot tell whether it "
                    "left")
            : SLICE("the provider keeps no copies of what it sends, so that looking cannot tell whether it "
                    "left")};
    return OUTSIDE_FIND_FAILED;
}

enum outside_found outside_find(struct task *t, struct outside *outside, struct arena *arena,
                                struct slice message_id, struct outside_trouble *trouble) {
    return outside_connect_imap(t, outside, arena, trouble) ? find(t, outside, arena, message_id, trouble)
                                                            : OUTSIDE_FIND_FAILED;
}

/* ---- the copy ---- */

bool outside_keep_copy(struct task *t, struct outside *outside, struct arena *arena,
                       const struct outside_message *message, struct outside_trouble *trouble) {
    struct outside_folders folders;
    size_t count;
    if (!outside_connect_imap(t, outside, arena, trouble)) return false;
    struct imap_client_outcome outcome = outside_list(t, outside, arena, &folders);
    if (outcome.result != IMAP_CLIENT_OK) return fail(t, outside, arena, &outcome, trouble);
    const struct imap_client_folder *sent = outside_folder_of(&folders, IMAP_FOLDER_SENT);
    *trouble = (struct outside_trouble){SENDER_CAUSE_NO_SENT_COPY, SLICE_EMPTY};
    if (!sent) return false;
    if (!outside_count(t, outside, arena, sent->name, message->message_id, &count, trouble)) return false;
    if (count) return true;
    /* The provider's own copy may need a moment. */
    trouble->detail = SLICE("the provider's own copy is not there yet");
    if (outside->sender.copies != SENDER_COPIES_OURS) return false;
    outcome = imap_client_append(t, outside->imap, arena, sent->name, message->content);
    return outcome.result == IMAP_CLIENT_OK || fail(t, outside, arena, &outcome, trouble);
}

/*
 * QUOTA (RFC 9208, in the shape that RFC 2087 gave it): an account that has a limit has one quota
 * root, which has no name and holds all its mailboxes. One without a limit has no root. Setting it is
 * the administrator's.
 */
#include "imap/imap_commands.h"

/* RFC 9208 5.1: STORAGE counts in units of 1,024 bytes. Both are rounded up, so that what is within the
   limit in bytes is so here. */
static uint64_t units_of(uint64_t bytes) { return bytes / 1024 + (bytes % 1024 != 0); }

static void write_quota(struct imap_call *call, const struct account_usage *usage) {
    buffer_append_text(call->out, "* QUOTA \"\" (STORAGE ");
    buffer_append_number(call->out, units_of(usage->used_bytes));
    buffer_append_byte(call->out, ' ');
    buffer_append_number(call->out, units_of(usage->quota_bytes));
    buffer_append_text(call->out, ")\r\n");
}

static enum store_result read_usage(struct imap_call *call, struct account_usage *usage) {
    return reader_usage(call->session->server->reader, call->session->account, usage);
}

struct imap_answer imap_run_getquota(struct task *t, struct imap_call *call) {
    (void)t;
    struct account_usage usage;
    enum store_result result = read_usage(call, &usage);
    if (result != STORE_OK) return imap_answer_of(result);
    if (call->command->word.len || usage.quota_bytes == 0)
        return ANSWER_NO("NONEXISTENT", "There is no such quota root");
    write_quota(call, &usage);
    return ANSWER_OK("That is the quota");
}

struct imap_answer imap_run_getquotaroot(struct task *t, struct imap_call *call) {
    (void)t;
    struct mailbox mailbox;
    struct account_usage usage;
    enum store_result result = imap_call_mailbox(call, call->command->mailbox.name, &mailbox);
    if (result == STORE_OK) result = read_usage(call, &usage);
    if (result != STORE_OK) return imap_answer_of(result);
    buffer_append_text(call->out, "* QUOTAROOT ");
    imap_reply_mailbox(call->out, mailbox.name, imap_is_utf8(call->session));
    buffer_append_text(call->out, usage.quota_bytes ? " \"\"\r\n" : "\r\n");
    if (usage.quota_bytes) write_quota(call, &usage);
    return ANSWER_OK("That is its quota");
}

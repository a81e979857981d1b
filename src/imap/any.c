/*
 * Commands of any state after login (RFC 9051 6.1, 6.3.1, 6.3.10; RFC 2971 ID): none changes mail.
 */
#include "base/limits.h"
#include "imap/imap_capability.h"
#include "imap/imap_commands.h"
#include "imap/imap_sync.h"

struct imap_answer imap_run_capability(struct task *t, struct imap_call *call) {
    (void)t;
    buffer_append_text(call->out, "* ");
    unsigned compressed = call->session->is_compressed ? IMAP_STATE_COMPRESSED : 0;
    imap_capability_write(call->out, IMAP_STATE_LOGGED_IN | IMAP_STATE_PRIVATE | compressed, SLICE_EMPTY);
    buffer_append_text(call->out, "\r\n");
    return ANSWER_OK("That is what there is");
}

/* NOOP and CHECK: what they are for is the sync point behind them. */
struct imap_answer imap_run_noop(struct task *t, struct imap_call *call) {
    (void)t;
    (void)call;
    return ANSWER_OK("Done");
}

struct imap_answer imap_run_logout(struct task *t, struct imap_call *call) {
    (void)t;
    imap_reply_bye(call->out, SLICE("Until next time"));
    conn_close(&call->session->conn);
    return ANSWER_OK("Logged out");
}

/* LOGIN, AUTHENTICATE, STARTTLS */
struct imap_answer imap_run_again(struct task *t, struct imap_call *call) {
    (void)t;
    (void)call;
    return ANSWER_BAD("Already logged in");
}

/* RFC 2971 3.2: whatever the client says of itself changes nothing here. */
struct imap_answer imap_run_id(struct task *t, struct imap_call *call) {
    (void)t;
    imap_reply_untagged(call->out,
                        SLICE("ID (\"name\" \"Posthaste\" \"version\" \"" POSTHASTE_VERSION "\")"));
    return ANSWER_OK("Pleased to meet you");
}

static const struct imap_word enable_words[] = {
    {SLICE_INIT("CONDSTORE"), IMAP_ENABLE_CONDSTORE},
    {SLICE_INIT("QRESYNC"), IMAP_ENABLE_QRESYNC},
    {SLICE_INIT("UTF8=ACCEPT"), IMAP_ENABLE_UTF8_ACCEPT},
    {SLICE_INIT(""), 0},
};

/* RFC 5161 3.1; what was enabled before may be listed again. RFC 7162 3.2.3: QRESYNC has CONDSTORE in it. */
struct imap_answer imap_run_enable(struct task *t, struct imap_call *call) {
    (void)t;
    uint32_t wanted = call->command->enable & ~(uint32_t)IMAP_ENABLE_IMAP4REV2;
    if (wanted & IMAP_ENABLE_QRESYNC) wanted |= IMAP_ENABLE_CONDSTORE;
    call->session->enabled |= wanted;
    buffer_append_text(call->out, "* ENABLED");
    if (wanted) buffer_append_byte(call->out, ' ');
    imap_reply_words(call->out, enable_words, wanted);
    buffer_append_text(call->out, "\r\n");
    return ANSWER_OK("Enabled");
}

/* RFC 2342: one namespace, one's own. */
struct imap_answer imap_run_namespace(struct task *t, struct imap_call *call) {
    (void)t;
    imap_reply_untagged(call->out, SLICE("NAMESPACE ((\"\" \"/\")) NIL NIL"));
    return ANSWER_OK("There is one");
}

/*
 * A logged-in IMAP session: a struct, not a stack (io/conn.h). Between commands, and in IDLE, it
 * owns no buffer and no stack. Only the session's own task touches it while a command runs;
 * news from elsewhere goes through conn_post.
 *
 * A command is a row of imap_commands.c, and imap_run.c runs it. Its handler writes untagged answers to `out`
 * and returns the tagged one; what other sessions did meanwhile is told in between, at the sync point
 * (imap_sync.h). Private to src/imap.
 */
#ifndef IMAP_IMAP_SESSION_H
#define IMAP_IMAP_SESSION_H

#include "imap/imap_input.h"
#include "imap/imap_server.h"
#include "imap/imap_view.h"
#include "wire/imap_reply.h"

/* One account's sessions of this role are counted. */
struct imap_account {
    size_t sessions;
};

struct imap_session {
    struct conn conn;
    struct imap_server *server;
    struct imap_input input;
    uint64_t account;
    uint64_t tenant;
    /* Follows the session through the log. */
    uint64_t id;
    char *address;
    /* The tag of the LOGIN that waits for its OK, then of the IDLE that waits for DONE. */
    char *tag;
    /* IMAP_ENABLE_ bits (RFC 5161). */
    uint32_t enabled;
    bool is_tls;
    bool is_refused;
    bool is_idling;
    bool is_compressed;
    uint8_t errors_in_row;
    /* Selected; NULL: none is. */
    struct imap_view *view;
    struct list in_view;
    bool is_read_only;
    /* How many keywords the client was told of. */
    uint8_t keyword_count;
    /* What the client was told of: which messages there are, and changes up to this modseq. */
    struct uid_set uids;
    uint64_t modseq;
    /* RFC 5182: the saved result of the last search, UIDs. */
    struct uid_set saved;
    uint64_t command_count;
    uint64_t fetched_count;
    uint64_t appended_count;
};

/* One command being run. */
struct imap_call {
    struct imap_session *session;
    struct imap_command *command;
    /* Lives as long as the command. */
    struct arena *work;
    /* The conn's output: bounded by imap_relieve between long pieces. */
    struct buffer *out;
    /* The command's own change, of which the handler reports all flags itself; 0: none. */
    uint64_t own_modseq;
    bool changed_only_flags;
};

/* The tagged reply of a command. Slices live as long as the call. */
struct imap_answer {
    enum imap_reply_status status;
    /* None is written: it was, or will be, or the connection is gone. */
    bool is_none;
    struct slice code;
    struct slice text;
};
#define ANSWER_OK(text) ((struct imap_answer){IMAP_REPLY_OK, false, SLICE_EMPTY, SLICE(text)})
#define ANSWER_NO(code, text) ((struct imap_answer){IMAP_REPLY_NO, false, SLICE(code), SLICE(text)})
#define ANSWER_BAD(text) ((struct imap_answer){IMAP_REPLY_BAD, false, SLICE_EMPTY, SLICE(text)})
#define ANSWER_NONE ((struct imap_answer){.is_none = true})

/* What to say where the store said no (RFC 5530). Not for STORE_OK. */
struct imap_answer imap_answer_of(enum store_result result);
/* The same for a mailbox that a message was to be put into: [TRYCREATE] where there is none. */
struct imap_answer imap_answer_of_target(enum store_result result);

/* Sends what is written if that is much. False: the connection is gone, stop. */
NODISCARD bool imap_relieve(struct task *t, struct imap_session *session);
/* UTF8=ACCEPT is enabled, so mailbox names are UTF-8. */
static inline bool imap_is_utf8(const struct imap_session *session) {
    return session->enabled & IMAP_ENABLE_UTF8_ACCEPT;
}
static inline bool imap_is_condstore(const struct imap_session *session) {
    return session->enabled & (IMAP_ENABLE_CONDSTORE | IMAP_ENABLE_QRESYNC);
}
/* Leaves the selected mailbox, if there is one. */
void imap_session_unselect(struct imap_session *session);
/* Keeps a copy of the tag, or none. */
void imap_session_set_tag(struct imap_session *session, struct slice tag);

/* The messages that a command names, as ranges of UIDs ascending, cut to what the client knows of. For
   message numbers they hold just these messages; for UIDs there may be others between. `$` is the
   saved result. False: more ranges than there is room for. Lives as long as the call. */
NODISCARD bool imap_call_targets(struct imap_call *call, struct imap_sequence *sequence,
                                 struct uid_ranges *targets);
/* A UID set as ranges in the call's memory. */
NODISCARD bool imap_call_ranges(struct imap_call *call, const struct uid_set *set, struct uid_ranges *ranges);
/* A mailbox of the account by name. */
enum store_result imap_call_mailbox(struct imap_call *call, struct slice name, struct mailbox *mailbox);

#endif

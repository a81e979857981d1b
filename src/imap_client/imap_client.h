/*
 * One connection to another IMAP server, seen from the client's end (RFC 9051, RFC 3501). Each call says what
 * it has to say, waits for the answers until its deadline and returns what became of it; nothing here decides
 * what to do next.
 *
 *     client = imap_client_new(env, &stream, &options)
 *     imap_client_begin       greeting, TLS, capabilities
 *     imap_client_log_in      by the best way both know
 *     imap_client_list, _select, _fetch, _search, _append, _idle, _noop
 *     imap_client_free        after LOGOUT, which is said where it still makes sense
 *
 * The server is trusted with nothing: each answer is bounded in length and all of them in time, its words
 * come clean of control bytes, a PREAUTH greeting where TLS is required and what it says behind its answer to
 * STARTTLS end the connection (RFC 9051 11.1). Nothing is ever marked as read: folders are examined, and
 * contents peeked at.
 */
#ifndef IMAP_CLIENT_IMAP_CLIENT_H
#define IMAP_CLIENT_IMAP_CLIENT_H

#include "io/tls.h"
#include "wire/imap_answer.h"

struct imap_client;

/* What the client had said, or was waiting for, when it ended. */
enum imap_client_stage {
    IMAP_STAGE_GREETING,
    IMAP_STAGE_CAPABILITY,
    IMAP_STAGE_STARTTLS,
    IMAP_STAGE_TLS,
    IMAP_STAGE_LOGIN,
    IMAP_STAGE_ENABLE,
    IMAP_STAGE_LIST,
    IMAP_STAGE_SELECT,
    IMAP_STAGE_STATUS,
    IMAP_STAGE_FETCH,
    IMAP_STAGE_SEARCH,
    IMAP_STAGE_APPEND,
    IMAP_STAGE_IDLE,
    IMAP_STAGE_NOOP,
    IMAP_STAGE_EXPUNGE,
    IMAP_STAGE_LOGOUT,
    IMAP_STAGES,
};

enum imap_client_result {
    IMAP_CLIENT_OK,
    /* NO, or BAD: code and text. */
    IMAP_CLIENT_REFUSED,
    /* What it said is no IMAP, or over a limit. */
    IMAP_CLIENT_MALFORMED,
    /* It hung up (BYE: text), or the way to it broke: error. */
    IMAP_CLIENT_LOST,
    IMAP_CLIENT_TIMED_OUT,
    IMAP_CLIENT_CANCELLED,
    /* TLS is required, and it offers none, or refuses it, or began as if we had logged in (PREAUTH). */
    IMAP_CLIENT_TLS_MISSING,
    IMAP_CLIENT_TLS_FAILED,
    /* Something was said in the clear behind the answer to STARTTLS. */
    IMAP_CLIENT_INJECTED,
    /* No way to log in that both know, or none that is safe here. */
    IMAP_CLIENT_NO_MECHANISM,
    /* Our own message could not be read. */
    IMAP_CLIENT_NO_CONTENT,
};

struct imap_client_outcome {
    enum imap_client_result result;
    enum imap_client_stage stage;
    enum imap_code code;
    /* What the server said, clean; at most IMAP_CLIENT_TEXT_BYTES_MAX. */
    struct slice text;
    int error;
    /* With TLS_FAILED: as of smtp_client.h. */
    const char *tls_fault;
    enum tls_fault tls_fault_kind;
};

enum imap_client_tls {
    IMAP_CLIENT_TLS_NEVER,
    IMAP_CLIENT_TLS_REQUIRED,
    /* From the first byte (RFC 8314 3.2). */
    IMAP_CLIENT_TLS_IMPLICIT,
};

struct imap_client_options {
    enum imap_client_tls tls;
    /* Outlives the client; may be NULL with IMAP_CLIENT_TLS_NEVER. */
    struct tls_context *tls_context;
    /* Whom the certificate must be for. */
    const char *tls_name;
    /* Passwords may go in the clear: only to this machine itself. */
    bool logs_in_without_tls;
    /* For one command's answers, milliseconds; 0: IMAP_CLIENT_COMMAND_MS. */
    int64_t command_ms;
};

/* Takes the stream over and nulls *stream. */
struct imap_client *imap_client_new(struct env *env, struct stream **stream,
                                    const struct imap_client_options *options);
/* Says LOGOUT where the connection is in order (waiting some seconds at most), closes, frees, and nulls
 *client. NULL is fine. Waits. */
void imap_client_free(struct task *t, struct imap_client **client);

/* Greeting, TLS as the options say, capabilities. Words are in `arena`. All of these wait. */
struct imap_client_outcome imap_client_begin(struct task *t, struct imap_client *client, struct arena *arena);

struct imap_client_login {
    struct slice user;
    /* Or, with is_oauth, an access token. */
    struct slice secret;
    bool is_oauth;
};
/* SCRAM-SHA-256, PLAIN, AUTHENTICATE LOGIN, the command LOGIN; with a token OAUTHBEARER (RFC 7628) or
   XOAUTH2. Then ENABLE QRESYNC, where it is offered. */
struct imap_client_outcome imap_client_log_in(struct task *t, struct imap_client *client, struct arena *arena,
                                              const struct imap_client_login *login);

/* After imap_client_begin, and anew after the login. A set of enum imap_capability. */
unsigned imap_client_capabilities(const struct imap_client *client);
const struct stream_security *imap_client_security(const struct imap_client *client);
/* Another command may follow. */
bool imap_client_is_usable(const struct imap_client *client);

struct imap_client_folder {
    struct slice name;
    /* A set of enum imap_folder_use. */
    unsigned use;
    char separator;
};
/* All folders, in `arena`; OUTREACH_FOLDERS_MAX + 1 of them: there are more. */
struct imap_client_outcome imap_client_list(struct task *t, struct imap_client *client, struct arena *arena,
                                            struct imap_client_folder **folders, size_t *count);

struct imap_client_status {
    uint32_t messages;
    uint32_t uidvalidity;
    uint32_t uidnext;
    /* 0: none is kept. */
    uint64_t modseq;
};
/* STATUS (RFC 9051 6.3.11) of a folder. */
struct imap_client_outcome imap_client_status(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice folder, struct imap_client_status *status);
/* EXAMINE: nothing can be changed by it; or with `is_writing` SELECT. */
struct imap_client_outcome imap_client_select(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice folder, bool is_writing,
                                              struct imap_client_status *status);

/* What UID FETCH says of one message; lives until the callback returns. */
struct imap_client_message {
    uint32_t uid;
    unsigned flags;
    int64_t received_ms;
    uint64_t bytes;
    uint64_t modseq;
    struct slice content;
};
/* Called for each message, in the order they come; false: no more is wanted (the rest is read and dropped).
   May wait for other things than this client. */
typedef bool imap_client_message_fn(struct task *t, void *context, const struct imap_client_message *message);
/* UIDs from `first` to `last` (0: all above), with the first `content_bytes` of each (0: none). BODY.PEEK. */
struct imap_client_fetch {
    uint32_t first;
    uint32_t last;
    uint32_t content_bytes;
    imap_client_message_fn *take;
    void *context;
};
struct imap_client_outcome imap_client_fetch(struct task *t, struct imap_client *client, struct arena *arena,
                                             const struct imap_client_fetch *fetch);

/* UID SEARCH HEADER name value in the selected folder. *uids in `arena`, at most IMAP_CLIENT_FOUND_MAX. */
struct imap_client_outcome imap_client_search(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice header, struct slice value, uint32_t **uids,
                                              size_t *count);
/* APPEND with \Seen. LITERAL+ is not needed. */
struct imap_client_outcome imap_client_append(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice folder, struct slice content);
/* Takes messages out of the folder that was selected for writing: STORE \Deleted, UID EXPUNGE (RFC 4315;
   where that is not offered they only stay marked). For our own test messages. */
struct imap_client_outcome imap_client_remove(struct task *t, struct imap_client *client, struct arena *arena,
                                              uint32_t uid);

/* IDLE (RFC 2177) in the selected folder until something happens there, `until_ms` comes, or the task is
   woken and *is_called is true. *is_news: the server said that something changed. OK: the connection is ready
   for the next command. Where IDLE is not offered: waits the same way, and asks with NOOP at the end. */
struct imap_client_outcome imap_client_idle(struct task *t, struct imap_client *client, struct arena *arena,
                                            int64_t until_ms, const bool *is_called, bool *is_news);
struct imap_client_outcome imap_client_noop(struct task *t, struct imap_client *client, struct arena *arena);

/* For records: "AUTHENTICATE", "SELECT". Static. */
const char *imap_client_stage_name(enum imap_client_stage stage);

#endif

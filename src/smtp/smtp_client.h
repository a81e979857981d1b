/*
 * One connection to another SMTP server, seen from the client's end (RFC 5321). Each call says what it has
 * to say, waits for the answers and returns what became of it; nothing here decides what to do next: which
 * host, whether to try again, whether to bounce is up to who calls.
 *
 *     client = smtp_client_new(env, &stream, &options)
 *     smtp_client_begin       greeting, EHLO, TLS
 *     smtp_client_log_in      where the server wants it
 *     smtp_client_send        a message; again and again while smtp_client_is_usable
 *     smtp_client_free        after QUIT, which is said where it still makes sense
 *
 * The server is trusted with nothing: each answer is bounded in length and in time, its text comes clean of
 * control bytes, and what it says behind its answer to STARTTLS ends the connection (RFC 3207 5).
 */
#ifndef SMTP_SMTP_CLIENT_H
#define SMTP_SMTP_CLIENT_H

#include "io/tls.h"
#include "wire/smtp_offer.h"
#include "wire/smtp_reply_parser.h"

struct smtp_client;

/* What the client had said, or was waiting for, when it ended. */
enum smtp_client_stage {
    SMTP_STAGE_GREETING,
    SMTP_STAGE_EHLO,
    SMTP_STAGE_STARTTLS,
    SMTP_STAGE_TLS,
    SMTP_STAGE_AUTH,
    SMTP_STAGE_MAIL,
    SMTP_STAGE_RCPT,
    SMTP_STAGE_DATA,
    /* The content on its way, its end not yet sent. */
    SMTP_STAGE_CONTENT,
    /* All was sent: an end without an answer here leaves open whether the message was taken. */
    SMTP_STAGE_END_OF_DATA,
    SMTP_STAGE_RSET,
    SMTP_STAGE_QUIT,
    SMTP_STAGES,
};

enum smtp_client_result {
    /* As hoped for; answer.code is 2xx. */
    SMTP_CLIENT_OK,
    /* The server said no: answer. */
    SMTP_CLIENT_REFUSED,
    /* What it said is no SMTP, or has no end. */
    SMTP_CLIENT_MALFORMED,
    /* It hung up, or the way to it broke: error. */
    SMTP_CLIENT_LOST,
    SMTP_CLIENT_TIMED_OUT,
    SMTP_CLIENT_CANCELLED,
    /* TLS is required, and it offers none, or refuses it now: answer, or none. */
    SMTP_CLIENT_TLS_MISSING,
    /* The handshake failed. Without TLS it may do, where that is allowed, on a new connection. */
    SMTP_CLIENT_TLS_FAILED,
    /* Something was said in the clear behind the answer to STARTTLS. */
    SMTP_CLIENT_INJECTED,
    /* No way to log in that both know, or none that is safe here. */
    SMTP_CLIENT_NO_MECHANISM,
    /* The message needs what the server does not offer: needs. Nothing of it was sent. */
    SMTP_CLIENT_LACKS,
    /* Our own message could not be read; the server got no end of it. */
    SMTP_CLIENT_NO_CONTENT,
};

/* What a server said. All zero: nothing. */
struct smtp_answer {
    unsigned code;
    struct smtp_enhanced_code enhanced;
    /* Clean text, its lines with '\n' between; at most SMTP_ANSWER_TEXT_BYTES_MAX. */
    struct slice text;
};

struct smtp_client_outcome {
    enum smtp_client_result result;
    enum smtp_client_stage stage;
    struct smtp_answer answer;
    /* With LOST: a negated errno, 0: it hung up. */
    int error;
    /* With LACKS: one enum smtp_extension. */
    unsigned needs;
    /* With TLS_FAILED: why its certificate is not acceptable, a static text; NULL: something else failed. */
    const char *tls_fault;
    enum tls_fault tls_fault_kind;
};

/* RFC 5321 4.5.3.2, in milliseconds, each for one answer or one block of content. */
struct smtp_client_times {
    int64_t greeting_ms;
    int64_t command_ms;
    int64_t tls_ms;
    int64_t data_ms;
    int64_t block_ms;
    int64_t end_of_data_ms;
};
struct smtp_client_times smtp_client_times_default(void);

enum smtp_client_tls {
    SMTP_CLIENT_TLS_NEVER,
    /* Where the server offers it (RFC 7435). */
    SMTP_CLIENT_TLS_OFFERED,
    SMTP_CLIENT_TLS_REQUIRED,
    /* From the first byte (RFC 8314 3.3). */
    SMTP_CLIENT_TLS_IMPLICIT,
};

struct smtp_client_options {
    /* Our own name, for EHLO. */
    struct slice hello;
    struct smtp_client_times times;
    enum smtp_client_tls tls;
    /* Outlives the client; may be NULL with SMTP_CLIENT_TLS_NEVER. */
    struct tls_context *tls_context;
    /* The host's name, or its address: whom TLS asks for, and whom its certificate must be for where the
       context trusts roots (io/tls.h). NULL: nobody. */
    const char *tls_name;
    /* As of io/tls.h: what DNS says of the certificate, or NULL; faults end nothing, and are found in
       smtp_client_security. */
    const struct tls_dane *tls_dane;
    bool is_tls_advisory;
    /* Passwords may go in the clear: only to this machine itself. */
    bool logs_in_without_tls;
    /* Called with each answer; for records of the dialogue. Secrets are not in it. May be NULL. */
    void (*heard)(void *context, enum smtp_client_stage stage, const struct smtp_answer *answer);
    void *context;
};

struct smtp_client_recipient {
    /* As RCPT TO has it, without the brackets. */
    struct slice address;
    /* RFC 3461 4.1, 4.2: a set of enum smtp_notify; "rfc822;..." in xtext, or empty. */
    unsigned notify;
    struct slice original;
    /* Set by smtp_client_send. */
    struct smtp_client_outcome outcome;
};

struct smtp_client_message {
    /* Empty: the null sender. */
    struct slice mail_from;
    /* Of the content that `read` gives, in canonical lines. */
    uint64_t bytes;
    bool is_8bit;
    bool is_utf8;
    /* RFC 8689; from the null sender: where it can be had. */
    bool requires_tls;
    enum smtp_return dsn_return;
    /* In xtext, or empty. */
    struct slice envelope_id;
    struct smtp_client_recipient *recipients;
    size_t recipient_count;
    /* Gives the content, from its beginning: bytes written to `bytes`, 0 at its end, below 0: it failed.
       May wait. Called again from the beginning for the next server only after `rewind` by who calls. */
    ssize_t (*read)(struct task *t, void *context, void *bytes, size_t len);
    void *context;
};

/* Takes the stream over and nulls *stream. `options` is copied; what it points to outlives the client. */
struct smtp_client *smtp_client_new(struct env *env, struct stream **stream,
                                    const struct smtp_client_options *options);
/* Says QUIT where the connection is in order (waiting for its answer some seconds at most), closes, frees,
   and nulls *client. NULL is fine. Waits. */
void smtp_client_free(struct task *t, struct smtp_client **client);

/* Greeting, EHLO (or HELO), and TLS as the options say. Answers are in `arena`. Waits. */
struct smtp_client_outcome smtp_client_begin(struct task *t, struct smtp_client *client, struct arena *arena);
/* RFC 4954, by the best way both know: SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN. Waits. */
struct smtp_client_outcome smtp_client_log_in(struct task *t, struct smtp_client *client, struct arena *arena,
                                              struct slice user, struct slice password);
/* The same with an OAuth 2 access token: XOAUTH2, or OAUTHBEARER (RFC 7628). Waits. */
struct smtp_client_outcome smtp_client_log_in_token(struct task *t, struct smtp_client *client,
                                                    struct arena *arena, struct slice user,
                                                    struct slice token);
/*
 * Sends the message to its recipients in one transaction. Each recipient's outcome says what became of it
 * for him; the returned one is that of the transaction: OK where the message was taken for at least one.
 * At most SMTP_RECIPIENTS_MAX recipients. Waits.
 */
struct smtp_client_outcome smtp_client_send(struct task *t, struct smtp_client *client, struct arena *arena,
                                            const struct smtp_client_message *message);

/* Only asks whether the message's recipients would be taken: no content is sent, and of the message only its
   sender and recipients count. Outcomes as of smtp_client_send. Waits. */
struct smtp_client_outcome smtp_client_verify(struct task *t, struct smtp_client *client, struct arena *arena,
                                              const struct smtp_client_message *message);

/* Another message may follow. */
bool smtp_client_is_usable(const struct smtp_client *client);
const struct smtp_offer *smtp_client_offer(const struct smtp_client *client);
const struct stream_security *smtp_client_security(const struct smtp_client *client);
/* For records: "MAIL FROM", "end of data". Static. */
const char *smtp_client_stage_name(enum smtp_client_stage stage);

#endif

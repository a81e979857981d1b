/*
 * Every maximum of the program, in one place. Units are last in the names.
 * A limit that guards against input is met by a polite protocol error, never by an abort.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "base/limits_store.h"
#include "base/limits_transit.h"
#include "base/limits_trust.h"

#define KIB(n) ((size_t)(n)*1024)
#define MIB(n) ((size_t)(n)*1024 * 1024)

enum {
    /* Tasks: a coroutine's stack. Sanitizers need more, their frames are wider. */
    TASK_STACK_BYTES = 64 * 1024,
    TASK_STACK_BYTES_SANITIZED = 512 * 1024,
    TASK_STACKS_KEPT = 64,
    /* Pieces of strangers' work before input, timers and everybody else's work have their turn. A step of a
       TLS handshake may cost a signature. */
    STRANGER_WORKS_A_TURN = 8,
    HANDSHAKE_WORKS_A_TURN = 2,

    /* Memory that was freed goes back to the system so often. */
    MEMORY_KEPT_MS = 20 * 1000,

    /* Connections. */
    ENV_READ_BYTES = 16 * 1024,
    CONN_OUTPUT_FLUSH_BYTES = 64 * 1024,
    /* Commands taken from one connection before others get their turn. */
    CONN_TURN_BYTES_MAX = 64 * 1024,
    /* Where one must go so that another can come: so many are looked at. */
    CONN_SHED_LOOKED_AT_MAX = 256,
    CONN_SHED_GRACE_MS = 2000,

    /* DEFLATE over a connection: what one write or read takes, the window of what we send (2^n bytes) and how
       much zlib remembers beside it, and compressed bytes that may stand for nothing. */
    DEFLATE_READ_BYTES = 4096,
    DEFLATE_TURN_BYTES_MAX = 16 * 1024,
    DEFLATE_WINDOW_BITS = 13,
    DEFLATE_MEMORY_LEVEL = 6,
    DEFLATE_SILENT_BYTES_MAX = 64 * 1024,

    /* What the kernel takes for a peer before it was sent. */
    SOCKET_UNSENT_BYTES_MAX = 128 * 1024,

    /* Connections of one edge, and of them from one address (an IPv6 one: its /64) or from loopback. */
    EDGE_CONNECTIONS_MAX = 20000,
    EDGE_CONNECTIONS_PER_ADDRESS_MAX = 200,
    EDGE_CONNECTIONS_FROM_LOOPBACK_MAX = 5000,
    /* Descriptors that accepting leaves for everything else: spools, handed-over sessions, channels. */
    ACCEPT_DESCRIPTORS_SPARED = 512,

    /* Messages between roles: the largest frame. With so much unsent callers wait, and nothing new is begun
       for the other side; with so much more unread it is cut off. */
    IPC_FRAME_BYTES_MAX = 1024 * 1024,
    IPC_BACKLOG_BYTES_MAX = 16 * 1024 * 1024,
    IPC_UNREAD_BYTES_MAX = 32 * 1024 * 1024,
    IPC_UNREAD_HANDLES_MAX = 1024,
    /* What one side may have asked of another that is not answered yet. More is not sent; what is sent all
       the same is not read before some has ended. */
    IPC_REQUESTS_MAX = 2048,
    IPC_REQUEST_BYTES_MAX = 32 * 1024 * 1024,
    IPC_REQUEST_HANDLES_MAX = 64,
    /* Input taken from one channel before others get their turn. */
    IPC_TURN_BYTES_MAX = 1024 * 1024,
    /* The supervisor asks each role so often whether it lives, and ends one that does not say so for so long.
       A question that is itself late does not count: then the machine was busy, or asleep. */
    HEARTBEAT_MS = 5 * 1000,
    HEARTBEAT_LATE_MS_MAX = 1000,
    HEARTBEAT_PATIENCE_MS = 60 * 1000,
    /* Before what failed is tried again: roles that die young, channels that are lost, no descriptors. */
    RESTART_PAUSE_MS_FIRST = 20,
    RESTART_PAUSE_MS_MAX = 10 * 1000,

    /* DNS. RFC 1035 2.3.4: a label and a name, the latter as it is on the wire. A set of records
       beyond the maximum is refused whole: a part of one can mean something else. */
    DNS_LABEL_BYTES_MAX = 63,
    DNS_NAME_BYTES_MAX = 255,
    DNS_RECORDS_MAX = 1000,
    DNS_SERVERS_MAX = 8,
    DNS_SERVER_BYTES_MAX = 64,
    DNS_TRUST_ANCHOR_BYTES_MAX = 4096,
    DNS_SOCKETS_MAX = 256,
    DNS_TCP_SOCKETS_MAX = 32,
    DNS_CACHE_BYTES = 16 * 1024 * 1024,
    /* Lookups that one other role may have under way. */
    RESOLVE_LOOKUPS_MAX = 2000,
    RESOLVE_LOOKUP_MS_MAX = 60000,
    RESOLVE_ANSWER_BYTES_MAX = 900 * 1024,
    /* Callouts (resolve/callout.h) that one other role may have under way, how long one may take, and what is
       passed on of a host's words. */
    RESOLVE_CALLOUTS_MAX = 50,
    RESOLVE_CALLOUT_MS_MAX = 30 * 1000,
    RESOLVE_CALLOUT_WORDS_BYTES_MAX = 200,

    /* Requests to other web servers (io/fetch.h): URL, fields of request and answer, the answer's header;
       addresses of its host; until one of them has taken the connection, TLS included. */
    FETCH_URL_BYTES_MAX = 2048,
    FETCH_FIELDS_MAX = 64,
    FETCH_HEADER_BYTES_MAX = 32 * 1024,
    FETCH_ADDRESSES_MAX = 8,
    FETCH_CONNECT_MS = 15 * 1000,

    /* SMTP, RFC 5321 4.5.3.1 asks for at least 512 and 1,000; extensions add to the former. */
    SMTP_COMMAND_BYTES_MAX = 4096,
    SMTP_AUTH_LINE_BYTES_MAX = 12288,
    SMTP_DISCARD_BYTES_MAX = 65536,
    SMTP_RECIPIENTS_MAX = 1000,
    SMTP_ADDRESS_BYTES_MAX = 320,
    /* RFC 5321 4.5.3.1: a local part has 64; a longer one may stand where the whole fits into a path. */
    SMTP_LOCAL_PART_USUAL_BYTES_MAX = 64,
    SMTP_LOCAL_PART_BYTES_MAX = 252,
    SMTP_PATH_BYTES_MAX = 254,
    SMTP_DOMAIN_BYTES_MAX = 255,
    SMTP_LABEL_BYTES_MAX = 63,
    SMTP_HELLO_BYTES_MAX = 255,
    /* RFC 3461 4.4 and 4.2, RFC 4954 5: parameter values as they stand on the wire. */
    SMTP_ENVID_BYTES_MAX = 100,
    SMTP_ORCPT_BYTES_MAX = 500,
    SMTP_AUTH_PARAMETER_BYTES_MAX = 500,
    /* RFC 4865 4.1: nine digits. */
    SMTP_HOLD_SECONDS_MAX = 999999999,
    /* What another server may say. RFC 5321 4.5.3.1.5 allows 512 bytes a line; many send more. */
    SMTP_REPLY_LINE_BYTES_MAX = 2048,
    SMTP_REPLY_LINES_MAX = 128,
    SMTP_REPLY_BYTES_MAX = 16 * 1024,
    /* What we say: text beyond this goes to the next line of the reply. */
    SMTP_REPLY_TEXT_BYTES_MAX = 480,
    SMTP_ERRORS_MAX = 20,
    /* From the greeting to AUTH, or to the first MAIL where there is none; RFC 5321 4.5.3.2.7 gives one
       command five minutes. */
    SMTP_BEFORE_MAIL_MS_MAX = 10 * 60 * 1000,
    SMTP_RECEIVED_MAX = 50,
    /* One transaction's addresses; a command borrows as much. */
    SMTP_TRANSACTION_BYTES_MAX = 2 * 1024 * 1024,
    SMTP_ARENAS_KEPT = 64,
    /* What a server puts in front of a message. */
    SMTP_TRACE_BYTES_MAX = 4096,
    /* Submission looks for missing fields in a header section up to this size. */
    SMTP_HEADER_HELD_BYTES_MAX = 64 * 1024,
    SMTP_READ_BYTES = 16 * 1024,
    /* As a client: commands under way at once, what is kept of an answer, and what is written at once. */
    SMTP_CLIENT_PIPELINED_MAX = 64,
    SMTP_ANSWER_TEXT_BYTES_MAX = 1024,
    SMTP_CLIENT_PIECE_BYTES = 8 * 1024,
    SMTP_CLIENT_FLUSH_BYTES = 32 * 1024,
    SMTP_CLIENT_OUT_BYTES_MAX = 128 * 1024,
    /* How long QUIT's answer, and the reason of a server that hung up, are waited for. */
    SMTP_CLIENT_QUIT_MS = 5 * 1000,
    SMTP_CLIENT_LAST_WORDS_MS = 1000,
    /* Content taken from one connection before others get their turn. */
    SMTP_TURN_BYTES_MAX = 256 * 1024,

    /* A message up to this size is held in memory, a larger one is spooled. */
    MESSAGE_MEMORY_BYTES_MAX = 256 * 1024,
    MESSAGE_BYTES_MAX_DEFAULT = 50 * 1024 * 1024,

    /* Messages on their way in, of one role, all together. */
    INTAKE_BUDGET_BYTES = 64 * 1024 * 1024,
    /* What a role keeps ready for the next messages, and what one analysis may take. */
    INTAKE_KEPT = 32,
    INTAKE_KEPT_BYTES_MAX = 64 * 1024,
    INTAKE_ANALYSIS_BYTES_MAX = 24 * 1024 * 1024,
    INTAKE_SPOOL_WRITE_BYTES = 256 * 1024,

    /* MIME. */
    MIME_DEPTH_MAX = 100,
    MIME_PARTS_MAX = 10000,
    MIME_HEADER_BYTES_MAX = 1024 * 1024,
    MIME_BOUNDARY_BYTES_MAX = 8192, /* RFC 2046 5.1.1 has 70; broken senders have more */
    MIME_ENVELOPE_BYTES_MAX = 4 * 1024 * 1024,
    MIME_ADDRESSES_MAX = 10000,
    MIME_PARAMETERS_MAX = 256,
    /* Binary parts on their way in: what is read of a field, all open boundaries, one Content-Type. */
    BINARY_MIME_FIELD_BYTES_MAX = 16 * 1024,
    BINARY_MIME_BOUNDARIES_BYTES_MAX = 64 * 1024,
    BINARY_MIME_ARENA_BYTES_MAX = 256 * 1024,

    /* What is kept of a message when it is delivered; search reads further. */
    ANALYSIS_PREVIEW_BYTES = 200,
    ANALYSIS_PREVIEW_SOURCE_BYTES_MAX = 64 * 1024,
    ANALYSIS_SUBJECT_BYTES_MAX = 4096,
    ANALYSIS_TEXT_BYTES_MAX = 1000,
    ANALYSIS_REFERENCES_MAX = 100,
    ANALYSIS_DELIVERED_TO_MAX = 50,
    ANALYSIS_ADDRESSEES_MAX = 50,
    ANALYSIS_TREE_BYTES_MAX = 16 * 1024 * 1024,
    ANALYSIS_STRUCTURE_BYTES_MAX = 16 * 1024 * 1024,
    ANALYSIS_HTML_BYTES_MAX = 4 * 1024 * 1024,

    /* IMAP. */
    IMAP_COMMAND_BYTES_MAX = 64 * 1024,
    IMAP_NESTING_MAX = 50,
    IMAP_SEQUENCE_RANGES_MAX = 100000,
    IMAP_MAILBOX_NAME_BYTES_MAX = 1000,
    IMAP_LITERAL_NONSYNC_BYTES_MAX = 4096,
    IMAP_LITERAL_COLLECTED_BYTES_MAX = 16 * 1024,
    IMAP_COMMAND_ARENA_BYTES_MAX = 2 * 1024 * 1024,
    IMAP_TAG_BYTES_MAX = 255,
    IMAP_ERROR_TEXT_BYTES_MAX = 160,
    IMAP_KEYWORD_BYTES_MAX = 255,
    IMAP_FLAGS_MAX = 1000,
    IMAP_SEARCH_KEYS_MAX = 5000,
    IMAP_FETCH_SECTIONS_MAX = 500,
    IMAP_FETCH_HEADERS_MAX = 500,
    IMAP_LIST_PATTERNS_MAX = 100,
    IMAP_ID_FIELDS_MAX = 30,
    /* What a command needs beside its own text, and what one batch of entries needs. */
    IMAP_WORK_BYTES_MAX = 32 * 1024 * 1024,
    IMAP_BATCH_BYTES_MAX = 64 * 1024 * 1024,
    IMAP_BATCH_ENTRIES = 1000,
    IMAP_BATCH_MESSAGES = 128,
    IMAP_BATCH_CHANGES = 4000,
    /* A header of which fields are picked, and a message whose text is searched. */
    IMAP_HEADER_BYTES_MAX = 4 * 1024 * 1024,
    IMAP_SEARCH_BODY_BYTES_MAX = 16 * 1024 * 1024,
    IMAP_APPEND_MESSAGES_MAX = 100,
    IMAP_APPEND_PIECE_BYTES = 16 * 1024,
    /* In larger mailboxes SELECT does not look for the first unseen message. */
    IMAP_UNSEEN_MESSAGES_MAX = 20000,
    /* Views of mailboxes that no session has selected any more, kept for the next: all of them. */
    IMAP_VIEWS_KEPT_MAX = 1000,
    IMAP_VIEWS_KEPT_BYTES_MAX = 4 * 1024 * 1024,
    IMAP_LOGIN_COMMAND_BYTES_MAX = 16 * 1024,
    IMAP_LOGIN_LITERAL_BYTES_MAX = 4096,
    IMAP_LOGIN_ERRORS_MAX = 10,
    IMAP_ERRORS_MAX = 50,
    IMAP_CUT_MESSAGES_MAX = 64,
    /* RFC 9051 5.4: at least 30 minutes after login. */
    IMAP_LOGIN_IDLE_MS = 3 * 60 * 1000,
    IMAP_SESSION_IDLE_MS = 35 * 60 * 1000,
    IMAP_IDLE_MS = 75 * 60 * 1000,
    IMAP_STEP_MS = 5 * 60 * 1000,
    IMAP_ACCOUNT_CONNECTIONS = 500,
    IMAP_COMPRESSED_SESSIONS_MAX = 1000,
    IMAP_ACCOUNT_CONNECTIONS_LOOPBACK = 5000,

    /* POP3, RFC 2449 4: a command is at most 255 bytes. */
    POP3_COMMAND_BYTES_MAX = 255,
    /* Before login: room for a whole initial response. */
    POP3_LOGIN_LINE_BYTES_MAX = 12288,
    POP3_ERRORS_MAX = 10,
    /* Messages of one session, and how many one read of the database brings. */
    POP3_MESSAGES_MAX = 2 * 1000 * 1000,
    POP3_BATCH_MESSAGES = 500,
    POP3_IDLE_MS = 10 * 60 * 1000,
    POP3_LOGIN_IDLE_MS = 3 * 60 * 1000,

    /* HTTP. RFC 9112 3 asks for request lines of at least 8,000 bytes. */
    HTTP_REQUEST_LINE_BYTES_MAX = 8192,
    HTTP_HEAD_BYTES_MAX = 32 * 1024,
    HTTP_FIELDS_MAX = 100,
    HTTP_CHUNK_EXTENSION_BYTES_MAX = 1024,
    HTTP_TRAILER_BYTES_MAX = 8 * 1024,
    HTTP_HOST_BYTES_MAX = 255,
    /* A body that nobody wants is read up to here, so that the connection can be kept. */
    HTTP_BODY_UNWANTED_BYTES_MAX = 64 * 1024,
    HTTP_REQUESTS_A_CONNECTION_MAX = 1000,
    /* A whole request head, a whole body, a pause between requests, a reply on its way, and what comes
       behind the last reply. */
    HTTP_HEAD_MS = 30 * 1000,
    HTTP_BODY_MS = 60 * 1000,
    HTTP_IDLE_MS = 60 * 1000,
    HTTP_STEP_MS = 30 * 1000,
    HTTP_LINGER_MS = 1000,
    HTTP_REPLY_BYTES_MAX = 4 * 1024 * 1024,

    /* What posthaste health worries about. */
    HEALTH_CERTIFICATE_WARN_DAYS = 14,
    HEALTH_DISK_FAIL_BYTES = 256 * 1024 * 1024,
    HEALTH_DISK_WARN_BYTES = 1024 * 1024 * 1024,

    /* Logging in: the delay after failures, and what of them is remembered. */
    LOGIN_DELAY_FIRST_MS = 250,
    LOGIN_DELAY_ADDRESS_MS_MAX = 10 * 1000,
    LOGIN_DELAY_USER_MS_MAX = 4 * 1000,
    LOGIN_FAILURE_FORGET_MS = 60 * 1000,
    LOGIN_FAILURES_MAX = 64,
    LOGIN_MARKS_MAX = 20000,
    LOGIN_WAITING_MAX = 64,
    /* Passwords of strangers that the store looks at for one edge at once, and of one address or name
       while others wait; those of users known at their address may be so many more. The rest waits, for so
       long. */
    LOGIN_CHECKS_MAX = 8,
    LOGIN_CHECKS_ALIKE_MAX = 4,
    LOGIN_CHECKS_KNOWN_MAX = 24,
    LOGIN_TURNS_WAITING_MAX = 1024,
    LOGIN_TURN_MS_MAX = 25 * 1000,
    /* Users and the addresses where they logged in before. */
    LOGIN_KNOWN_MAX = 20000,
    /* From the greeting to the end of the login (IMAP, POP3), however busy the client is; one exchange. */
    LOGIN_TOTAL_MS_MAX = 5 * 60 * 1000,
    LOGIN_EXCHANGE_MS_MAX = 2 * 60 * 1000,
    LOGIN_EXCHANGE_MEMORY_BYTES_MAX = 128 * 1024,

    /* A TLS connection whose session runs in another role. */
    PUMP_CHUNK_BYTES = 16 * 1024,
    PUMP_CHUNKS_A_TURN = 16,
    PUMP_STALL_MS_MAX = 5 * 60 * 1000,
    PUMP_LINGER_MS = 10 * 1000,

    /* SASL: one base64 response line, decoded. */
    SASL_RESPONSE_BYTES_MAX = 9216,
    SASL_NAME_BYTES_MAX = 320,
    SASL_PASSWORD_BYTES_MAX = 1024,

    /* SCRAM. RFC 7677 4 asks for at least 4096 rounds; the upper end bounds what a peer can make us do. */
    SCRAM_NONCE_BYTES_MAX = 256,
    SCRAM_SALT_BYTES_MAX = 64,
    SCRAM_ITERATIONS_MIN = 4096,
    SCRAM_ITERATIONS_MAX = 1000000,

    /* DNS block lists: how many, how long all of them together may take, what is kept of a list's words, and
       how often each is looked at whether it is one. */
    DNSBL_ZONES_MAX = 8,
    DNSBL_ASK_MS_MAX = 8 * 1000,
    DNSBL_TEXT_BYTES_MAX = 200,
    DNSBL_ANSWER_BYTES_MAX = 64 * 1024,
    DNSBL_TEST_PAUSE_MS = 60 * 60 * 1000,
    DNSBL_TEST_AGAIN_MS = 60 * 1000,

    /* Greylisting: who is new waits so long, and is remembered so long; so many of one edge. */
    GREYLIST_DELAY_MS = 60 * 1000,
    GREYLIST_KEPT_MS = 24 * 3600 * 1000,
    GREYLIST_TRIPLETS_MAX = 50000,

    /* Set-up of mail programs: the body of an Autodiscover request. */
    SETUP_BODY_BYTES_MAX = 16 * 1024,
};

#endif

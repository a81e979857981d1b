/*
 * Every maximum of the program, in one place. Units are last in the names.
 * A limit that guards against input is met by a polite protocol error, never by an abort.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

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

    /* Asking the store: what goes beside the frame in a file, and how long a caller waits. */
    STORE_SPILL_BYTES_MAX = 64 * 1024 * 1024,
    STORE_REQUEST_MEMORY_BYTES_MAX = 64 * 1024 * 1024,
    STORE_CALL_MS_MAX = 30 * 1000,
    STORE_CALL_TRIES_MAX = 3,
    STORE_PEER_SPOOLS_MAX = 128,
    /* Questions in files that are in memory at once, of one role. */
    STORE_PEER_SPILLS_MAX = 2,

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

    /* MTA-STS, RFC 8461 3.1: an id has 1 to 32 letters and digits; 3.2: max_age has at most about a year (and
       3.3 asks for policies of at most 64 KiB and a minute of patience). MX patterns beyond the maximum are
       no policy. */
    MTA_STS_ID_BYTES_MAX = 32,
    MTA_STS_POLICY_BYTES_MAX = 64 * 1024,
    MTA_STS_AGE_S_MAX = 31557600,
    MTA_STS_PATTERNS_MAX = 200,
    MTA_STS_FETCH_MS = 30 * 1000,
    /* Domains whose policies, or lack of one, the remote role has at hand; DNS is not asked of one for so
       long; one is fetched again when it is so old, and after a failure not before so long (RFC
       8461 3.3, 5.1). */
    MTA_STS_KNOWN_MAX = 5000,
    MTA_STS_KNOWN_BYTES_MAX = 16 * 1024 * 1024,
    MTA_STS_LOOK_AGAIN_MS = 10 * 1000,
    MTA_STS_REFRESH_MS = 24 * 3600 * 1000,
    MTA_STS_AGAIN_MS = 5 * 60 * 1000,
    /* Of those that nobody sent mail to meanwhile: how often is looked whether one is that old. */
    MTA_STS_LOOK_MS = 10 * 60 * 1000,
    /* And what the store keeps of them in all. */
    MTA_STS_STORED_MAX = 100 * 1000,

    /* DANE: TLSA records of a host that are read, and the bytes of one. */
    DANE_RECORDS_MAX = 32,
    DANE_RECORD_BYTES_MAX = 8 * 1024,

    /* Results of TLS that one attempt tells (RFC 8460), rows that are kept of them, and for so long. */
    TLS_RESULTS_MAX = 32,
    TLS_RESULT_DAYS = 30,
    TLS_RESULT_ROWS_MAX = 200 * 1000,

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

    /* Bodies are stored as independent frames of at most this many raw bytes. */
    BODY_FRAME_BYTES = 128 * 1024,
    /* Read on from one body to the next, and what may lie between them. */
    BODY_READ_AHEAD_BYTES = 64 * 1024,
    BODY_READ_GAP_BYTES = 8 * 1024,
    /* Unpacked ahead of a long answer at once, by so many threads; a role holds twice as much while it does
       so. */
    BODY_AHEAD_BYTES = 1024 * 1024,
    BODY_AHEAD_MESSAGES = 128,
    BODY_AHEAD_THREADS = 2,

    /* Store: one commit takes at most this much; segments of bodies; what is kept in memory. */
    STORE_BATCH_OPERATIONS_MAX = 256,
    /* From so many under way on, a batch waits so long for as many as there were before. */
    STORE_GATHER_OPERATIONS_MIN = 4,
    STORE_GATHER_OPERATIONS_FEW = 32,
    STORE_GATHER_MS = 2,
    /* What nobody waits for is committed alone after so long, or when it is so much. */
    STORE_PATIENCE_MS = 10,
    STORE_PATIENT_OPERATIONS_MAX = 64,
    STORE_BATCH_BYTES_MAX = 16 * 1024 * 1024,
    STORE_OPERATION_MEMORY_BYTES_MAX = 64 * 1024 * 1024,
    STORE_SEGMENT_BYTES = 64 * 1024 * 1024,
    /* A segment grows by so many zeros ahead of what is written to it. */
    STORE_SEGMENT_ROOM_BYTES = 256 * 1024,
    /* The same in the database's log. */
    STORE_LOG_ROOM_BYTES = 1024 * 1024,
    STORE_SEGMENTS_OPEN_MAX = 16,
    STORE_SPOOLS_MAX = 256,
    STORE_SPOOL_CHUNK_BYTES = 256 * 1024,
    STORE_APPENDS_MAX = 1000,
    STORE_BODY_BYTES_MAX = 1024 * 1024 * 1024,
    STORE_WAL_CHECKPOINT_BYTES = 8 * 1024 * 1024,
    STORE_WAL_REWRITE_BYTES = 256 * 1024,
    STORE_WAL_FINISH_BYTES = 12 * 1024 * 1024,
    STORE_REAP_ROWS = 200,
    /* Compacting: one step; beside the service so many bytes a second; segments looked at in a round. */
    STORE_COMPACT_RECORDS = 64,
    STORE_COMPACT_BYTES = 256 * 1024,
    STORE_COMPACT_BYTES_PER_SECOND = 4 * 1024 * 1024,
    STORE_COMPACT_SEGMENTS = 64,
    /* Upkeep comes round; a segment waits half-dead for one round before it is compacted. */
    STORE_UPKEEP_PAUSE_MS = 5 * 60 * 1000,
    STORE_UPKEEP_STEP_MS = 50,
    STORE_EVENT_ROWS = 500,
    STORE_EVENTS_KEPT_MAX = 1000 * 1000,
    STORE_EVENTS_KEPT_DAYS = 30,
    /* The queue: destinations whose state the commit lane remembers; what is kept of an answer; messages
       looked at in one go for who is owed word of a delay; rows that one commit of an owner's order changes;
       lines of a listing; destinations that upkeep forgets at a time. */
    QUEUE_DESTINATIONS_KNOWN_MAX = 4096,
    QUEUE_REPLY_BYTES_MAX = 2000,
    QUEUE_DELAYED_ROWS = 2000,
    QUEUE_CHANGE_ROWS = 500,
    QUEUE_LIST_ROWS_MAX = 1000,
    QUEUE_IDLE_DESTINATIONS = 200,
    /* The flight recorder: what is kept, and of one attempt; what a trace shows; recipients that the row of a
       message's acceptance names. */
    FLIGHTS_KEPT_MAX = 2 * 1000 * 1000,
    FLIGHTS_KEPT_DAYS = 30,
    /* Mailboxes with a copy of a message that somebody asks for. */
    ARRIVAL_PLACES_MAX = 100,
    FLIGHT_RECORD_BYTES_MAX = 2048,
    FLIGHT_TRACE_ROWS_MAX = 2000,
    FLIGHT_RECIPIENTS_MAX = 20,
    FLIGHT_MESSAGE_ID_BYTES_MAX = 255,
    STORE_MIGRATE_ROWS = 5000,
    STORE_MIGRATE_TOLD_MS = 5000,
    STORE_VERIFY_ROWS = 200,
    /* Backups: the largest part; one of the database, of which little changes; parts of one segment
       before it is cut anew; a snapshot's own file; other files of a data folder. */
    BACKUP_CHUNK_BYTES = 8 * 1024 * 1024,
    BACKUP_DATABASE_CHUNK_BYTES = 1024 * 1024,
    BACKUP_SEGMENT_PARTS_MAX = 64,
    BACKUP_TAIL_BYTES = 64 * 1024,
    BACKUP_MANIFEST_BYTES_MAX = 1024 * 1024 * 1024,
    BACKUP_FILES_MAX = 10 * 1000 * 1000,
    BACKUP_OTHER_FILES_MAX = 10000,
    BACKUP_OTHER_FILE_BYTES_MAX = 64 * 1024 * 1024,
    BACKUP_TRIES_MAX = 10,
    STORE_VERIFY_COUNTERS = 1024 * 1024,
    STORE_PATH_BYTES_MAX = 1024,
    STORE_STATEMENTS_MAX = 768,
    /* Flag changes and expunges a mailbox remembers for devices that come back. */
    STORE_CHANGES_KEPT = 20000,
    /* Changes of one commit that are noted one by one: below the first always, above the second never,
       between them where they are fewer than a quarter of the mailbox. */
    STORE_CHANGES_FEW = 256,
    STORE_CHANGES_MANY = 4000,
    /* The UIDs of a mailbox with holes are stored as one set from so many messages on, and anew after so many
       commits or new messages. */
    STORE_UIDS_STORED_MIN = 20000,
    STORE_UIDS_STORED_COMMITS = 1000,
    STORE_UIDS_STORED_NEW = 20000,
    STORE_UIDS_STORED_BYTES_MAX = 16 * 1024 * 1024,
    /* Messages that an expunge removes one by one, instead of looking through the whole mailbox. */
    STORE_EXPUNGE_FEW = 256,
    STORE_MAILBOXES_MAX = 10000,
    STORE_MAILBOX_LEVELS_MAX = 50,
    STORE_KEYWORD_BYTES_MAX = 255,
    /* References of one message that are looked at; so many gather in memory before they are merged into the
       large table; kept since they were last seen. */
    STORE_THREAD_REFERENCES_MAX = 20,
    STORE_THREADS_RECENT = 64 * 1024,
    STORE_THREAD_DAYS = 400,
    STORE_ALIAS_STEPS_MAX = 200,
    STORE_ROUTES_CACHED_MAX = 4096,
    STORE_ROUTES_CACHED_BYTES_MAX = 2 * 1024 * 1024,
    STORE_ADDRESS_BYTES_MAX = 320,
    STORE_LOCAL_PART_BYTES_MAX = 64,
    STORE_PASSWORD_BYTES_MAX = 1024,
    STORE_HASHES_WAITING_MAX = 64,
    STORE_LOGINS_CACHED_MAX = 4096,
    STORE_LOGIN_CACHED_MS = 5 * 60 * 1000,

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
    /* RFC 9051 5.4: at least 30 minutes after login. */
    IMAP_LOGIN_IDLE_MS = 3 * 60 * 1000,
    IMAP_SESSION_IDLE_MS = 35 * 60 * 1000,
    IMAP_IDLE_MS = 75 * 60 * 1000,
    IMAP_STEP_MS = 5 * 60 * 1000,
    IMAP_ACCOUNT_CONNECTIONS = 500,
    IMAP_COMPRESSED_SESSIONS_MAX = 1000,
    IMAP_ACCOUNT_CONNECTIONS_LOOPBACK = 5000,

    /* A set of UIDs is kept in blocks of at most so many ranges. */
    UID_SET_BLOCK_RANGES_MAX = 128,

    /* Mail moved in and out: what an mbox line may be to begin a message, a header section that is held, the
       keywords of one message; a message that is read whole before it is looked up. */
    MBOX_FROM_LINE_BYTES_MAX = 1024,
    MBOX_HEADER_BYTES_MAX = 256 * 1024,
    MBOX_KEYWORDS_MAX = 64,
    MOVE_READ_BYTES = 128 * 1024,
    MOVE_HELD_BYTES = 256 * 1024,
    /* What one commit of an import takes, and how many are under way. */
    IMPORT_BATCH_MESSAGES = 200,
    IMPORT_BATCH_BYTES = 4 * 1024 * 1024,
    IMPORT_BATCHES_MAX = 4,
    IMPORT_SOURCE_BYTES = 16,
    IMPORT_FOLDERS_MAX = 10000,
    IMPORT_FOLDER_LEVELS_MAX = 60,
    IMPORT_FAULTS_KEPT = 10000,
    EXPORT_ENTRIES = 500,

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

    /* Sending. Sessions of the remote role in all; at one destination at first, at most, and beyond that for
       what people wait for; messages of one session. */
    TRANSIT_SESSIONS_MAX = 400,
    TRANSIT_SITE_SESSIONS_FIRST = 5,
    TRANSIT_SITE_SESSIONS_MAX = 20,
    TRANSIT_SITE_SESSIONS_EXTRA = 2,
    TRANSIT_SESSION_MESSAGES_MAX = 200,
    /* Deliveries of a session that it goes on without waiting for their record: so many more messages may be
       sent twice when the store dies. */
    TRANSIT_SETTLING_MAX = 4,
    /* RFC 5321 4.5.3.1.8: what every server takes in one transaction. */
    TRANSIT_RECIPIENTS_MAX = 100,
    /* Destinations that are worked at or want to be, those remembered after it, and those that one look at
       the queue brings. */
    TRANSIT_SITES_MAX = 10000,
    TRANSIT_SITES_RESTING_MAX = 2000,
    TRANSIT_DUE_SITES = 500,
    /* How often the queue is looked at; how long a connection with nothing to do is kept. */
    TRANSIT_LOOK_MS_MIN = 1000,
    TRANSIT_LOOK_MS_MAX = 60 * 1000,
    TRANSIT_DELAYED_LOOK_MS = 60 * 1000,
    TRANSIT_LINGER_MS = 3000,
    TRANSIT_SLOW_DOWN_MS = 5000,
    TRANSIT_RECORD_PAUSE_MS = 1000,
    TRANSIT_RECORD_PAUSE_MS_MAX = 16 * 1000,
    TRANSIT_REPORT_PAUSE_MS = 30 * 1000,
    /* How often the oldest are looked at; so long the last attempt has, when its time has come. */
    TRANSIT_EXPIRE_LOOK_MS = 60 * 1000,
    TRANSIT_EXPIRE_SLACK_MS = 10 * 60 * 1000,
    /* RFC 5321 4.5.4.1: at least 4-5 days. */
    TRANSIT_LIFETIME_MS = 5 * 24 * 3600 * 1000,
    TRANSIT_DELAY_WARNING_MS = 4 * 3600 * 1000,
    /* Finding hosts: records that are read, names that are looked up of them, addresses of one name and
       family, and addresses that one attempt tries; one lookup, all of them; one connection. */
    TRANSIT_MX_MAX = 200,
    TRANSIT_MX_NAMES_MAX = 16,
    TRANSIT_NAME_ADDRESSES_MAX = 4,
    TRANSIT_ADDRESSES_MAX = 16,
    TRANSIT_LOOKUP_MS = 20 * 1000,
    TRANSIT_LOOKUPS_MS = 60 * 1000,
    TRANSIT_CONNECT_MS = 30 * 1000,
    /* A host that may have taken a message already is insisted on for so many attempts. */
    TRANSIT_SAME_HOST_ATTEMPTS_MAX = 10,
    /* How long a body's next bytes are waited for while a host waits, too; and what is under way, at the end.
     */
    TRANSIT_BODY_MS = 60 * 1000,
    TRANSIT_STOP_MS = 5 * 1000,

    /* Signing (DKIM): domains whose keys are kept ready; keys that wait to be published and are looked for in
       one round, its pause, and one look; how long the record of a retired key stays, which is longer than
       what it signed may be on its way. How long a message waits for its signatures; messages whose
       signatures are remembered for their other destinations, and for how long. */
    DKIM_DOMAINS_READY_MAX = 1000,
    DKIM_LOOKS_MAX = 100,
    DKIM_LOOK_PAUSE_MS = 10 * 60 * 1000,
    DKIM_LOOK_MS = 20 * 1000,
    DKIM_RETIRED_MS = 7 * 24 * 3600 * 1000,
    TRANSIT_SIGN_MS = 60 * 1000,
    TRANSIT_SIGNED_KEPT_MAX = 2048,
    TRANSIT_SIGNED_KEPT_MS = 5 * 60 * 1000,

    /* Routes: how many there are, and those by receiving hosts that every session is told of; of one of them;
       recipients whose destination one commit looks at after a change of routes, the pause behind it, and
       that before what was under way then is looked at again. */
    ROUTES_MAX = 1000,
    ROUTES_BY_MX_MAX = 64,
    ROUTE_HOSTS_MAX = 16,
    ROUTE_NAME_BYTES_MAX = 64,
    ROUTE_USER_BYTES_MAX = 512,
    ROUTE_MOVE_ROWS = 200,
    ROUTE_MOVE_STEP_MS = 2,
    ROUTE_MOVE_PAUSE_MS = 5000,
    /* A test of a route: how long it goes on to the next host, addresses of one host, and steps that are
       told. */
    ROUTE_TEST_MS = 3 * 60 * 1000,
    ROUTE_TEST_ADDRESSES_MAX = 4,
    ROUTE_TEST_STEPS_MAX = 256,
    ROUTE_TEST_STEP_BYTES_MAX = 1024,

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

    /* What is read of a refusal to explain it. */
    EXPLAIN_TEXT_BYTES_MAX = 2048,

    /* A report of what became of a message: all of it; the recipients of one (for more there is another), and
       in its subject; what a host said of one; its header and a whole message that are given back; what is
       looked at to find the message's own Message-ID, and how much of it is kept. */
    REPORT_BYTES_MAX = 2 * 1024 * 1024,
    REPORT_RECIPIENTS_MAX = 200,
    REPORT_SUBJECT_BYTES_MAX = 200,
    REPORT_REPLY_BYTES_MAX = 1024,
    REPORT_HEADER_BYTES_MAX = 32 * 1024,
    REPORT_ORIGINAL_BYTES_MAX = 64 * 1024,
    REPORT_MESSAGE_ID_BYTES_MAX = 900,

    /* So long an answer to a rewritten sender finds its way. */
    SRS_VALID_DAYS = 21,

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

    /* How long an edge remembers what the hosts of a relay domain said of an address, or that none of them
       could be asked; so many answers of one edge. */
    CALLOUT_TAKEN_KEPT_MS = 24 * 3600 * 1000,
    CALLOUT_REFUSED_KEPT_MS = 10 * 60 * 1000,
    CALLOUT_UNREACHABLE_KEPT_MS = 60 * 1000,
    CALLOUTS_KEPT_MAX = 20000,
    /* Content filters: how long one message may take in all, with the filter, and to connect; questions that
       one role has under way, so that DNS questions on the same channel always find room; recipients that the
       filter is told. */
    FILTER_MS_MAX = 30 * 1000,
    FILTER_TALK_MS = 25 * 1000,
    FILTER_CONNECT_MS = 5 * 1000,
    FILTER_QUESTIONS_MAX = 32,
    FILTER_RECIPIENTS_MAX = 100,
    /* What a filter says: all of its answer, how deep its JSON is nested, names of rules, its words for the
       sender, and what is added to the header. RFC 5322 2.1.1: a line has at most 998 bytes. */
    FILTER_ANSWER_BYTES_MAX = 256 * 1024,
    FILTER_JSON_DEPTH_MAX = 32,
    FILTER_SYMBOLS_MAX = 40,
    FILTER_TEXT_BYTES_MAX = 300,
    FILTER_FIELDS_MAX = 16,
    FILTER_FIELD_NAME_BYTES_MAX = 76,
    FILTER_FIELD_LINE_BYTES_MAX = 900,
    FILTER_FIELDS_BYTES_MAX = 16 * 1024,
    /* Milters: what one packet may bring and, of a body, carry (MILTER_CHUNK_SIZE); packets that come before
       the verdict; what is read of a header section that has to be taken apart. */
    MILTER_PACKET_BYTES_MAX = 256 * 1024,
    MILTER_CHUNK_BYTES = 65535,
    MILTER_PACKETS_MAX = 1000,
    MILTER_HEADER_BYTES_MAX = 1024 * 1024,

    /* What one check keeps of DNS: TXT records of a name and their bytes (a DKIM key of 4,096 bits takes
       800); the questions that are written down for a tool, and of each the records. */
    TRUST_TXT_RECORDS_MAX = 50,
    TRUST_TXT_BYTES_MAX = 8192,
    TRUST_LOOKUPS_TOLD_MAX = 300,
    TRUST_LOOKUP_RECORDS_MAX = 50,
    /* Names of a client's address that are looked at; RFC 7208 4.6.4 says ten for the same question. */
    TRUST_IPREV_NAMES_MAX = 10,
    /* Authentication-Results: of one that is read, the properties of a method; of what we write, one text,
       and all of it; what is held of a stranger's before it is decided whether it claims to be ours. */
    AUTH_PROPERTIES_MAX = 16,
    AUTH_TEXT_BYTES_MAX = 200,
    AUTH_RESULTS_BYTES_MAX = 64 * 1024,
    AUTH_RESULTS_HELD_BYTES_MAX = 16 * 1024,
    /* From fields, together, that are looked through for authors; authors whose domains are looked at, and
       addresses of authors. */
    TRUST_FROM_BYTES_MAX = 64 * 1024,
    DMARC_AUTHORS_MAX = 4,
    DMARC_AUTHOR_ADDRESSES_MAX = 100,
    /* RFC 9989 4.10: a tree walk asks so often, and from its second question on for names of at most so many
       labels. Identifiers (signatures, SPF) that are compared with an author. */
    DMARC_WALK_QUERIES_MAX = 8,
    DMARC_WALK_LABELS_MAX = 7,
    DMARC_IDENTIFIERS_MAX = 16,
    /* Everything that is asked about one message: how long it may take from RCPT on (RFC 7208 4.6.4 asks for
       20 seconds at least), and when all of it is there; how long only the client's name is waited for; what
       all answers may take, and what one may take beyond that. */
    TRUST_CHECK_MS_MAX = 20 * 1000,
    TRUST_CHECK_END_MS_MAX = 10 * 1000,
    /* What the author's policy is given at least, whatever the other questions took. */
    TRUST_POLICY_MS_MAX = 4 * 1000,
    TRUST_NAME_MS_MAX = 1000,
    TRUST_ANSWERS_BYTES_MAX = 256 * 1024,
    TRUST_ANSWER_BYTES_MAX = 1024 * 1024,
    /* Content that waits for the verdict before it goes on, so that it is taken in once: of one message, and
       of all messages of a role. What is over it is taken in again when there is a verdict. */
    TRUST_HELD_BYTES_MAX = 128 * 1024,
    TRUST_HELD_TOTAL_BYTES_MAX = 32 * 1024 * 1024,
    /* Messages of one role that are looked at, and what they hold in all: beyond it mail is put off. */
    TRUST_CHECKS_MAX = 1000,
    TRUST_CHECKS_BYTES_MAX = 64 * 1024 * 1024,
    /* SPF, RFC 7208 4.6.4: terms that ask DNS, questions of theirs that nothing answers, exchanges of a
       domain, and names of a client. */
    SPF_ASKING_TERMS_MAX = 10,
    SPF_VOID_LOOKUPS_MAX = 2,
    SPF_EXCHANGES_MAX = 10,
    SPF_CLIENT_NAMES_MAX = 10,
    /* What the answers of one check may take, each as large as DNS allows. */
    SPF_ARENA_BYTES_MAX = 16 * 1024 * 1024,
    /* What a domain's owner may say of a fail, and what of a record is quoted in a reason. */
    SPF_EXPLANATION_BYTES_MAX = 400,
    SPF_QUOTED_BYTES_MAX = 120,
    /* Looking at a domain's record for its owner: terms that are followed, records within records, findings;
       RFC 7208 3.4: a record beyond this may not fit into an answer over UDP. */
    SPF_AUDIT_TERMS_MAX = 60,
    SPF_AUDIT_DEPTH_MAX = 12,
    SPF_AUDIT_NOTES_MAX = 64,
    SPF_RECORD_BYTES_USUAL_MAX = 450,

    /* What a domain is to publish: addresses of the host, DKIM keys, terms of SPF for other hosts, and all
       records; terms of SPF records that are made one; what a value is shown of in words. */
    PUBLISH_ADDRESSES_MAX = 8,
    PUBLISH_KEYS_MAX = 16,
    PUBLISH_SPF_TERMS_MAX = 16,
    PUBLISH_ROWS_MAX = 64,
    SPF_MERGE_TERMS_MAX = 200,
    DIFFERENCE_SHOWN_BYTES = 24,
    /* Looking whether it is there: one row, and when all have taken so long, each that is left. */
    DNSCHECK_ROW_MS = 8 * 1000,
    DNSCHECK_MS = 30 * 1000,
    DNSCHECK_LATE_ROW_MS = 1000,
    /* What receivers demand (trust/preflight.h): messages of a domain a day that make it a bulk sender, and
       that are many for who is not known; the largest message. */
    PREFLIGHT_BULK_MESSAGES = 5000,
    PREFLIGHT_SPIKE_MESSAGES = 1000,
    PREFLIGHT_GMAIL_BYTES = 50 * 1024 * 1024,
    PREFLIGHT_YAHOO_BYTES = 40 * 1024 * 1024,
    PREFLIGHT_MICROSOFT_BYTES = 47 * 1024 * 1024,
    PREFLIGHT_USUAL_BYTES = 25 * 1024 * 1024,

    /* DKIM and ARC: the header section that is held while the body passes, and its fields; the entries of h=
       that we write and a whole field of ours; a key's signature (RSA of 8,192 bits). */
    DKIM_HEADER_BYTES_MAX = 256 * 1024,
    DKIM_FIELDS_MAX = 5000,
    DKIM_SIGNED_FIELDS_MAX = 200,
    DKIM_FIELD_BYTES_MAX = 16 * 1024,
    DKIM_SIGNATURE_BYTES_MAX = 1024,
    /* What is read of others: signatures of one message that are looked at, one such field, tags of a list,
       names in h=; key records of one name that are tried; RSA keys that are used (RFC 8301 3.2; a public
       exponent beyond 64 bits makes looking costly); and how wrong clocks may be. */
    DKIM_SIGNATURES_MAX = 8,
    DKIM_SIGNATURE_FIELD_BYTES_MAX = 16 * 1024,
    DKIM_TAGS_MAX = 64,
    DKIM_NAMES_MAX = 500,
    DKIM_KEYS_MAX = 4,
    DKIM_RSA_BITS_MIN = 1024,
    DKIM_RSA_BITS_MAX = 8192,
    DKIM_RSA_EXPONENT_BITS_MAX = 64,
    DKIM_CLOCK_SKEW_S = 300,
    /* RFC 8617 4.2.1: instances go from 1 to 50. */
    ARC_INSTANCES_MAX = 50,

    /* Recipients of an account are counted in steps of so long. */
    SENDING_STEP_MS = 5 * 60 * 1000,
    /* That its mail is held is told an account at most once in so long. */
    SENDING_NOTICE_MS = 60 * 60 * 1000,

    /* Reports of others about our mail (RFC 9990, RFC 8460). Of one: what may be packed and unpacked; what is
       read in one go; of a value, how much is kept; elements within elements; records, and results of one;
       what all of it takes while it is read, and in the store. */
    FEEDBACK_PACKED_BYTES_MAX = 2 * 1024 * 1024,
    FEEDBACK_BYTES_MAX = 4 * 1024 * 1024,
    FEEDBACK_PIECE_BYTES = 64 * 1024,
    FEEDBACK_TEXT_BYTES_MAX = 255,
    FEEDBACK_DEPTH_MAX = 32,
    FEEDBACK_JSON_VALUES_MAX = 50000,
    FEEDBACK_RECORDS_MAX = 2000,
    FEEDBACK_RESULTS_MAX = 8,
    FEEDBACK_ARENA_BYTES_MAX = 8 * 1024 * 1024,
    FEEDBACK_STORED_BYTES_MAX = 512 * 1024,
    /* Reports that are kept: new ones of any day, those about one domain, and for how long; all of them. How
       many one answer tells of, and one summary reads. */
    FEEDBACK_DAY_MAX = 1000,
    FEEDBACK_DOMAIN_DAY_MAX = 250,
    FEEDBACK_KEPT_DAYS = 400,
    FEEDBACK_KEPT_MAX = 20000,
    FEEDBACK_LIST_MAX = 200,
    FEEDBACK_SUMMARY_MAX = 2000,
    FEEDBACK_SOURCES_MAX = 5000,
    /* What is counted to be reported to others: rows of one day about one domain, of one day, domains of a
       day; days that it waits; what an author's checks may take as a row. */
    SEEN_DOMAIN_ROWS_MAX = 5000,
    SEEN_DAY_ROWS_MAX = 50000,
    SEEN_DAYS_MAX = 4,
    SEEN_ROW_BYTES_MAX = 1024,
    /* Reports that are sent: where they go, how large one may be, packed, how long asking DNS about one
       takes, a request with one; and over how long after midnight (UTC) they are spread. */
    REPORTING_URIS_MAX = 4,
    REPORTING_BYTES_MAX = 8 * 1024 * 1024,
    REPORTING_PACKED_BYTES_MAX = 640 * 1024,
    REPORTING_LOOKUP_MS = 20 * 1000,
    REPORTING_FETCH_MS = 30 * 1000,
    REPORTING_SPREAD_MS = 4 * 3600 * 1000,
    REPORTING_LOOK_MS = 10 * 60 * 1000,

    /* Certificates by ACME (RFC 8555): names on one certificate; an answer of the CA, a page of its JSON, a
       URL, a token, a chain; steps and all of one order; how often an answer is asked for. */
    ACME_NAMES_MAX = 100,
    ACME_NAME_BYTES_MAX = 253,
    ACME_ANSWER_BYTES_MAX = 128 * 1024,
    ACME_JSON_DEPTH_MAX = 16,
    ACME_URL_BYTES_MAX = 1024,
    ACME_TOKEN_BYTES_MAX = 128,
    ACME_WORDS_BYTES_MAX = 400,
    ACME_CHAIN_BYTES_MAX = 64 * 1024,
    ACME_CERTIFICATES_MAX = 8,
    ACME_REQUEST_MS_MAX = 30 * 1000,
    ACME_POLL_MS_MAX = 120 * 1000,
    ACME_POLL_PAUSE_MS = 1000,
    ACME_POLL_PAUSE_MS_MAX = 10 * 1000,
    ACME_RUN_MS_MAX = 30 * 60 * 1000,
    ACME_NONCE_TRIES_MAX = 20,
    /* Names are looked at, and whether the certificate is to be renewed, so often; after errors again in
       between these; what the CA asks to wait for at most; an optional name that failed is left out so
       long. */
    ACME_LOOK_MS = 6 * 3600 * 1000,
    ACME_AGAIN_MS = 5 * 60 * 1000,
    ACME_AGAIN_MS_MAX = 24 * 3600 * 1000,
    ACME_RETRY_AFTER_MS_MAX = 7 * 24 * 3600 * 1000,
    ACME_LEFT_OUT_MS = 7 * 24 * 3600 * 1000,
    /* Answers to challenges that an edge has at hand. */
    ACME_CHALLENGES_MAX = 8,

    /* Set-up of mail programs: the body of an Autodiscover request. */
    SETUP_BODY_BYTES_MAX = 16 * 1024,
};

#endif

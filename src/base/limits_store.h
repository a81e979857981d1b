/* Limits of what is stored, and of moving it in and out: a part of base/limits.h, which is what to include.
 */
#ifndef BASE_LIMITS_STORE_H
#define BASE_LIMITS_STORE_H

enum {
    /* Asking the store: what goes beside the frame in a file, and how long a caller waits. */
    STORE_SPILL_BYTES_MAX = 64 * 1024 * 1024,
    STORE_REQUEST_MEMORY_BYTES_MAX = 64 * 1024 * 1024,
    STORE_CALL_MS_MAX = 30 * 1000,
    STORE_CALL_TRIES_MAX = 3,
    STORE_PEER_SPOOLS_MAX = 128,
    /* Questions in files that are in memory at once, of one role. */
    STORE_PEER_SPILLS_MAX = 2,

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
    /* From so many under way on, a batch waits so long for as many as there were before, and a millisecond
       longer for each eight of them: slow processors need that, and it ends when all are there. */
    STORE_GATHER_OPERATIONS_MIN = 4,
    STORE_GATHER_OPERATIONS_FEW = 20,
    STORE_GATHER_OPERATIONS_A_MS = 8,
    STORE_GATHER_MS = 2,
    STORE_GATHER_MS_MAX = 16,
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
};

#endif

/*
 * One IMAP command as a typed structure (RFC 9051 6, RFC 3501 6 and the extensions named at
 * each part). Parsing is pure: it knows the grammar, not the session, so whether a command is
 * allowed now, and what it means, is the server's.
 *
 * The command's bytes are copied into the arena first, so the structure lives as long as the
 * arena, whatever becomes of the input buffer. Strings are slices of bytes as the client sent
 * them; mailbox names are valid UTF-8.
 */
#ifndef WIRE_IMAP_COMMAND_H
#define WIRE_IMAP_COMMAND_H

#include "wire/imap_lex.h"

enum imap_command_kind {
    IMAP_COMMAND_UNKNOWN,
    IMAP_COMMAND_CAPABILITY,
    IMAP_COMMAND_NOOP,
    IMAP_COMMAND_LOGOUT,
    IMAP_COMMAND_STARTTLS,
    IMAP_COMMAND_AUTHENTICATE,
    IMAP_COMMAND_LOGIN,
    IMAP_COMMAND_ENABLE,
    IMAP_COMMAND_ID,
    IMAP_COMMAND_COMPRESS,
    IMAP_COMMAND_SELECT,
    IMAP_COMMAND_EXAMINE,
    IMAP_COMMAND_CREATE,
    IMAP_COMMAND_DELETE,
    IMAP_COMMAND_RENAME,
    IMAP_COMMAND_SUBSCRIBE,
    IMAP_COMMAND_UNSUBSCRIBE,
    IMAP_COMMAND_LIST,
    IMAP_COMMAND_LSUB,
    IMAP_COMMAND_NAMESPACE,
    IMAP_COMMAND_STATUS,
    IMAP_COMMAND_APPEND,
    IMAP_COMMAND_IDLE,
    IMAP_COMMAND_GETQUOTA,
    IMAP_COMMAND_GETQUOTAROOT,
    IMAP_COMMAND_CHECK,
    IMAP_COMMAND_CLOSE,
    IMAP_COMMAND_UNSELECT,
    IMAP_COMMAND_EXPUNGE,
    IMAP_COMMAND_SEARCH,
    IMAP_COMMAND_FETCH,
    IMAP_COMMAND_STORE,
    IMAP_COMMAND_COPY,
    IMAP_COMMAND_MOVE,
};

/* AUTHENTICATE (RFC 9051 6.2.2). */
struct imap_authenticate {
    struct slice mechanism;
    /* Still base64; `=` is an empty response (RFC 4959 3). */
    struct slice initial_response;
    bool has_initial_response;
};

struct imap_login {
    struct slice user;
    struct slice password;
};

/* ENABLE (RFC 5161): those we know; others are passed over, as the RFC asks. */
enum imap_enable {
    IMAP_ENABLE_CONDSTORE = 1,
    IMAP_ENABLE_QRESYNC = 2,
    IMAP_ENABLE_UTF8_ACCEPT = 4,
    IMAP_ENABLE_IMAP4REV2 = 8,
};

/* ID (RFC 2971). NIL and () have no fields. */
struct imap_id_field {
    struct slice name;
    struct slice value;
    bool is_nil;
};
struct imap_id {
    struct imap_id_field *fields;
    size_t count;
};

/* SELECT and EXAMINE, with RFC 7162 3.1.8 and 3.2.5. */
struct imap_select {
    struct slice mailbox;
    bool condstore;
    bool qresync;
    uint32_t uid_validity;
    uint64_t modseq;
    bool has_known_uids;
    struct imap_sequence known_uids;
    /* Message numbers and their UIDs, as the client last knew them. */
    bool has_known_pairs;
    struct imap_sequence known_numbers;
    struct imap_sequence known_number_uids;
};

/* Special uses (RFC 6154). */
enum imap_use {
    IMAP_USE_ALL = 1,
    IMAP_USE_ARCHIVE = 2,
    IMAP_USE_DRAFTS = 4,
    IMAP_USE_FLAGGED = 8,
    IMAP_USE_JUNK = 16,
    IMAP_USE_SENT = 32,
    IMAP_USE_TRASH = 64,
    IMAP_USE_IMPORTANT = 128,
};
/* The uses with their names (\Sent ...); ends with a row without bits. */
extern const struct imap_word imap_uses[];

/* CREATE; and DELETE, SUBSCRIBE, UNSUBSCRIBE, GETQUOTAROOT, which have only the name. */
struct imap_mailbox {
    struct slice name;
    /* IMAP_USE_ bits. */
    uint32_t uses;
};

struct imap_rename {
    struct slice from;
    struct slice to;
};

/* STATUS items (RFC 9051 6.3.11, RFC 3501, RFC 7162, RFC 7889, RFC 8474, RFC 9208). */
enum imap_status_item {
    IMAP_STATUS_MESSAGES = 1,
    IMAP_STATUS_RECENT = 2,
    IMAP_STATUS_UIDNEXT = 4,
    IMAP_STATUS_UIDVALIDITY = 8,
    IMAP_STATUS_UNSEEN = 16,
    IMAP_STATUS_DELETED = 32,
    IMAP_STATUS_SIZE = 64,
    IMAP_STATUS_HIGHESTMODSEQ = 128,
    IMAP_STATUS_APPENDLIMIT = 256,
    IMAP_STATUS_MAILBOXID = 512,
    IMAP_STATUS_DELETED_STORAGE = 1024,
};
extern const struct imap_word imap_status_items[];

struct imap_status {
    struct slice mailbox;
    uint32_t items;
};

/* LIST (RFC 5258, RFC 5819, RFC 6154) and LSUB. */
enum imap_list_select {
    IMAP_LIST_SELECT_SUBSCRIBED = 1,
    IMAP_LIST_SELECT_REMOTE = 2,
    IMAP_LIST_SELECT_RECURSIVEMATCH = 4,
    IMAP_LIST_SELECT_SPECIAL_USE = 8,
};
enum imap_list_return {
    IMAP_LIST_RETURN_SUBSCRIBED = 1,
    IMAP_LIST_RETURN_CHILDREN = 2,
    IMAP_LIST_RETURN_SPECIAL_USE = 4,
    IMAP_LIST_RETURN_STATUS = 8,
};
struct imap_list {
    uint32_t select;
    struct slice reference;
    struct slice *patterns;
    size_t pattern_count;
    /* Options were given, so the answer has the form of RFC 5258. */
    bool extended;
    uint32_t returns;
    /* With IMAP_LIST_RETURN_STATUS. */
    uint32_t status_items;
};

/* APPEND (RFC 9051 6.3.12, RFC 3502, RFC 6855 4). */
struct imap_append_message {
    struct imap_append_message *next;
    struct imap_flags flags;
    bool has_date;
    struct imap_date_time date;
    /* Was UTF8 (~{n}). */
    bool utf8;
    struct imap_literal literal;
};
struct imap_append {
    /* Only in a command's first piece. */
    struct slice mailbox;
    /* The messages of this piece. Where it is not complete the last one's literal is streamed,
       and the next piece is for imap_append_continue. */
    struct imap_append_message *first;
    struct imap_append_message *last;
    bool complete;
};

/* EXPUNGE; with UIDs (RFC 4315 2.1) as UID EXPUNGE. */
struct imap_expunge {
    struct imap_sequence uids;
};

enum imap_store_mode { IMAP_STORE_REPLACE, IMAP_STORE_ADD, IMAP_STORE_REMOVE };
struct imap_store {
    struct imap_sequence messages;
    bool has_unchanged_since;
    uint64_t unchanged_since;
    enum imap_store_mode mode;
    bool silent;
    struct imap_flags flags;
};

/* COPY and MOVE. */
struct imap_copy {
    struct imap_sequence messages;
    struct slice mailbox;
};

/* FETCH items that are asked for or not. */
enum imap_fetch_item {
    IMAP_FETCH_UID = 1,
    IMAP_FETCH_FLAGS = 2,
    IMAP_FETCH_INTERNALDATE = 4,
    IMAP_FETCH_RFC822_SIZE = 8,
    IMAP_FETCH_ENVELOPE = 16,
    /* BODY without a section: BODYSTRUCTURE without its extension data. */
    IMAP_FETCH_BODY = 32,
    IMAP_FETCH_BODYSTRUCTURE = 64,
    IMAP_FETCH_MODSEQ = 128,
    IMAP_FETCH_EMAILID = 256,
    IMAP_FETCH_THREADID = 512,
    IMAP_FETCH_PREVIEW = 1024,
    IMAP_FETCH_PREVIEW_LAZY = 2048,
    IMAP_FETCH_SAVEDATE = 4096,
};
extern const struct imap_word imap_fetch_items[];

/* What a section is called in the reply. */
enum imap_section_kind {
    IMAP_SECTION_BODY,
    IMAP_SECTION_BINARY,
    IMAP_SECTION_BINARY_SIZE,
    IMAP_SECTION_RFC822,
    IMAP_SECTION_RFC822_HEADER,
    IMAP_SECTION_RFC822_TEXT,
};
enum imap_section_text {
    IMAP_SECTION_ALL,
    IMAP_SECTION_HEADER,
    IMAP_SECTION_HEADER_FIELDS,
    IMAP_SECTION_HEADER_FIELDS_NOT,
    IMAP_SECTION_TEXT,
    IMAP_SECTION_MIME,
};
struct imap_section {
    enum imap_section_kind kind;
    enum imap_section_text text;
    /* \Seen is not set. */
    bool peek;
    /* 1.2.3; none: the message itself. */
    uint32_t *part;
    size_t part_count;
    struct slice *headers;
    size_t header_count;
    bool has_partial;
    uint64_t partial_offset;
    uint64_t partial_bytes;
};
struct imap_fetch {
    struct imap_sequence messages;
    /* IMAP_FETCH_ bits. */
    uint32_t items;
    struct imap_section *sections;
    size_t section_count;
    bool has_changed_since;
    uint64_t changed_since;
    bool vanished;
};

enum imap_search_type {
    IMAP_SEARCH_ALL,
    /* Operators take their operands, `count` of them, off the stack. */
    IMAP_SEARCH_AND,
    IMAP_SEARCH_OR,
    IMAP_SEARCH_NOT,
    /* `number` is a flag's bit, `wanted` whether it is to be set. */
    IMAP_SEARCH_FLAG,
    IMAP_SEARCH_NEW,
    IMAP_SEARCH_OLD,
    IMAP_SEARCH_RECENT,
    /* `text` is the keyword, `wanted` whether it is to be set. */
    IMAP_SEARCH_KEYWORD,
    /* `text` is looked for. */
    IMAP_SEARCH_BCC,
    IMAP_SEARCH_BODY,
    IMAP_SEARCH_CC,
    IMAP_SEARCH_FROM,
    IMAP_SEARCH_SUBJECT,
    IMAP_SEARCH_TEXT,
    IMAP_SEARCH_TO,
    /* `header` is the field's name; an empty `text` means that it is there. */
    IMAP_SEARCH_HEADER,
    /* `days` */
    IMAP_SEARCH_BEFORE,
    IMAP_SEARCH_ON,
    IMAP_SEARCH_SINCE,
    IMAP_SEARCH_SENTBEFORE,
    IMAP_SEARCH_SENTON,
    IMAP_SEARCH_SENTSINCE,
    IMAP_SEARCH_SAVEDBEFORE,
    IMAP_SEARCH_SAVEDON,
    IMAP_SEARCH_SAVEDSINCE,
    IMAP_SEARCH_SAVEDATESUPPORTED,
    /* `number` is bytes, seconds or a modseq. */
    IMAP_SEARCH_LARGER,
    IMAP_SEARCH_SMALLER,
    IMAP_SEARCH_OLDER,
    IMAP_SEARCH_YOUNGER,
    IMAP_SEARCH_MODSEQ,
    IMAP_SEARCH_EMAILID,
    IMAP_SEARCH_THREADID,
    IMAP_SEARCH_UIDS,
    IMAP_SEARCH_NUMBERS,
};

struct imap_search_key {
    enum imap_search_type type;
    bool wanted;
    int32_t days;
    uint32_t count;
    uint64_t number;
    struct slice header;
    struct slice text;
    struct imap_sequence sequence;
};

enum imap_search_return {
    IMAP_SEARCH_RETURN_MIN = 1,
    IMAP_SEARCH_RETURN_MAX = 2,
    IMAP_SEARCH_RETURN_ALL = 4,
    IMAP_SEARCH_RETURN_COUNT = 8,
    IMAP_SEARCH_RETURN_SAVE = 16,
};
/* SEARCH: a program in postfix order; run with a stack, which never holds more than key_count
   values, it leaves one. */
struct imap_search {
    /* RETURN was given: answer with ESEARCH (RFC 9051 6.4.4). `RETURN ()` is ALL. */
    bool extended;
    uint32_t returns;
    bool has_charset;
    /* MODSEQ is among the keys: the answer has one too, and CONDSTORE is on. */
    bool has_modseq;
    struct imap_search_key *keys;
    size_t key_count;
};

struct imap_command {
    /* Empty where none could be read; then the BAD is untagged. */
    struct slice tag;
    enum imap_command_kind kind;
    /* UID FETCH, UID STORE ...: numbers are UIDs. */
    bool uid;
    union {
        struct imap_authenticate authenticate;
        struct imap_login login;
        /* IMAP_ENABLE_ bits. */
        uint32_t enable;
        struct imap_id id;
        /* COMPRESS's mechanism, GETQUOTA's root. */
        struct slice word;
        struct imap_select select;
        struct imap_mailbox mailbox;
        struct imap_rename rename;
        struct imap_status status;
        struct imap_list list;
        struct imap_append append;
        struct imap_expunge expunge;
        struct imap_store store;
        struct imap_copy copy;
        struct imap_fetch fetch;
        struct imap_search search;
    };
    enum imap_parse_error error;
    /* For the reply's human; no control characters; empty without an error. */
    char error_text[IMAP_ERROR_TEXT_BYTES_MAX];
};

/* Parses one command as imap_frame found it, at most IMAP_COMMAND_BYTES_MAX bytes. `utf8` says
   whether the session enabled UTF8=ACCEPT. The arena has IMAP_COMMAND_ARENA_BYTES_MAX to give;
   a smaller budget makes IMAP_PARSE_TOO_BIG likelier. Tag and kind are set as far as they could be
   read, whatever is returned. Each error: imap_lex.h. Does not wait. */
NODISCARD enum imap_parse_error imap_command_parse(struct slice bytes, struct arena *arena, bool utf8,
                                                   struct imap_command *command);

/* Parses what follows the streamed literal of `previous` in the same APPEND, into command->append.
   The tag stays the first piece's. */
NODISCARD enum imap_parse_error imap_append_continue(struct slice bytes, struct arena *arena,
                                                     const struct imap_append_message *previous,
                                                     struct imap_command *command);

/* The line that ends IDLE (RFC 2177). */
bool imap_line_is_done(struct slice line);
/* The command's name without UID, as texts have it. */
struct slice imap_command_name(enum imap_command_kind kind);

#endif

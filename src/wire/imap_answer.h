/*
 * What an IMAP server says to a client (RFC 9051 7, RFC 3501 7): first cut into whole answers, however the
 * bytes come (imap_answer_frame), then read one at a time (imap_answer_parse). What is not needed here is
 * passed over without being understood; nothing is nested deeper than a counter, and everything is bounded.
 *
 * Known: tagged, untagged and continuation answers with their response codes; CAPABILITY and ENABLED, LIST
 * with special use (RFC 6154), STATUS, SEARCH and ESEARCH (RFC 4731), EXISTS and EXPUNGE, VANISHED
 * (RFC 7162 3.2.10), FETCH with UID, FLAGS, MODSEQ, INTERNALDATE, RFC822.SIZE and BODY[...].
 */
#ifndef WIRE_IMAP_ANSWER_H
#define WIRE_IMAP_ANSWER_H

#include "base/arena.h"
#include "base/uid_set.h"

/* What a server offers: bits. */
enum imap_capability {
    IMAP_CAN_IMAP4REV2 = 1 << 0,
    IMAP_CAN_STARTTLS = 1 << 1,
    IMAP_CAN_LOGINDISABLED = 1 << 2,
    IMAP_CAN_SASL_IR = 1 << 3,
    IMAP_CAN_SCRAM_SHA_256 = 1 << 4,
    IMAP_CAN_PLAIN = 1 << 5,
    IMAP_CAN_LOGIN = 1 << 6,
    IMAP_CAN_XOAUTH2 = 1 << 7,
    IMAP_CAN_OAUTHBEARER = 1 << 8,
    IMAP_CAN_IDLE = 1 << 9,
    IMAP_CAN_CONDSTORE = 1 << 10,
    IMAP_CAN_QRESYNC = 1 << 11,
    IMAP_CAN_ENABLE = 1 << 12,
    IMAP_CAN_SPECIAL_USE = 1 << 13,
    IMAP_CAN_UIDPLUS = 1 << 14,
    IMAP_CAN_ESEARCH = 1 << 15,
    IMAP_CAN_GMAIL = 1 << 16,
    IMAP_CAN_IMAP4REV1 = 1 << 17,
};

/* What a folder is (RFC 6154 2, RFC 9051 7.3.1): bits. */
enum imap_folder_use {
    IMAP_FOLDER_NOSELECT = 1 << 0,
    IMAP_FOLDER_ALL = 1 << 1,
    IMAP_FOLDER_ARCHIVE = 1 << 2,
    IMAP_FOLDER_DRAFTS = 1 << 3,
    IMAP_FOLDER_FLAGGED = 1 << 4,
    IMAP_FOLDER_JUNK = 1 << 5,
    IMAP_FOLDER_SENT = 1 << 6,
    IMAP_FOLDER_TRASH = 1 << 7,
    IMAP_FOLDER_IMPORTANT = 1 << 8,
    /* Its name is INBOX. */
    IMAP_FOLDER_INBOX = 1 << 9,
};

/* Flags of a message: bits. */
enum imap_client_flag {
    IMAP_CLIENT_SEEN = 1 << 0,
    IMAP_CLIENT_ANSWERED = 1 << 1,
    IMAP_CLIENT_FLAGGED = 1 << 2,
    IMAP_CLIENT_DELETED = 1 << 3,
    IMAP_CLIENT_DRAFT = 1 << 4,
};

/* Response codes that mean something here (RFC 9051 7.1, RFC 5530). */
enum imap_code {
    IMAP_CODE_NONE,
    /* One that is not known here. */
    IMAP_CODE_OTHER,
    IMAP_CODE_ALERT,
    IMAP_CODE_CAPABILITY,
    IMAP_CODE_UIDVALIDITY,
    IMAP_CODE_UIDNEXT,
    IMAP_CODE_HIGHESTMODSEQ,
    IMAP_CODE_NOMODSEQ,
    IMAP_CODE_APPENDUID,
    IMAP_CODE_TRYCREATE,
    IMAP_CODE_READ_ONLY,
    IMAP_CODE_READ_WRITE,
    IMAP_CODE_AUTHENTICATIONFAILED,
    IMAP_CODE_AUTHORIZATIONFAILED,
    IMAP_CODE_EXPIRED,
    IMAP_CODE_PRIVACYREQUIRED,
    IMAP_CODE_CONTACTADMIN,
    IMAP_CODE_UNAVAILABLE,
    IMAP_CODE_NOPERM,
    IMAP_CODE_INUSE,
    IMAP_CODE_LIMIT,
    IMAP_CODE_OVERQUOTA,
    IMAP_CODE_NONEXISTENT,
    IMAP_CODES,
};

enum imap_answer_kind {
    /* Understood as an answer, but not what it says: passed over. */
    IMAP_ANSWER_OTHER,
    /* "+ text" */
    IMAP_ANSWER_CONTINUE,
    /* status, code, text; with a tag, or without one. */
    IMAP_ANSWER_TAGGED,
    IMAP_ANSWER_STATUS_LINE,
    IMAP_ANSWER_CAPABILITY,
    IMAP_ANSWER_ENABLED,
    IMAP_ANSWER_LIST,
    IMAP_ANSWER_STATUS,
    IMAP_ANSWER_SEARCH,
    IMAP_ANSWER_EXISTS,
    IMAP_ANSWER_EXPUNGE,
    IMAP_ANSWER_VANISHED,
    IMAP_ANSWER_FETCH,
};

enum imap_answer_status {
    IMAP_STATUS_OK,
    IMAP_STATUS_NO,
    IMAP_STATUS_BAD,
    IMAP_STATUS_PREAUTH,
    IMAP_STATUS_BYE,
};

/* Borrows from the bytes it was read of, or is in the arena. */
struct imap_answer {
    enum imap_answer_kind kind;
    /* TAGGED */
    struct slice tag;
    /* TAGGED, STATUS_LINE */
    enum imap_answer_status status;
    enum imap_code code;
    /* Of UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ; of APPENDUID the UID; of EXISTS, EXPUNGE and FETCH the
       message's number. */
    uint64_t number;
    /* As it came, without the code. Of CONTINUE what is behind "+ ". */
    struct slice text;
    /* CAPABILITY (also as a code), ENABLED: a set of enum imap_capability. */
    unsigned capabilities;
    /* LIST, STATUS */
    struct slice folder;
    unsigned folder_use;
    /* 0: NIL. */
    char separator;
    /* SEARCH and VANISHED: at most IMAP_ANSWER_RANGES_MAX. */
    struct number_range *ranges;
    size_t range_count;
    /* FETCH and STATUS; a bit of enum imap_answer_item for each that was there. */
    unsigned items;
    uint32_t uid;
    uint32_t messages;
    uint32_t uidnext;
    uint32_t uidvalidity;
    unsigned flags;
    uint64_t modseq;
    int64_t received_ms;
    uint64_t bytes;
    struct slice content;
};

enum imap_answer_item {
    IMAP_ITEM_UID = 1 << 0,
    IMAP_ITEM_FLAGS = 1 << 1,
    IMAP_ITEM_MODSEQ = 1 << 2,
    IMAP_ITEM_INTERNALDATE = 1 << 3,
    IMAP_ITEM_SIZE = 1 << 4,
    IMAP_ITEM_CONTENT = 1 << 5,
    IMAP_ITEM_MESSAGES = 1 << 6,
    IMAP_ITEM_UIDNEXT = 1 << 7,
    IMAP_ITEM_UIDVALIDITY = 1 << 8,
};

/* How far the input was looked at; all zero at the beginning of an answer. */
struct imap_answer_frame {
    size_t at;
    /* Behind the last literal: what is before it is no header of another. */
    size_t floor;
};

enum imap_answer_frame_state {
    IMAP_ANSWER_FRAME_MORE,
    /* The first *len bytes of the input are one whole answer, its line end (CRLF, or a bare LF) included. */
    IMAP_ANSWER_FRAME_WHOLE,
    /* It would be longer than bytes_max. */
    IMAP_ANSWER_FRAME_TOO_LONG,
};

/* Looks for one answer at the front of the input, which grows from call to call until it is taken; each byte
   is looked at once. */
enum imap_answer_frame_state imap_answer_frame(struct imap_answer_frame *frame, struct slice input,
                                               size_t bytes_max, size_t *len);

/* Reads one whole answer. False: it is none, or over a limit or the arena's budget. */
NODISCARD bool imap_answer_parse(struct slice bytes, struct arena *arena, struct imap_answer *answer);

/* A set of enum imap_capability, of words between blanks; those that are unknown are passed over. */
unsigned imap_capabilities_parse(struct slice words);

#endif

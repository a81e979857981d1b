/*
 * The messages of a mailbox as one POP3 session numbers them: a snapshot of UIDs and sizes, and
 * what is marked as deleted. 16 bytes a message, so that a mailbox of 100,000 costs 1.6 MB.
 */
#ifndef POP3_MAILDROP_H
#define POP3_MAILDROP_H

#include "io/task.h"
#include "store/reader.h"

struct pop3_message {
    uint64_t bytes;
    uint32_t uid;
    bool is_deleted;
};

struct pop3_maildrop {
    uint64_t mailbox;
    uint32_t uidvalidity;
    struct pop3_message *messages;
    size_t count;
    size_t capacity;
    size_t deleted_count;
    /* Of those that are not marked (RFC 1939 5, STAT). */
    uint64_t bytes;
};

/* Reads the mailbox, in pieces between which others have their turn. STORE_REFUSED: over POP3_MESSAGES_MAX.
 */
enum store_result pop3_maildrop_load(struct task *t, struct pop3_maildrop *drop, struct reader *reader);
void pop3_maildrop_free(struct pop3_maildrop *drop);
static inline size_t pop3_maildrop_left(const struct pop3_maildrop *drop) {
    return drop->count - drop->deleted_count;
}

/* Message numbers count from 1. NULL: there is none, or it is marked. */
struct pop3_message *pop3_maildrop_get(struct pop3_maildrop *drop, uint32_t number);
void pop3_maildrop_mark(struct pop3_maildrop *drop, struct pop3_message *message);
void pop3_maildrop_unmark_all(struct pop3_maildrop *drop);
/* The UIDs that are marked, as ascending ranges; the caller frees `ranges`. */
struct uid_range *pop3_maildrop_marked(const struct pop3_maildrop *drop, size_t *count);

#endif

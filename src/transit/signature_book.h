/*
 * Signatures and seals of messages that were signed lately, for their other destinations: a message is hashed
 * and signed once, however many hosts it goes to. Who finds it being signed by another session waits for
 * that.
 */
#ifndef TRANSIT_SIGNATURE_BOOK_H
#define TRANSIT_SIGNATURE_BOOK_H

#include "base/arena.h"
#include "io/task.h"

struct signature_book;

/* A message as it is sent: converted to 7 bits it has other signatures, and passed on it has a seal instead.
 */
struct signature_of {
    uint64_t message;
    bool is_seven_bit;
    bool is_sealed;
};

enum signature_found {
    /* The caller signs it, and then calls signature_book_put or _give_up. */
    SIGNATURE_MISSING,
    SIGNATURE_KNOWN,
    SIGNATURE_CANCELLED,
};

struct signature_book *signature_book_new(struct env *env);
/* When nobody is in it any more. Nulls *book. */
void signature_book_free(struct signature_book **book);

/* *fields (KNOWN) is in `arena`; empty: it is sent unsigned. Waits while another session signs it. */
enum signature_found signature_book_take(struct task *t, struct signature_book *book, struct signature_of of,
                                         struct arena *arena, struct slice *fields);
void signature_book_put(struct signature_book *book, struct signature_of of, struct slice fields);
void signature_book_give_up(struct signature_book *book, struct signature_of of);

#endif

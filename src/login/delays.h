/*
 * How long whoever guesses passwords has to wait. Failures are remembered by the peer's address
 * (an IPv6 one by its /64) and by user name, whatever the protocol: each doubles the delay, up
 * to a maximum, and is forgotten after a while. The delay is served twice: the failure's own
 * answer waits for it, and so does every attempt from that address or on that name that comes
 * meanwhile, so that many connections at once guess no faster. Since all delays end, and the
 * right password is taken whenever it comes, nobody is ever locked out. A user at an address
 * where he logged in before does not wait for what others did with his name. Memory is bounded:
 * of too many marks the oldest is forgotten.
 *
 * What comes behind the delay, a look at the password, is to be had by turns (turns.h).
 */
#ifndef LOGIN_DELAYS_H
#define LOGIN_DELAYS_H

#include "login/turns.h"

struct login_delays;

struct login_delays *login_delays_new(struct env *env);
/* No attempt may be under way. */
void login_delays_free(struct login_delays **delays);

/* Whom an attempt is held against. */
struct login_attempt {
    /* Numeric, as in struct peer. */
    struct slice address;
    /* As the client wrote it, known or not. */
    struct slice user;
};

enum login_delay_result {
    LOGIN_DELAY_OVER,
    /* More than LOGIN_WAITING_MAX attempts of the address wait already: try later. */
    LOGIN_DELAY_CROWD,
    LOGIN_DELAY_CANCELLED,
};

/* The user logged in from that address before. */
bool login_delay_is_known(const struct login_delays *delays, const struct login_attempt *attempt);
/* The turns of all attempts. */
struct login_turns *login_delay_turns(struct login_delays *delays);
/* What counts as one address: of an IPv6 one its /64. Borrows from `address`. */
struct slice login_delay_network(struct slice address);
/* How long an attempt now would have to wait before it is looked at; and for the address's sake alone. */
int64_t login_delay_ms(struct login_delays *delays, const struct login_attempt *attempt);
int64_t login_delay_address_ms(struct login_delays *delays, const struct login_attempt *attempt);
/* Waits that long. */
NODISCARD enum login_delay_result login_delay_before(struct task *t, struct login_delays *delays,
                                                     const struct login_attempt *attempt);
/* Notes a failure and waits the delay it costs. */
NODISCARD enum login_delay_result login_delay_failed(struct task *t, struct login_delays *delays,
                                                     const struct login_attempt *attempt);
/* Notes a failure, without waiting; returns the delay it costs. */
int64_t login_delay_note_failure(struct login_delays *delays, const struct login_attempt *attempt);
/* The right password: the failures on that name are forgotten. Those of the address stay, or a guesser
   with an account of his own would clear them as he goes. */
void login_delay_succeeded(struct login_delays *delays, const struct login_attempt *attempt);

#endif

/*
 * The message in which libunbound hands over an answer (RFC 1035 4.1), as records. Pure. The
 * message was checked by libunbound already; all the same nothing here trusts a length in it, and
 * names are followed backwards only, so that the time is linear in what is written.
 */
#ifndef IO_REAL_DNS_MESSAGE_H
#define IO_REAL_DNS_MESSAGE_H

#include "io/dns.h"

/* Reads result, ttl_s, canonical_name and records of `type` into *answer; the rest of it stays.
   A message that is broken or over a limit, or does not fit the arena's budget, is DNS_SERVFAIL. */
void dns_message_read(struct slice message, uint16_t type, struct arena *arena, struct dns_answer *answer);

#endif

/*
 * Why a sender mailbox cannot be used, in words, and what to do: one row a cause (enum sender_cause). And
 * which cause a server's words mean: providers have their own texts and codes for the same thing. Pure.
 */
#ifndef OUTREACH_CAUSE_H
#define OUTREACH_CAUSE_H

#include "store/sender_model.h"

/* "IMAP is disabled for this account; reply detection cannot work". Static. */
const char *cause_words(enum sender_cause cause);
/* "Switch IMAP on in the provider's settings, ...". Static; may be empty. */
const char *cause_advice(enum sender_cause cause);
/* Sending must wait until this is mended; the others are told and change nothing. */
bool cause_is_red(enum sender_cause cause);

/* A login was refused with these words (IMAP: also its response code, as "[AUTHENTICATIONFAILED]"). */
enum sender_cause cause_of_login(struct slice words, enum sender_auth auth, bool is_imap);
/* The words say that IMAP is switched off, wherever they were said. */
bool cause_is_imap_disabled(struct slice words);
/* SMTP refused after the login: MAIL, RCPT or the end of data. `code` 550, and the like. */
enum sender_cause cause_of_refusal(unsigned code, struct slice words);

#endif

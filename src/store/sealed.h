/*
 * Secrets that a room above keeps in the database, sealed as the keys of domains are (store/dkim_seal.h):
 * roles that read the database have nothing of them. Each is bound to the name that it is sealed for.
 */
#ifndef STORE_SEALED_H
#define STORE_SEALED_H

#include "store/engine.h"

/* Has the folder's seal at hand, which the two below need. STORE_FAILED: it cannot be opened (logged).
   STORE_GONE: cancelled. Waits. */
enum store_result engine_seal_open(struct task *t, struct engine *engine);
/* Appends the secret, sealed. STORE_FAILED: the seal is not open, or libcrypto cannot. Does not wait. */
enum store_result engine_seal(struct engine *engine, struct slice name, struct slice secret,
                              struct buffer *sealed);
/* Appends the secret, which the caller wipes. STORE_REFUSED: it was sealed in another folder or for another
   name, or is damaged. STORE_FAILED: the seal is not open. Does not wait. */
enum store_result engine_unseal(struct engine *engine, struct slice name, struct slice sealed,
                                struct buffer *secret);

#endif

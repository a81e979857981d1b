/*
 * Which users logged in at which addresses before: what tells them apart from strangers who guess. The
 * longest unused is forgotten when there are too many; all is, when the role ends.
 */
#ifndef LOGIN_KNOWN_H
#define LOGIN_KNOWN_H

#include "base/slice.h"
#include "io/env.h"

struct login_known;

struct login_known *login_known_new(struct env *env);
/* Nulls *known. */
void login_known_free(struct login_known **known);

/* `key` stands for a user at an address; it is copied. */
void login_known_note(struct login_known *known, struct slice key);
bool login_known_has(const struct login_known *known, struct slice key);

#endif

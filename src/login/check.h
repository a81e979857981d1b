/*
 * One attempt to log in, whatever its mechanism: waits the delay there is, has the store judge,
 * notes and logs what came of it. For login.c and login_sasl.c.
 */
#ifndef LOGIN_CHECK_H
#define LOGIN_CHECK_H

#include "login/login.h"

struct login_check {
    struct login_context *context;
    struct conn *conn;
    /* "PLAIN" and the like, for the log. */
    struct slice mechanism;
    struct slice user;
};

/* Waits until this attempt may be looked at: LOGIN_OK, LOGIN_BUSY or LOGIN_GONE. */
enum login_result login_check_begin(struct task *t, const struct login_check *check);
/* Ends it with what the store said. Fills *identity at LOGIN_OK; waits the failure's delay otherwise. */
enum login_result login_check_end(struct task *t, const struct login_check *check, enum store_result result,
                                  const struct account *account, struct login_identity *identity);
/* Begin, the store's password check, end. */
enum login_result login_check_password(struct task *t, const struct login_check *check, struct slice password,
                                       struct login_identity *identity);

#endif

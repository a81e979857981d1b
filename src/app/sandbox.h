/*
 * The walls around a role's process: no new privileges, no core dumps, a seccomp filter that
 * allows what the role needs and answers everything else with EPERM, and Landlock as a second
 * wall around files. docs/security.md says what each role may do.
 */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "app/orders.h"

/* Puts the walls up around this process, for good, and says which stand. `folder` is the data folder.
   Call before threads start and before a network byte is read. */
void sandbox_enter(enum role_kind kind, const char *folder, struct walls *walls);

#endif

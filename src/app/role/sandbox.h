/*
 * The walls around a role's process: no new privileges, no core dumps, a seccomp filter that
 * allows what the role needs, with the arguments it needs, and answers everything else with EPERM,
 * and Landlock as a second wall around files and, on newer kernels, TCP and signals. docs/security.md says
 * what each role may do.
 */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "app/settings/orders.h"

/* Puts the walls up around this process, for good, and says which stand. `folder` is the data folder.
   Call before threads start and before a network byte is read. */
void sandbox_enter(enum role_kind kind, const char *folder, struct walls *walls);

/* For `tool walls`, which looks at each wall alone: only these parts. */
enum sandbox_part { SANDBOX_LANDLOCK = 1, SANDBOX_SECCOMP = 2 };
void sandbox_enter_part(enum role_kind kind, const char *folder, unsigned parts, struct walls *walls);

#endif

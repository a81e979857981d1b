/*
 * Leaving one stack for another: what tasks are made of. A switch costs a dozen instructions on
 * x86-64 and AArch64, and ucontext's two system calls elsewhere. Signal masks are not switched; nobody
 * here changes them.
 */
#ifndef IO_SWITCH_H
#define IO_SWITCH_H

#include <stddef.h>

#if defined(__x86_64__) || defined(__aarch64__)
struct switch_point {
    /* Where the registers that a called function keeps were left. */
    void *stack;
};
#else
#include <ucontext.h>
struct switch_point {
    ucontext_t context;
};
#endif

/* Makes `point` the start of `run(argument)` on `stack`, whose end is `bytes` above. `run` must not return.
 */
void switch_point_init(struct switch_point *point, void *stack, size_t bytes, void (*run)(void *argument),
                       void *argument);
/* Leaves at `from`, goes on at `to`. Returns when somebody switches to `from`. */
void switch_stacks(struct switch_point *from, struct switch_point *to);

#endif

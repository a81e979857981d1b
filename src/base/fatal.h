/*
 * Invariants. They stay on in release builds: a role that finds its own state
 * broken aborts, its supervisor starts a fresh one, and nothing acknowledged is lost.
 */
#ifndef BASE_FATAL_H
#define BASE_FATAL_H

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* Writes one line to stderr and aborts. Never returns. */
_Noreturn void fatal_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

#define FATAL(...) fatal_at(__FILE__, __LINE__, __VA_ARGS__)
#define ASSERT(condition)                                                                 \
    do {                                                                                  \
        if (__builtin_expect(!(condition), 0)) FATAL("assertion failed: %s", #condition); \
    } while (0)

#endif

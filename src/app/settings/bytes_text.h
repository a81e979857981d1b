/* Sizes and moments in the words of a person. */
#ifndef APP_BYTES_TEXT_H
#define APP_BYTES_TEXT_H

#include <stdint.h>

enum { WORDS_BYTES = 32 };

/* "12.3 MiB"; returns `text`. */
const char *bytes_text(char text[WORDS_BYTES], uint64_t bytes);
/* "2026-01-31T12:00:00Z" of UTC milliseconds; returns `text`. */
const char *moment_text(char text[WORDS_BYTES], int64_t wall_ms);

#endif

/* Patterns as people write them: "*" stands for any run of characters, large and small letters of ASCII are
   the same, everything else is itself. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/slice.h"

/* All of the text. Costs at most the product of both lengths, so both have limits. */
bool pattern_fits(struct slice pattern, struct slice text);

#endif

/*
 * The day on which somebody who is away is back, as their words say it: "until Monday", "back on 3 March",
 * "bis einschließlich 14.12.", ISO, d/m/y (m/d/y where the sender's clock is American), tomorrow, next week;
 * in English, German, French, Spanish, Polish, Italian, Dutch and Portuguese.
 *
 * The result is the first day back: "back on X" and the English "until X" mean X, a range and what says
 * "bis", "jusqu'au", "hasta", "do" or "through" ends after X. A date without a year is the next one after the
 * message was sent. Never a day in the past, nor one more than a year ahead. Pure; linear.
 */
#ifndef ANALYSE_RETURN_DATE_H
#define ANALYSE_RETURN_DATE_H

#include <stdbool.h>

#include "base/slice.h"

/* `folded`: phrase.h. `sent_day`: the message's own day where it was written, days since 1970. `is_american`:
   the month stands first in "3/4". False: nothing says it. */
bool return_date_find(struct slice folded, int64_t sent_day, bool is_american, int64_t *day);

#endif

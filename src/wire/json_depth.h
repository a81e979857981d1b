/* How deep JSON is nested and how much it holds, before jansson is given it: that reader calls itself for
 * each level, and takes some two hundred bytes for a value of three. Pure, linear. */
#ifndef WIRE_JSON_DEPTH_H
#define WIRE_JSON_DEPTH_H

#include "base/slice.h"

/* No deeper than `depth_max`, strings passed over; of what is no JSON nothing is said. */
bool json_is_shallow(struct slice json, size_t depth_max);

/* That, and at most `values_max` opening brackets and commas outside of strings. */
bool json_is_modest(struct slice json, size_t depth_max, size_t values_max);

#endif

/* How deep JSON is nested, before a reader that calls itself is given it. Pure, linear. */
#ifndef WIRE_JSON_DEPTH_H
#define WIRE_JSON_DEPTH_H

#include "base/slice.h"

/* No deeper than `depth_max`, strings passed over; of what is no JSON nothing is said. */
bool json_is_shallow(struct slice json, size_t depth_max);

#endif

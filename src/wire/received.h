/*
 * Where a message was before, as its Received fields tell (RFC 5321 4.4). Whoever could write to a host that
 * passed it on could write older fields, but not the one that this host put on top: so they show that a
 * message came from outside, and never that it did not come from a certain place. Pure, linear.
 */
#ifndef WIRE_RECEIVED_H
#define WIRE_RECEIVED_H

#include "base/slice.h"

/* Of a header section, folds and all: no Received field names a host outside of `networks`
   (wire/network_list.h) and of private networks, by a numeric address; and none says that it came from a host
   whose address it does not name. Without such fields the message began where it was handed in. */
bool received_is_from_within(struct slice header, struct slice networks);

#endif

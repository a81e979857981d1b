/*
 * One process of the host is killed at one of all its waits: the run is made once without, to count
 * them, and then with the kill at the one that the seed chooses, from the first start of a role to the
 * last word of the shutdown. `--every-wait` runs one seed with each of them.
 */
#include "run.h"

const struct scenario scenario_waits = {
    .name = "waits", .layouts = {{1, 2}}, .layout_count = 1, .senders = 2, .messages = 3, .calm_messages = 1};

/* What some verbs need beyond words (admin_request.details), from the body of a request to the API. */
#ifndef APP_API_PACK_H
#define APP_API_PACK_H

#include "app/api/api_routes.h"

/* Each appends to `details`. False, and *words in `arena`: what is wrong. The members are there as their
   fields say, and are looked at no further before this. */

/* {"address": text, "fields": {name: text, ...}, "time_zone": text, "country": text} */
NODISCARD bool api_pack_contact(struct arena *arena, const json_t *body, struct buffer *details,
                                struct slice *words);
/* {"reason": text, "note": text} */
NODISCARD bool api_pack_suppression(struct arena *arena, const json_t *body, struct buffer *details,
                                    struct slice *words);
/* {"where": {field: text, ...}}, {"addresses": [text, ...]}, or neither */
NODISCARD bool api_pack_addition(struct arena *arena, const json_t *body, struct buffer *details,
                                 struct slice *words);
/* {"mailbox": text, "sequence": an object, or YAML as text} */
NODISCARD bool api_pack_campaign(struct arena *arena, const json_t *body, struct buffer *details,
                                 struct slice *words);

#endif

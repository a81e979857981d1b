/* What import and export share in how they speak. */
#ifndef APP_MOVE_WORDS_H
#define APP_MOVE_WORDS_H

#include <jansson.h>

#include "io/env.h"

/* Once a second: true, and *told_ms is now. */
bool move_is_time_to_tell(struct env *env, uint64_t *told_ms);
/* Text of any bytes; what is no UTF-8 is shown as "?". */
void move_set_text(json_t *object, const char *key, struct slice text);
void move_set_number(json_t *object, const char *key, uint64_t number);
/* On stdout; gives the document back. */
void move_print_json(json_t *document);

#endif

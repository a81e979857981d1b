/* A contact as JSON, for answers and lists. */
#ifndef APP_CONTACT_JSON_H
#define APP_CONTACT_JSON_H

#include <jansson.h>

#include "store/contact_model.h"

/* A new object. */
json_t *contact_json(const struct contact *contact);

#endif

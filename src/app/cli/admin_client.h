/* Asking the store: over DIR/run/control where a server runs, else by opening the folder ourselves. */
#ifndef APP_ADMIN_CLIENT_H
#define APP_ADMIN_CLIENT_H

#include "app/admin/admin.h"

/* Runs the request and returns the document ({"error": ...} where it failed). Progress lines go to
   stderr. As root without a server: becomes the folder's owner first, for good. */
json_t *admin_ask(const char *folder, const struct admin_request *request);
/* The same; a running server has so long to answer (0: for ever). *took_ms is set where one was asked. */
json_t *admin_ask_within(const char *folder, const struct admin_request *request, int64_t patience_ms,
                         int64_t *took_ms);

#endif

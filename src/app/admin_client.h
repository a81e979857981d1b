/* Asking the store: over DIR/run/control where a server runs, else by opening the folder ourselves. */
#ifndef APP_ADMIN_CLIENT_H
#define APP_ADMIN_CLIENT_H

#include "app/admin.h"

/* Runs the request and returns the document ({"error": ...} where it failed). Progress lines go to
   stderr. As root without a server: becomes the folder's owner first, for good. */
json_t *admin_ask(const char *folder, const struct admin_request *request);

#endif

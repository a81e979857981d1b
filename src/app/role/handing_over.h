/* The message with which an edge gives a logged-in session to a mail role: struct handover as body,
   the connection as handle; answered with nothing once the session is served. */
#ifndef APP_HANDING_OVER_H
#define APP_HANDING_OVER_H

#include "ipc/channel.h"

enum handing_over { HAND_OVER = 1 };

/* For the asking side: it is never asked anything. */
extern const struct channel_handlers handing_over_asker;

#endif

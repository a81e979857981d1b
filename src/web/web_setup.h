/* What mail programs ask to set themselves up (wire/setup.h), for addresses at our domains. Which of them
   exist is not told: every address at a domain of ours gets the same. */
#ifndef WEB_WEB_SETUP_H
#define WEB_WEB_SETUP_H

#include "web/web_routes.h"

/* GET, at autoconfig.DOMAIN, at the domain itself, or with ?emailaddress=. */
void web_setup_autoconfig(struct task *t, const struct web_exchange *exchange, struct web_response *response);
/* POST, with a body; GET is how programs look whether there is anything. */
void web_setup_autodiscover(struct task *t, const struct web_exchange *exchange,
                            struct web_response *response);
/* GET ?address=USER@DOMAIN. */
void web_setup_mobileconfig(struct task *t, const struct web_exchange *exchange,
                            struct web_response *response);

#endif

/* A self-signed certificate for a new data folder. */
#ifndef APP_CERTIFICATE_H
#define APP_CERTIFICATE_H

#include "base/buffer.h"

/* P-256, ten years, for `hostname`, `domain`, localhost and 127.0.0.1. PEM texts. False: OpenSSL refused. */
NODISCARD bool certificate_make(const char *hostname, const char *domain, struct buffer *certificate,
                                struct buffer *key);

#endif

/*
 * The store role's side of store/client.h: answers the questions of edge and mail roles from
 * the engine. Message types are known to service.c and client.c alone (store/protocol.h).
 */
#ifndef STORE_SERVICE_H
#define STORE_SERVICE_H

#include "ipc/channel.h"
#include "store/engine.h"

struct store_service;

struct store_service *store_service_new(struct env *env, struct engine *engine);
/* Serves one more role (or its successor). `wants_news`: it is told of every mailbox change. */
void store_service_attach(struct store_service *service, struct stream *stream, bool wants_news);
/* The engine's on_news. */
void store_service_news(struct store_service *service, const struct mailbox_news *news);
/* The engine's on_segment_gone. */
void store_service_segment_gone(struct store_service *service, uint64_t segment);
/* What answers a request to the API (store_api_call): sets *status, appends JSON to `out`. Waits. */
typedef void store_api_fn(struct task *t, void *context, struct slice token, struct slice body,
                          unsigned *status, struct buffer *out);
/* Without it such requests are refused. */
void store_service_on_api(struct store_service *service, store_api_fn *answer, void *context);
void store_service_free(struct task *t, struct store_service **service);

#endif

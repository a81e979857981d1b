/*
 * The remote role's side of filter/filter.h: carries questions to the filter that the configuration names,
 * and brings back its verdict, or says why there is none.
 */
#ifndef FILTER_SERVICE_H
#define FILTER_SERVICE_H

#include "io/stream.h"
#include "ipc/channel.h"

struct filter_service;

/* Where filters are: "127.0.0.1:11333", "[::1]:11333", or empty. */
struct filter_places {
    struct slice rspamd;
    struct slice milter;
};

/* A numeric address and a port. */
NODISCARD bool filter_place_read(struct slice place, char address[48], uint16_t *port);

struct filter_service *filter_service_new(struct env *env, const struct filter_places *places);
void filter_service_set(struct filter_service *service, const struct filter_places *places);
/* No question is under way. NULL is fine. */
void filter_service_free(struct filter_service **service);
/* A resolve_other_fn (resolve/service.h) with the service as its context. */
void filter_service_request(struct task *t, void *context, struct ipc_request *request);

#endif

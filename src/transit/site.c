#include "transit/site.h"

#include <stdlib.h>

#include "base/limits.h"

struct site *site_new(const struct destination *destination) {
    struct site *site = calloc(1, sizeof *site);
    if (!site) FATAL("out of memory for a destination");
    site->id = destination->id;
    site->route = destination->route;
    site->failures = destination->failures;
    site->limit = destination->failures ? 1 : TRANSIT_SITE_SESSIONS_FIRST;
    site->domain_bytes =
        destination->domain.len < SITE_DOMAIN_BYTES ? destination->domain.len : SITE_DOMAIN_BYTES;
    if (site->domain_bytes) memcpy(site->domain, destination->domain.ptr, site->domain_bytes);
    list_init(&site->sessions);
    list_init(&site->settling);
    list_init(&site->link);
    return site;
}

void site_free(struct site **site) {
    if (!*site) return;
    list_remove(&(*site)->link);
    for (int i = 0; i < QUEUE_STREAMS; i++) free((*site)->windows[i]);
    free(*site);
    *site = NULL;
}

struct slice site_domain(const struct site *site) {
    return slice_of(site->domain, site->domain_bytes);
}

static size_t waiting_up_to(const struct site *site, int streams) {
    size_t count = 0;
    for (int i = 0; i < streams; i++) count += site->windows[i] ? site->windows[i]->count : 0;
    return count;
}

size_t site_waiting(const struct site *site) { return waiting_up_to(site, QUEUE_STREAMS); }

size_t site_waiting_before_bulk(const struct site *site) { return waiting_up_to(site, QUEUE_BULK); }

bool site_is_whole(const struct site *site) {
    for (int i = 0; i < QUEUE_STREAMS; i++)
        if (!site->windows[i] || !site->windows[i]->is_whole) return false;
    return true;
}

void site_look_again(struct site *site) {
    for (int i = 0; i < QUEUE_STREAMS; i++)
        if (site->windows[i]) site->windows[i]->is_whole = false;
}

static struct site_window *window_of(struct site *site, int stream) {
    if (site->windows[stream]) return site->windows[stream];
    site->windows[stream] = calloc(1, sizeof *site->windows[stream]);
    if (!site->windows[stream]) FATAL("out of memory for a window on the queue");
    return site->windows[stream];
}

static bool window_has(const struct site_window *window, uint64_t message) {
    for (size_t i = 0; i < window->count; i++)
        if (window->messages[(window->first + i) % SITE_WINDOW] == message) return true;
    return false;
}

static void window_push(struct site_window *window, uint64_t message) {
    window->messages[(window->first + window->count++) % SITE_WINDOW] = message;
}

void site_push(struct site *site, enum queue_stream stream, uint64_t message) {
    struct site_window *window = window_of(site, stream);
    if (window->is_whole && window->count < SITE_WINDOW)
        window_push(window, message);
    else
        window->is_whole = false;
}

static enum store_result window_fill(struct site *site, struct engine *engine, int stream, int64_t wall_ms) {
    struct queue_place places[2 * SITE_WINDOW];
    const struct queue_place beginning = {0};
    struct site_window *window = window_of(site, stream);
    /* Those that are under way are still due: room for them as well. */
    size_t max = SITE_WINDOW + site->session_count * (1 + TRANSIT_SETTLING_MAX);
    if (max > 2 * SITE_WINDOW) max = 2 * SITE_WINDOW;
    size_t count = 0;
    enum store_result result = engine_queue_read(engine, site->id, (enum queue_stream)stream, &beginning,
                                                 wall_ms, places, max, &count);
    if (result != STORE_OK) return result;
    size_t i = 0;
    for (; i < count && window->count < SITE_WINDOW; i++)
        if (!site_has(site, places[i].message) && !window_has(window, places[i].message))
            window_push(window, places[i].message);
    window->is_whole = i == count && count < max;
    return STORE_OK;
}

enum store_result site_fill(struct site *site, struct engine *engine, int64_t wall_ms) {
    for (int i = 0; i < QUEUE_STREAMS; i++) {
        const struct site_window *window = window_of(site, i);
        if (window->count || window->is_whole) continue;
        enum store_result result = window_fill(site, engine, i, wall_ms);
        if (result != STORE_OK) return result;
    }
    return STORE_OK;
}

static uint64_t window_take(struct site *site, struct site_window *window) {
    while (window->count) {
        uint64_t message = window->messages[window->first];
        window->first = (window->first + 1) % SITE_WINDOW;
        window->count--;
        if (!site_has(site, message)) return message;
    }
    return 0;
}

uint64_t site_take(struct site *site) {
    for (int i = 0; i < QUEUE_STREAMS; i++) {
        uint64_t message = site->windows[i] ? window_take(site, site->windows[i]) : 0;
        if (message) return message;
    }
    return 0;
}

bool site_has(const struct site *site, uint64_t message) {
    LIST_EACH(&site->sessions, session, struct site_session, link)
    if (session->message == message) return true;
    LIST_EACH(&site->settling, settling, struct site_settling, link)
    if (settling->message == message) return true;
    return false;
}

bool site_is_busy(const struct site *site) { return site->session_count || !list_empty(&site->settling); }

size_t site_free_sessions(const struct site *site) {
    size_t count = 0;
    LIST_EACH(&site->sessions, session, struct site_session, link) count += session->message == 0;
    return count;
}

void site_grow(struct site *site) {
    site->limit += 1;
    if (site->limit > TRANSIT_SITE_SESSIONS_MAX) site->limit = TRANSIT_SITE_SESSIONS_MAX;
}

void site_shrink(struct site *site) {
    site->limit /= 2;
    if (site->limit < 1) site->limit = 1;
}

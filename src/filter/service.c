#include "filter/service.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "filter/milter_talk.h"
#include "filter/protocol.h"
#include "filter/rspamd_talk.h"

enum { PLACE_BYTES = 64 };

struct filter_service {
    struct env *env;
    char rspamd[PLACE_BYTES];
    char milter[PLACE_BYTES];
};

static bool is_numeric(const char *address) {
    uint8_t bytes[16];
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

bool filter_place_read(struct slice place, char address[48], uint16_t *port) {
    size_t colon = slice_find_last_byte(place, ':');
    uint64_t number;
    if (colon == SLICE_NOT_FOUND || !slice_to_number(slice_skip(place, colon + 1), UINT16_MAX, &number) ||
        number == 0)
        return false;
    struct slice host = slice_sub(place, 0, colon);
    bool is_v6 = slice_find_byte(host, ':') != SLICE_NOT_FOUND;
    if (is_v6) {
        if (host.ptr[0] != '[' || host.ptr[host.len - 1] != ']') return false;
        host = slice_sub(host, 1, host.len - 2);
    }
    if (host.len == 0 || host.len >= 48 || slice_find_byte(host, 0) != SLICE_NOT_FOUND) return false;
    memcpy(address, host.ptr, host.len);
    address[host.len] = 0;
    *port = (uint16_t)number;
    return is_numeric(address);
}

struct filter_service *filter_service_new(struct env *env, const struct filter_places *places) {
    struct filter_service *service = calloc(1, sizeof *service);
    if (!service) FATAL("out of memory for the filter service");
    service->env = env;
    filter_service_set(service, places);
    return service;
}

static void set_place(char kept[PLACE_BYTES], struct slice place) {
    memset(kept, 0, PLACE_BYTES);
    place = slice_sub(place, 0, PLACE_BYTES - 1);
    if (place.len) memcpy(kept, place.ptr, place.len);
}

void filter_service_set(struct filter_service *service, const struct filter_places *places) {
    set_place(service->rspamd, places->rspamd);
    set_place(service->milter, places->milter);
}

void filter_service_free(struct filter_service **service) {
    free(*service);
    *service = NULL;
}

static void is_down(struct filter_verdict *verdict, struct slice why) {
    *verdict = (struct filter_verdict){.action = FILTER_DOWN, .text = why};
}

typedef void ask_fn(struct task *t, struct filter_talk *talk);

static void ask_at(struct task *t, struct filter_talk talk, const char *place, ask_fn *ask) {
    if (filter_place_read(slice_from_text(place), talk.address, &talk.port))
        ask(t, &talk);
    else
        is_down(talk.verdict, SLICE("the remote role cannot read the filter's place"));
}

/* Nothing that another filter says can change it. */
static bool is_final(const struct filter_verdict *verdict) {
    return verdict->action != FILTER_ACCEPT && verdict->action != FILTER_JUNK;
}

static struct slice join(struct arena *arena, struct slice a, const char *between, struct slice b) {
    if (a.len == 0 || b.len == 0) return a.len ? a : b;
    return arena_printf(arena, "%.*s%s%.*s", SLICE_PRINT(a), between, SLICE_PRINT(b));
}

/* Both took it: Junk if one of them says so, and what both say of it. */
static void add_verdict(struct arena *arena, struct filter_verdict *verdict,
                        const struct filter_verdict *second) {
    if (is_final(second)) {
        *verdict = *second;
        return;
    }
    if (second->action == FILTER_JUNK) verdict->action = FILTER_JUNK;
    verdict->summary = join(arena, verdict->summary, "; ", second->summary);
    if (verdict->fields.len + second->fields.len <= FILTER_FIELDS_BYTES_MAX)
        verdict->fields = join(arena, verdict->fields, "", second->fields);
}

static void judge(struct task *t, struct filter_service *service, struct arena *arena,
                  const struct filter_question *question, struct filter_verdict *verdict) {
    /* A reload may come while one is asked. */
    struct filter_service asked = *service;
    struct filter_verdict second = {.action = FILTER_ACCEPT};
    struct filter_talk talk = {.arena = arena,
                               .question = question,
                               .verdict = verdict,
                               .deadline_ms = env_now_ms(service->env) + FILTER_TALK_MS};
    *verdict = (struct filter_verdict){.action = FILTER_ACCEPT};
    if (!*asked.rspamd && !*asked.milter) is_down(verdict, SLICE("the remote role knows of no filter"));
    if (*asked.rspamd) ask_at(t, talk, asked.rspamd, rspamd_ask);
    if (is_final(verdict) || !*asked.milter) return;
    talk.verdict = &second;
    ask_at(t, talk, asked.milter, milter_ask);
    add_verdict(arena, verdict, &second);
}

/* The question is unpacked, the body is there and sound. */
static void serve(struct task *t, struct filter_service *service, struct ipc_request *request,
                  struct filter_verdict *verdict, struct arena *arena) {
    struct filter_question question;
    struct file *file = NULL;
    if (!handle_is_none(request->message.handle)) file = file_adopt(service->env, request->message.handle);
    if (filter_question_unpack(request->message.body, arena, &question)) {
        question.file = file;
        judge(t, service, arena, &question, verdict);
    } else {
        is_down(verdict, SLICE("the question makes no sense"));
    }
    file_close(&file);
}

void filter_service_request(struct task *t, void *context, struct ipc_request *request) {
    struct filter_service *service = context;
    if (request->message.type != FILTER_ASK) {
        handle_close(service->env, request->message.handle);
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
        return;
    }
    struct arena *arena = arena_new(MIB(1));
    struct buffer answer = buffer_new(KIB(64));
    struct filter_verdict verdict;
    serve(t, service, request, &verdict, arena);
    filter_verdict_pack(&answer, &verdict);
    channel_reply(request, buffer_slice(&answer), HANDLE_NONE);
    buffer_free(&answer);
    arena_free(&arena);
}

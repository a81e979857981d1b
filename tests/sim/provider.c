#include "provider.h"

#include <stdlib.h>

#include "host.h"
#include "io/tls.h"
#include "outreach.h"

enum {
    SECOND_MS = 1000,
    TLS_MS = 30 * SECOND_MS,
    LISTEN_PAUSE_MS = SECOND_MS,
    WATCH_MS = 24 * 3600 * SECOND_MS,
    MESSAGE_BYTES_MAX = 1 << 20,
    COPY_MS_MAX = 100 * SECOND_MS,
    COPIES_SHARE = 4,
};

/* A connection that came in. */
struct guest {
    struct provider *provider;
    struct stream *stream;
    bool is_imap;
};

/* ---- the mailbox ---- */

static struct provider_message *add(struct provider_box *box) {
    if (box->count == box->capacity) {
        box->capacity = box->capacity ? 2 * box->capacity : 16;
        box->messages = realloc(box->messages, box->capacity * sizeof *box->messages);
        if (!box->messages) FATAL("out of memory for a mailbox");
    }
    return &box->messages[box->count++];
}

void provider_put(struct provider *provider, enum provider_folder folder, struct slice text) {
    struct provider_box *box = &provider->boxes[folder];
    struct provider_message *message = add(box);
    *message = (struct provider_message){.uid = box->count,
                                         .wall_ms = sim_world_now_ms(provider->outreach->run->world) +
                                                    provider->wall_ms,
                                         .text = buffer_new(MESSAGE_BYTES_MAX)};
    buffer_append(&message->text, text);
    if (folder != PROVIDER_INBOX) return;
    LIST_EACH(&provider->idlers, idler, struct provider_idler, link) {
        idler->is_news = true;
        task_wake(idler->task);
    }
}

struct late_copy {
    struct provider *provider;
    struct buffer text;
};

static void put_copy(void *context) {
    struct late_copy *copy = context;
    provider_put(copy->provider, PROVIDER_SENT, buffer_slice(&copy->text));
    buffer_free(&copy->text);
    free(copy);
}

void provider_accepted(struct provider *provider, struct slice text) {
    struct run *run = provider->outreach->run;
    if (!provider->keeps_copies) return;
    struct late_copy *copy = calloc(1, sizeof *copy);
    if (!copy) FATAL("out of memory for a copy");
    *copy = (struct late_copy){provider, buffer_new(MESSAGE_BYTES_MAX)};
    buffer_append(&copy->text, text);
    int64_t most_ms = run_between(run, 0, 3) ? SECOND_MS : COPY_MS_MAX;
    sim_world_after(run->world, (int64_t)run_between(run, 1, (uint64_t)most_ms), put_copy, copy);
}

/* ---- the machine ---- */

static void guest_main(struct task *t, void *argument) {
    struct guest guest = *(struct guest *)argument;
    free(argument);
    int64_t until_ms = env_now_ms(task_env(t)) + TLS_MS;
    if (tls_accept(t, &guest.stream, NULL, until_ms)) return;
    if (guest.is_imap)
        provider_serve_imap(t, guest.provider, guest.stream);
    else
        outreach_receive(t, guest.provider->outreach, guest.stream, true);
}

static void let_in(struct provider *provider, struct stream *stream, bool is_imap) {
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest) FATAL("out of memory for a guest");
    *guest = (struct guest){provider, stream, is_imap};
    if (scope_spawn(&provider->scope, guest_main, guest)) return;
    stream_close(&guest->stream);
    free(guest);
}

static void accepted_imap(void *context, struct stream *stream) { let_in(context, stream, true); }
static void accepted_submission(void *context, struct stream *stream) { let_in(context, stream, false); }

static struct listener *listen_on(struct task *t, struct provider *provider, enum port_kind port,
                                  void (*accepted)(void *context, struct stream *stream)) {
    struct listen_request request = {"0.0.0.0", ports[port].number};
    struct handle handle;
    while (listen_open(task_env(t), &request, &handle))
        if (task_sleep(t, LISTEN_PAUSE_MS) != WAIT_OK) return NULL;
    return listener_adopt(task_env(t), handle, accepted, provider);
}

static void provider_main(struct task *t, void *argument) {
    struct provider *provider = argument;
    scope_init(&provider->scope, task_env(t));
    struct listener *imap = listen_on(t, provider, PORT_IMAPS, accepted_imap);
    struct listener *submission = listen_on(t, provider, PORT_SUBMISSIONS, accepted_submission);
    while (!provider->outreach->run->is_closing && task_sleep(t, WATCH_MS) == WAIT_OK) continue;
    if (imap) listener_close(&imap);
    if (submission) listener_close(&submission);
    scope_close(t, &provider->scope);
}

/* Half of them answer well; of the others some are late, some silent, some hang up. */
static void draw_moods(struct provider *provider) {
    struct run *run = provider->outreach->run;
    if (run_between(run, 0, 1)) return;
    if (run_between(run, 0, 1)) provider->slow_parts = (unsigned)run_between(run, 5, 60);
    if (run_between(run, 0, 1)) provider->silent_parts = (unsigned)run_between(run, 60, 300);
    if (run_between(run, 0, 1)) provider->cut_parts = (unsigned)run_between(run, 30, 200);
}

struct provider *provider_new(struct outreach *outreach) {
    struct provider *provider = calloc(1, sizeof *provider);
    if (!provider) FATAL("out of memory for a provider");
    provider->outreach = outreach;
    list_init(&provider->idlers);
    provider->wall_ms = outreach_wall_ms(outreach) - outreach_now_ms(outreach);
    provider->keeps_copies = run_between(outreach->run, 0, COPIES_SHARE - 1) != 0;
    draw_moods(provider);
    provider->machine = sim_machine_new(outreach->run->world, "provider", host_address(1));
    provider->env = sim_process_start(provider->machine, "provider", provider_main, provider);
    return provider;
}

void provider_free(struct provider **provider) {
    if (!*provider) return;
    for (unsigned i = 0; i < PROVIDER_FOLDERS; i++) {
        struct provider_box *box = &(*provider)->boxes[i];
        for (uint32_t k = 0; k < box->count; k++) buffer_free(&box->messages[k].text);
        free(box->messages);
    }
    free(*provider);
    *provider = NULL;
}

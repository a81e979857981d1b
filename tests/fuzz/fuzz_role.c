/*
 * Orders of a supervisor to a role: the first byte is the kind of role and whether good settings come
 * first, then orders of a type, a length, and bytes, with a stream at some. A role ends or goes on.
 */
#include "../unit/certificate.h"
#include "app/role/role.h"
#include "house.h"

enum { SETTLE_MS = 100, KIND_MASK = 3, GOOD_SETTINGS = 4, LOCK_MS = 12000 };

struct ordered {
    struct slice input;
    struct gate ended;
    bool has_ended;
};

static void ended(void *context) {
    struct ordered *ordered = context;
    ordered->has_ended = true;
    gate_open(&ordered->ended);
}

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    handle_close(context, request->message.handle);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}
static void ignore(void *context, const struct ipc_message *message) {
    handle_close(context, message->handle);
}
static const struct channel_handlers handlers = {answer_nothing, ignore, NULL};

static void order_settings(struct channel *channel) {
    struct role_settings settings = {.folder = HOUSE_FOLDER,
                                     .hostname = "mail.example.test",
                                     .message_bytes_max = HOUSE_MESSAGE_BYTES_MAX,
                                     .connections_per_account = 10,
                                     .mail_processes = 1,
                                     .certificates_pem = slice_from_text(test_certificate),
                                     .key_pem = slice_from_text(test_key),
                                     .hash_memory_kib = 8};
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    settings_pack(&body, &settings);
    channel_notify(channel, &(struct ipc_message){ORDER_SETTINGS, buffer_slice(&body), HANDLE_NONE});
    buffer_free(&body);
}

/* What the kernel would say to the wrong kind of descriptor, the simulator does not say: a listening
   socket for the order that needs one, a stream for all others. */
static struct handle some_handle(struct house *house, uint8_t type, uint16_t port) {
    struct listen_request listen = {"127.0.0.1", port};
    struct handle pair[2];
    if (type == ORDER_LISTENER) return listen_open(house->env, &listen, &pair[0]) ? HANDLE_NONE : pair[0];
    if (stream_pair(house->env, pair)) house_wrong("no pair of streams");
    handle_close(house->env, pair[1]);
    return pair[0];
}

static void order(struct house *house, struct channel *channel, struct slice input) {
    for (uint16_t port = 1; input.len > 1; port++) {
        uint8_t type = input.ptr[0];
        uint8_t len = input.ptr[1];
        input = slice_skip(input, 2);
        bool has_handle = (type & 0x10) != 0;
        struct ipc_message message = {type & 0xf, slice_take(&input, len),
                                      has_handle ? some_handle(house, type & 0xf, port) : HANDLE_NONE};
        channel_notify(channel, &message);
    }
}

static void supervise(struct task *t, struct house *house, void *argument) {
    struct ordered *ordered = argument;
    struct handle pair[2];
    struct walls walls = {0};
    uint8_t first = ordered->input.len ? ordered->input.ptr[0] : 0;
    gate_init(&ordered->ended);
    if (stream_pair(house->env, pair)) house_wrong("no pair of streams");
    struct channel *channel = channel_new(house->env, &handlers, house->env);
    struct role *role = role_new(house->env, (enum role_kind)(first & KIND_MASK), 0, &walls,
                                 stream_adopt(house->env, pair[0]), ended, ordered);
    channel_attach(channel, stream_adopt(house->env, pair[1]));
    if (first & GOOD_SETTINGS) order_settings(channel);
    order(house, channel, slice_skip(ordered->input, 1));
    (void)!task_sleep(t, SETTLE_MS);
    channel_close(t, &channel);
    int64_t deadline_ms = env_now_ms(house->env) + LOCK_MS;
    while (!ordered->has_ended)
        if (gate_wait(t, &ordered->ended, deadline_ms) == WAIT_TIMEOUT)
            house_wrong("a role outlives its supervisor");
    role_free(&role);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ordered ordered = {.input = slice_of(data, size)};
    house_run(supervise, &ordered, false);
    return 0;
}

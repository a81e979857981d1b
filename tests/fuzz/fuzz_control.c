/*
 * The control socket of a running store: frames of any bytes, after a first byte that says whether the
 * rest is the words of one request (split at spaces) or goes as it is. A bad asker is answered or cut off.
 */
#include "app/admin/control.h"
#include "client.h"
#include "house.h"
#include "ipc/channel.h"

enum { ANSWER_MS = 60000 };

static void ignore_progress(void *context, const struct ipc_message *message) {
    handle_close(context, message->handle);
}
static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    handle_close(context, request->message.handle);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}
static const struct channel_handlers handlers = {answer_nothing, ignore_progress, NULL};

/* An answer is a JSON object. */
static void check_answer(const struct ipc_answer *answer) {
    json_t *document = json_loadb((const char *)answer->body.ptr, answer->body.len, 0, NULL);
    if (!json_is_object(document)) house_wrong("an answer is no JSON object");
    json_decref(document);
}

static void ask(struct task *t, struct house *house, struct stream *stream, struct slice body) {
    struct channel *channel = channel_new(house->env, &handlers, house->env);
    struct ipc_message message = {CONTROL_ADMIN, slice_sub(body, 0, IPC_FRAME_BYTES_MAX / 2), HANDLE_NONE};
    struct ipc_answer answer;
    channel_attach(channel, stream);
    enum ipc_result result = channel_call(t, channel, &message, &answer, env_now_ms(house->env) + ANSWER_MS);
    if (result != IPC_OK) house_wrong("no answer");
    check_answer(&answer);
    ipc_answer_free(&answer);
    channel_close(t, &channel);
}

static void ask_words(struct task *t, struct house *house, struct stream *stream, struct slice words) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct admin_request request = {.password = SLICE("new secret")};
    while (words.len && request.word_count < ADMIN_WORDS_MAX) {
        request.words[request.word_count++] = slice_take_until(&words, ' ');
        (void)slice_take_byte(&words, ' ');
    }
    admin_request_pack(&body, &request);
    ask(t, house, stream, buffer_slice(&body));
    buffer_free(&body);
}

static void say(struct task *t, struct stream *stream, struct slice bytes) {
    struct client client;
    client_open(t, &client, stream);
    client_say_all(t, &client, bytes, 1);
    client_close(t, &client);
}

static void talk(struct task *t, struct house *house, void *argument) {
    struct slice input = *(struct slice *)argument;
    struct admin_roles roles = {.count = 1};
    struct listen_request listen = {"127.0.0.1", 1};
    struct connect_request connect = {.address = "127.0.0.1", .port = 1};
    struct handle handle;
    struct stream *stream;
    struct control_context context = {.engine = house->engine, .service = house->service, .roles = &roles};
    struct control_server *server = control_server_new(house->env, &context);
    if (listen_open(house->env, &listen, &handle)) house_wrong("no listening socket");
    control_server_listen(server, handle);
    if (stream_connect(t, house->env, &connect, DEADLINE_NONE, &stream)) house_wrong("no connection");
    uint8_t how = input.len ? input.ptr[0] : 0;
    input = slice_skip(input, 1);
    if (how == 'w')
        ask_words(t, house, stream, input);
    else if (how == 'b')
        ask(t, house, stream, input);
    else
        say(t, stream, input);
    control_server_free(t, &server);
    house_verify(t, house);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    house_run(talk, &input, true);
    return 0;
}

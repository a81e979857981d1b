/* Requests to web servers: libcurl on the loop against a server of the test's own; and the simulator's. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "test.h"

#include "base/limits.h"
#include "certificate.h"
#include "io/fetch.h"
#include "io/sim/sim.h"
#include "io/tls.h"
#include "task_test.h"

enum { REQUEST_BYTES_MAX = 8192 };
#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

/* A server that says the same to everybody. */
struct server {
    struct env *env;
    struct scope scope;
    struct listener *listener;
    struct tls_context *tls;
    uint16_t port;
    const char *answer;
    bool is_silent;
    char request[REQUEST_BYTES_MAX];
    size_t connections;
};

struct guest {
    struct server *server;
    struct stream *stream;
};

static void serve(struct task *t, void *argument) {
    struct guest guest = *(struct guest *)argument;
    struct server *server = guest.server;
    size_t len = 0;
    free(argument);
    if (tls_accept(t, &guest.stream, server->tls, DEADLINE_NONE)) return;
    while (!strstr(server->request, "\r\n\r\n") && len < REQUEST_BYTES_MAX - 1) {
        ssize_t got =
            stream_read(t, guest.stream, server->request + len, REQUEST_BYTES_MAX - 1 - len, DEADLINE_NONE);
        if (got <= 0) break;
        len += (size_t)got;
        server->request[len] = 0;
    }
    if (server->is_silent) (void)!task_wait(t, DEADLINE_NONE);
    (void)!stream_write(t, guest.stream, slice_from_text(server->answer), DEADLINE_NONE);
    guest.stream->ops->shutdown(guest.stream);
    stream_close(&guest.stream);
}

static void accepted(void *context, struct stream *stream) {
    struct guest *guest = malloc(sizeof *guest);
    if (!guest) abort();
    *guest = (struct guest){context, stream};
    guest->server->connections++;
    memset(guest->server->request, 0, sizeof guest->server->request);
    assert_true(scope_spawn(&guest->server->scope, serve, guest));
}

static void server_start(struct server *server, struct env *env) {
    const char *reason;
    struct handle handle;
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    *server = (struct server){.env = env, .answer = OK};
    scope_init(&server->scope, env);
    server->tls = tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    assert_int_equal(listen_open(env, &(struct listen_request){"127.0.0.1", 0}, &handle), 0);
    assert_int_equal(getsockname(handle.fd, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    server->listener = listener_adopt(env, handle, accepted, server);
}

static void server_stop(struct task *t, struct server *server) {
    listener_close(&server->listener);
    scope_close(t, &server->scope);
    tls_context_free(&server->tls);
}

/* One request to it. */
struct asking {
    struct server server;
    struct arena *arena;
    struct fetch_request request;
    struct fetch_answer answer;
};

static const char *const loopback[] = {"127.0.0.1"};

static struct asking *asking_new(struct env *env) {
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking) abort();
    server_start(&asking->server, env);
    asking->arena = arena_new(MIB(1));
    asking->request = (struct fetch_request){.method = "GET",
                                             .url = SLICE("https://mail.example.test/.well-known/x?y=z"),
                                             .addresses = loopback,
                                             .address_count = 1,
                                             .port = asking->server.port,
                                             .roots_pem = slice_from_text(test_certificate),
                                             .body_bytes_max = 1000};
    return asking;
}

static void asking_free(struct task *t, struct asking *asking) {
    server_stop(t, &asking->server);
    arena_free(&asking->arena);
    free(asking);
}

static enum fetch_result ask(struct task *t, struct asking *asking) {
    return fetch_run(t, &asking->request, asking->arena, &asking->answer,
                     env_now_ms(task_env(t)) + TEST_PATIENCE_MS);
}

static void good_body(struct task *t, struct env *env) {
    struct asking *asking = asking_new(env);
    assert_int_equal(ask(t, asking), FETCH_OK);
    assert_int_equal(asking->answer.status, 200);
    assert_slice(asking->answer.body, "hello");
    assert_slice(fetch_answer_field(&asking->answer, SLICE("content-TYPE")), "text/plain");
    assert_int_equal(fetch_answer_field(&asking->answer, SLICE("Location")).len, 0);
    assert_non_null(strstr(asking->server.request, "GET /.well-known/x?y=z HTTP/1.1\r\n"));
    assert_non_null(strstr(asking->server.request, "Host: mail.example.test\r\n"));
    asking_free(t, asking);
}

static void a_page_is_fetched(void **state) {
    /* Nothing of the environment counts. */
    (void)setenv("https_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    task_test_run(good_body);
}

static void post_body(struct task *t, struct env *env) {
    static const struct fetch_field fields[] = {{SLICE_INIT("Content-Type"), SLICE_INIT("application/json")},
                                                {SLICE_INIT("X-Empty"), SLICE_INIT("")}};
    struct asking *asking = asking_new(env);
    asking->request.method = "POST";
    asking->request.fields = fields;
    asking->request.field_count = 2;
    asking->request.body = SLICE("{\"a\": 1}");
    assert_int_equal(ask(t, asking), FETCH_OK);
    assert_non_null(strstr(asking->server.request, "POST /"));
    assert_non_null(strstr(asking->server.request, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(asking->server.request, "X-Empty:"));
    assert_non_null(strstr(asking->server.request, "Content-Length: 8\r\n"));
    assert_null(strstr(asking->server.request, "Expect"));
    asking->request.method = "HEAD";
    asking->request.body = SLICE_EMPTY;
    assert_int_equal(ask(t, asking), FETCH_OK);
    assert_int_equal(asking->answer.body.len, 0);
    asking_free(t, asking);
}

static void fields_and_bodies_are_sent(void **state) { task_test_run(post_body); }

static void answers_body(struct task *t, struct env *env) {
    static const struct {
        const char *answer;
        enum fetch_result result;
        unsigned status;
    } rows[] = {
        {"HTTP/1.1 302 Found\r\nLocation: https://other.test/\r\nContent-Length: 0\r\n\r\n", FETCH_OK, 302},
        {"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" OK, FETCH_OK, 200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", FETCH_OK, 200},
        {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", FETCH_OK, 503},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", FETCH_BROKEN, 0},
        {"220 mail.example.test ESMTP\r\n", FETCH_BROKEN, 0},
        {"", FETCH_BROKEN, 0},
    };
    struct asking *asking = asking_new(env);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asking->server.answer = rows[i].answer;
        assert_int_equal(ask(t, asking), rows[i].result);
        assert_int_equal(asking->answer.status, rows[i].status);
    }
    /* Nobody was sent elsewhere. */
    assert_int_equal(asking->server.connections, sizeof rows / sizeof rows[0]);
    asking_free(t, asking);
}

static void answers_are_what_they_are(void **state) { task_test_run(answers_body); }

static void large_body(struct task *t, struct env *env) {
    struct asking *asking = asking_new(env);
    struct buffer answer = buffer_new(MIB(1));
    asking->request.body_bytes_max = 4;
    assert_int_equal(ask(t, asking), FETCH_TOO_LARGE);
    assert_int_equal(asking->answer.status, 200);
    buffer_append_text(&answer, "HTTP/1.1 200 OK\r\n");
    while (answer.len < 2 * FETCH_HEADER_BYTES_MAX)
        buffer_append_text(&answer, "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");
    buffer_append_text(&answer, "\r\n");
    buffer_append_byte(&answer, 0);
    asking->server.answer = (const char *)answer.ptr;
    assert_int_equal(ask(t, asking), FETCH_TOO_LARGE);
    buffer_free(&answer);
    asking_free(t, asking);
}

static void what_is_too_large_is_given_up(void **state) { task_test_run(large_body); }

static void trust_body(struct task *t, struct env *env) {
    struct asking *asking = asking_new(env);
    asking->request.roots_pem = SLICE_EMPTY;
    assert_int_equal(ask(t, asking), FETCH_UNTRUSTED);
    assert_non_null(strstr(asking->answer.fault, "nothing to check"));
    asking->request.roots_pem = slice_from_text(test_certificate);
    asking->request.url = SLICE("https://other.example.test/");
    assert_int_equal(ask(t, asking), FETCH_UNTRUSTED);
    if (!strstr(asking->answer.fault, "mismatch")) fail_msg("%s", asking->answer.fault);
    asking_free(t, asking);
}

static void a_certificate_has_to_be_good(void **state) { task_test_run(trust_body); }

static void unreachable_body(struct task *t, struct env *env) {
    static const char *const both[] = {"127.0.0.9", "127.0.0.1"};
    struct asking *asking = asking_new(env);
    asking->request.addresses = both;
    assert_int_equal(ask(t, asking), FETCH_UNREACHABLE);
    asking->request.address_count = 2;
    assert_int_equal(ask(t, asking), FETCH_OK);
    asking->server.is_silent = true;
    int64_t until_ms = env_now_ms(env) + 200;
    assert_int_equal(fetch_run(t, &asking->request, asking->arena, &asking->answer, until_ms), FETCH_TIMEOUT);
    asking_free(t, asking);
}

static void addresses_are_tried_until_the_deadline(void **state) { task_test_run(unreachable_body); }

static void bad_body(struct task *t, struct env *env) {
    static const char *const urls[] = {"",
                                       "ftp://mail.example.test/",
                                       "https://a b/",
                                       "https://user@mail.example.test/",
                                       "https://mail.example.test/\r\nX: y",
                                       "https://",
                                       "file:///etc/passwd"};
    static const char *const names[] = {"mail.example.test"};
    static const struct fetch_field field = {SLICE_INIT("X"), SLICE_INIT("y\r\nZ: w")};
    struct asking *asking = asking_new(env);
    struct fetch_request good = asking->request;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        asking->request.url = slice_from_text(urls[i]);
        if (ask(t, asking) != FETCH_BAD_REQUEST) fail_msg("%s", urls[i]);
    }
    asking->request = good;
    asking->request.method = "GET /";
    assert_int_equal(ask(t, asking), FETCH_BAD_REQUEST);
    asking->request = good;
    asking->request.fields = &field;
    asking->request.field_count = 1;
    assert_int_equal(ask(t, asking), FETCH_BAD_REQUEST);
    asking->request = good;
    asking->request.address_count = 0;
    assert_int_equal(ask(t, asking), FETCH_BAD_REQUEST);
    /* A name is nobody's address: it is not asked for. */
    asking->request = good;
    asking->request.addresses = names;
    assert_int_equal(ask(t, asking), FETCH_BAD_REQUEST);
    assert_int_equal(asking->server.connections, 0);
    asking_free(t, asking);
}

static void what_is_no_request_is_not_sent(void **state) { task_test_run(bad_body); }

/* ---- whoever waits goes away ---- */

static void ask_alone(struct task *t, void *argument) {
    struct asking *asking = argument;
    (void)fetch_run(t, &asking->request, asking->arena, &asking->answer, DEADLINE_NONE);
}

static void cancel_body(struct task *t, struct env *env) {
    struct asking *asking = asking_new(env);
    asking->server.is_silent = true;
    for (int64_t wait_ms = 0; wait_ms < 40; wait_ms += 4) {
        struct scope scope;
        scope_init(&scope, env);
        assert_true(scope_spawn(&scope, ask_alone, asking));
        assert_int_equal(task_sleep(t, wait_ms), WAIT_OK);
        scope_close(t, &scope);
        assert_int_equal(asking->answer.result, FETCH_CANCELLED);
    }
    asking_free(t, asking);
}

static void a_request_can_be_given_up_at_any_time(void **state) { task_test_run(cancel_body); }

/* ---- the simulator's ---- */

struct planned {
    struct sim_world *world;
    bool is_over;
};

static enum fetch_result sim_ask(struct task *t, const char *url, struct fetch_answer *answer) {
    static const char *const address[] = {"11.0.0.9"};
    struct arena *arena = arena_new(4096);
    struct fetch_request request = {.method = "GET",
                                    .url = slice_from_text(url),
                                    .addresses = address,
                                    .address_count = 1,
                                    .body_bytes_max = 8};
    enum fetch_result result = fetch_run(t, &request, arena, answer, env_now_ms(task_env(t)) + 30000);
    if (result == FETCH_OK) assert_slice(answer->body, "hello");
    arena_free(&arena);
    return result;
}

static void sim_main(struct task *t, void *argument) {
    struct planned *planned = argument;
    struct fetch_answer answer;
    assert_int_equal(sim_ask(t, "https://a.test/", &answer), FETCH_OK);
    assert_int_equal(answer.status, 404);
    assert_int_equal(sim_ask(t, "https://b.test/", &answer), FETCH_UNTRUSTED);
    assert_non_null(answer.fault);
    assert_int_equal(sim_ask(t, "https://c.test/", &answer), FETCH_TIMEOUT);
    assert_int_equal(sim_ask(t, "https://d.test/", &answer), FETCH_TOO_LARGE);
    assert_int_equal(sim_ask(t, "https://e.test/", &answer), FETCH_UNREACHABLE);
    sim_world_network(planned->world)->fetch_silence_chance = SIM_ALWAYS;
    assert_int_equal(sim_ask(t, "https://a.test/", &answer), FETCH_TIMEOUT);
    planned->is_over = true;
}

static bool sim_is_over(void *context) { return ((struct planned *)context)->is_over; }

static void the_simulator_answers_as_planned(void **state) {
    struct planned planned = {.world = sim_world_new(1)};
    sim_fetch_plan(planned.world, "https://a.test/", FETCH_OK, 404, SLICE("hello"));
    sim_fetch_plan(planned.world, "https://b.test/", FETCH_UNTRUSTED, 0, SLICE_EMPTY);
    sim_fetch_plan(planned.world, "https://c.test/", FETCH_TIMEOUT, 0, SLICE_EMPTY);
    sim_fetch_plan(planned.world, "https://d.test/", FETCH_OK, 200, SLICE("more than that"));
    (void)sim_process_start(sim_machine_new(planned.world, "ours", "11.0.0.1"), "asker", sim_main, &planned);
    assert_true(sim_world_run_until(planned.world, sim_is_over, &planned, 600000));
    sim_world_free(&planned.world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_fetched),
        cmocka_unit_test(fields_and_bodies_are_sent),
        cmocka_unit_test(answers_are_what_they_are),
        cmocka_unit_test(what_is_too_large_is_given_up),
        cmocka_unit_test(a_certificate_has_to_be_good),
        cmocka_unit_test(addresses_are_tried_until_the_deadline),
        cmocka_unit_test(what_is_no_request_is_not_sent),
        cmocka_unit_test(a_request_can_be_given_up_at_any_time),
        cmocka_unit_test(the_simulator_answers_as_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

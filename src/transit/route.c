#include "transit/route.h"

#include "base/limits.h"

_Static_assert(TRANSIT_TLS_OFFERED == (int)ROUTE_TLS_OFFERED &&
                   TRANSIT_TLS_REQUIRED == (int)ROUTE_TLS_REQUIRED &&
                   TRANSIT_TLS_VERIFIED == (int)ROUTE_TLS_VERIFIED &&
                   TRANSIT_TLS_IMPLICIT == (int)ROUTE_TLS_IMPLICIT &&
                   TRANSIT_TLS_NEVER == (int)ROUTE_TLS_NEVER,
               "numbers of the same meaning");

_Static_assert((int)ROUTE_HOSTS_MAX <= TRANSIT_HOSTS_MAX, "every host of a route can be told");

/* Beyond what the remote role takes at most: its last host, and the way there and back. */
enum { TEST_MARGIN_MS = 3 * 60 * 1000 };

struct transit_route transit_route_of(struct arena *arena, const struct route *route) {
    struct transit_host *hosts = ARENA_NEW_ARRAY(arena, struct transit_host, route->host_count);
    for (size_t i = 0; i < route->host_count; i++)
        hosts[i] = (struct transit_host){route->hosts[i].name, route->hosts[i].port,
                                         route->hosts[i].preference, route->hosts[i].weight};
    return (struct transit_route){.id = route->id,
                                  .name = route->name,
                                  .hosts = hosts,
                                  .host_count = route->host_count,
                                  .tls = (enum transit_tls)route->tls,
                                  .user = route->user,
                                  .password = route->password};
}

static enum route_test_result result_of(enum ipc_result result) {
    return result == IPC_OK ? ROUTE_TEST_DONE : result == IPC_TIMEOUT ? ROUTE_TEST_TIMEOUT : ROUTE_TEST_GONE;
}

enum route_test_result route_test(struct task *t, struct channel *channel, struct arena *arena,
                                  const struct route *route, struct slice mail_from, struct slice recipient,
                                  struct transit_test_result *result) {
    struct transit_test test = {transit_route_of(arena, route), mail_from, recipient};
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    int64_t until_ms = env_now_ms(task_env(t)) + ROUTE_TEST_MS + TEST_MARGIN_MS;
    transit_test_pack(&question, &test);
    struct ipc_message message = {TRANSIT_TEST, buffer_slice(&question), HANDLE_NONE};
    enum ipc_result asked = channel_call(t, channel, &message, &answer, until_ms);
    /* The password is in it. */
    if (question.ptr) explicit_bzero(question.ptr, question.len);
    buffer_free(&question);
    if (asked != IPC_OK) return result_of(asked);
    struct unpacker in = unpacker_of(arena_copy(arena, buffer_slice(&answer.body)));
    transit_test_result_unpack(&in, arena, result);
    handle_close(task_env(t), answer.handle);
    ipc_answer_free(&answer);
    return unpack_is_done(&in) ? ROUTE_TEST_DONE : ROUTE_TEST_GONE;
}

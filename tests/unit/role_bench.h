/*
 * An edge and a mail role in one process over a real store: the store's service, a client of each
 * kind, and what protocol servers are given. On top of store_bench.h.
 */
#ifndef ROLE_BENCH_H
#define ROLE_BENCH_H

#include "store_bench.h"

#include "certificate.h"
#include "login/login.h"
#include "store/service.h"

struct role_bench {
    struct env *env;
    struct store_bench *bench;
    struct store_service *service;
    struct store_client *edge_store;
    struct store_client *mail_store;
    struct conn_group edge_group;
    struct conn_group mail_group;
    struct pump_group pumps;
    struct login_context login;
    struct tls_context *client_tls;
    /* What takes handed-over sessions, and how many there were. */
    void (*serve)(struct role_bench *role, struct stream *stream, const struct handover *handover);
    size_t handover_count;
    struct handover last_handover;
    void *server;
    /* What hears of news in the mail role; may be NULL. */
    void (*on_news)(struct role_bench *role, const struct mailbox_news *news);
    size_t news_count;
};

static inline void role_attach(struct role_bench *role, struct store_client *client, bool wants_news) {
    struct handle pair[2];
    assert_int_equal(stream_pair(role->env, pair), 0);
    store_service_attach(role->service, stream_adopt(role->env, pair[0]), wants_news);
    store_client_attach(client, stream_adopt(role->env, pair[1]));
}

/* As over ipc: the stream as a handle, the rest as bytes. */
static inline bool role_hand_over(struct task *t, void *context, struct stream **stream,
                                  const struct handover *handover) {
    struct role_bench *role = context;
    struct buffer bytes = buffer_new(MIB(1));
    handover_pack(&bytes, handover);
    struct handle handle = stream_detach(stream);
    struct handover arrived;
    assert_int_equal(handover_unpack(buffer_slice(&bytes), &arrived), HANDOVER_OK);
    role->handover_count++;
    role->last_handover = arrived;
    role->last_handover.input = SLICE_EMPTY;
    role->serve(role, stream_adopt(role->env, handle), &arrived);
    buffer_free(&bytes);
    return true;
}

static inline void role_on_news(void *context, const struct mailbox_news *news) {
    struct role_bench *role = context;
    role->news_count++;
    if (role->on_news) role->on_news(role, news);
}

/* From the engine to the service, which tells the mail role. */
static inline void role_pass_news(void *context, const struct mailbox_news *news) {
    store_service_news(((struct role_bench *)context)->service, news);
}

static inline void role_open(struct role_bench *role, struct store_bench *bench) {
    const char *reason = NULL;
    *role = (struct role_bench){.env = bench->env, .bench = bench};
    role->service = store_service_new(role->env, bench->engine);
    role->edge_store = store_client_new(role->env, 3, role_on_news, role);
    role->mail_store = store_client_new(role->env, 4, role_on_news, role);
    role_attach(role, role->edge_store, false);
    role_attach(role, role->mail_store, true);
    conn_group_init(&role->edge_group, role->env);
    conn_group_init(&role->mail_group, role->env);
    pump_group_init(&role->pumps, role->env);
    role->client_tls = tls_context_client();
    role->login = (struct login_context){.env = role->env,
                                         .store = role->edge_store,
                                         .group = &role->edge_group,
                                         .hostname = "mail.example.test",
                                         .hand_over = role_hand_over,
                                         .hand_over_context = role,
                                         .delays = login_delays_new(role->env),
                                         .pumps = &role->pumps};
    role->login.tls =
        tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    assert_null(reason);
    bench->pass_news = role_pass_news;
    bench->pass_context = role;
}

static inline void role_close(struct task *t, struct role_bench *role) {
    role->bench->pass_news = NULL;
    conn_group_close(t, &role->edge_group);
    conn_group_close(t, &role->mail_group);
    pump_group_close(&role->pumps);
    store_client_free(t, &role->edge_store);
    store_client_free(t, &role->mail_store);
    store_service_free(t, &role->service);
    login_delays_free(&role->login.delays);
    tls_context_free(&role->login.tls);
    tls_context_free(&role->client_tls);
}

/* A new connection: the server's end in *server, the test's is returned. */
static inline struct stream *role_connect(struct role_bench *role, struct stream **server) {
    struct handle pair[2];
    assert_int_equal(stream_pair(role->env, pair), 0);
    *server = stream_adopt(role->env, pair[0]);
    return stream_adopt(role->env, pair[1]);
}

#endif

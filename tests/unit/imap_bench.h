/* IMAP from greeting to LOGOUT over a real store: edge and mail role in one process. */
#ifndef IMAP_BENCH_H
#define IMAP_BENCH_H

#include "role_bench.h"

#include "imap/imap_login.h"
#include "imap/imap_server.h"
#include "transcript.h"

struct imap_bench {
    struct role_bench role;
    struct imap_server server;
    struct intake_pool *intake;
};

static inline void imap_serve(struct role_bench *role, struct stream *stream,
                              const struct handover *handover) {
    imap_session_start(role->server, stream, handover);
}

static inline void imap_hear(struct role_bench *role, const struct mailbox_news *news) {
    imap_server_news(role->server, news);
}

static inline void imap_open(struct task *t, struct imap_bench *imap, struct store_bench *bench,
                             uint64_t quota_bytes) {
    bench_add_account(t, bench, quota_bytes);
    role_open(&imap->role, bench);
    imap->intake = intake_pool_new(bench->env, imap->role.mail_store, MIB(64));
    imap->server = (struct imap_server){.env = bench->env,
                                        .store = imap->role.mail_store,
                                        .reader = bench->reader,
                                        .intake = imap->intake,
                                        .group = &imap->role.mail_group,
                                        .settings = {.message_bytes_max = MIB(20)}};
    imap_server_init(&imap->server);
    imap->role.serve = imap_serve;
    imap->role.on_news = imap_hear;
    imap->role.server = &imap->server;
}

static inline void imap_close(struct task *t, struct imap_bench *imap) {
    conn_group_close(t, &imap->role.edge_group);
    conn_group_close(t, &imap->role.mail_group);
    imap_server_free(&imap->server);
    intake_pool_free(&imap->intake);
    role_close(t, &imap->role);
}

/* A connection that heard no greeting yet. */
static inline struct stream *imap_connect(struct imap_bench *imap) {
    struct stream *server = NULL;
    struct stream *client = role_connect(&imap->role, &server);
    imap_login_start(&imap->role.login, server, false);
    return client;
}

static inline void imap_play(struct task *t, struct stream **client, const char *text) {
    transcript_play(t, client, text, slice_from_text(text));
}

/* A connection that is logged in. */
static inline struct stream *imap_connect_in(struct task *t, struct imap_bench *imap) {
    struct stream *client = imap_connect(imap);
    imap_play(t, &client, "S: * OK <any>\nC: in LOGIN ann@example.org secret\nS: in OK <any>\n");
    return client;
}

#endif

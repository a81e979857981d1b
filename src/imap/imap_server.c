#include "imap/imap_server.h"

#include <stdlib.h>

#include "base/limits.h"
#include "imap/imap_session.h"

static void set_default(size_t *setting, size_t value) {
    if (*setting == 0) *setting = value;
}

void imap_server_init(struct imap_server *server) {
    set_default(&server->settings.account_connections_max, IMAP_ACCOUNT_CONNECTIONS);
    set_default(&server->settings.account_connections_loopback_max, IMAP_ACCOUNT_CONNECTIONS_LOOPBACK);
    if (!server->settings.message_bytes_max) server->settings.message_bytes_max = MESSAGE_BYTES_MAX_DEFAULT;
    server->views = map_new(env_random_u64(server->env));
    server->accounts = map_new(env_random_u64(server->env));
    list_init(&server->views_kept);
}

void imap_server_free(struct imap_server *server) {
    imap_view_forget_kept(server);
    ASSERT(map_count(server->views) == 0 && map_count(server->accounts) == 0);
    map_free(&server->views);
    map_free(&server->accounts);
}

static void wake_idling(struct imap_view *view) {
    LIST_EACH(&view->sessions, session, struct imap_session, in_view) {
        if (session->is_idling) conn_post(&session->conn);
    }
}

void imap_server_news(struct imap_server *server, const struct mailbox_news *news) {
    struct imap_view *view = map_get_id(server->views, news->mailbox);
    if (!view) return;
    wake_idling(view);
    if (news->is_deleted) imap_view_forget(server, view);
}

void imap_server_catch_up(struct imap_server *server) {
    size_t cursor = 0;
    for (struct imap_view *view = map_next(server->views, &cursor, NULL); view;
         view = map_next(server->views, &cursor, NULL))
        wake_idling(view);
}

#include "smtp/smtp_server.h"

#include "smtp/smtp_session.h"

struct smtp_settings smtp_settings_default(void) {
    return (struct smtp_settings){.message_bytes_max = MESSAGE_BYTES_MAX_DEFAULT,
                                  .recipients_max = SMTP_RECIPIENTS_MAX,
                                  .errors_max = SMTP_ERRORS_MAX,
                                  .connections_max = 0,
                                  .connections_per_address_max = 0,
                                  .command_ms = 5 * 60 * 1000,
                                  .before_mail_ms = SMTP_BEFORE_MAIL_MS_MAX,
                                  .data_ms = 3 * 60 * 1000,
                                  .handshake_ms = 60 * 1000,
                                  .data_grace_ms = 2 * 60 * 1000,
                                  .data_bytes_per_s_min = 200};
}

void smtp_server_init(struct smtp_server *server) {
    server->addresses = map_new(env_random_u64(server->login->env));
    server->greylist = greylist_new(server->login->env);
    server->arenas.count = 0;
    server->is_reading_feedback = false;
    gate_init(&server->feedback_read);
}

void smtp_server_fini(struct smtp_server *server) {
    ASSERT(map_count(server->addresses) == 0);
    map_free(&server->addresses);
    greylist_free(&server->greylist);
    while (server->arenas.count) arena_free(&server->arenas.kept[--server->arenas.count]);
}

struct arena *smtp_arena_take(struct smtp_server *server) {
    struct smtp_arenas *arenas = &server->arenas;
    size_t bytes = server->login->env->budgets->smtp_transaction_bytes;
    if (arenas->count == 0) return arena_new(bytes);
    struct arena *arena = arenas->kept[--arenas->count];
    arena_set_budget(arena, bytes);
    return arena;
}

void smtp_arena_give(struct smtp_server *server, struct arena **arena) {
    struct smtp_arenas *arenas = &server->arenas;
    if (arenas->count == SMTP_ARENAS_KEPT) {
        arena_free(arena);
        return;
    }
    arena_reset(*arena);
    arenas->kept[arenas->count++] = *arena;
    *arena = NULL;
}

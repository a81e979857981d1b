/*
 * DIR/run/control: how the command line asks the running store. The socket belongs to the
 * folder's owner; whoever can open it may administer.
 */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include "app/admin/admin.h"
#include "ipc/channel.h"
#include "store/service.h"

enum control_message {
    /* A request: struct admin_request; answered with JSON text. */
    CONTROL_ADMIN = 1,
    /* A notice to the asker: one line of progress. */
    CONTROL_PROGRESS,
    /* A request with one end of a local pair: who holds the other is served as a mail role is
       (store/client.h), until it closes it. Answered with nothing. */
    CONTROL_STORE,
};

struct control_server;

/* Whom commands concern; all outlive the server. */
struct control_context {
    struct engine *engine;
    struct store_service *service;
    /* May grow meanwhile. */
    const struct admin_roles *roles;
    /* To the remote role. */
    struct channel *remote;
    struct acme_office *acme;
    struct outreach_office *outreach;
    struct hook_office *hooks;
    struct mailbox_desk *mailboxes;
};

/* Serves the socket. */
struct control_server *control_server_new(struct env *env, const struct control_context *context);
/* Takes the handle over. */
void control_server_listen(struct control_server *server, struct handle handle);
void control_server_free(struct task *t, struct control_server **server);

#endif

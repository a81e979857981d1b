/*
 * ACME in the store role (RFC 8555): decides when a certificate is ordered and for which names, holds the
 * keys, writes and signs what is sent, checks what comes back and has it installed. The connecting is the
 * remote role's (acme/agent.h).
 *
 * Once in ACME_LOOK_MS the names are looked at. A certificate is ordered when there is none, when a name is
 * not on it, and when two thirds of its life are over, or when the CA wants it (RFC 9773). After an error it
 * is tried again, later each time, and never before the CA allows it; whatever happens, the certificate that
 * is installed stays. The key of an order is made when that is due; it, and a certificate that was issued,
 * are on disk before anything else is done with them. Keys are sealed there (store/sealed.h). A store that
 * cannot be read, or cannot keep anything, is waited for.
 */
#ifndef ACME_OFFICE_H
#define ACME_OFFICE_H

#include "acme/state.h"
#include "ipc/channel.h"
#include "store/engine.h"

struct acme_office;

/* Copied. */
struct acme_office_settings {
    /* Without it nothing at all is done. */
    bool is_enabled;
    struct slice directory;
    struct slice email;
    bool terms_agreed;
    enum acme_challenge_kind challenge;
    struct slice hostname;
    /* Separated by commas: these and no others. Empty: the hostname, and names of our domains that lead
       here. */
    struct slice names;
    /* The one that was installed last is served. */
    bool is_installed;
};

struct acme_office_options {
    struct env *env;
    struct engine *engine;
    /* To the remote role. */
    struct channel *remote;
    /* Has the chain and its key installed. Waits. False, and *reason (static): not done. */
    bool (*install)(struct task *t, void *context, struct slice chain, struct slice key, const char **reason);
    void *context;
};

/* What the options point to outlives it. */
struct acme_office *acme_office_new(const struct acme_office_options *options,
                                    const struct acme_office_settings *settings);
/* There is somebody to show challenges: before this no order is made. Again does nothing. */
void acme_office_begin(struct acme_office *office);
void acme_office_set(struct acme_office *office, const struct acme_office_settings *settings);
/* Waits for the end of what is under way. NULL is fine. */
void acme_office_free(struct task *t, struct acme_office **office);

/* A question of the remote role. False: it is none of ours. */
bool acme_office_answer(struct task *t, struct acme_office *office, struct ipc_request *request);

bool acme_office_is_enabled(const struct acme_office *office);

enum acme_order_result {
    ACME_ORDER_DONE,
    /* It is not enabled. */
    ACME_ORDER_OFF,
    /* The last attempt's words say why. */
    ACME_ORDER_FAILED,
    /* All names are on the certificate, and it is not old. */
    ACME_ORDER_NOT_DUE,
};
/* Looks at once; with `is_forced` a new certificate is ordered whatever there is. Waits, as long as it takes.
 */
enum acme_order_result acme_office_order(struct task *t, struct acme_office *office, bool is_forced);

/* What the store keeps; in `arena`. STORE_FAILED and the like: it could not be read. Reads, does not wait. */
enum store_result acme_office_state(struct engine *engine, struct arena *arena, struct acme_state *state);

#endif

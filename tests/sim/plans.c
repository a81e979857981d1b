#include "plans.h"

#include <stdlib.h>

#include "../unit/signing_key.h"
#include "host.h"
#include "store/engine.h"

enum { MAKE_MS_MAX = 60000 };

struct made_plan {
    struct list in_plans;
    struct plan plan;
    struct ledger_layout layout;
    unsigned host;
    struct sim_world *world;
    bool is_made;
};

struct plans {
    struct list made;
};

static const struct engine_options options = {.folder = HOST_FOLDER,
                                              .hash_memory_kib = HOST_HASH_MEMORY_KIB,
                                              .log_room_bytes = HOST_LOG_ROOM_BYTES,
                                              .signing_rsa_key = TEST_SIGNING_KEY};

struct plans *plans_new(void) {
    struct plans *plans = calloc(1, sizeof *plans);
    if (!plans) FATAL("out of memory for plans");
    list_init(&plans->made);
    return plans;
}

void plans_free(struct plans **plans) {
    LIST_EACH(&(*plans)->made, made, struct made_plan, in_plans) {
        sim_world_free(&made->world);
        free(made);
    }
    free(*plans);
    *plans = NULL;
}

static enum store_result account_make(struct task *t, struct engine *engine, const struct made_plan *made,
                                      unsigned account, uint64_t *id) {
    uint64_t mailbox;
    struct slice address = ledger_address(made->layout, account);
    struct slice work = slice_from_text(ledger_box_name(ledger_inbox(account) + 1));
    enum store_result result = engine_account_add(t, engine, address, SLICE(LEDGER_PASSWORD), 0, id);
    return result ? result : engine_mailbox_create(t, engine, *id, work, SPECIAL_NONE, &mailbox);
}

static void make(struct task *t, void *argument) {
    struct made_plan *made = argument;
    struct engine *engine = NULL;
    unsigned accounts = ledger_accounts_of(made->layout, made->host);
    if (engine_create(task_env(t), HOST_FOLDER) || engine_open(task_env(t), &options, &engine)) return;
    enum store_result result =
        engine_domain_add(t, engine, slice_from_text(ledger_domain(made->host)), DOMAIN_LOCAL);
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX && result == STORE_OK; i++)
        if (accounts >> i & 1) result = account_make(t, engine, made, i, &made->plan.accounts[i]);
    made->is_made = result == STORE_OK;
    engine_close(t, &engine);
}

static struct made_plan *plan_make(struct ledger_layout layout, unsigned host) {
    struct made_plan *made = calloc(1, sizeof *made);
    if (!made) FATAL("out of memory for a plan");
    made->layout = layout;
    made->host = host;
    made->world = sim_world_new(host);
    made->plan.machine = sim_machine_new(made->world, "plan", host_address(host));
    sim_machine_make_folder(made->plan.machine, HOST_FOLDER);
    (void)sim_process_start(made->plan.machine, "plan", make, made);
    (void)sim_world_run_until(made->world, NULL, NULL, MAKE_MS_MAX);
    if (!made->is_made) FATAL("the store of a plan cannot be made");
    return made;
}

const struct plan *plans_get(struct plans *plans, struct ledger_layout layout, unsigned host) {
    LIST_EACH(&plans->made, made, struct made_plan, in_plans) {
        bool is_same = made->layout.hosts == layout.hosts && made->layout.accounts == layout.accounts;
        if (is_same && made->host == host) return &made->plan;
    }
    struct made_plan *made = plan_make(layout, host);
    list_append(&plans->made, &made->in_plans);
    return &made->plan;
}

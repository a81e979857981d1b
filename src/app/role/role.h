/*
 * A role: what every one of them has in common. It takes the supervisor's orders one after the
 * other in a task of its own and ends when it is told to, or when the supervisor is gone. Roles
 * run in a process each, all in one (--single), or in the simulator; they cannot tell.
 */
#ifndef APP_ROLE_H
#define APP_ROLE_H

#include "app/settings/orders.h"
#include "smtp/smtp_server.h"

struct role;

/* What the kinds differ in. All run in the role's task. */
struct role_ops {
    /* The first settings are there. False: it cannot serve (logged); the role ends. */
    bool (*start)(struct task *t, struct role *role);
    /* New settings after a reload. */
    void (*reload)(struct task *t, struct role *role);
    void (*peer)(struct task *t, struct role *role, enum role_kind kind, uint64_t index,
                 struct stream *stream);
    void (*listener)(struct task *t, struct role *role, enum port_kind port, struct handle handle);
    void (*report)(struct role *role, const struct role_report *report);
    /* Ends all it serves; frees its state. */
    void (*stop)(struct task *t, struct role *role);
    /* Sets the gauges that nobody keeps up to date. Does not wait. May be NULL. */
    void (*measure)(struct role *role);
};

/* Its connection with another role, as the supervisor counts them; number 0: none yet. */
struct role_link {
    struct role *role;
    enum role_kind kind;
    uint64_t index;
    uint64_t number;
};

struct role {
    struct env *env;
    enum role_kind kind;
    uint64_t index;
    struct walls walls;
    const struct role_ops *ops;
    /* The kind's own state. */
    void *state;
    struct role_settings settings;
    struct settings_memory *settings_memory;
    struct channel *control;
    struct scope scope;
    struct list orders;
    struct gate order_came;
    struct role_link links[ROLE_KINDS][CONFIG_PROCESSES_MAX];
    bool is_started;
    bool is_stopping;
    bool is_lost;
    void (*on_end)(void *context);
    void *context;
};

extern const struct role_ops role_store_ops;
extern const struct role_ops role_remote_ops;
extern const struct role_ops role_mail_ops;
extern const struct role_ops role_edge_ops;

/* Starts a role that listens to `control`, which it owns. `on_end` is called on the loop after it has
   ended; then role_free. */
struct role *role_new(struct env *env, enum role_kind kind, uint64_t index, const struct walls *walls,
                      struct stream *control, void (*on_end)(void *context), void *context);
void role_free(struct role **role);
/* For the channel to another role, whoever holds it: tells the supervisor that it is lost, so that both
   roles get a new pair. */
struct waker role_link_lost(struct role *role, enum role_kind kind, uint64_t index);
/* What an SMTP server has to know of the checks of strangers, and of content filters. */
struct smtp_feedback_settings smtp_feedback_settings_of(const struct reports_settings *settings);
struct smtp_trust_settings smtp_trust_settings_of(const struct trust_settings *settings);
struct smtp_filter_settings smtp_filter_settings_of(const struct filter_settings *settings);
/* The node bits of this role's ids: unlike any other role's. */
uint32_t role_node(const struct role *role);

#endif

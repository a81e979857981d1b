/*
 * An outside mailbox as the remote role works at it: whose it is, how far each of its folders was looked at,
 * the access token at hand, and the IMAP connection. One task at a time works at it (outreach/watch.h sees to
 * that). What is below uses it: outside_look.h, outside_send.h, mailbox_setup.h.
 */
#ifndef OUTREACH_OUTSIDE_H
#define OUTREACH_OUTSIDE_H

#include "imap_client/imap_client.h"
#include "io/tls.h"
#include "smtp/smtp_client.h"
#include "store/sender_model.h"

struct resolver;

/* How the role reaches others. Outlives what uses it; what it points to may change at any wait. */
struct outside_world {
    struct env *env;
    struct resolver *resolver;
    /* Our name, for EHLO. */
    struct slice hello;
    struct tls_context *tls_trusting;
    struct slice roots_pem;
    /* Hosts may be at loopback or private addresses: for tests and closed networks. */
    bool allows_private;
    /* Connect to this port instead of an URL's 443; 0: no. For tests. */
    uint16_t https_port;
    /* How long a test waits for the copy that the provider may put into Sent. */
    int64_t copy_ms;
};

/* Why something could not be done. */
struct outside_trouble {
    enum sender_cause cause;
    /* What the server said, or what else is known, clean; may be empty. */
    struct slice detail;
};

struct outside {
    const struct outside_world *world;
    /* As long as this; what `sender` points to is in it. */
    struct arena *arena;
    struct sender sender;
    /* Those of its logins, with their secrets; empty names where there is none. */
    struct sender_provider smtp_provider;
    struct sender_provider imap_provider;
    /* Of `arena`, OUTREACH_FOLDERS_MAX. */
    struct sender_folder *folders;
    size_t folder_count;
    /* Since that was set to false a folder was looked at farther, or is new, or gone. */
    bool has_moved;
    /* NULL: not connected. */
    struct imap_client *imap;
    /* What was got with the refresh token, until it expires (monotonic); [0] of SMTP, or of both where they
       are the same grant, [1] of IMAP. */
    struct buffer access[2];
    int64_t access_until_ms[2];
    /* A refresh token that came in place of the old one (RFC 6749 6) and is not kept yet. */
    struct slice fresh_token;
    struct buffer refresh[2];
    struct slice fresh_provider;
    /* Called as soon as there is one, before it is used: the old one may be of no use any more. Waits. May be
       NULL. */
    void (*keep_token)(struct task *t, void *context);
    /* Since when answers may have come to threads that are open; 0: there is none. False: nobody can say so
       now. Waits. May be NULL. */
    bool (*open_since)(struct task *t, void *context, int64_t *since_ms);
    void *context;
};

/* Copies all of it. */
struct outside *outside_new(const struct outside_world *world, const struct sender *sender,
                            const struct sender_provider *smtp_provider,
                            const struct sender_provider *imap_provider, const struct sender_folder *folders,
                            size_t folder_count);
/* Closes what is open; wipes secrets. Nulls it. NULL is fine. Waits where a connection is open. */
void outside_free(struct task *t, struct outside **outside);

/* A connection to one of the addresses of a host that somebody named: resolved once, only addresses that lead
   outside (or any, as the world says). False: *trouble. Waits. */
NODISCARD bool outside_connect(struct task *t, const struct outside_world *world, struct arena *arena,
                               struct slice host, uint16_t port, struct stream **stream,
                               struct outside_trouble *trouble);

/* A connection to a way's host up to where one logs in. NULL: *trouble. Wait. */
struct imap_client *outside_begin_imap(struct task *t, const struct outside_world *world, struct arena *arena,
                                       const struct sender_login *login, struct outside_trouble *trouble);
struct smtp_client *outside_begin_smtp(struct task *t, const struct outside_world *world, struct arena *arena,
                                       const struct sender_login *login, struct outside_trouble *trouble);

/* Where it is already connected it is asked whether that still holds. False: *trouble (in `arena`). Waits. */
NODISCARD bool outside_connect_imap(struct task *t, struct outside *outside, struct arena *arena,
                                    struct outside_trouble *trouble);
/* LOGOUT, where it still makes sense. */
void outside_disconnect_imap(struct task *t, struct outside *outside);
/* A new SMTP connection, logged in. Waits. */
NODISCARD bool outside_connect_smtp(struct task *t, struct outside *outside, struct arena *arena,
                                    struct smtp_client **client, struct outside_trouble *trouble);

/* outside_trouble.c: what the clients' outcomes mean. Pure but for `arena`. */
struct outside_trouble outside_trouble_of_imap(struct arena *arena, const struct imap_client_outcome *outcome,
                                               enum sender_auth auth);
struct outside_trouble outside_trouble_of_smtp(struct arena *arena, const struct smtp_client_outcome *outcome,
                                               enum sender_auth auth);

#endif

/*
 * The remote role's side of sender mailboxes: one watcher for each outside one. It keeps an IMAP connection
 * (IDLE on INBOX, the other folders looked at every so often), has each new message taken (by default: told
 * to the store), logs in anew now and then to see whether it still may, and tells the store each change of
 * health. What is lost is connected again, with growing pauses, and at once when somebody asks.
 *
 * Whoever sends asks here: the watcher is the one task that works at the mailbox, so that looks and copies
 * never get into each other's way.
 */
#ifndef OUTREACH_WATCH_H
#define OUTREACH_WATCH_H

#include "io/dns.h"
#include "ipc/channel.h"
#include "outreach/outside_look.h"
#include "outreach/outside_send.h"

struct watch;

/* Copied. */
struct watch_settings {
    struct slice hostname;
    /* Whom certificates must lead to, PEM; as they were in watch_new. */
    struct slice roots_pem;
    bool allows_private;
    uint16_t https_port;
    /* How often other folders are looked at, and how often it logs in anew; 0: the defaults. */
    int64_t poll_ms;
    int64_t check_ms;
    int64_t copy_ms;
};

struct watch_options {
    struct env *env;
    /* As of resolve/service.h. */
    struct dns **dns;
    /* To the store role. */
    struct channel *store;
    /* Has a new message taken; NULL: it goes to the store as OUTREACH_MAILBOX_NEWS. */
    outside_news_fn *take;
    void *context;
};

/* What the options point to outlives it. */
struct watch *watch_new(const struct watch_options *options, const struct watch_settings *settings);
void watch_set(struct watch *watch, const struct watch_settings *settings);
/* Asks the store which mailboxes there are: after the channel was attached. */
void watch_begin(struct watch *watch);
/* Ends all watchers. After the channel that requests come by is closed. NULL is fine. Waits. */
void watch_free(struct task *t, struct watch **watch);

/* The store's requests of types OUTREACH_MAILBOX_* (outreach/mailbox_protocol.h). False: it is none of ours.
 */
bool watch_answer(struct task *t, struct watch *watch, struct ipc_request *request);

/* ---- for who sends (in the remote role); all wait ---- */

enum watch_result {
    WATCH_OK,
    /* There is no such outside mailbox (any more). */
    WATCH_UNKNOWN,
    /* *trouble says why it could not be done. */
    WATCH_TROUBLE,
    WATCH_CANCELLED,
};

/* outside_send. Once the server has let us in all folders are looked at, and then message->may_leave is
   asked: nothing leaves from a mailbox that cannot be looked at (outcome LATER, with the trouble). With SENT
   the copy in Sent is seen to afterwards, by the watcher; the store remembers it (store/sender_copy.h) until
   it is there. WATCH_TROUBLE: the watcher did not get to it within two minutes. */
enum watch_result watch_send(struct task *t, struct watch *watch, uint64_t sender, struct arena *arena,
                             const struct outside_message *message, struct outside_sent *sent);
/* outside_find. */
enum watch_result watch_find(struct task *t, struct watch *watch, uint64_t sender, struct arena *arena,
                             struct slice message_id, enum outside_found *found,
                             struct outside_trouble *trouble);

#endif

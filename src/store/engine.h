/*
 * The store itself, in the one process that may write: an opened data folder with its
 * database, bodies and commit queue. Calls that take a task wait until what they did is
 * durable; `250` may be said after STORE_OK. All writes meet in one commit queue: a batch is
 * one sync of the body segment and one SQL commit, in the commit lane. A write that fails
 * leaves nothing behind; when a sync fails, the role aborts: nothing since may be acknowledged.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "io/file.h"
#include "io/task.h"
#include "store/model.h"

struct engine;

struct engine_options {
    const char *folder;
    /* 0..1023: the node bits of new ids. */
    uint32_t node;
    /* Called on the loop after a commit that changed the mailbox. */
    void (*on_news)(void *context, const struct mailbox_news *news);
    /* Called on the loop when a segment was removed: who has its file open keeps its space. May be NULL. */
    void (*on_segment_gone)(void *context, uint64_t segment);
    void *context;
    /* Argon2id cost; 0 = default (19 MiB, 2 passes). Tests use less. */
    uint32_t hash_memory_kib;
    /* A segment is full at this size; 0 = default. Tests use less. */
    uint64_t segment_bytes;
    /* So many references to messages gather before they are merged (store/thread.h); 0 = default. Tests use
       less. */
    size_t threads_recent;
    /* Zeros ahead in the database's log, at a time (store/log_room.h); 0 = default. Tests use less. */
    uint64_t log_room_bytes;
    /* Between rounds of upkeep (store/upkeep.h); 0 = default. Tests use less. */
    int64_t upkeep_pause_ms;
    /* Threads that sign outgoing mail; 0 = two. */
    unsigned signing_threads;
    /* PKCS#8, in DER, which outlives the engine: signs instead of RSA keys that are made. For tests, where a
       key takes too long and is another each time; else empty. */
    struct slice signing_rsa_key;
};

/* Makes a new data folder's store (db, bodies). -EEXIST when there is one. Blocks. */
NODISCARD int engine_create(struct env *env, const char *folder);
/* Opens it: takes the lock, migrates the format if it is older, recovers. Blocks; for start-up.
   0; -EWOULDBLOCK (another process has it); -ENOENT; -EPROTO (a newer or unknown format);
   -EIO (damaged, see log); and errnos of opening. */
NODISCARD int engine_open(struct env *env, const struct engine_options *options, struct engine **engine);
/* Finishes what is in the queue and closes. */
void engine_close(struct task *t, struct engine **engine);

/* A new id: milliseconds, node bits, a counter; rising. Also for other roles, with own node bits. */
struct id_source {
    uint64_t last;
    uint32_t node;
};
uint64_t store_id_new(struct id_source *source, struct env *env);

/* ---- who ---- */
/* Does not wait (reads only). Results in `arena`. */
enum store_result engine_address_resolve(struct engine *engine, struct arena *arena, struct slice address,
                                         struct address_route *route);
/* The sender with which mail from `mail_from` is forwarded: one of our first domain (wire/srs.h); the same
   where that is the null sender's, is ours already, or cannot be rewritten. Does not wait. */
enum store_result engine_srs_encode(struct engine *engine, struct arena *arena, struct slice mail_from,
                                    struct slice *out);
/* An account may send as every address whose mail it gets: its own, user+detail, an alias. STORE_DENIED. */
enum store_result engine_sender_check(struct engine *engine, struct arena *arena, uint64_t account,
                                      struct slice address);
enum store_result engine_account_find(struct engine *engine, struct arena *arena, struct slice address,
                                      struct account *account);
/* Checks a password: argon2id in a bounded lane (STORE_BUSY when too many wait), with a short-lived
   cache of what was right. Unknown users cost the same time. STORE_DENIED when wrong. */
enum store_result engine_password_check(struct task *t, struct engine *engine, struct arena *arena,
                                        struct slice user, struct slice password, struct account *account);
/* A login for one attempt within seconds that leads to no account (store/grant.h). Does not wait. */
void engine_grant(struct engine *engine, struct arena *arena, struct slice *user, struct slice *secret);
/* SCRAM secrets of a user; an unknown user gets stable made-up ones, and account.id 0. */
enum store_result engine_scram_secret(struct engine *engine, struct arena *arena, struct slice user,
                                      uint8_t hash_bytes, struct scram_secret *secret,
                                      struct account *account);

/* ---- administration; results are durable ---- */
/* Makes the account with its mailboxes (INBOX, Drafts, Sent, Junk, Trash, Archive; subscribed). The
   domain must be ours (STORE_NOT_FOUND). STORE_REFUSED: not an address. */
enum store_result engine_account_add(struct task *t, struct engine *engine, struct slice address,
                                     struct slice password, uint64_t quota_bytes, uint64_t *account);
enum store_result engine_account_password(struct task *t, struct engine *engine, struct slice address,
                                          struct slice password);
/* What is to change of which services the account may log in to: has_... says that it was given. */
struct account_services {
    bool has_imap;
    bool has_pop3;
    bool is_imap_off;
    bool is_pop3_off;
};
/* From the next login on. STORE_NOT_FOUND. */
enum store_result engine_account_switch(struct task *t, struct engine *engine, struct slice address,
                                        const struct account_services *services);
/* Removes the account with all its mail. */
enum store_result engine_account_remove(struct task *t, struct engine *engine, struct slice address);
enum store_result engine_account_list(struct engine *engine, struct arena *arena, struct account **accounts,
                                      size_t *count);
enum store_result engine_domain_add(struct task *t, struct engine *engine, struct slice name,
                                    enum domain_kind kind);
/* STORE_REFUSED while it has accounts or aliases. */
enum store_result engine_domain_remove(struct task *t, struct engine *engine, struct slice name);
enum store_result engine_domain_list(struct engine *engine, struct arena *arena, struct domain **domains,
                                     size_t *count);
enum store_result engine_alias_add(struct task *t, struct engine *engine, const struct alias *alias);
/* An empty target removes all targets of the address. */
enum store_result engine_alias_remove(struct task *t, struct engine *engine, const struct alias *alias);
enum store_result engine_alias_list(struct engine *engine, struct arena *arena, struct alias **aliases,
                                    size_t *count);

/* From now on; without it no account has a limit (store/sending_limit.h). */
enum store_result engine_sending_limits(struct task *t, struct engine *engine,
                                        const struct sending_limits *limits);
/* From now on the flight recorder's rows are kept so many days; 0: FLIGHTS_KEPT_DAYS. */
enum store_result engine_trace_keep(struct task *t, struct engine *engine, uint64_t days);

/* ---- messages ---- */
/* A spool file for a large body: its id, and a handle to give to the writer. It stays until it is
   dropped, also after it was delivered. STORE_BUSY: too many are open. */
enum store_result engine_spool_open(struct engine *engine, uint64_t *spool, struct handle *handle);
/* The same for one that a former store opened; takes the handle over. STORE_REFUSED: it is none. */
enum store_result engine_spool_adopt(struct engine *engine, struct handle handle, uint64_t *spool);
void engine_spool_drop(struct engine *engine, uint64_t spool);

/* STORE_NOT_FOUND: an account has gone. STORE_OVER_QUOTA: an account is full; a message for several
   may go over a quota once. STORE_EXISTS: the id is another message's: choose a new one.
   STORE_REFUSED: nobody to deliver to, or the body is no packed body. */
enum store_result engine_deliver(struct task *t, struct engine *engine, const struct delivery *delivery);
/* All or none of `count` messages, all for one mailbox (MULTIAPPEND, RFC 3502). Asked again with
   ids that are stored, it gives the UIDs of before; first_uid 0 where they were moved away since. Those
   with a source that came before are passed over (docs/decisions/006-import.md); then the UIDs mean
   nothing. */
enum store_result engine_append(struct task *t, struct engine *engine, const struct append *appends,
                                size_t count, struct append_result *result);
enum store_result engine_flags(struct task *t, struct engine *engine, struct arena *arena,
                               const struct flag_change *change, struct flag_result *result);
enum store_result engine_copy(struct task *t, struct engine *engine, struct arena *arena,
                              const struct copy_request *request, struct copy_result *result);
/* Removes the entries of `uids` that are \Deleted, or all of them. *modseq 0: nothing went. */
enum store_result engine_expunge(struct task *t, struct engine *engine, uint64_t mailbox,
                                 struct uid_ranges uids, bool only_deleted, uint64_t *modseq);

/* ---- mailboxes ---- */
/* Makes it, and missing levels above it. */
enum store_result engine_mailbox_create(struct task *t, struct engine *engine, uint64_t account,
                                        struct slice name, enum special_use special_use, uint64_t *mailbox);
/* STORE_REFUSED: INBOX, or it has children. */
enum store_result engine_mailbox_delete(struct task *t, struct engine *engine, uint64_t account,
                                        struct slice name);
/* With its children; INBOX's messages move to the new name and INBOX stays (RFC 9051 6.3.6). */
enum store_result engine_mailbox_rename(struct task *t, struct engine *engine, uint64_t account,
                                        struct slice from, struct slice to);
enum store_result engine_mailbox_subscribe(struct task *t, struct engine *engine, uint64_t account,
                                           struct slice name, bool is_subscribed);

/* ---- keeping ---- */
enum store_result engine_status(struct engine *engine, struct store_status *status);
/* Reads everything and checks it: the database's own check, every body's checksum and length,
   reference counts, UID and modseq order, mailbox counts. Calls `fault` with one line for each thing
   that is wrong. Runs beside the service. STORE_BUSY while this runs already. */
struct verify_report {
    uint64_t messages;
    uint64_t bodies;
    uint64_t faults;
};
enum store_result engine_verify(struct task *t, struct engine *engine,
                                void (*fault)(void *context, struct slice line), void *context,
                                struct verify_report *report);
/* Compacts now, and at full speed, every segment of which an eighth is dead, also the current one; else
   that happens by itself, slowly, to half-dead ones. `progress` (may be NULL) gets a line for each. Waits
   for one that runs. STORE_FULL, STORE_FAILED; STORE_GONE while closing: what was done is kept. */
struct compact_report {
    uint64_t segments; /* removed */
    uint64_t freed_bytes;
    uint64_t moved_bytes;
};
enum store_result engine_compact(struct task *t, struct engine *engine,
                                 void (*progress)(void *context, struct slice line), void *context,
                                 struct compact_report *report);

#endif

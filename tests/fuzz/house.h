/*
 * A whole mail server in the simulated world, for fuzz targets: the engine, its service, an edge's and a
 * mail role's servers, in one process over the files of a store that was prepared once. A run
 * begins from a copy of that store, in a fresh world with the same seed; or, because that is what takes
 * long, in the world of the run before, if that changed nothing in the store and all that is remembered of
 * clients was forgotten. FUZZ_FRESH in the environment makes every world fresh.
 *
 * example.test has ann@ and bob@, both with the password "secret"; ann's INBOX holds HOUSE_MESSAGES messages.
 *
 * What is wrong ends the program with one line that says what (house_wrong).
 */
#ifndef FUZZ_HOUSE_H
#define FUZZ_HOUSE_H

#include "imap/imap_server.h"
#include "intake/intake.h"
#include "io/sim/sim.h"
#include "pop3/pop3_session.h"
#include "smtp/smtp_server.h"
#include "store/engine.h"
#include "store/reader.h"
#include "store/service.h"

enum { HOUSE_MESSAGES = 5, HOUSE_MESSAGE_BYTES_MAX = 100000 };
#define HOUSE_FOLDER "/data"

enum house_port { HOUSE_MX, HOUSE_SUBMISSION, HOUSE_IMAP, HOUSE_POP3 };

struct house {
    struct sim_world *world;
    struct sim_machine *machine;
    struct env *env;
    struct engine *engine;
    struct reader *reader;
    struct store_service *service;
    struct store_client *edge_store;
    struct store_client *mail_store;
    struct intake_pool *edge_intake;
    struct intake_pool *mail_intake;
    struct conn_group edge_group;
    struct conn_group mail_group;
    struct pump_group pumps;
    struct login_context login;
    struct login_context mail_login;
    struct smtp_server edge_smtp;
    struct smtp_server mail_smtp;
    struct imap_server imap;
    struct pop3_server pop3;
    /* ann's. */
    uint64_t account;
    /* Changes of mailboxes in this run. */
    uint64_t news_count;
    struct arena *arena;
};

/* One line on standard error, and the end of the program. */
_Noreturn void house_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

/* Runs `body` as the main task of a process on a machine with the prepared store, opened and served or
   not, until it has returned and all has ended. More than `turns_max` turns of the world are wrong. */
void house_run(void (*body)(struct task *t, struct house *house, void *argument), void *argument,
               bool is_served);
/* Opens engine, reader and servers, and closes what is open. False: they cannot be opened. */
bool house_open(struct house *house);
void house_close(struct task *t, struct house *house);

/* A new connection; the server's end is served. */
struct stream *house_connect(struct house *house, enum house_port port);
/* No session is left: every connection ends soon once its client is gone. */
void house_settle(struct task *t, struct house *house);
/* The store is whole: verified. */
void house_verify(struct task *t, struct house *house);
/* Calls `look` with every entry of every mailbox of ann's, and its text. */
void house_each_message(struct house *house,
                        void (*look)(void *context, const struct mailbox *mailbox, const struct entry *entry,
                                     enum store_result result, struct slice text),
                        void *context);
/* The highest id of a message of the prepared store: every later one is above it. */
uint64_t house_last_message(void);
/* The path of the n-th file of the prepared store, or NULL; the files are the same in every run. */
const char *house_file(size_t number);

#endif

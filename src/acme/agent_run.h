/* One run of an agent, for the files that make it up: agent.c (from its start to its end), agent_names.c
   (which names lead here), agent_renewal.c (when the CA wants it), agent_talk.c (one request to the CA),
   agent_order.c (the order's steps), words.c. */
#ifndef ACME_AGENT_RUN_H
#define ACME_AGENT_RUN_H

#include "acme/agent.h"
#include "acme/protocol.h"
#include "io/fetch.h"
#include "trust/web_fetch.h"

struct acme_agent {
    struct acme_agent_options options;
    struct acme_agent_settings settings;
    struct arena *settings_arena;
    struct resolver *resolver;
    bool is_running;
};

struct acme_run {
    struct task *t;
    struct acme_agent *agent;
    /* Those of its beginning. */
    struct acme_agent_settings settings;
    /* As long as the run; as long as one request. */
    struct arena *arena;
    struct arena *scratch;
    const struct acme_job *job;
    struct acme_findings findings;
    struct acme_plan plan;
    bool has_directory;
    struct acme_directory directory;
    /* Of our account, or empty. */
    struct slice account;
    /* The next one to use, or empty. */
    struct buffer nonce;
    int64_t deadline_ms;
    struct acme_outcome outcome;
};

/* What the CA answered; the slices hold until the next request. */
struct acme_answer {
    unsigned status;
    struct slice body;
    struct slice location;
    struct slice content_type;
    /* Of Retry-After (RFC 9110 10.2.3); 0: there is none. */
    int64_t retry_after_ms;
};

/* Writes the outcome. Always false. */
bool acme_run_failed(struct acme_run *run, struct slice words, struct slice advice);
/* The same for what the CA said; `name`, or empty, is what it was said of. */
bool acme_run_refused(struct acme_run *run, const struct acme_problem *problem, struct slice name,
                      int64_t retry_after_ms);

/* agent_names.c: the findings' names. Waits. */
bool acme_run_find_names(struct acme_run *run);
/* agent_renewal.c: the findings' window, if the job asks for it and the CA says one. Waits. */
void acme_run_find_window(struct acme_run *run);

/* agent_talk.c: false: the outcome says why. All wait. */
bool acme_run_get(struct acme_run *run, struct slice url, struct acme_answer *answer);
/* Signed by the store; a nonce that was refused is replaced (RFC 8555 6.5). */
bool acme_run_post(struct acme_run *run, enum acme_paper_kind kind, struct slice url,
                   struct acme_answer *answer);
/* Asks the store. False: it did not answer (the outcome says so). */
bool acme_run_ask_store(struct acme_run *run, enum acme_message type, struct slice body,
                        struct ipc_answer *answer);

/* agent_order.c: reads the CA's directory, once a run. */
bool acme_run_open(struct acme_run *run);
/* From the account to the chain. */
bool acme_run_order(struct acme_run *run);
/* Tells our account's other contact (RFC 8555 7.3.2). */
bool acme_run_tell_contact(struct acme_run *run);

#endif

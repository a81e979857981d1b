/*
 * The way out, over hours and days: users of three hosts write to each other and to addresses that do not
 * exist or cannot be reached, while everything fails. In the end each message is in its recipients' INBOXes,
 * or its sender holds a report that was owed, and no queue has anything left.
 *
 *     transit.c           the course of it            transit_sender.c   who sends
 *     transit_trouble.c   what goes wrong             transit_look.c     what is in INBOXes and queues
 *     transit_check.c     what is allowed
 */
#ifndef SIM_TRANSIT_H
#define SIM_TRANSIT_H

#include "run.h"

enum {
    TRANSIT_MAILS_MAX = 128,
    TRANSIT_TIMES_MAX = 16,
    TRANSIT_SENDERS = 4,
    TRANSIT_EVENTS_MAX = 16384,
    TRANSIT_ROWS_MAX = 2048,
};

/* To whom a message goes: a bit each. Accounts are as in the ledger. */
enum transit_target {
    /* "nobody" at each of the hosts: refused by it, 550. */
    TARGET_UNKNOWN = LEDGER_ACCOUNTS_MAX,
    TARGET_NO_DOMAIN = TARGET_UNKNOWN + RUN_HOSTS_MAX,
    TARGET_NULL_MX,
    /* Nobody ever answers: it expires. */
    TARGET_DEAD,
    TARGETS
};

struct transit_times {
    unsigned count;
    int64_t at_ms[TRANSIT_TIMES_MAX];
};

struct transit_mail {
    /* The host that took it; whose it is. */
    unsigned host;
    unsigned sender;
    unsigned targets;
    /* All of it was sent; 250 came. */
    bool is_sent;
    bool is_acknowledged;
    int64_t sent_ms;
    /* Copies in the INBOX; reports in the sender's, of a failure or a delay. */
    struct transit_times copies[LEDGER_ACCOUNTS_MAX];
    struct transit_times failed[TARGETS];
    struct transit_times delayed[TARGETS];
};

/* Something after which nobody knows whether what was under way at one of the hosts got through. A full disk
   keeps what became of a message in memory for as long as it lasts. */
struct transit_event {
    unsigned hosts;
    bool is_disk;
    int64_t from_ms;
    int64_t to_ms;
};

/* A recipient in a queue. */
struct transit_row {
    unsigned host;
    uint64_t message;
    uint32_t number;
    int64_t state;
    char address[64];
    /* When it must have gone. What is said of its destination now. */
    int64_t until_ms;
    int64_t destination_due_ms;
    int64_t failures;
    bool is_there;
};

struct transit {
    struct run *run;
    uint64_t lifetime_hours;
    uint64_t warning_hours;
    int64_t trouble_ms;
    /* By the ledger's number. */
    struct transit_mail mails[TRANSIT_MAILS_MAX];
    unsigned messages;
    unsigned senders_left;
    struct transit_event events[TRANSIT_EVENTS_MAX];
    size_t event_count;
    struct transit_row rows[TRANSIT_ROWS_MAX];
    size_t row_count;
    /* Looks at queues that are under way; hosts whose INBOXes were read at the end. */
    unsigned looks;
    unsigned looked;
    bool is_calm;
};

static inline int64_t transit_lifetime_ms(const struct transit *transit) {
    return (int64_t)transit->lifetime_hours * 3600 * 1000;
}
static inline int64_t transit_now_ms(const struct transit *transit) {
    return sim_world_now_ms(transit->run->world);
}

/* "nobody@two.test"; and the target of an address, or TARGETS. */
struct slice transit_address(const struct transit *transit, unsigned target);
unsigned transit_target(const struct transit *transit, struct slice address);

/* transit_trouble.c: DNS as it should be; begins; makes the hosts (a bit each) tremble before what comes. */
void transit_dns(struct transit *transit);
void transit_trouble_start(struct run *run);
void transit_shake(struct transit *transit, unsigned hosts);
/* Notes that something happened now; the end of what lasts is `to_ms`. */
void transit_note(struct transit *transit, unsigned hosts, bool is_disk, int64_t to_ms);

/* transit_sender.c: a process; its argument is a transit_client. */
struct transit_client {
    struct transit *transit;
    unsigned number;
};
void transit_sender_main(struct task *t, void *client);

/* transit_look.c: processes of a host; their argument is the site. */
void transit_look_at_queue(struct task *t, void *site);
void transit_look_at_end(struct task *t, void *site);

/* transit_check.c: notes a message found in the INBOX of an account; says what was wrong with all. */
void transit_found(struct transit *transit, unsigned account, struct slice text, int64_t at_ms);
void transit_settle(struct transit *transit);

#endif

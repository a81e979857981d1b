/*
 * A virtual stretch of campaigns: a mailbox of ours writes to people at another machine, over weeks (some
 * seeds: a year), while people answer, roles die, hosts lose power, clocks jump and DST comes and goes. The
 * receiving machine is no host of ours: it keeps a log of every transaction, and by this log all is judged.
 *
 *     outreach.c           the course of it          outreach_draw.c     who is written to, by which series
 *     outreach_host.c      what the store is given    outreach_receiver.c the receiving machine and its log
 *     outreach_answer.c    what people send back      outreach_trouble.c  what goes wrong
 *     outreach_check.c     what must hold             outreach_zone.c     clocks of the world
 *     outreach_owner.c     who starts campaigns       provider.h          where an outside mailbox is
 */
#ifndef SIM_OUTREACH_H
#define SIM_OUTREACH_H

#include "provider.h"
#include "run.h"

enum {
    OUTREACH_PEOPLE_MAX = 64,
    OUTREACH_SERIES_MAX = 8,
    OUTREACH_STEPS_MAX = 4,
    OUTREACH_LETTERS_MAX = 2048,
    OUTREACH_VISITS_MAX = 8192,
    OUTREACH_JUMPS_MAX = 512,
    OUTREACH_EVENTS_MAX = 16384,
    OUTREACH_ID_BYTES = 96,
    OUTREACH_ADDRESS_BYTES = 48,
};

/* How somebody takes it. */
enum outreach_temper {
    TEMPER_SILENT,
    /* Answers a letter, some time later. */
    TEMPER_ANSWERS,
    /* Answers when the next letter is about to leave, or is on its way. */
    TEMPER_RACES,
    TEMPER_UNSUBSCRIBES,
    /* A machine answers that he is away until a day. */
    TEMPER_AWAY,
    /* A machine answers. */
    TEMPER_AUTOMATIC,
    /* Somebody else of the organisation answers. */
    TEMPER_COLLEAGUE,
    /* Is refused at RCPT: 5.1.1. */
    TEMPER_UNKNOWN,
    /* Is taken, and a report of failure comes later. */
    TEMPER_BOUNCES,
    /* Is refused for now, a few times. */
    TEMPER_BUSY,
    TEMPERS
};

struct outreach_person {
    char address[OUTREACH_ADDRESS_BYTES];
    unsigned domain;
    unsigned zone;
    enum outreach_temper temper;
    /* A bit for each series that he is in. */
    unsigned series;
    /* Of which letter of his (from 1) he is moved to answer, and how long that takes. */
    unsigned answers_letter;
    int64_t answers_after_ms;
    unsigned busy_left;
    /* Letters that he got. */
    unsigned letters;
    bool is_answering;
    /* When our host had taken an answer that stops him, 0: none; the series whose letters he had got by then:
       a bit each. */
    int64_t stopped_ms;
    unsigned stopped_series;
    /* Of an outside mailbox: where his answers lie. */
    enum provider_folder folder;
    /* He asked for it, or does not exist: nothing at all is to come any more. */
    bool is_suppressed;
    /* An out-of-office was taken: when, of which series, and until when, by our host's clock. */
    int64_t away_ms;
    unsigned away_series;
    int64_t away_until_wall_ms;
};

struct outreach_pace {
    /* 0: as usual. */
    unsigned gap_min_s;
    unsigned gap_max_s;
    unsigned hourly;
    unsigned daily;
};

struct outreach_step {
    /* Of the table in outreach_draw.c. */
    unsigned delay;
};

struct outreach_series {
    unsigned steps;
    struct outreach_step step[OUTREACH_STEPS_MAX];
    unsigned window;
    struct outreach_pace pace;
    /* When it is started, virtual; its id in the store. */
    int64_t start_ms;
    bool is_started;
    /* Somebody was asked to start it, outside: again. */
    int64_t asked_ms;
    uint64_t id;
};

/* A letter that the receiving machine took. */
struct outreach_letter {
    unsigned person;
    unsigned visit;
    unsigned series;
    unsigned step;
    int64_t mail_ms;
    int64_t end_ms;
    int64_t wall_ms;
    char id[OUTREACH_ID_BYTES];
    /* Of the envelope. */
    char mail_from[OUTREACH_ID_BYTES];
};

/* A transaction: from MAIL to its end. */
struct outreach_visit {
    unsigned person;
    int64_t open_ms;
    /* At the provider: when the client was let in, and when each folder had been looked into last at MAIL. */
    int64_t let_in_ms;
    int64_t looked_ms[PROVIDER_FOLDERS];
    int64_t mail_ms;
    int64_t end_ms;
    int64_t wall_ms;
    bool is_over;
    /* 250 was said at its end; it was refused; neither: nobody knows. */
    bool is_taken;
    bool is_refused;
    /* Its letter was taken, whether that was said or not. */
    bool has_letter;
};

/* After this nobody knows whether what was under way got through: by our host's clock. */
struct outreach_doubt {
    int64_t from_wall_ms;
    int64_t to_wall_ms;
};

/* Our host's clock was put forward or back. */
struct outreach_jump {
    int64_t at_ms;
    int64_t by_ms;
};

struct outreach {
    struct run *run;
    struct sim_machine *receiver;
    struct env *receiver_env;
    bool is_year;
    bool is_forty;
    /* The mailbox is at a provider; else NULL. */
    bool is_outside;
    struct provider *provider;
    /* Nobody starts anything any more. */
    bool is_over;
    /* A letter of which nobody can say whether it left keeps the mailbox shut. */
    bool is_stuck;
    int64_t trouble_ms;
    int64_t clock_ms;
    /* Of the mailbox. */
    unsigned zone;
    struct outreach_person people[OUTREACH_PEOPLE_MAX];
    unsigned people_count;
    struct outreach_series series[OUTREACH_SERIES_MAX];
    unsigned series_count;
    struct outreach_letter letters[OUTREACH_LETTERS_MAX];
    unsigned letter_count;
    struct outreach_visit visits[OUTREACH_VISITS_MAX];
    unsigned visit_count;
    struct outreach_jump jumps[OUTREACH_JUMPS_MAX];
    unsigned jump_count;
    struct outreach_doubt events[OUTREACH_EVENTS_MAX];
    unsigned event_count;
    /* Steps that count as sent, and were lost: a bit each, by series and person. */
    unsigned lost[OUTREACH_SERIES_MAX][OUTREACH_PEOPLE_MAX];
    bool is_furnished;
    /* What goes from machine to machine may take so long. */
    int64_t way_ms;
    /* From the moment at which an answer is taken in to the first letter that knows of it. */
    int64_t hearing_ms;
    unsigned faults;
};

static inline int64_t outreach_now_ms(const struct outreach *outreach) {
    return sim_world_now_ms(outreach->run->world);
}
/* As our host's clock shows it. */
int64_t outreach_wall_ms(const struct outreach *outreach);

/* outreach_zone.c: rules of our own, not the product's. */
enum { OUTREACH_ZONES = 5 };
const char *outreach_zone_name(unsigned zone);
/* East of UTC. */
int outreach_zone_minutes(unsigned zone, int64_t wall_ms);
/* Days since 1970 and minute of the day, there. */
int64_t outreach_zone_day(unsigned zone, int64_t wall_ms);
unsigned outreach_zone_minute(unsigned zone, int64_t wall_ms);
/* The moment of a date, 0:00 UTC. */
int64_t outreach_date_ms(int year, int month, int day);

/* outreach_draw.c: people and series by the seed; what they are as the product reads them. */
void outreach_draw(struct outreach *outreach);
void outreach_draw_forty(struct outreach *outreach);
void outreach_document(const struct outreach *outreach, unsigned series, struct buffer *out);
/* The least that lies between this step and the one before. */
int64_t outreach_delay_ms(const struct outreach *outreach, unsigned series, unsigned step);
/* Inside, give or take `slack_ms`. */
bool outreach_window_is_open(unsigned window, unsigned zone, int64_t wall_ms, int64_t slack_ms);
struct outreach_pace outreach_pace_of(const struct outreach *outreach, unsigned series);
struct slice outreach_mailbox(const struct outreach *outreach);

/* outreach_host.c: processes of our host; their argument is the struct outreach. */
void outreach_furnish(struct task *t, void *outreach);
void outreach_look_at_end(struct task *t, void *outreach);

/* outreach_owner.c: from now on he comes by. */
void outreach_owner_start(struct outreach *outreach);

/* outreach_receiver.c: a process. */
void outreach_receiver_main(struct task *t, void *outreach);
/* One connection to it, or to the provider's submission, to its end. Closes the stream. */
void outreach_receive(struct task *t, struct outreach *outreach, struct stream *stream, bool is_submission);

/* outreach_answer.c: the person got a letter; a follow-up may be about to come. */
void outreach_got(struct outreach *outreach, const struct outreach_letter *letter);
bool outreach_race(struct outreach *outreach);

/* outreach_trouble.c */
void outreach_dns(struct outreach *outreach);
void outreach_trouble_start(struct run *run);
void outreach_shake(struct outreach *outreach);
/* Now, or for so long from now. */
void outreach_happened(struct outreach *outreach, int64_t ms);
void outreach_jump_clock(struct outreach *outreach, int64_t by_ms);
/* The machine that our host's letters go to. */
struct sim_machine *outreach_other_machine(const struct outreach *outreach);

/* outreach_check.c: each letter and visit as it ends; whether all got what they are to get; what is missing.
 */
void outreach_check_letter(struct outreach *outreach, unsigned letter);
void outreach_check_visit(struct outreach *outreach, unsigned visit);
bool outreach_is_complete(struct outreach *outreach);
void outreach_check_all(struct outreach *outreach);
/* What the store says that it sent, at this time of its clock. */
void outreach_check_sent(struct outreach *outreach, struct slice address, struct slice id, unsigned step,
                         int64_t wall_ms, uint64_t campaign);

#endif

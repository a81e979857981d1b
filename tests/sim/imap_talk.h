/*
 * A client's side of IMAP: logging in, commands with their untagged replies, and what all clients
 * read in the same way (RFC 9051, RFC 7162). A reply that contradicts the ledger is told to it.
 */
#ifndef SIM_IMAP_TALK_H
#define SIM_IMAP_TALK_H

#include "clients.h"
#include "talk.h"

/* Flags beyond store/model.h's: a keyword of the simulation. */
enum {
    IMAP_FLAG_KEYWORD = 1 << 5,
    IMAP_FLAGS = 6,
    IMAP_FLAGS_ALL = (1 << IMAP_FLAGS) - 1,
    IMAP_LISTED_MAX = 2048
};

struct imap_talk {
    struct run *run;
    unsigned account;
    struct talk talk;
    unsigned tag;
    /* The tagged reply to the last command, behind its tag. */
    struct buffer answer;
    /* Of the selected mailbox. */
    unsigned box;
    struct ledger_mailbox said;
    uint32_t exists;
};

/* Handles one untagged line. False: the connection broke within. */
typedef bool imap_line_fn(struct task *t, void *context, struct slice line);

void imap_talk_init(struct imap_talk *talk, struct run *run, unsigned account);
/* False: there is no session. imap_talk_close either way. */
bool imap_talk_open(struct task *t, struct imap_talk *talk);
void imap_talk_close(struct imap_talk *talk);
/* Says a command and gives each untagged line to `take`; true at its OK. */
bool imap_talk_command(struct task *t, struct imap_talk *talk, imap_line_fn *take, void *context,
                       const char *format, ...) PRINTF_LIKE(5, 6);
/* The same for a command that was said already, but for its end. */
bool imap_talk_finish(struct task *t, struct imap_talk *talk, imap_line_fn *take, void *context,
                      const char *what);
/* SELECTs with this behind the mailbox's name; what it said may contradict nothing that was known before.
   Untagged lines go to `take` (NULL: nobody) too. */
bool imap_talk_select(struct task *t, struct imap_talk *talk, unsigned box, const char *parameters,
                      imap_line_fn *take, void *context);

/* The text of a message of the ledger for a box of the account, told to the ledger. */
struct imap_append {
    unsigned box;
    uint32_t number;
    struct slice text;
};
/* APPENDs it, without waiting for the server's "+"; true at its OK. */
bool imap_talk_append(struct task *t, struct imap_talk *talk, imap_line_fn *take, void *context,
                      const struct imap_append *append);

/* The number behind `name`, or 0. */
uint64_t imap_number_after(struct slice line, struct slice name);
/* "* 3 FETCH (UID 7 FLAGS (\Seen) MODSEQ (12) ...": false where it is none of a UID. */
bool imap_take_sight(struct slice line, struct ledger_sight *sight);
/* "(\Seen $Sim)" */
void imap_write_flags(struct buffer *out, unsigned flags);
/* "1:3,7", the UIDs of it, at most so many; how many. */
size_t imap_take_uids(struct slice *text, uint32_t *uids, size_t max);

#endif

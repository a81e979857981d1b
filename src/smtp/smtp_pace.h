/*
 * Content on its way in takes time, and a client may be slow but not without end: it may
 * pause for settings.data_ms, and after a grace its bytes must have come at a minimum rate. And
 * it may be fast, but not so that no other connection has its turn.
 */
#ifndef SMTP_SMTP_PACE_H
#define SMTP_SMTP_PACE_H

#include "smtp/smtp_session.h"

struct smtp_pace {
    int64_t began_ms;
    /* As they came over the wire; the reader counts. */
    uint64_t wire_bytes;
    /* Since others had their turn. */
    uint64_t turn_bytes;
};

struct smtp_pace smtp_pace_begin(struct env *env);
/* Waits for more content. False: there is none to come, and the connection ends with *reply. */
bool smtp_pace_fill(struct task *t, struct smtp_session *session, const struct smtp_pace *pace,
                    struct smtp_reply *reply);
/* So many bytes more were dealt with. May wait for a turn of the loop. */
void smtp_pace_turn(struct task *t, struct smtp_pace *pace, uint64_t bytes);

#endif

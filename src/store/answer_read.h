/* Rows of answers as structures (store/answer.h), for who reads them. */
#ifndef STORE_ANSWER_READ_H
#define STORE_ANSWER_READ_H

#include "store/answer_model.h"
#include "store/db.h"

#define ANSWER_QUERY                                                                                         \
    "SELECT outreach_answer.id, at_ms, prospect, outreach_answer.campaign, contact, outreach_answer.sender," \
    " message, kind, found, decision, corrected_kind, corrected_by, author, evidence,"                       \
    " coalesce(contact.address, ''), coalesce(campaign.name, ''), is_unsubscribe, interest, is_hard,"        \
    " return_ms, classifier FROM outreach_answer"                                                            \
    " LEFT JOIN contact ON contact.id = outreach_answer.contact"                                             \
    " LEFT JOIN campaign ON campaign.id = outreach_answer.campaign WHERE "

/* Of a row of that query; in `arena`. */
void answer_read_row(const struct db_rows *rows, struct arena *arena, struct outreach_answer *answer);

#endif

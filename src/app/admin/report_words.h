/* What reports say, and what to do about it, in the words of a person. */
#ifndef APP_REPORT_WORDS_H
#define APP_REPORT_WORDS_H

#include "wire/feedback.h"

/* How mail of one source came to fail DMARC, sorted by how much it tells. */
enum report_trouble {
    REPORT_TROUBLE_NONE,
    /* Nothing vouches for it at all. */
    REPORT_TROUBLE_UNKNOWN,
    /* Something vouches for another name: a service that sends for us, or somebody else's mail. */
    REPORT_TROUBLE_OTHER_NAME,
    /* A signature of our name that does not hold. */
    REPORT_TROUBLE_BROKEN_SIGNATURE,
    /* SPF or DKIM could not be looked at: DNS did not answer, or a record is wrong. */
    REPORT_TROUBLE_DNS,
    /* The reporter says that it was forwarded, or went through a list. */
    REPORT_TROUBLE_FORWARDED,
    REPORT_TROUBLES,
};

enum report_trouble report_trouble_of(const struct feedback *feedback, const struct feedback_record *record);
/* One word for JSON, a sentence, and one of advice. */
const char *report_trouble_word(enum report_trouble trouble);
const char *report_trouble_text(enum report_trouble trouble);
const char *report_trouble_advice(enum report_trouble trouble);

/* A result of TLS reports as a sentence, and what to do. TLS_RESULT_TYPES: one that is not known. */
const char *report_tls_text(enum tls_result_type type);
const char *report_tls_advice(enum tls_result_type type);

#endif

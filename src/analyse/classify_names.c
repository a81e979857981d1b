/* The words of a classification; declared in classify.h. */
#include "analyse/classify.h"

const char *classification_kind_name(enum classification_kind kind) {
    static const char *const names[CLASS_KINDS] = {"reply", "auto_reply", "out_of_office", "bounce",
                                                   "delay", "complaint",  "receipt",       "other"};
    return names[kind];
}

const char *interest_name(enum interest interest) {
    static const char *const names[INTERESTS] = {"neutral", "positive", "negative", "referral", "later"};
    return names[interest];
}

const char *category_name(enum category category) {
    static const char *const names[CATEGORIES] = {"primary", "promotions", "updates"};
    return names[category];
}

struct slice category_keyword(enum category category) {
    static const struct slice keywords[CATEGORIES] = {
        SLICE_INIT("$CategoryPrimary"), SLICE_INIT("$CategoryPromotions"), SLICE_INIT("$CategoryUpdates")};
    return keywords[category];
}

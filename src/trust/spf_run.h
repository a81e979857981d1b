/* One check under way: for the files spf*.c of this room. */
#ifndef TRUST_SPF_RUN_H
#define TRUST_SPF_RUN_H

#include "base/limits.h"
#include "trust/spf.h"
#include "wire/spf.h"

enum { SPF_FRAMES_MAX = SPF_ASKING_TERMS_MAX + 1 };

/* A record that is being evaluated: the first, or one that an include names. redirect puts another record
   into the frame. */
struct spf_frame {
    /* RFC 7208 4.1, <domain>. */
    struct slice domain;
    struct spf_record record;
    /* Terms that were not looked at. */
    struct slice rest;
    /* The term that was looked at last: where there is a frame above, the include that asked for it. */
    struct spf_term term;
};

enum spf_name_state { SPF_NAME_UNKNOWN, SPF_NAME_LEADS_BACK, SPF_NAME_DOES_NOT };

/* The names of the client's address (RFC 7208 5.5). */
struct spf_client_names {
    bool is_asked;
    enum dns_result result;
    struct slice names[SPF_CLIENT_NAMES_MAX];
    enum spf_name_state states[SPF_CLIENT_NAMES_MAX];
    size_t count;
};

struct spf_run {
    struct task *t;
    struct trust_lookups *lookups;
    struct spf_values values;
    struct spf_client_names client;
    struct spf_frame frames[SPF_FRAMES_MAX];
    size_t depth;
    struct spf_verdict verdict;
};

/* What came of a term. */
enum spf_outcome {
    SPF_NO_MATCH,
    SPF_MATCH,
    /* A record was put on top of the frames. */
    SPF_DEEPER,
    /* The verdict is there. */
    SPF_OVER,
};

static inline struct spf_frame *spf_top(struct spf_run *run) { return &run->frames[run->depth - 1]; }

/* ---- spf.c ---- */

/* Takes the record of `domain` into a new frame, or with `is_redirect` into the top one. SPF_DEEPER or
   SPF_OVER. */
enum spf_outcome spf_enter(struct spf_run *run, struct slice domain, bool is_redirect);

/* ---- spf_match.c ---- */

/* Whether the mechanism fits the client. The term is that of the top frame. */
enum spf_outcome spf_match(struct spf_run *run, const struct spf_term *term);
/* Counts one of the ten. SPF_NO_MATCH, or SPF_OVER. */
enum spf_outcome spf_count_term(struct spf_run *run);
/* Counts a question that nothing answers. The same. */
enum spf_outcome spf_count_void(struct spf_run *run);
/* What a domain-spec stands for, or the domain itself without one. SPF_NO_MATCH and the name, or SPF_OVER. */
enum spf_outcome spf_target(struct spf_run *run, struct slice spec, struct slice *name);
/* What a domain-spec in the record of the top frame stands for. Waits where it has a %{p}. */
struct slice spf_expand(struct spf_run *run, struct slice spec);
/* DNS can be asked for it. */
bool spf_is_askable(struct slice name);

/* ---- spf_client.c ---- */

/* RFC 7208 5.5: a name of the client's that leads back to it is `target`, or below it. */
enum spf_outcome spf_match_client(struct spf_run *run, struct slice target);
/* Sets values.client_name (RFC 7208 7.3, p) for the domain of the top frame. */
void spf_find_client_name(struct spf_run *run);

/* ---- spf_explain.c ---- */

/* RFC 7208 6.2, after a fail: verdict.explanation, or nothing. */
void spf_explain(struct spf_run *run);

/* ---- spf_words.c: the verdict and its reason; all return SPF_OVER ---- */

/* `term` decided, or with NULL the record's end did. */
enum spf_outcome spf_say_result(struct spf_run *run, enum trust_result result, const struct spf_term *term);
enum spf_outcome spf_say_none(struct spf_run *run, struct slice domain, const char *words);
/* The record that the top frame's term asked for is not there. */
enum spf_outcome spf_say_target_has_none(struct spf_run *run, struct slice domain, const char *words);
enum spf_outcome spf_say_unanswered(struct spf_run *run, struct slice name, uint16_t type,
                                    enum dns_result result);
/* A whole sentence behind the domain and the term of the top frame. */
enum spf_outcome spf_say_limit(struct spf_run *run, const char *words);
enum spf_outcome spf_say_several(struct spf_run *run, struct slice domain, size_t count);
enum spf_outcome spf_say_broken(struct spf_run *run, struct slice domain, struct slice record,
                                struct slice fault, enum spf_error error);
/* A stranger's text, cleaned and cut, in the arena. */
struct slice spf_quoted(struct arena *arena, struct slice text);

#endif

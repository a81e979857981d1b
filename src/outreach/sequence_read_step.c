/* The steps of a document: delay, condition, thread, versions. */
#include "outreach/sequence_parts.h"

enum { CLASS_BYTES_MAX = 32 };

/* A step as it is read: what its versions do not say themselves they have from it. */
struct step_draft {
    struct sequence_step *step;
    struct slice subject;
    struct slice body;
    struct slice html;
    const struct tree_node *versions;
    const struct tree_node *thread;
};

/* ---- texts with snippets ---- */

static unsigned line_of(struct slice text, size_t at) {
    unsigned line = 1;
    for (size_t i = 0; i < at && i < text.len; i++) line += text.ptr[i] == '\n';
    return line;
}

static void check_snippets(struct tree *tree, const struct tree_node *node, struct slice text) {
    size_t at = 0;
    enum snippet_fault fault = snippet_check(text, &at);
    if (fault)
        tree_fault(tree, node, "in line %u of this text: %s", line_of(text, at), snippet_fault_words(fault));
}

static void take_subject(struct tree *tree, const struct tree_node *node, struct slice *subject) {
    if (tree_is_nothing(node) || (node->kind == TREE_TEXT && node->text.len == 0)) return;
    if (tree_line(tree, node, SEQUENCE_SUBJECT_BYTES_MAX, subject)) check_snippets(tree, node, *subject);
}

static void take_body(struct tree *tree, const struct tree_node *node, struct slice *body) {
    if (tree_lines(tree, node, SEQUENCE_BODY_BYTES_MAX, body)) check_snippets(tree, node, *body);
}

static void take_html(struct tree *tree, const struct tree_node *node, struct slice *html) {
    if (!tree_is_nothing(node)) take_body(tree, node, html);
}

/* ---- condition ---- */

static void take_tri(struct tree *tree, const struct tree_node *node, enum sequence_tri *tri) {
    bool yes = false;
    if (node->kind == TREE_TEXT && slice_equal_nocase(node->text, SLICE("any")))
        *tri = SEQUENCE_ANY;
    else if (tree_yes_or_no(tree, node, &yes))
        *tri = yes ? SEQUENCE_YES : SEQUENCE_NO;
}
static void take_replied(struct tree *tree, const struct tree_node *node, void *target) {
    take_tri(tree, node, &((struct sequence_condition *)target)->replied);
}
static void take_bounced(struct tree *tree, const struct tree_node *node, void *target) {
    take_tri(tree, node, &((struct sequence_condition *)target)->bounced);
}

/* What an answer is taken for (analyse/classify.h): its interest, and answers that no person wrote. */
static bool is_class(struct slice word) {
    static const struct slice words[] = {
        SLICE_INIT("positive"), SLICE_INIT("neutral"),    SLICE_INIT("negative"),     SLICE_INIT("referral"),
        SLICE_INIT("later"),    SLICE_INIT("auto_reply"), SLICE_INIT("out_of_office")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_equal(word, words[i])) return true;
    return false;
}

static void take_class(struct tree *tree, const struct tree_node *node,
                       struct sequence_condition *condition) {
    struct slice word = SLICE_EMPTY;
    if (!tree_line(tree, node, CLASS_BYTES_MAX, &word)) return;
    if (is_class(word))
        condition->reply_classes[condition->reply_class_count++] = word;
    else
        tree_fault(tree, node,
                   "here belongs one of positive, neutral, negative, referral, later, auto_reply, "
                   "out_of_office");
}

static void take_classes(struct tree *tree, const struct tree_node *node, void *target) {
    if (node->kind == TREE_TEXT) {
        take_class(tree, node, target);
        return;
    }
    if (!tree_is_list(tree, node, SEQUENCE_CLASSES_MAX)) return;
    for (const struct tree_node *item = node->first; item; item = item->next) take_class(tree, item, target);
}

static void take_match_name(struct tree *tree, const struct tree_node *node, void *target) {
    struct sequence_match *match = target;
    tree_line(tree, node, SNIPPET_NAME_BYTES_MAX, &match->field);
}
static void take_match_is(struct tree *tree, const struct tree_node *node, void *target) {
    struct sequence_match *match = target;
    tree_line(tree, node, SEQUENCE_LINE_BYTES_MAX, &match->pattern);
}
static void take_match_is_not(struct tree *tree, const struct tree_node *node, void *target) {
    ((struct sequence_match *)target)->is_not = true;
    take_match_is(tree, node, target);
}

static const struct tree_key match_keys[] = {
    {"name", take_match_name}, {"is", take_match_is}, {"is_not", take_match_is_not}};
enum { MATCH_NAME_BIT = 1, MATCH_IS_BIT = 2, MATCH_IS_NOT_BIT = 4 };

static void take_matches(struct tree *tree, const struct tree_node *node, void *target) {
    struct sequence_condition *condition = target;
    if (!tree_is_list(tree, node, SEQUENCE_MATCHES_MAX)) return;
    for (const struct tree_node *item = node->first; item; item = item->next) {
        struct sequence_match *match = &condition->matches[condition->match_count++];
        unsigned seen = tree_take_map(tree, item, match_keys, 3, match);
        if (seen != (MATCH_NAME_BIT | MATCH_IS_BIT) && seen != (MATCH_NAME_BIT | MATCH_IS_NOT_BIT))
            tree_fault(tree, item, "a field is compared so: {name: country, is: DE}, or is_not");
    }
}

static const struct tree_key condition_keys[] = {{"replied", take_replied},
                                                 {"reply_class", take_classes},
                                                 {"bounced", take_bounced},
                                                 {"fields", take_matches}};

static void take_condition(struct tree *tree, const struct tree_node *node, void *target) {
    struct sequence_condition *condition = &((struct step_draft *)target)->step->condition;
    (void)tree_take_map(tree, node, condition_keys, 4, condition);
    for (size_t i = 0; i < condition->reply_class_count && condition->replied == SEQUENCE_NO; i++)
        if (!sequence_class_is_machine(condition->reply_classes[i]))
            tree_fault(tree, node,
                       "reply_class: %.*s asks for a person's answer, so it needs replied: yes or any",
                       SLICE_PRINT(condition->reply_classes[i]));
}

/* ---- versions ---- */

static void take_version_name(struct tree *tree, const struct tree_node *node, void *target) {
    tree_line(tree, node, SEQUENCE_NAME_BYTES_MAX, &((struct sequence_version *)target)->name);
}
static void take_version_weight(struct tree *tree, const struct tree_node *node, void *target) {
    tree_number(tree, node, 0, SEQUENCE_WEIGHT_MAX, &((struct sequence_version *)target)->weight);
}
static void take_version_subject(struct tree *tree, const struct tree_node *node, void *target) {
    take_subject(tree, node, &((struct sequence_version *)target)->subject);
}
static void take_version_body(struct tree *tree, const struct tree_node *node, void *target) {
    take_body(tree, node, &((struct sequence_version *)target)->body);
}
static void take_version_html(struct tree *tree, const struct tree_node *node, void *target) {
    take_html(tree, node, &((struct sequence_version *)target)->html);
}

static const struct tree_key version_keys[] = {{"name", take_version_name},
                                               {"weight", take_version_weight},
                                               {"subject", take_version_subject},
                                               {"body", take_version_body},
                                               {"html", take_version_html}};

static struct slice letter_name(size_t i) { return slice_sub(SLICE("ABCDEFGH"), i, 1); }

static void check_names(struct tree *tree, const struct step_draft *draft) {
    const struct sequence_step *step = draft->step;
    unsigned weights = 0;
    for (size_t i = 0; i < step->version_count; i++) {
        weights += step->versions[i].weight;
        for (size_t j = 0; j < i; j++)
            if (slice_equal(step->versions[i].name, step->versions[j].name))
                tree_fault(tree, draft->versions, "two versions are called '%.*s'",
                           SLICE_PRINT(step->versions[i].name));
    }
    if (weights == 0) tree_fault(tree, draft->versions, "every version has weight 0: none could be chosen");
}

static void take_versions(struct tree *tree, struct step_draft *draft) {
    struct sequence_step *step = draft->step;
    if (!tree_is_list(tree, draft->versions, SEQUENCE_VERSIONS_MAX)) return;
    for (const struct tree_node *item = draft->versions->first; item; item = item->next) {
        struct sequence_version *version = &step->versions[step->version_count];
        *version = (struct sequence_version){letter_name(step->version_count), 1, draft->subject, draft->body,
                                             draft->html};
        step->version_count++;
        (void)tree_take_map(tree, item, version_keys, 5, version);
    }
    if (step->version_count == 0) tree_fault(tree, draft->versions, "no version is here");
    check_names(tree, draft);
}

/* ---- steps ---- */

static void take_delay(struct tree *tree, const struct tree_node *node, void *target) {
    struct step_draft *draft = target;
    if (node->kind != TREE_TEXT || !delivery_delay_read(node->text, &draft->step->delay))
        tree_fault(tree, node,
                   "here belongs a time of at most 60 days: 3 working days, 2 days, 4 hours, 30 minutes");
}
static void take_thread(struct tree *tree, const struct tree_node *node, void *target) {
    struct step_draft *draft = target;
    draft->thread = node;
    draft->step->is_same_thread = node->kind == TREE_TEXT && slice_equal(node->text, SLICE("same"));
    if (node->kind != TREE_TEXT || (!draft->step->is_same_thread && !slice_equal(node->text, SLICE("new"))))
        tree_fault(tree, node, "here belongs same or new");
}
static void take_step_subject(struct tree *tree, const struct tree_node *node, void *target) {
    take_subject(tree, node, &((struct step_draft *)target)->subject);
}
static void take_step_body(struct tree *tree, const struct tree_node *node, void *target) {
    take_body(tree, node, &((struct step_draft *)target)->body);
}
static void take_step_html(struct tree *tree, const struct tree_node *node, void *target) {
    take_html(tree, node, &((struct step_draft *)target)->html);
}
/* Later, when subject and body are known. */
static void keep_versions(struct tree *tree, const struct tree_node *node, void *target) {
    (void)tree;
    ((struct step_draft *)target)->versions = node;
}

static const struct tree_key step_keys[] = {
    {"delay", take_delay},          {"condition", take_condition}, {"thread", take_thread},
    {"subject", take_step_subject}, {"body", take_step_body},      {"html", take_step_html},
    {"versions", keep_versions},
};
enum { STEP_DELAY_BIT = 1 };

static bool has_any_subject(const struct sequence_step *step) {
    for (size_t i = 0; i < step->version_count; i++)
        if (step->versions[i].subject.len) return true;
    return false;
}

static void check_version(struct tree *tree, const struct tree_node *node, const struct sequence_step *step,
                          const struct sequence_version *version) {
    if (version->body.len == 0)
        tree_fault(tree, node, "version %.*s has no body: write the text under body: |",
                   SLICE_PRINT(version->name));
    if (!step->is_same_thread && version->subject.len == 0)
        tree_fault(tree, node, "version %.*s needs a subject; without one a step goes on in its thread",
                   SLICE_PRINT(version->name));
    if (step->is_same_thread && version->subject.len)
        tree_fault(tree, node,
                   "in the same thread the subject is that of the first message: leave it out, "
                   "or write thread: new");
}

static bool is_after_something(const struct sequence_condition *condition) {
    return condition->replied == SEQUENCE_YES || condition->reply_class_count ||
           condition->bounced == SEQUENCE_YES;
}

static void check_step(struct tree *tree, const struct tree_node *node, const struct step_draft *draft,
                       bool has_delay) {
    const struct sequence_step *step = draft->step;
    bool is_first = node->number == 1;
    if (is_first && step->is_same_thread)
        tree_fault(tree, node, "the first step begins a thread: it needs a subject, and no thread: same");
    if (is_first && is_after_something(&step->condition))
        tree_fault(
            tree, node,
            "nothing can have come back before the first step: it takes no replied: yes, reply_class or "
            "bounced: yes");
    if (!is_first && !has_delay)
        tree_fault(tree, node, "a follow-up needs a delay, such as delay: 3 working days");
    for (size_t i = 0; i < step->version_count; i++)
        if (!is_first || !step->is_same_thread) check_version(tree, node, step, &step->versions[i]);
}

static void take_step(struct tree *tree, const struct tree_node *node, struct sequence_step *step) {
    struct step_draft draft = {.step = step};
    step->condition.bounced = SEQUENCE_ANY;
    unsigned seen = tree_take_map(tree, node, step_keys, sizeof step_keys / sizeof step_keys[0], &draft);
    if (node->kind != TREE_MAP) return;
    if (draft.versions)
        take_versions(tree, &draft);
    else
        step->versions[step->version_count++] =
            (struct sequence_version){letter_name(0), 1, draft.subject, draft.body, draft.html};
    if (!draft.thread) step->is_same_thread = !has_any_subject(step);
    check_step(tree, node, &draft, seen & STEP_DELAY_BIT);
}

void sequence_take_steps(struct tree *tree, const struct tree_node *node, void *target) {
    struct sequence *sequence = target;
    if (!tree_is_list(tree, node, SEQUENCE_STEPS_MAX)) return;
    if (node->count == 0) tree_fault(tree, node, "a sequence has at least one step");
    sequence->steps = ARENA_NEW_ARRAY(tree->arena, struct sequence_step, node->count + 1);
    for (const struct tree_node *item = node->first; item; item = item->next)
        take_step(tree, item, &sequence->steps[sequence->step_count++]);
}

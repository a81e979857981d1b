#include "trust/dmarc_walk.h"

struct dmarc_walk dmarc_walk_from(struct slice domain) {
    return (struct dmarc_walk){.domain = domain, .target = domain, .is_done = domain.len == 0};
}

static size_t label_count(struct slice domain) {
    size_t count = 0;
    for (; domain.len; count++) {
        (void)slice_take_until(&domain, '.');
        (void)slice_take_byte(&domain, '.');
    }
    return count;
}

static struct slice without_label(struct slice domain) {
    (void)slice_take_until(&domain, '.');
    (void)slice_take_byte(&domain, '.');
    return domain;
}

/* RFC 9989 4.10, steps 4 and 7. */
static struct slice next_target(struct slice target) {
    size_t labels = label_count(target);
    do {
        target = without_label(target);
    } while (--labels > DMARC_WALK_LABELS_MAX);
    return target;
}

/* RFC 9989 4.10, step 2: the one record among the texts of a name; of several none counts. */
static bool find_record(const struct trust_texts *texts, struct dmarc_place *place) {
    size_t count = 0;
    for (size_t i = 0; i < texts->count; i++) {
        struct dmarc_record record;
        if (!dmarc_record_parse(texts->items[i], &record, NULL)) continue;
        place->record = record;
        place->text = texts->items[i];
        count++;
    }
    return count == 1;
}

static struct trust_texts ask(struct task *t, struct trust_lookups *lookups, struct slice target) {
    struct slice name = arena_printf(lookups->arena, "_dmarc.%.*s", SLICE_PRINT(target));
    return trust_look_up_texts(t, lookups, name);
}

void dmarc_walk_step(struct task *t, struct trust_lookups *lookups, struct dmarc_walk *walk) {
    if (walk->is_done) return;
    struct trust_texts texts = ask(t, lookups, walk->target);
    walk->is_unsure = trust_is_unsure(texts.result);
    struct dmarc_place place = {.domain = walk->target};
    bool is_found = find_record(&texts, &place);
    if (is_found) walk->places[walk->place_count++] = place;
    walk->target = next_target(walk->target);
    walk->is_done =
        walk->is_unsure || walk->target.len == 0 || (is_found && place.record.psd != DMARC_PSD_UNSAID);
}

void dmarc_walk_finish(struct task *t, struct trust_lookups *lookups, struct dmarc_walk *walk) {
    while (!walk->is_done) dmarc_walk_step(t, lookups, walk);
}

const struct dmarc_place *dmarc_walk_first(const struct dmarc_walk *walk) {
    return walk->place_count && walk->places[0].domain.len == walk->domain.len ? &walk->places[0] : NULL;
}

/* The end of `domain` that has one label more than `suffix`, which it ends with. */
static struct slice one_below(struct slice domain, struct slice suffix) {
    size_t dot = domain.len - suffix.len - 1;
    size_t before = slice_find_last_byte(slice_sub(domain, 0, dot), '.');
    return before == SLICE_NOT_FOUND ? domain : slice_skip(domain, before + 1);
}

struct slice dmarc_walk_organization(const struct dmarc_walk *walk) {
    if (walk->place_count == 0) return walk->domain;
    /* A record with "psd" ended the walk, so it is the last one. */
    const struct dmarc_place *last = &walk->places[walk->place_count - 1];
    bool is_suffix = last->record.psd == DMARC_PSD_YES && last->domain.len < walk->domain.len;
    return is_suffix ? one_below(walk->domain, last->domain) : last->domain;
}

const struct dmarc_place *dmarc_walk_policy(const struct dmarc_walk *walk) {
    const struct dmarc_place *first = dmarc_walk_first(walk);
    if (first || walk->place_count == 0) return first;
    struct slice organization = dmarc_walk_organization(walk);
    for (size_t i = 0; i < walk->place_count; i++)
        if (walk->places[i].domain.len == organization.len) return &walk->places[i];
    /* RFC 9989 4.10.1: the public suffix's is the last resort. */
    const struct dmarc_place *last = &walk->places[walk->place_count - 1];
    return last->record.psd == DMARC_PSD_YES ? last : NULL;
}

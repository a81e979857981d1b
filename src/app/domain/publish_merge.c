#include "app/domain/publish_merge.h"

#include "base/limits.h"
#include "trust/dnscheck.h"
#include "trust/spf_merge.h"
#include "wire/spf.h"

enum { ROWS_MAX = PUBLISH_ROWS_MAX + 8 * TRUST_TXT_RECORDS_MAX };

struct merging {
    struct trust_lookups *lookups;
    struct publish_rows rows;
};

static void keep(struct merging *merging, const struct publish_row *beside, struct slice value) {
    if (merging->rows.count == ROWS_MAX) return;
    struct publish_row *row = &merging->rows.items[merging->rows.count++];
    *row = *beside;
    row->value = value;
    row->is_kept = true;
}

static void merge_spf(struct merging *merging, struct publish_row *row, const struct trust_texts *texts) {
    struct slice merged;
    if (texts->count == 0) return;
    if (!spf_merge(merging->lookups->arena, texts->items, texts->count, row->value, &merged)) {
        row->note = SLICE("What is there is too long, or cannot be read, and is no part of it.");
        return;
    }
    row->note =
        slice_equal(merged, texts->items[0]) && texts->count == 1
            ? SLICE("It is there already, and says what it has to.")
            : arena_printf(merging->lookups->arena, "In the place of what is there, which is part of it: "
                                                    "change that record, and do not add a second one.");
    row->value = merged;
}

static bool merge_texts(struct task *t, struct merging *merging, struct publish_row *row) {
    struct trust_texts all = trust_look_up_texts(t, merging->lookups, row->name);
    if (trust_is_unsure(all.result)) return false;
    struct slice *spf = ARENA_NEW_ARRAY(merging->lookups->arena, struct slice, all.count ? all.count : 1);
    struct trust_texts texts = {.items = spf};
    for (size_t i = 0; i < all.count; i++) {
        if (spf_is_record(all.items[i]))
            spf[texts.count++] = all.items[i];
        else
            keep(merging, row, all.items[i]);
    }
    merge_spf(merging, row, &texts);
    return true;
}

static bool merge_caa(struct task *t, struct merging *merging, struct publish_row *row) {
    struct dns_answer answer;
    enum dns_result result = trust_look_up(t, merging->lookups, row->name, DNS_CAA, &answer);
    if (trust_is_unsure(result)) return false;
    for (size_t i = 0; result == DNS_OK && i < answer.count; i++) {
        struct slice value = trust_record_text(merging->lookups->arena, DNS_CAA, answer.records[i]);
        if (!slice_equal_nocase(value, row->value)) keep(merging, row, value);
    }
    return true;
}

bool publish_merge(struct task *t, struct trust_lookups *lookups, struct publish_rows *rows,
                   struct slice *name) {
    struct merging merging = {.lookups = lookups};
    merging.rows.items = ARENA_NEW_ARRAY(lookups->arena, struct publish_row, ROWS_MAX);
    merging.rows.count = rows->count;
    memcpy(merging.rows.items, rows->items, rows->count * sizeof *rows->items);
    for (size_t i = 0; i < rows->count; i++) {
        struct publish_row *row = &merging.rows.items[i];
        bool is_spf = row->kind == PUBLISH_SPF || row->kind == PUBLISH_SPF_HELO;
        bool is_good = is_spf                     ? merge_texts(t, &merging, row)
                       : row->kind == PUBLISH_CAA ? merge_caa(t, &merging, row)
                                                  : true;
        *name = row->name;
        if (!is_good) return false;
    }
    *rows = merging.rows;
    return true;
}

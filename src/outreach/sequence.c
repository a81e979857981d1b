#include "outreach/sequence.h"

#include <openssl/evp.h>

#include "base/pattern.h"

/* ---- texts ---- */

static bool is_inside_word(struct slice text, size_t at) {
    return at < text.len && (ascii_is_alnum(text.ptr[at]) || text.ptr[at] >= 0x80);
}

/* Whether what begins and ends here is cut out of a longer word. */
static bool is_cut(struct slice text, size_t at, struct slice words) {
    bool goes_on_before = at > 0 && is_inside_word(text, at - 1) && is_inside_word(words, 0);
    return goes_on_before || (is_inside_word(text, at + words.len) && is_inside_word(words, words.len - 1));
}

bool sequence_text_says(struct slice text, struct slice words) {
    if (words.len == 0) return true;
    for (size_t from = 0; from < text.len;) {
        size_t at = slice_find(slice_skip(text, from), words);
        if (at == SLICE_NOT_FOUND) return false;
        if (!is_cut(text, from + at, words)) return true;
        from += at + 1;
    }
    return false;
}

/* ---- versions ---- */

static void put_number(uint8_t *bytes, uint64_t number) {
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(number >> (8 * i));
}

/* A number that depends on both, evenly spread; it must never change. */
static uint64_t share_of(uint64_t contact_id, size_t step_number) {
    uint8_t bytes[16];
    uint8_t digest[EVP_MAX_MD_SIZE];
    put_number(bytes, contact_id);
    put_number(bytes + 8, step_number);
    if (!EVP_Digest(bytes, sizeof bytes, digest, NULL, EVP_sha256(), NULL)) FATAL("no SHA-256");
    uint64_t share = 0;
    for (int i = 0; i < 8; i++) share |= (uint64_t)digest[i] << (8 * i);
    return share;
}

size_t sequence_version_choose(const struct sequence_step *step, size_t step_number, uint64_t contact_id) {
    uint64_t weights = 0;
    for (size_t i = 0; i < step->version_count; i++) weights += step->versions[i].weight;
    if (weights == 0) return 0;
    uint64_t share = share_of(contact_id, step_number) % weights;
    size_t chosen = 0;
    while (share >= step->versions[chosen].weight) share -= step->versions[chosen++].weight;
    return chosen;
}

/* ---- when ---- */

int64_t sequence_due_ms(const struct sequence *sequence, size_t step_number, const struct delivery_zone *zone,
                        int64_t since_ms) {
    int64_t end_ms =
        delivery_delay_end_ms(sequence->steps[step_number].delay, &sequence->window, zone, since_ms);
    if (end_ms == DELIVERY_NEVER) return DELIVERY_NEVER;
    return delivery_window_next_ms(&sequence->window, zone, end_ms);
}

bool sequence_has_seconds(const struct sequence *sequence) {
    for (size_t i = 0; i < sequence->step_count; i++)
        if (sequence->steps[i].delay.unit == DELIVERY_SECONDS && sequence->steps[i].delay.count) return true;
    return false;
}

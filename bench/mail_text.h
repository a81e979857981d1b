/*
 * Text for the load generators: English-like words and sentences that follow from a seed, so that
 * every message differs, compresses as mail does, and is the same for every server in every run.
 */
#ifndef BENCH_MAIL_TEXT_H
#define BENCH_MAIL_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LINE_COLUMNS = 72 };

static const char *const words[] = {
    "the",      "of",       "and",      "to",       "we",      "a",        "in",       "that",    "is",
    "for",      "it",       "with",     "on",       "you",     "this",     "be",       "as",      "are",
    "will",     "have",     "not",      "at",       "our",     "from",     "by",       "an",      "can",
    "or",       "your",     "meeting",  "report",   "please",  "project",  "customer", "invoice", "contract",
    "delivery", "week",     "Monday",   "schedule", "update",  "question", "attached", "before",  "after",
    "review",   "draft",    "price",    "number",   "team",    "office",   "change",   "server",  "budget",
    "quarter",  "because",  "should",   "would",    "could",   "already",  "together", "another", "between",
    "document", "proposal", "answer",   "deadline", "request", "travel",   "hotel",    "train",   "supplier",
    "machine",  "garden",   "holiday",  "weather",  "family",  "thanks",   "regards",  "morning", "evening",
    "decision", "problem",  "solution", "example",  "version", "release",  "security", "account", "payment",
};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

/* splitmix64: every message has its own stream, so bodies do not depend on timing. */
static uint64_t random_next(uint64_t *random) {
    uint64_t z = (*random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Early words are common and late ones rare, as in a language. */
static const char *word_next(uint64_t *random) {
    uint64_t bits = random_next(random);
    uint64_t a = (bits & 0xffff) % WORD_COUNT;
    uint64_t b = (bits >> 16 & 0xffff) % WORD_COUNT;
    return words[a < b ? a : b];
}

static size_t put_text(char *out, size_t at, const char *text) {
    size_t len = strlen(text);
    memcpy(out + at, text, len);
    return at + len;
}

/* Sentences in lines of at most LINE_COLUMNS, until `end`; now and then a figure or a blank line. */
static size_t put_body(char *out, size_t at, size_t end, uint64_t *random) {
    size_t column = 0;
    bool sentence_starts = true;
    while (at + 2 * LINE_COLUMNS < end) {
        uint64_t dice = random_next(random) % 64;
        char word[32];
        (void)snprintf(word, sizeof word, "%s", word_next(random));
        if (dice == 0) (void)snprintf(word, sizeof word, "%u", (unsigned)(random_next(random) % 100000));
        if (sentence_starts && word[0] >= 'a' && word[0] <= 'z') word[0] = (char)(word[0] - 32);
        sentence_starts = dice >= 58;
        size_t before = at;
        at = put_text(out, at, column ? " " : "");
        at = put_text(out, at, word);
        at = put_text(out, at, sentence_starts ? "." : dice == 50 ? "," : "");
        column += at - before;
        if (column < LINE_COLUMNS - 12 && dice != 63) continue;
        at = put_text(out, at, dice == 63 ? "\r\n\r\n" : "\r\n");
        column = 0;
    }
    return put_text(out, at, column ? "\r\n" : "");
}

#endif

/* The words of a refusal made fit for phrases, their codes, and the place they tell of; see bounce_reason.h.
 */
#include "analyse/bounce_reason.h"
#include "analyse/phrase.h"
#include "base/limits_classify.h"
#include "wire/charset.h"

static bool is_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct slice take_word(struct slice *rest) {
    while (rest->len && is_space(rest->ptr[0])) *rest = slice_skip(*rest, 1);
    size_t len = 0;
    while (len < rest->len && !is_space(rest->ptr[len])) len++;
    return slice_take(rest, len);
}

/* ---- codes ---- */

/* "550", "550-5.1.1", "550:", "#550"; not "5501", "550.1" or a part of an address. */
static uint32_t reply_of(struct slice word) {
    while (word.len && !ascii_is_alnum(word.ptr[0])) word = slice_skip(word, 1);
    bool is_one = word.len >= 3 && (word.ptr[0] == '4' || word.ptr[0] == '5') && word.ptr[1] <= '5' &&
                  ascii_is_digit(word.ptr[1]) && ascii_is_digit(word.ptr[2]);
    bool goes_on = word.len > 3 && (ascii_is_alnum(word.ptr[3]) || word.ptr[3] == '.' || word.ptr[3] == '/');
    if (!is_one || goes_on) return 0;
    return (uint32_t)(word.ptr[0] - '0') * 100 + (uint32_t)(word.ptr[1] - '0') * 10 +
           (uint32_t)(word.ptr[2] - '0');
}

/* A code that says more: one with a detail before X.0.0, one that is not X.1.0, which hosts use for anything.
 */
static unsigned weight(struct delivery_code code) {
    if (code.class == 0 || code.class == 2) return 0;
    if (code.subject == 0) return 1;
    return code.detail == 0 ? 2 : 3;
}

static void read_codes(struct slice words, struct bounce_words *read) {
    struct slice rest = words;
    for (struct slice word = take_word(&rest); word.len; word = take_word(&rest)) {
        struct delivery_code code = {0};
        uint32_t reply = reply_of(word);
        if (reply && read->reply == 0) read->reply = reply;
        bool has_code = slice_find_byte(word, '@') == SLICE_NOT_FOUND && delivery_code_find(word, &code);
        if (has_code && weight(code) > weight(read->code)) read->code = code;
    }
}

/* ---- words ---- */

/* Names of blocklists: a host or URL with one of them says why. */
static const struct slice blocklists[] = {
    SLICE_INIT("spamhaus"),    SLICE_INIT("spamcop"),
    SLICE_INIT("sorbs"),       SLICE_INIT("barracudacentral"),
    SLICE_INIT("abuseat"),     SLICE_INIT("dnsbl"),
    SLICE_INIT("rbl"),         SLICE_INIT("uceprotect"),
    SLICE_INIT("cloudmark"),   SLICE_INIT("proofpoint.com/dns"),
    SLICE_INIT("senderscore"), SLICE_INIT("sender.office.com"),
    SLICE_INIT("mxtoolbox"),   SLICE_INIT("psbl"),
    SLICE_INIT("/bl/"),
};

/* A word of Exchange, dots and all, that says what happened. */
static bool is_term(struct slice word) {
    return slice_starts(word, SLICE("resolver.")) || slice_starts(word, SLICE("smtpsend.")) ||
           slice_starts(word, SLICE("storedrv."));
}

/* It names a host: letters, a dot, letters. */
static bool is_host(struct slice word) {
    for (size_t i = 1; i + 1 < word.len; i++) {
        bool is_dot =
            word.ptr[i] == '.' && ascii_is_alnum(word.ptr[i - 1]) && ascii_is_alnum(word.ptr[i + 1]);
        if (is_dot && !(ascii_is_digit(word.ptr[i - 1]) && ascii_is_digit(word.ptr[i + 1]))) return true;
    }
    return false;
}

static bool may_hold_anything(struct slice word) {
    return slice_find_byte(word, '@') != SLICE_NOT_FOUND ||
           slice_find(word, SLICE("://")) != SLICE_NOT_FOUND || is_host(word);
}

static void append_clean(struct buffer *out, struct slice folded) {
    buffer_append_byte(out, ' ');
    for (struct slice word = take_word(&folded); word.len; word = take_word(&folded)) {
        if (!is_term(word) && may_hold_anything(word)) {
            bool names_list = phrase_any(word, PHRASES(blocklists)) != NULL;
            word = names_list ? SLICE("blocklist") : SLICE("-");
        }
        buffer_append(out, word);
        buffer_append_byte(out, ' ');
    }
}

void bounce_words_read(struct arena *arena, struct slice words, struct bounce_words *read) {
    *read = (struct bounce_words){0};
    words = utf8_cut(words, BOUNCE_WORDS_BYTES_MAX);
    struct buffer folded = buffer_new(BOUNCE_WORDS_BYTES_MAX + 16);
    struct buffer clean = buffer_new(2 * (size_t)BOUNCE_WORDS_BYTES_MAX);
    phrase_fold(&folded, words);
    append_clean(&clean, buffer_slice(&folded));
    read_codes(words, read);
    if (!arena_try_copy(arena, buffer_slice(&folded), &read->folded)) read->folded = SLICE_EMPTY;
    if (!arena_try_copy(arena, buffer_slice(&clean), &read->clean)) read->clean = SLICE_EMPTY;
    buffer_free(&folded);
    buffer_free(&clean);
}

/* ---- the place ---- */

/* What reporters write of it. The first row that fits counts. */
static const struct {
    struct slice phrase;
    enum bounce_stage stage;
} stages[] = {
    /* Postfix, Exim, qmail, DragonFly, Yahoo, SendGrid, AXIGEN, GMX. */
    {SLICE_INIT("in reply to rcpt to"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("after rcpt to"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("does not like recipient"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("did not like our rcpt to"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("[rcpt_to]"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("in rcpt to"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("following rcpt command"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("after rcpt command"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("for rcpt command"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("rejected recipient <"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("smtp command rcpt"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("smtp:rcpt host"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("smtp:mail host"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("smtp:data host"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("sent <<< rcpt to"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("sent <<< data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("sent <<< mail from"), BOUNCE_STAGE_MAIL},
    /* Google's older reports. */
    {SLICE_INIT("(state 13)"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("(state 14)"), BOUNCE_STAGE_RCPT},
    {SLICE_INIT("(state 15)"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("(state 16)"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("(state 17)"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("(state 18)"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("in reply to end of data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("in reply to data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("after end of data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("after data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("after i sent the message"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("failed on data command"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("for text command"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("for data command"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("your message (data)"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("smtp command data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("did not like our data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("did not like our message"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("smtp transmission failure has occurred"), BOUNCE_STAGE_DATA},
    {SLICE_INIT("in reply to mail from"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("after mail from"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("but sender was rejected"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("did not like our mail from"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("[mail_from]"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("rejected mail from"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT("after initial connection"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("refused to talk to me"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("but greeting failed"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("but my name was rejected"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("in reply to ehlo"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("in reply to helo"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("after ehlo"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("after helo"), BOUNCE_STAGE_CONNECT},
    /* Transcripts: the command that was sent last before the refusal. */
    {SLICE_INIT(">>> rcpt to"), BOUNCE_STAGE_RCPT},
    /* Sendmail sends its commands at once, and prints what came back below DATA. It says "User unknown"
       itself where the address was refused, and "Service unavailable" where the message was. */
    {SLICE_INIT("554 5.0.0 service unavailable"), BOUNCE_STAGE_DATA},
    {SLICE_INIT(">>> data~<<< 5~550 5.1.1 <"), BOUNCE_STAGE_RCPT_LIKELY},
    {SLICE_INIT(">>> data"), BOUNCE_STAGE_DATA},
    {SLICE_INIT(">>> mail from"), BOUNCE_STAGE_MAIL},
    {SLICE_INIT(">>> ehlo"), BOUNCE_STAGE_CONNECT},
    {SLICE_INIT("remote smtp server has rejected address"), BOUNCE_STAGE_RCPT_LIKELY},
};

enum bounce_stage bounce_stage_of(struct slice folded) {
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (phrase_find(folded, stages[i].phrase) != SLICE_NOT_FOUND) return stages[i].stage;
    return BOUNCE_STAGE_UNKNOWN;
}

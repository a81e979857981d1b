#include "analyse/return_date.h"

#include "analyse/phrase.h"
#include "wire/date.h"

enum {
    DAYS_AHEAD_MAX = 366,
    /* A date without a year that has just passed is an old text, not next year's. */
    DAYS_PASSED = 60,
    /* How far around a date is looked for words about coming back. */
    BEFORE_BYTES = 70,
    AFTER_BYTES = 50,
    FILLERS_MAX = 5,
};

/* ---- names ---- */

struct name {
    struct slice word;
    int number;
};
#define NAME(word, number) \
    { SLICE_INIT(word), number }

static const struct name months[] = {
    NAME("january", 1),   NAME("jan", 1),        NAME("januar", 1),        NAME("janner", 1),
    NAME("janvier", 1),   NAME("janv", 1),       NAME("enero", 1),         NAME("ene", 1),
    NAME("stycznia", 1),  NAME("styczen", 1),    NAME("gennaio", 1),       NAME("januari", 1),
    NAME("janeiro", 1),   NAME("february", 2),   NAME("feb", 2),           NAME("februar", 2),
    NAME("fevrier", 2),   NAME("fevr", 2),       NAME("febrero", 2),       NAME("lutego", 2),
    NAME("luty", 2),      NAME("febbraio", 2),   NAME("februari", 2),      NAME("fevereiro", 2),
    NAME("march", 3),     NAME("mar", 3),        NAME("marz", 3),          NAME("maerz", 3),
    NAME("mrz", 3),       NAME("mars", 3),       NAME("marzo", 3),         NAME("marca", 3),
    NAME("marzec", 3),    NAME("maart", 3),      NAME("marco", 3),         NAME("april", 4),
    NAME("apr", 4),       NAME("avril", 4),      NAME("avr", 4),           NAME("abril", 4),
    NAME("abr", 4),       NAME("kwietnia", 4),   NAME("kwiecien", 4),      NAME("aprile", 4),
    NAME("may", 5),       NAME("mai", 5),        NAME("mayo", 5),          NAME("maja", 5),
    NAME("maj", 5),       NAME("maggio", 5),     NAME("mei", 5),           NAME("maio", 5),
    NAME("june", 6),      NAME("jun", 6),        NAME("juni", 6),          NAME("juin", 6),
    NAME("junio", 6),     NAME("czerwca", 6),    NAME("czerwiec", 6),      NAME("giugno", 6),
    NAME("junho", 6),     NAME("july", 7),       NAME("jul", 7),           NAME("juli", 7),
    NAME("juillet", 7),   NAME("juil", 7),       NAME("julio", 7),         NAME("lipca", 7),
    NAME("lipiec", 7),    NAME("luglio", 7),     NAME("julho", 7),         NAME("august", 8),
    NAME("aug", 8),       NAME("aout", 8),       NAME("agosto", 8),        NAME("ago", 8),
    NAME("sierpnia", 8),  NAME("sierpien", 8),   NAME("augustus", 8),      NAME("september", 9),
    NAME("sept", 9),      NAME("sep", 9),        NAME("septembre", 9),     NAME("septiembre", 9),
    NAME("wrzesnia", 9),  NAME("wrzesien", 9),   NAME("settembre", 9),     NAME("setembro", 9),
    NAME("october", 10),  NAME("oct", 10),       NAME("oktober", 10),      NAME("okt", 10),
    NAME("octobre", 10),  NAME("octubre", 10),   NAME("pazdziernika", 10), NAME("pazdziernik", 10),
    NAME("ottobre", 10),  NAME("outubro", 10),   NAME("november", 11),     NAME("nov", 11),
    NAME("novembre", 11), NAME("noviembre", 11), NAME("listopada", 11),    NAME("listopad", 11),
    NAME("novembro", 11), NAME("december", 12),  NAME("dec", 12),          NAME("dezember", 12),
    NAME("dez", 12),      NAME("decembre", 12),  NAME("diciembre", 12),    NAME("dic", 12),
    NAME("grudnia", 12),  NAME("grudzien", 12),  NAME("dicembre", 12),     NAME("dezembro", 12),
};

/* 0 is Monday. */
static const struct name weekdays[] = {
    NAME("monday", 0),       NAME("montag", 0),       NAME("lundi", 0),     NAME("lunes", 0),
    NAME("poniedzialek", 0), NAME("poniedzialku", 0), NAME("lunedi", 0),    NAME("maandag", 0),
    NAME("tuesday", 1),      NAME("tue", 1),          NAME("tues", 1),      NAME("dienstag", 1),
    NAME("mardi", 1),        NAME("martes", 1),       NAME("wtorek", 1),    NAME("wtorku", 1),
    NAME("martedi", 1),      NAME("dinsdag", 1),      NAME("wednesday", 2), NAME("wed", 2),
    NAME("mittwoch", 2),     NAME("mercredi", 2),     NAME("miercoles", 2), NAME("sroda", 2),
    NAME("srode", 2),        NAME("srody", 2),        NAME("mercoledi", 2), NAME("woensdag", 2),
    NAME("thursday", 3),     NAME("thu", 3),          NAME("thurs", 3),     NAME("donnerstag", 3),
    NAME("jeudi", 3),        NAME("jueves", 3),       NAME("czwartek", 3),  NAME("czwartku", 3),
    NAME("giovedi", 3),      NAME("donderdag", 3),    NAME("friday", 4),    NAME("fri", 4),
    NAME("freitag", 4),      NAME("vendredi", 4),     NAME("viernes", 4),   NAME("piatek", 4),
    NAME("piatku", 4),       NAME("venerdi", 4),      NAME("vrijdag", 4),   NAME("saturday", 5),
    NAME("samstag", 5),      NAME("sonnabend", 5),    NAME("samedi", 5),    NAME("sabado", 5),
    NAME("sobota", 5),       NAME("sobote", 5),       NAME("soboty", 5),    NAME("sabato", 5),
    NAME("zaterdag", 5),     NAME("sunday", 6),       NAME("sonntag", 6),   NAME("dimanche", 6),
    NAME("domingo", 6),      NAME("niedziela", 6),    NAME("niedziele", 6), NAME("niedzieli", 6),
    NAME("domenica", 6),     NAME("zondag", 6),
};

static bool find_name(struct slice word, const struct name *names, size_t count, int *number) {
    for (size_t i = 0; i < count; i++) {
        if (!slice_equal(word, names[i].word)) continue;
        *number = names[i].number;
        return true;
    }
    return false;
}

/* ---- pieces ---- */

static bool is_letter(uint8_t c) { return ascii_is_alnum(c) || c >= 0x80; }

static struct slice take_letters(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && is_letter(rest->ptr[len]) && !ascii_is_digit(rest->ptr[len])) len++;
    return slice_take(rest, len);
}

static void skip_blanks(struct slice *rest) {
    while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == ',' || rest->ptr[0] == '('))
        *rest = slice_skip(*rest, 1);
}

static bool take_month_name(struct slice *rest, int *month) {
    struct slice ahead = *rest;
    struct slice word = take_letters(&ahead);
    if (!find_name(word, months, sizeof months / sizeof months[0], month)) return false;
    (void)slice_take_byte(&ahead, '.');
    *rest = ahead;
    return true;
}

/* A day of the month, which no further digit follows. */
static bool take_day(struct slice *rest, int *day) {
    struct slice ahead = *rest;
    uint64_t number;
    if (!slice_take_number(&ahead, 31, &number) || number == 0) return false;
    *rest = ahead;
    *day = (int)number;
    return true;
}

/* A year of two digits or four; 0: there is none. */
static int take_year(struct slice *rest) {
    struct slice ahead = *rest;
    uint64_t number;
    size_t before = ahead.len;
    if (!slice_take_number(&ahead, 9999, &number)) return 0;
    size_t digits = before - ahead.len;
    bool goes_on = ahead.len && (is_letter(ahead.ptr[0]) || ahead.ptr[0] == ':');
    if (goes_on || (digits != 2 && digits != 4) || (digits == 4 && (number < 1970 || number > 2200)))
        return 0;
    *rest = ahead;
    return (int)(digits == 2 ? number + 2000 : number);
}

/* ---- one date ---- */

struct calendar {
    int64_t sent_day;
    bool is_american;
};

static bool month_has(int year, int month, int day) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (month == 2 && is_leap);
}

/* With the year that is meant. */
static bool settle(const struct calendar *calendar, int year, int month, int day, int64_t *result) {
    int this_year = date_split(calendar->sent_day * 24 * 3600 * 1000).year;
    int chosen = year ? year : this_year;
    if (!month_has(chosen, month, day)) return false;
    *result = date_days(chosen, month, day);
    if (year || *result >= calendar->sent_day - DAYS_PASSED) return true;
    if (!month_has(this_year + 1, month, day)) return false;
    *result = date_days(this_year + 1, month, day);
    return true;
}

/* 2026-03-14 */
static bool take_iso(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    struct slice ahead = *rest;
    uint64_t parts[3];
    for (size_t i = 0; i < 3; i++) {
        if (i && !slice_take_byte(&ahead, '-')) return false;
        if (!slice_take_number(&ahead, i ? 31 : 2200, &parts[i])) return false;
    }
    if (parts[0] < 1970 || !settle(calendar, (int)parts[0], (int)parts[1], (int)parts[2], day)) return false;
    *rest = ahead;
    return true;
}

/* 14.3., 14.3.26, 14/3/2026, 3/14 */
static bool take_numeric(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    struct slice ahead = *rest;
    int first;
    int second;
    if (!take_day(&ahead, &first) || ahead.len == 0) return false;
    uint8_t mark = ahead.ptr[0];
    if (mark != '.' && mark != '/' && mark != '-') return false;
    ahead = slice_skip(ahead, 1);
    if (mark == '.') skip_blanks(&ahead);
    if (!take_day(&ahead, &second)) return false;
    struct slice with_year = ahead;
    bool has_mark = slice_take_byte(&with_year, mark);
    if (mark == '.') skip_blanks(&with_year);
    int year = has_mark ? take_year(&with_year) : 0;
    /* "14.3" alone is a number, "9-17" are hours. */
    if (!has_mark && mark != '/') return false;
    if (mark == '-' && !year) return false;
    bool month_first = second > 12 || (mark == '/' && calendar->is_american && first <= 12);
    if (!settle(calendar, year, month_first ? first : second, month_first ? second : first, day))
        return false;
    *rest = year ? with_year : ahead;
    return true;
}

/* What may stand between a day and its month: "3rd of March", "3. Marz", "3 de marzo", "1er mars". */
static void skip_ordinal(struct slice *rest) {
    static const struct slice endings[] = {SLICE_INIT("st"),  SLICE_INIT("nd"), SLICE_INIT("rd"),
                                           SLICE_INIT("th"),  SLICE_INIT("er"), SLICE_INIT("ter"),
                                           SLICE_INIT("ten"), SLICE_INIT(".")};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct slice ahead = *rest;
        if (!slice_take_prefix(&ahead, endings[i]) || (ahead.len && ascii_is_alpha(ahead.ptr[0]))) continue;
        *rest = ahead;
        break;
    }
    skip_blanks(rest);
    if (!slice_take_prefix(rest, SLICE("of "))) (void)slice_take_prefix(rest, SLICE("de "));
}

/* 3 March 2026 */
static bool take_day_month(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    struct slice ahead = *rest;
    int number;
    int month;
    if (!take_day(&ahead, &number)) return false;
    skip_ordinal(&ahead);
    if (!take_month_name(&ahead, &month)) return false;
    struct slice behind = ahead;
    skip_blanks(&behind);
    if (!slice_take_prefix(&behind, SLICE("de "))) (void)slice_take_prefix(&behind, SLICE("del "));
    int year = take_year(&behind);
    if (!settle(calendar, year > 2000 || year == 0 ? year : 0, month, number, day)) return false;
    *rest = year ? behind : ahead;
    return true;
}

/* March 3rd, 2026 */
static bool take_month_day(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    struct slice ahead = *rest;
    int number;
    int month;
    if (!take_month_name(&ahead, &month)) return false;
    skip_blanks(&ahead);
    (void)slice_take_prefix(&ahead, SLICE("the "));
    if (!take_day(&ahead, &number)) return false;
    struct slice behind = ahead;
    skip_ordinal(&behind);
    int year = take_year(&behind);
    if (year < 1970) year = 0;
    if (!settle(calendar, year, month, number, day)) return false;
    *rest = year ? behind : ahead;
    return true;
}

static bool take_date(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    return take_iso(calendar, rest, day) || take_day_month(calendar, rest, day) ||
           take_month_day(calendar, rest, day) || take_numeric(calendar, rest, day);
}

/* Monday; or the date behind it. 1970-01-01 was a Thursday. */
static bool take_weekday(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    struct slice ahead = *rest;
    int weekday;
    if (!find_name(take_letters(&ahead), weekdays, sizeof weekdays / sizeof weekdays[0], &weekday))
        return false;
    struct slice behind = ahead;
    (void)slice_take_byte(&behind, '.');
    skip_blanks(&behind);
    static const struct slice articles[] = {SLICE_INIT("the "), SLICE_INIT("den "), SLICE_INIT("dem "),
                                            SLICE_INIT("le "),  SLICE_INIT("dia "), SLICE_INIT("dnia "),
                                            SLICE_INIT("il ")};
    for (size_t i = 0; i < sizeof articles / sizeof articles[0]; i++)
        if (slice_take_prefix(&behind, articles[i])) break;
    if (take_date(calendar, &behind, day)) {
        *rest = behind;
        return true;
    }
    int64_t today = (calendar->sent_day + 3) % 7;
    int64_t ahead_days = (weekday - today + 7) % 7;
    *day = calendar->sent_day + (ahead_days ? ahead_days : 7);
    *rest = ahead;
    return true;
}

static bool take_relative(const struct calendar *calendar, struct slice *rest, int64_t *day) {
    static const struct slice tomorrow[] = {
        SLICE_INIT("tomorrow"), SLICE_INIT("morgen"), SLICE_INIT("demain"), SLICE_INIT("manana"),
        SLICE_INIT("jutro"),    SLICE_INIT("domani"), SLICE_INIT("amanha")};
    static const struct slice next_week[] = {SLICE_INIT("next week"),
                                             SLICE_INIT("nachste woche"),
                                             SLICE_INIT("nachster woche"),
                                             SLICE_INIT("nachsten woche"),
                                             SLICE_INIT("kommende woche"),
                                             SLICE_INIT("kommender woche"),
                                             SLICE_INIT("la semaine prochaine"),
                                             SLICE_INIT("proxima semana"),
                                             SLICE_INIT("semana que viene"),
                                             SLICE_INIT("przyszlym tygodniu"),
                                             SLICE_INIT("przyszlego tygodnia"),
                                             SLICE_INIT("prossima settimana"),
                                             SLICE_INIT("volgende week")};
    struct slice word = *rest;
    word = take_letters(&word);
    for (size_t i = 0; i < sizeof tomorrow / sizeof tomorrow[0]; i++) {
        if (!slice_equal(word, tomorrow[i])) continue;
        *day = calendar->sent_day + 1;
        *rest = slice_skip(*rest, word.len);
        return true;
    }
    const struct slice *week = phrase_start(*rest, PHRASES(next_week));
    if (!week) return false;
    *day = calendar->sent_day + 7 - (calendar->sent_day + 3) % 7;
    *rest = slice_skip(*rest, week->len);
    return true;
}

/* ---- what is said of it ---- */

enum cue {
    CUE_NONE,
    CUE_FROM,
    /* "Between X and Y" ends with Y. */
    CUE_AND,
    /* The last day away. */
    CUE_LAST,
    /* The first day back. */
    CUE_UNTIL,
    CUE_BACK,
};

struct cue_word {
    struct slice word;
    enum cue cue;
};
#define CUE(word, cue) \
    { SLICE_INIT(word), CUE_##cue }

static const struct cue_word cue_words[] = {
    CUE("until", UNTIL),
    CUE("till", UNTIL),
    CUE("til", UNTIL),
    CUE("through", LAST),
    CUE("thru", LAST),
    CUE("to", LAST),
    CUE("and", AND),
    CUE("bis", LAST),
    CUE("einschliesslich", LAST),
    CUE("einschlieslich", LAST),
    CUE("einschl", LAST),
    CUE("inklusive", LAST),
    CUE("inkl", LAST),
    CUE("incl", LAST),
    CUE("including", LAST),
    CUE("und", AND),
    CUE("et", AND),
    CUE("y", AND),
    CUE("a", AND),
    CUE("jusqu'au", LAST),
    CUE("jusqu'a", LAST),
    CUE("jusque", LAST),
    CUE("au", LAST),
    CUE("hasta", LAST),
    CUE("al", LAST),
    CUE("do", LAST),
    CUE("fino", LAST),
    CUE("tot", LAST),
    CUE("met", LAST),
    CUE("ate", LAST),
    CUE("-", LAST),
    CUE("from", FROM),
    CUE("since", FROM),
    CUE("between", FROM),
    CUE("starting", FROM),
    CUE("ab", FROM),
    CUE("vom", FROM),
    CUE("von", FROM),
    CUE("seit", FROM),
    CUE("zwischen", FROM),
    CUE("du", FROM),
    CUE("depuis", FROM),
    CUE("partir", FROM),
    CUE("desde", FROM),
    CUE("del", FROM),
    CUE("od", FROM),
    CUE("dal", FROM),
    CUE("vanaf", FROM),
    CUE("van", FROM),
    CUE("de", FROM),
    CUE("back", BACK),
    CUE("return", BACK),
    CUE("returning", BACK),
    CUE("reopen", BACK),
    CUE("reopening", BACK),
    CUE("zuruck", BACK),
    CUE("wieder", BACK),
    CUE("retour", BACK),
    CUE("regreso", BACK),
    CUE("vuelvo", BACK),
    CUE("wracam", BACK),
    CUE("wroce", BACK),
    CUE("rientro", BACK),
    CUE("terug", BACK),
};

/* Words between a cue and its date. */
static const struct slice fillers[] = {
    SLICE_INIT("the"),     SLICE_INIT("on"),      SLICE_INIT("next"),     SLICE_INIT("coming"),
    SLICE_INIT("dem"),     SLICE_INIT("den"),     SLICE_INIT("zum"),      SLICE_INIT("am"),
    SLICE_INIT("le"),      SLICE_INIT("el"),      SLICE_INIT("dia"),      SLICE_INIT("dnia"),
    SLICE_INIT("il"),      SLICE_INIT("o"),       SLICE_INIT("nachsten"), SLICE_INIT("kommenden"),
    SLICE_INIT("um"),      SLICE_INIT("la"),      SLICE_INIT("w"),        SLICE_INIT("we"),
    SLICE_INIT("proximo"), SLICE_INIT("en"),      SLICE_INIT("op"),       SLICE_INIT("work"),
    SLICE_INIT("monday"),  SLICE_INIT("incluye"),
};

/* Said near a date that somebody is back on. */
static const struct slice back_words[] = {
    SLICE_INIT("back"),     SLICE_INIT("return"),     SLICE_INIT("available again"), SLICE_INIT("again from"),
    SLICE_INIT("resume"),   SLICE_INIT("wieder"),     SLICE_INIT("zuruck"),          SLICE_INIT("zurueck"),
    SLICE_INIT("retour"),   SLICE_INIT("reviens"),    SLICE_INIT("reviendrai"),      SLICE_INIT("de nouveau"),
    SLICE_INIT("reprise"),  SLICE_INIT("reprendrai"), SLICE_INIT("regres"),          SLICE_INIT("vuelv"),
    SLICE_INIT("vuelta"),   SLICE_INIT("reincorpor"), SLICE_INIT("disponible"),      SLICE_INIT("wrac"),
    SLICE_INIT("wroce"),    SLICE_INIT("powrot"),     SLICE_INIT("powroc"),          SLICE_INIT("dostepn"),
    SLICE_INIT("rientr"),   SLICE_INIT("torner"),     SLICE_INIT("terug"),           SLICE_INIT("bereikbaar"),
    SLICE_INIT("de volta"), SLICE_INIT("retorn"),     SLICE_INIT("z powrotem"),
};

static bool is_one_of(struct slice word, const struct slice *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal(word, list[i])) return true;
    return false;
}

/* The last word of a text, off its end. */
static struct slice take_last_word(struct slice *text) {
    while (text->len && (text->ptr[text->len - 1] == ' ' || text->ptr[text->len - 1] == ',' ||
                         text->ptr[text->len - 1] == ':' || text->ptr[text->len - 1] == '('))
        text->len--;
    size_t from = text->len;
    while (from &&
           (is_letter(text->ptr[from - 1]) || text->ptr[from - 1] == '\'' || text->ptr[from - 1] == '.'))
        from--;
    if (from == text->len && from && text->ptr[from - 1] == '-') from--;
    struct slice word = slice_skip(*text, from);
    text->len = from;
    while (word.len && word.ptr[word.len - 1] == '.') word.len--;
    return word;
}

/* What stands right before the date. */
static enum cue cue_before(struct slice before) {
    for (size_t i = 0; i < FILLERS_MAX; i++) {
        struct slice word = take_last_word(&before);
        if (word.len == 0) return CUE_NONE;
        for (size_t j = 0; j < sizeof cue_words / sizeof cue_words[0]; j++)
            if (slice_equal(word, cue_words[j].word)) return cue_words[j].cue;
        int weekday;
        bool is_filler = is_one_of(word, fillers, sizeof fillers / sizeof fillers[0]) ||
                         find_name(word, weekdays, sizeof weekdays / sizeof weekdays[0], &weekday);
        if (!is_filler) return CUE_NONE;
    }
    return CUE_NONE;
}

/* The nearest text on one side that no other date cuts off. */
static struct slice side_before(struct slice folded, size_t at) {
    size_t from = at > BEFORE_BYTES ? at - BEFORE_BYTES : 0;
    for (size_t i = at; i-- > from;)
        if (ascii_is_digit(folded.ptr[i])) return slice_sub(folded, i + 1, at - i - 1);
    return slice_sub(folded, from, at - from);
}

static struct slice side_after(struct slice rest) {
    rest = slice_sub(rest, 0, AFTER_BYTES);
    for (size_t i = 0; i < rest.len; i++)
        if (ascii_is_digit(rest.ptr[i])) return slice_sub(rest, 0, i);
    return rest;
}

static bool says_inclusive(struct slice after) {
    static const struct slice words[] = {
        SLICE_INIT("inclusive"), SLICE_INIT("inclus"), SLICE_INIT("einschl"), SLICE_INIT("included"),
        SLICE_INIT("wlacznie"),  SLICE_INIT("inkl"),   SLICE_INIT("compris"), SLICE_INIT("compreso")};
    return phrase_any(slice_sub(after, 0, 16), PHRASES(words)) != NULL;
}

static enum cue cue_of(struct slice folded, size_t at, struct slice rest) {
    struct slice before = slice_sub(folded, 0, at);
    size_t over = at > BEFORE_BYTES ? at - BEFORE_BYTES : 0;
    enum cue cue = cue_before(slice_skip(before, over));
    static const struct slice betweens[] = {SLICE_INIT("between"), SLICE_INIT("zwischen"),
                                            SLICE_INIT("entre"),   SLICE_INIT("miedzy"),
                                            SLICE_INIT("tra "),    SLICE_INIT("tussen")};
    bool is_between = phrase_any(slice_skip(before, over), PHRASES(betweens)) != NULL;
    if (cue == CUE_AND) cue = is_between ? CUE_LAST : CUE_NONE;
    if (cue == CUE_UNTIL && says_inclusive(rest)) return CUE_LAST;
    if (cue == CUE_UNTIL || cue == CUE_LAST || cue == CUE_BACK) return cue;
    bool is_back = phrase_any(side_before(folded, at), PHRASES(back_words)) ||
                   phrase_any(side_after(rest), PHRASES(back_words));
    return is_back ? CUE_BACK : cue;
}

/* ---- the whole ---- */

struct found {
    enum cue cue;
    int64_t day;
};

/* The surest wins, of equals the first. */
static void weigh(const struct calendar *calendar, struct found *best, enum cue cue, int64_t day) {
    if (cue < CUE_LAST) return;
    if (cue == CUE_LAST) day++;
    bool is_good = day > calendar->sent_day && day <= calendar->sent_day + DAYS_AHEAD_MAX;
    if (is_good && cue > best->cue) *best = (struct found){cue, day};
}

/* 3/23/2026 somewhere in a text tells how its 3/9/2026 is meant. */
static bool has_american_date(struct slice folded) {
    for (size_t i = 0; i < folded.len; i++) {
        if (!ascii_is_digit(folded.ptr[i]) || (i && is_letter(folded.ptr[i - 1]))) continue;
        if (i && folded.ptr[i - 1] == '/') continue;
        struct slice rest = slice_skip(folded, i);
        int first;
        int second;
        if (take_day(&rest, &first) && first <= 12 && slice_take_byte(&rest, '/') &&
            take_day(&rest, &second) && second > 12 && slice_take_byte(&rest, '/') && take_year(&rest))
            return true;
    }
    return false;
}

bool return_date_find(struct slice folded, int64_t sent_day, bool is_american, int64_t *day) {
    struct calendar calendar = {sent_day, is_american || has_american_date(folded)};
    struct found best = {CUE_NONE, 0};
    size_t at = 0;
    if (sent_day < 0) return false;
    while (at < folded.len) {
        bool begins = is_letter(folded.ptr[at]) && (at == 0 || !is_letter(folded.ptr[at - 1]));
        struct slice rest = slice_skip(folded, at);
        int64_t found;
        bool is_date =
            begins && (take_date(&calendar, &rest, &found) || take_weekday(&calendar, &rest, &found));
        if (is_date) weigh(&calendar, &best, cue_of(folded, at, rest), found);
        /* "Morgen" is a morning as well: only right behind a word that asks for a day. */
        bool is_relative = begins && !is_date && take_relative(&calendar, &rest, &found);
        if (is_relative) weigh(&calendar, &best, cue_before(side_before(folded, at)), found);
        is_date = is_date || is_relative;
        at = is_date ? folded.len - rest.len : at + 1;
    }
    *day = best.day;
    return best.cue != CUE_NONE;
}

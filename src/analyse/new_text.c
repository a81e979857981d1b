#include "analyse/new_text.h"

#include "analyse/phrase.h"
#include "base/limits_classify.h"

/* How far into a line is looked, and how many lines an attribution may take. */
enum { LOOK_BYTES = 400, ATTRIBUTION_LINES = 4 };

static struct slice take_line(struct slice *rest) {
    struct slice line = slice_take_until(rest, '\n');
    *rest = slice_skip(*rest, 1);
    while (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    return line;
}

static struct slice fold_line(struct buffer *folded, struct slice line) {
    buffer_clear(folded);
    phrase_fold(folded, slice_sub(line, 0, LOOK_BYTES));
    return slice_trim(buffer_slice(folded));
}

static bool is_quoted(struct slice line) {
    while (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) line = slice_skip(line, 1);
    return line.len && (line.ptr[0] == '>' || line.ptr[0] == '|');
}

/* ---- "On Monday, Ann wrote:" ---- */

static const struct slice verbs[] = {
    SLICE_INIT("wrote"),       SLICE_INIT("writes"),     SLICE_INIT("schrieb"),  SLICE_INIT("schreibt"),
    SLICE_INIT("geschrieben"), SLICE_INIT("a ecrit"),    SLICE_INIT("ecrivait"), SLICE_INIT("escribio"),
    SLICE_INIT("escribe"),     SLICE_INIT("napisal"),    SLICE_INIT("pisze"),    SLICE_INIT("ha scritto"),
    SLICE_INIT("schreef"),     SLICE_INIT("escreveu"),   SLICE_INIT("skrev"),    SLICE_INIT("kirjoitti"),
    SLICE_INIT("написал"),     SLICE_INIT("пишет"),      SLICE_INIT("пише"),     SLICE_INIT("写道"),
    SLICE_INIT("寫道"),        SLICE_INIT("書きました"), SLICE_INIT("작성"),     SLICE_INIT("yazdi"),
    SLICE_INIT("napsal"),      SLICE_INIT("a scris"),    SLICE_INIT("skrifadi"), SLICE_INIT("irta"),
};

/* Words such a line begins with, or a digit. */
static const struct slice starters[] = {
    SLICE_INIT("on "),  SLICE_INIT("am "),         SLICE_INIT("le "),   SLICE_INIT("el "),
    SLICE_INIT("il "),  SLICE_INIT("w dniu "),     SLICE_INIT("dnia "), SLICE_INIT("op "),
    SLICE_INIT("em "),  SLICE_INIT("den "),        SLICE_INIT("a "),    SLICE_INIT("at "),
    SLICE_INIT("in "),  SLICE_INIT("um "),         SLICE_INIT("pe "),   SLICE_INIT("dne "),
    SLICE_INIT("man "), SLICE_INIT("from "),       SLICE_INIT("vom "),  SLICE_INIT("pt"),
    SLICE_INIT("pon"),  SLICE_INIT("wt"),          SLICE_INIT("sr"),    SLICE_INIT("czw"),
    SLICE_INIT("sob"),  SLICE_INIT("niedz"),       SLICE_INIT("пн"),    SLICE_INIT("вт"),
    SLICE_INIT("ср"),   SLICE_INIT("чт"),          SLICE_INIT("пт"),    SLICE_INIT("сб"),
    SLICE_INIT("вс"),   SLICE_INIT("понедельник"),
};

static size_t count_digits(struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += ascii_is_digit(text.ptr[i]);
    return count;
}

static bool may_attribute(struct slice folded) {
    while (folded.len && (folded.ptr[0] == '-' || folded.ptr[0] == ' ')) folded = slice_skip(folded, 1);
    if (folded.len == 0) return false;
    return ascii_is_digit(folded.ptr[0]) || phrase_start(folded, PHRASES(starters)) ||
           slice_find_byte(folded, '@') != SLICE_NOT_FOUND || folded.ptr[folded.len - 1] == ':';
}

/* "On Mon, 2 Mar 2026 Ann <ann@a.example> wrote ----", as some write it without a colon. */
static bool is_without_colon(struct slice folded) {
    while (folded.len && (folded.ptr[folded.len - 1] == '-' || folded.ptr[folded.len - 1] == ' '))
        folded.len--;
    while (folded.len && (folded.ptr[0] == '-' || folded.ptr[0] == ' ')) folded = slice_skip(folded, 1);
    return slice_starts(folded, SLICE("on ")) && slice_ends_nocase(folded, SLICE(" wrote")) &&
           slice_find_byte(folded, '@') != SLICE_NOT_FOUND;
}

static bool is_attribution(struct slice folded) {
    enum { DATE_DIGITS = 4 };
    if (folded.len < 6) return false;
    if (folded.ptr[folded.len - 1] != ':') return is_without_colon(folded);
    bool has_address = slice_find_byte(folded, '@') != SLICE_NOT_FOUND;
    size_t digits = count_digits(folded);
    /* A date and an address, and no verb: "14.3.2026, 9:05, Ann <ann@a.example>:". */
    if (has_address && digits >= DATE_DIGITS && slice_ends_nocase(folded, SLICE(">:"))) return true;
    return (has_address || digits) && phrase_any(folded, PHRASES(verbs));
}

/* The number of lines that an attribution at the front of `rest` takes, or 0. */
static size_t attribution_lines(struct slice rest, struct buffer *folded) {
    struct slice first = rest;
    if (!may_attribute(fold_line(folded, take_line(&first)))) return 0;
    buffer_clear(folded);
    for (size_t i = 1; i <= ATTRIBUTION_LINES && rest.len; i++) {
        struct slice line = take_line(&rest);
        bool is_rest = slice_equal(slice_trim(line), SLICE(">:"));
        if (slice_trim(line).len == 0 || line.len > LOOK_BYTES || (i > 1 && is_quoted(line) && !is_rest))
            return 0;
        phrase_fold(folded, line);
        buffer_append_byte(folded, ' ');
        if (folded->len >= folded->max_bytes) return 0;
        if (is_attribution(slice_trim(buffer_slice(folded)))) return i;
    }
    return 0;
}

/* ---- headings ---- */

static const struct slice headings[] = {
    SLICE_INIT("original message"),
    SLICE_INIT("original-nachricht"),
    SLICE_INIT("original appointment"),
    SLICE_INIT("ursprungliche nachricht"),
    SLICE_INIT("urspruengliche nachricht"),
    SLICE_INIT("originalnachricht"),
    SLICE_INIT("message d'origine"),
    SLICE_INIT("message original"),
    SLICE_INIT("mensaje original"),
    SLICE_INIT("oryginalna wiadomosc"),
    SLICE_INIT("wiadomosc oryginalna"),
    SLICE_INIT("messaggio originale"),
    SLICE_INIT("oorspronkelijk bericht"),
    SLICE_INIT("mensagem original"),
    SLICE_INIT("ursprungligt meddelande"),
    SLICE_INIT("oprindelig meddelelse"),
    SLICE_INIT("исходное сообщение"),
    SLICE_INIT("oprindelig besked"),
    SLICE_INIT("opprinnelig melding"),
    SLICE_INIT("alkuperainen viesti"),
    SLICE_INIT("reply message"),
    SLICE_INIT("reply above this line"),
};
static const struct slice forwards[] = {
    SLICE_INIT("forwarded message"),
    SLICE_INIT("begin forwarded message"),
    SLICE_INIT("weitergeleitete nachricht"),
    SLICE_INIT("anfang der weitergeleiteten"),
    SLICE_INIT("message transfere"),
    SLICE_INIT("message reexpedie"),
    SLICE_INIT("debut du message"),
    SLICE_INIT("mensaje reenviado"),
    SLICE_INIT("inicio del mensaje"),
    SLICE_INIT("wiadomosc przekazana"),
    SLICE_INIT("przekazana wiadomosc"),
    SLICE_INIT("messaggio inoltrato"),
    SLICE_INIT("doorgestuurd bericht"),
    SLICE_INIT("mensagem encaminhada"),
    SLICE_INIT("vidarebefordrat"),
    SLICE_INIT("пересылаемое сообщение"),
    SLICE_INIT("转发"),
};

/* Dashes around it, or a colon behind it and nothing else. */
static bool is_heading_of(struct slice folded, struct phrase_list list) {
    const struct slice *found = phrase_any(folded, list);
    if (!found) return false;
    bool is_led =
        folded.ptr[0] == '-' || folded.ptr[0] == '_' || folded.ptr[0] == '=' || folded.ptr[0] == '#';
    bool is_alone = folded.len <= found->len + 12 && folded.ptr[folded.len - 1] == ':';
    return is_led || is_alone;
}

static bool is_heading(struct slice folded) {
    return folded.len &&
           (is_heading_of(folded, PHRASES(headings)) || is_heading_of(folded, PHRASES(forwards)));
}

/* ---- the fields above a quoted message ---- */

static const struct slice from_names[] = {
    SLICE_INIT("from:"),        SLICE_INIT("von:"),    SLICE_INIT("de:"),        SLICE_INIT("de :"),
    SLICE_INIT("od:"),          SLICE_INIT("da:"),     SLICE_INIT("van:"),       SLICE_INIT("fra:"),
    SLICE_INIT("fran:"),        SLICE_INIT("от:"),     SLICE_INIT("lahettaja:"), SLICE_INIT("发件人:"),
    SLICE_INIT("差出人:"),      SLICE_INIT("kimden:"), SLICE_INIT("od :"),       SLICE_INIT("从:"),
    SLICE_INIT("message du :"),
};
static const struct slice field_names[] = {
    SLICE_INIT("sent:"),
    SLICE_INIT("date:"),
    SLICE_INIT("to:"),
    SLICE_INIT("cc:"),
    SLICE_INIT("subject:"),
    SLICE_INIT("gesendet:"),
    SLICE_INIT("datum:"),
    SLICE_INIT("an:"),
    SLICE_INIT("betreff:"),
    SLICE_INIT("envoye"),
    SLICE_INIT("date :"),
    SLICE_INIT("a :"),
    SLICE_INIT("objet"),
    SLICE_INIT("enviado"),
    SLICE_INIT("fecha:"),
    SLICE_INIT("para:"),
    SLICE_INIT("asunto:"),
    SLICE_INIT("wyslano:"),
    SLICE_INIT("data:"),
    SLICE_INIT("do:"),
    SLICE_INIT("temat:"),
    SLICE_INIT("dw:"),
    SLICE_INIT("inviato:"),
    SLICE_INIT("a:"),
    SLICE_INIT("oggetto:"),
    SLICE_INIT("verzonden:"),
    SLICE_INIT("aan:"),
    SLICE_INIT("onderwerp:"),
    SLICE_INIT("assunto:"),
    SLICE_INIT("sendt:"),
    SLICE_INIT("til:"),
    SLICE_INIT("emne:"),
    SLICE_INIT("skickat:"),
    SLICE_INIT("till:"),
    SLICE_INIT("amne:"),
    SLICE_INIT("дата:"),
    SLICE_INIT("кому:"),
    SLICE_INIT("тема:"),
    SLICE_INIT("reply-to:"),
    SLICE_INIT("发送时间:"),
    SLICE_INIT("收件人:"),
    SLICE_INIT("主题:"),
    SLICE_INIT("vastaanottaja:"),
    SLICE_INIT("aihe:"),
    SLICE_INIT("lahetetty:"),
    SLICE_INIT("copie"),
    SLICE_INIT("organisation:"),
    SLICE_INIT("to :"),
    SLICE_INIT("отправлено:"),
    SLICE_INIT("de :"),
    SLICE_INIT("objet :"),
};

static struct slice without_stars(struct slice folded) {
    while (folded.len && (folded.ptr[0] == '*' || folded.ptr[0] == '>' || folded.ptr[0] == ' '))
        folded = slice_skip(folded, 1);
    return folded;
}

/* A field that says whose message follows, and two more of a message within the next lines. */
static bool is_field_block(struct slice rest, struct buffer *folded) {
    enum { LINES = 8, FIELDS = 2 };
    size_t fields = 0;
    if (!phrase_start(without_stars(fold_line(folded, take_line(&rest))), PHRASES(from_names))) return false;
    for (size_t i = 0; i < LINES && rest.len && fields < FIELDS; i++) {
        struct slice line = without_stars(fold_line(folded, take_line(&rest)));
        fields += phrase_start(line, PHRASES(field_names)) != NULL;
    }
    return fields >= FIELDS;
}

/* ---- signatures ---- */

static const struct slice devices[] = {
    SLICE_INIT("sent from my iphone"),
    SLICE_INIT("sent from my ipad"),
    SLICE_INIT("sent from my ipod"),
    SLICE_INIT("sent from my android"),
    SLICE_INIT("sent from my blackberry"),
    SLICE_INIT("sent from my mobile"),
    SLICE_INIT("sent from my samsung"),
    SLICE_INIT("sent from my galaxy"),
    SLICE_INIT("sent from my verizon"),
    SLICE_INIT("sent from my windows"),
    SLICE_INIT("sent from my phone"),
    SLICE_INIT("sent from my smartphone"),
    SLICE_INIT("sent from my huawei"),
    SLICE_INIT("sent from my htc"),
    SLICE_INIT("sent from my t-mobile"),
    SLICE_INIT("sent from my nexus"),
    SLICE_INIT("sent from my pixel"),
    SLICE_INIT("sent from a mobile"),
    SLICE_INIT("sent from mail for"),
    SLICE_INIT("sent from outlook"),
    SLICE_INIT("sent from yahoo"),
    SLICE_INIT("sent from proton"),
    SLICE_INIT("sent from mailbox"),
    SLICE_INIT("sent from gmail mobile"),
    SLICE_INIT("sent via "),
    SLICE_INIT("get outlook for"),
    SLICE_INIT("sent with proton"),
    SLICE_INIT("von meinem iphone"),
    SLICE_INIT("von meinem ipad"),
    SLICE_INIT("von meinem handy"),
    SLICE_INIT("von meinem smartphone"),
    SLICE_INIT("von meinem samsung"),
    SLICE_INIT("von meinem mobil"),
    SLICE_INIT("gesendet mit der"),
    SLICE_INIT("gesendet von mein"),
    SLICE_INIT("gesendet von mail"),
    SLICE_INIT("gesendet von outlook"),
    SLICE_INIT("diese nachricht wurde von meinem"),
    SLICE_INIT("envoye de mon"),
    SLICE_INIT("envoye depuis mon"),
    SLICE_INIT("envoye a partir de"),
    SLICE_INIT("telechargez outlook"),
    SLICE_INIT("enviado desde mi"),
    SLICE_INIT("enviado desde el movil"),
    SLICE_INIT("enviado do meu"),
    SLICE_INIT("enviado a partir do"),
    SLICE_INIT("obtener outlook"),
    SLICE_INIT("wyslane z iphone"),
    SLICE_INIT("wyslane z ipad"),
    SLICE_INIT("wyslane z mojego"),
    SLICE_INIT("wyslano z iphone"),
    SLICE_INIT("wyslano z telefonu"),
    SLICE_INIT("wyslane z telefonu"),
    SLICE_INIT("wyslane z urzadzenia"),
    SLICE_INIT("pobierz outlook"),
    SLICE_INIT("inviato da iphone"),
    SLICE_INIT("inviato dal mio"),
    SLICE_INIT("verzonden vanaf mijn"),
    SLICE_INIT("skickat fran min"),
    SLICE_INIT("sendt fra min"),
    SLICE_INIT("отправлено с iphone"),
    SLICE_INIT("отправлено с"),
    SLICE_INIT("lahetetty"),
};

enum { DEVICE_LINE_BYTES = 90 };

static bool is_device(struct slice folded) {
    /* "Sent from my Anything", and nothing more of a sentence. */
    bool is_short = folded.len <= DEVICE_LINE_BYTES / 2 && slice_find_byte(folded, ',') == SLICE_NOT_FOUND &&
                    slice_find_byte(folded, '.') == SLICE_NOT_FOUND;
    if (is_short && slice_starts(folded, SLICE("sent from my "))) return true;
    return folded.len <= DEVICE_LINE_BYTES && phrase_start(folded, PHRASES(devices));
}

/* RFC 3676 4.3: "-- ", and what trimming made of it. */
static bool is_signature(struct slice line) {
    return slice_equal(line, SLICE("-- ")) || slice_equal(line, SLICE("--")) ||
           slice_equal(line, SLICE("__"));
}

/* ---- the whole ---- */

enum line_kind { LINE_NEW, LINE_QUOTED, LINE_ATTRIBUTION, LINE_END };

static enum line_kind kind_of(struct slice rest, struct slice line, struct buffer *folded, size_t *lines) {
    *lines = 1;
    if (is_quoted(line)) return LINE_QUOTED;
    if (is_signature(line)) return LINE_END;
    struct slice text = fold_line(folded, line);
    if (text.len == 0) return LINE_NEW;
    if (is_heading(text) || is_device(text) || is_field_block(rest, folded)) return LINE_END;
    *lines = attribution_lines(rest, folded);
    if (*lines) return LINE_ATTRIBUTION;
    *lines = 1;
    return LINE_NEW;
}

/* Whether the quote that an attribution announces is marked line by line. */
static bool quote_is_marked(struct slice rest) {
    struct slice line = SLICE_EMPTY;
    while (rest.len && slice_trim(line).len == 0) line = take_line(&rest);
    return is_quoted(line);
}

/* A line of underscores is what some put above a quote. */
static bool is_rule(struct slice line) {
    line = slice_trim(line);
    size_t at = 0;
    while (at < line.len && (line.ptr[at] == '_' || line.ptr[at] == '-' || line.ptr[at] == '=')) at++;
    return line.len >= 5 && at == line.len;
}

static void append_line(struct buffer *out, size_t start, struct slice line) {
    bool is_blank = slice_trim(line).len == 0;
    bool after_blank = out->len == start || (out->len >= start + 2 && out->ptr[out->len - 1] == '\n' &&
                                             out->ptr[out->len - 2] == '\n');
    if (is_blank && after_blank) return;
    if (!is_blank) buffer_append(out, line);
    buffer_append_byte(out, '\n');
}

/* Drops blank lines, and a rule that stood above a quote, at the end. */
static void trim_end(struct buffer *out, size_t start) {
    for (;;) {
        while (out->len > start && (out->ptr[out->len - 1] <= ' ')) buffer_truncate(out, out->len - 1);
        struct slice text = slice_skip(buffer_slice(out), start);
        size_t newline = slice_find_last_byte(text, '\n');
        struct slice last = newline == SLICE_NOT_FOUND ? text : slice_skip(text, newline + 1);
        if (!is_rule(last)) return;
        buffer_truncate(out, out->len - last.len);
    }
}

void new_text_append(struct buffer *out, struct slice text) {
    struct buffer folded = buffer_new((size_t)LOOK_BYTES * ATTRIBUTION_LINES);
    size_t start = out->len;
    bool is_over = false;
    while (text.len && !is_over && !buffer_overflowed(out)) {
        struct slice rest = text;
        struct slice line = take_line(&text);
        size_t lines;
        enum line_kind kind = kind_of(rest, line, &folded, &lines);
        for (size_t i = 1; i < lines; i++) (void)take_line(&text);
        if (kind == LINE_NEW) append_line(out, start, line);
        is_over = kind == LINE_END || (kind == LINE_ATTRIBUTION && !quote_is_marked(text));
    }
    if (!buffer_overflowed(out)) trim_end(out, start);
    buffer_free(&folded);
}

bool new_text_forwards(struct slice text) {
    struct buffer folded = buffer_new((size_t)LOOK_BYTES * 2);
    bool is_one = false;
    while (text.len && !is_one) {
        struct slice line = fold_line(&folded, take_line(&text));
        is_one = line.len && is_heading_of(line, PHRASES(forwards));
    }
    buffer_free(&folded);
    return is_one;
}

#include "outreach/compose.h"

#include "outreach/compose_parts.h"
#include "wire/charset.h"
#include "wire/smtp_address.h"

enum { NAME_BYTES_MAX = 150, OWN_FIELDS = 5 };

/* A message under way: what is found wrong stays. */
struct composition {
    struct arena *arena;
    const struct compose_request *request;
    struct composed *composed;
    struct snippet_fields fields;
    struct letter letter;
    enum compose_result result;
};

static void refuse(struct composition *c, enum compose_result result, struct slice words) {
    if (c->result != COMPOSE_OK) return;
    c->result = result;
    c->composed->words = words;
}

/* ---- fields ---- */

static struct slice opt_out_words(struct arena *arena, const struct sequence_opt_out *opt_out) {
    if (opt_out->sentence.len == 0) return opt_out->link;
    if (opt_out->link.len == 0) return opt_out->sentence;
    return arena_printf(arena, "%.*s %.*s", SLICE_PRINT(opt_out->sentence), SLICE_PRINT(opt_out->link));
}

/* Ours come first: no contact can take their place. */
static void gather_fields(struct composition *c) {
    const struct compose_request *request = c->request;
    const struct sequence *sequence = request->sequence;
    size_t count = request->fields.count < SNIPPET_FIELDS_MAX - OWN_FIELDS ? request->fields.count
                                                                           : SNIPPET_FIELDS_MAX - OWN_FIELDS;
    struct snippet_field *items = ARENA_NEW_ARRAY(c->arena, struct snippet_field, count + OWN_FIELDS);
    const struct snippet_field own[OWN_FIELDS] = {
        {SLICE("email"), request->to_address},
        {SLICE("sender_name"), sequence->identity.name},
        {SLICE("sender_company"), sequence->identity.company},
        {SLICE("sender_address"), sequence->identity.address},
        {SLICE("opt_out"), opt_out_words(c->arena, &sequence->opt_out)},
    };
    memcpy(items, own, sizeof own);
    for (size_t i = 0; i < count; i++) items[OWN_FIELDS + i] = request->fields.items[i];
    c->fields = (struct snippet_fields){items, count + OWN_FIELDS};
}

/* ---- texts ---- */

static void judge_render(struct composition *c, enum snippet_fault fault) {
    if (fault == SNIPPET_OK) return;
    if (fault == SNIPPET_UNRESOLVED || fault == SNIPPET_VALUE)
        refuse(c, COMPOSE_BLOCKED, SLICE_EMPTY);
    else
        refuse(c, fault == SNIPPET_TOO_LONG ? COMPOSE_TOO_LONG : COMPOSE_REFUSED,
               slice_from_text(snippet_fault_words(fault)));
}

static void render(struct composition *c, struct buffer *out, struct slice text, enum snippet_escape escape) {
    judge_render(c, snippet_render(out, text, c->fields, escape, &c->composed->missing));
}

/* What a footer says that the text above does not say already. */
static void append_piece(struct buffer *footer, const char *between, struct slice above, struct slice piece) {
    if (sequence_text_says(above, piece)) return;
    if (footer->len && footer->ptr[footer->len - 1] != '\n') buffer_append_text(footer, between);
    buffer_append(footer, piece);
}

static void end_line(struct buffer *footer) {
    if (footer->len && footer->ptr[footer->len - 1] != '\n') buffer_append_byte(footer, '\n');
}

static struct slice footer_of(struct composition *c, struct slice above) {
    const struct sequence *sequence = c->request->sequence;
    struct buffer footer = buffer_new(SNIPPET_TEXT_BYTES_MAX);
    append_piece(&footer, "", above, sequence->identity.name);
    end_line(&footer);
    append_piece(&footer, ", ", above, sequence->identity.company);
    append_piece(&footer, ", ", above, sequence->identity.address);
    end_line(&footer);
    append_piece(&footer, "", above, sequence->opt_out.sentence);
    end_line(&footer);
    append_piece(&footer, "", above, sequence->opt_out.link);
    end_line(&footer);
    struct slice copy = arena_copy(c->arena, buffer_slice(&footer));
    buffer_free(&footer);
    return copy;
}

static struct slice render_body(struct composition *c, struct slice text) {
    struct buffer body = buffer_new(SNIPPET_TEXT_BYTES_MAX + 4 * SEQUENCE_LINE_BYTES_MAX);
    render(c, &body, text, SNIPPET_PLAIN);
    if (c->request->sequence->has_footer) {
        struct slice footer = footer_of(c, buffer_slice(&body));
        if (footer.len) buffer_append_byte(&body, '\n');
        buffer_append(&body, footer);
    }
    struct slice copy = arena_copy(c->arena, buffer_slice(&body));
    buffer_free(&body);
    return copy;
}

/* ---- the HTML twin ---- */

static void append_html_line(struct buffer *out, struct slice line) {
    struct snippet_field field = {SLICE("line"), line};
    struct snippet_missing missing = {.count = 0};
    bool is_link =
        slice_starts_nocase(line, SLICE("https://")) || slice_starts_nocase(line, SLICE("mailto:"));
    struct slice template = is_link ? SLICE("<a href=\"{{line}}\">{{line}}</a>") : SLICE("{{line}}");
    ASSERT(snippet_render(out, template, (struct snippet_fields){&field, 1}, SNIPPET_HTML, &missing) ==
           SNIPPET_OK);
}

/* The same footer, a line after the other; a link alone in its line becomes one. */
static void append_html_footer(struct composition *c, struct buffer *html) {
    struct slice footer = footer_of(c, buffer_slice(html));
    if (footer.len) buffer_append_text(html, "<p>");
    for (bool is_first = true; footer.len; is_first = false) {
        if (!is_first) buffer_append_text(html, "<br>\n");
        append_html_line(html, slice_take_until(&footer, '\n'));
        (void)slice_take_byte(&footer, '\n');
        if (footer.len == 0) buffer_append_text(html, "</p>\n");
    }
}

static struct slice render_html(struct composition *c, struct slice text) {
    struct buffer html = buffer_new(SNIPPET_TEXT_BYTES_MAX + 16 * SEQUENCE_LINE_BYTES_MAX);
    if (text.len == 0) return SLICE_EMPTY;
    render(c, &html, text, SNIPPET_HTML);
    if (c->request->sequence->has_footer) append_html_footer(c, &html);
    struct slice copy = arena_copy(c->arena, buffer_slice(&html));
    buffer_free(&html);
    return copy;
}

/* ---- the subject ---- */

static struct slice render_subject(struct composition *c, struct slice text) {
    struct buffer subject = buffer_new(COMPOSE_SUBJECT_BYTES_MAX);
    enum snippet_fault fault =
        snippet_render(&subject, text, c->fields, SNIPPET_PLAIN, &c->composed->missing);
    judge_render(c, fault);
    struct slice copy = arena_copy(c->arena, slice_trim(buffer_slice(&subject)));
    buffer_free(&subject);
    if (copy.len == 0 && fault == SNIPPET_OK) refuse(c, COMPOSE_REFUSED, SLICE("the subject is empty"));
    return copy;
}

static struct slice reply_subject(struct composition *c) {
    struct slice subject = slice_trim(c->request->thread_subject);
    if (subject.len == 0 || c->request->reference_count == 0)
        refuse(c, COMPOSE_REFUSED, SLICE("the message that began this thread is not known"));
    if (subject.len > COMPOSE_SUBJECT_BYTES_MAX)
        refuse(c, COMPOSE_TOO_LONG, SLICE("the subject is too long"));
    if (slice_starts_nocase(subject, SLICE("Re:"))) return arena_copy(c->arena, subject);
    return arena_printf(c->arena, "Re: %.*s", SLICE_PRINT(subject));
}

/* ---- the envelope's side ---- */

static struct slice address_of(struct composition *c, struct slice text) {
    struct smtp_address address;
    if (smtp_address_parse(c->arena, text, &address) != SMTP_ADDRESS_OK || address.is_null ||
        address.domain.len == 0) {
        refuse(c, COMPOSE_REFUSED, SLICE("an address is none"));
        return SLICE_EMPTY;
    }
    for (size_t i = 0; i < address.local_part.len; i++)
        if (address.local_part.ptr[i] >= 0x80)
            refuse(c, COMPOSE_REFUSED, SLICE("an address beyond ASCII: most hosts do not take it yet"));
    struct buffer out = buffer_new(2 * SNIPPET_VALUE_BYTES_MAX);
    smtp_address_write(&out, &address, true);
    struct slice copy = arena_copy(c->arena, buffer_slice(&out));
    buffer_free(&out);
    return copy;
}

static bool is_message_id(struct slice id) {
    size_t ats = 0;
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] <= ' ' || id.ptr[i] >= 0x7f || id.ptr[i] == '<' || id.ptr[i] == '>') return false;
        ats += id.ptr[i] == '@';
    }
    return ats >= 1 && id.len <= COMPOSE_ID_BYTES_MAX;
}

static void check_ids(struct composition *c) {
    bool is_good = is_message_id(c->request->message_id);
    for (size_t i = 0; i < c->request->reference_count; i++)
        is_good = is_good && is_message_id(c->request->references[i]);
    if (!is_good) refuse(c, COMPOSE_REFUSED, SLICE("a Message-ID is none"));
}

static struct slice name_of_contact(struct composition *c) {
    if (c->request->to_name.len) return c->request->to_name;
    struct slice first = snippet_value(c->request->fields, SLICE("first_name"));
    struct slice last = snippet_value(c->request->fields, SLICE("last_name"));
    if (first.len + last.len > NAME_BYTES_MAX) return SLICE_EMPTY;
    return arena_printf(c->arena, "%.*s%s%.*s", SLICE_PRINT(first), first.len && last.len ? " " : "",
                        SLICE_PRINT(last));
}

static void address_letter(struct composition *c) {
    const struct compose_request *request = c->request;
    struct slice from_name = request->from_name.len ? request->from_name : request->sequence->identity.name;
    c->letter.from = address_of(c, request->from_address);
    c->letter.to = address_of(c, request->to_address);
    if (request->reply_to.len) c->letter.reply_to = address_of(c, request->reply_to);
    c->letter.from_name = utf8_cut(from_name, NAME_BYTES_MAX);
    c->letter.to_name = utf8_cut(name_of_contact(c), NAME_BYTES_MAX);
    check_ids(c);
}

/* ---- all of it ---- */

static void write_texts(struct composition *c) {
    const struct sequence_step *step = &c->request->sequence->steps[c->request->step];
    const struct sequence_version *version = &step->versions[c->request->version];
    c->letter.subject = step->is_same_thread ? reply_subject(c) : render_subject(c, version->subject);
    c->letter.body = render_body(c, version->body);
    c->letter.html = render_html(c, version->html);
}

static void name_missing(struct composition *c) {
    struct buffer words = buffer_new(SEQUENCE_FAULT_WORDS_BYTES_MAX);
    const struct snippet_missing *missing = &c->composed->missing;
    buffer_append_text(&words, "no usable value and no fallback: ");
    for (size_t i = 0; i < missing->count; i++)
        buffer_printf(&words, "%s{{%.*s}}", i ? ", " : "", SLICE_PRINT(missing->names[i]));
    c->composed->words = arena_copy(c->arena, buffer_slice(&words));
    buffer_free(&words);
}

static void write_message(struct composition *c) {
    struct buffer message = buffer_new(COMPOSE_MESSAGE_BYTES_MAX);
    letter_write(&message, &c->letter);
    if (buffer_overflowed(&message))
        refuse(c, COMPOSE_TOO_LONG, SLICE("the message is too long"));
    else
        c->composed->message = arena_copy(c->arena, buffer_slice(&message));
    buffer_free(&message);
    c->composed->subject = c->letter.subject;
    c->composed->body = c->letter.body;
    c->composed->html = c->letter.html;
}

enum compose_result compose_message(struct arena *arena, const struct compose_request *request,
                                    struct composed *composed) {
    struct composition c = {.arena = arena, .request = request, .composed = composed, .result = COMPOSE_OK};
    *composed = (struct composed){.words = SLICE_EMPTY};
    ASSERT(request->step < request->sequence->step_count);
    ASSERT(request->version < request->sequence->steps[request->step].version_count);
    c.letter.request = request;
    gather_fields(&c);
    write_texts(&c);
    address_letter(&c);
    if (c.result == COMPOSE_OK) write_message(&c);
    if (c.result == COMPOSE_BLOCKED) name_missing(&c);
    return c.result;
}

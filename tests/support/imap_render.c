/*
 * A table of renderers, one a command, like the parser's table of parsers. What has more than one
 * spelling (macros, NIL and (), quoted and literal) is written in one of them.
 */
#include "imap_render.h"

#include <stdlib.h>

#include "wire/imap_reply.h"

static void string(struct buffer *out, struct slice text) {
    bool quoted = true;
    for (size_t i = 0; i < text.len; i++) quoted = quoted && text.ptr[i] >= ' ' && text.ptr[i] != 0x7f;
    if (!quoted) {
        buffer_printf(out, "{%zu+}\r\n", text.len);
        buffer_append(out, text);
        return;
    }
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, text.ptr[i]);
    }
    buffer_append_byte(out, '"');
}

static void number(struct buffer *out, uint32_t value) {
    if (value == IMAP_SEQUENCE_LARGEST)
        buffer_append_byte(out, '*');
    else
        buffer_append_number(out, value);
}

static void sequence(struct buffer *out, const struct imap_sequence *set) {
    if (set->saved_result) buffer_append_byte(out, '$');
    for (size_t i = 0; i < set->count; i++) {
        if (i) buffer_append_byte(out, ',');
        number(out, set->ranges[i].first);
        if (set->ranges[i].first == set->ranges[i].last) continue;
        buffer_append_byte(out, ':');
        number(out, set->ranges[i].last);
    }
}

static void login(struct buffer *out, const struct imap_command *command, bool utf8) {
    string(out, command->login.user);
    buffer_append_byte(out, ' ');
    string(out, command->login.password);
}

static void authenticate(struct buffer *out, const struct imap_command *command, bool utf8) {
    buffer_append(out, command->authenticate.mechanism);
    if (!command->authenticate.has_initial_response) return;
    buffer_append_byte(out, ' ');
    buffer_append(out, command->authenticate.initial_response);
}

static void enable(struct buffer *out, const struct imap_command *command, bool utf8) {
    uint32_t bits = command->enable;
    buffer_append_text(out, "X");
    if (bits & IMAP_ENABLE_CONDSTORE) buffer_append_text(out, " CONDSTORE");
    if (bits & IMAP_ENABLE_QRESYNC) buffer_append_text(out, " QRESYNC");
    if (bits & IMAP_ENABLE_UTF8_ACCEPT) buffer_append_text(out, " UTF8=ACCEPT");
    if (bits & IMAP_ENABLE_IMAP4REV2) buffer_append_text(out, " IMAP4rev2");
}

static void id(struct buffer *out, const struct imap_command *command, bool utf8) {
    buffer_append_byte(out, '(');
    for (size_t i = 0; i < command->id.count; i++) {
        const struct imap_id_field *field = &command->id.fields[i];
        if (i) buffer_append_byte(out, ' ');
        string(out, field->name);
        buffer_append_byte(out, ' ');
        if (field->is_nil)
            buffer_append_text(out, "NIL");
        else
            string(out, field->value);
    }
    buffer_append_byte(out, ')');
}

static void word(struct buffer *out, const struct imap_command *command, bool utf8) {
    string(out, command->word);
}

static void qresync(struct buffer *out, const struct imap_select *select) {
    buffer_printf(out, "QRESYNC (%u %llu", select->uid_validity, (unsigned long long)select->modseq);
    if (select->has_known_uids) {
        buffer_append_byte(out, ' ');
        sequence(out, &select->known_uids);
    }
    if (select->has_known_pairs) {
        buffer_append_text(out, " (");
        sequence(out, &select->known_numbers);
        buffer_append_byte(out, ' ');
        sequence(out, &select->known_number_uids);
        buffer_append_byte(out, ')');
    }
    buffer_append_byte(out, ')');
}

static void select_mailbox(struct buffer *out, const struct imap_command *command, bool utf8) {
    const struct imap_select *select = &command->select;
    imap_reply_mailbox(out, select->mailbox, utf8);
    if (!select->condstore && !select->qresync) return;
    buffer_append_text(out, " (");
    if (select->condstore) buffer_append_text(out, "CONDSTORE");
    if (select->condstore && select->qresync) buffer_append_byte(out, ' ');
    if (select->qresync) qresync(out, select);
    buffer_append_byte(out, ')');
}

static void mailbox(struct buffer *out, const struct imap_command *command, bool utf8) {
    imap_reply_mailbox(out, command->mailbox.name, utf8);
    if (!command->mailbox.uses) return;
    buffer_append_text(out, " (USE (");
    imap_reply_words(out, imap_uses, command->mailbox.uses);
    buffer_append_text(out, "))");
}

static void rename_mailbox(struct buffer *out, const struct imap_command *command, bool utf8) {
    imap_reply_mailbox(out, command->rename.from, utf8);
    buffer_append_byte(out, ' ');
    imap_reply_mailbox(out, command->rename.to, utf8);
}

static void status_items(struct buffer *out, uint32_t items) {
    buffer_append_byte(out, '(');
    imap_reply_words(out, imap_status_items, items);
    buffer_append_byte(out, ')');
}

static void status(struct buffer *out, const struct imap_command *command, bool utf8) {
    imap_reply_mailbox(out, command->status.mailbox, utf8);
    buffer_append_byte(out, ' ');
    status_items(out, command->status.items);
}

static void list_options(struct buffer *out, uint32_t bits, const char *const names[4]) {
    bool first = true;
    for (int i = 0; i < 4; i++) {
        if (!(bits & 1u << i)) continue;
        if (!first) buffer_append_byte(out, ' ');
        buffer_append_text(out, names[i]);
        first = false;
    }
}

static void list(struct buffer *out, const struct imap_command *command, bool utf8) {
    static const char *const selects[4] = {"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"};
    static const char *const returns[4] = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS"};
    const struct imap_list *list = &command->list;
    if (list->extended) {
        buffer_append_byte(out, '(');
        list_options(out, list->select, selects);
        buffer_append_text(out, ") ");
    }
    imap_reply_mailbox(out, list->reference, utf8);
    buffer_append_text(out, list->extended ? " (" : " ");
    for (size_t i = 0; i < list->pattern_count; i++) {
        if (i) buffer_append_byte(out, ' ');
        imap_reply_mailbox(out, list->patterns[i], utf8);
    }
    if (!list->extended) return;
    buffer_append_text(out, ") RETURN (");
    list_options(out, list->returns, returns);
    if (list->returns & IMAP_LIST_RETURN_STATUS) {
        buffer_append_byte(out, ' ');
        status_items(out, list->status_items);
    }
    buffer_append_byte(out, ')');
}

static void append_message(struct buffer *out, const struct imap_append_message *message) {
    buffer_append_byte(out, ' ');
    imap_reply_flags(out, &message->flags);
    buffer_append_byte(out, ' ');
    if (message->has_date) {
        imap_date_time_render(out, message->date);
        buffer_append_byte(out, ' ');
    }
    if (message->utf8) buffer_append_text(out, "UTF8 (");
    buffer_printf(out, "%s{%llu%s}\r\n", message->literal.binary ? "~" : "",
                  (unsigned long long)message->literal.bytes, message->literal.nonsync ? "+" : "");
    if (message->literal.streamed) return;
    buffer_append(out, message->literal.data);
    if (message->utf8) buffer_append_byte(out, ')');
}

void imap_render_append_rest(struct buffer *out, const struct imap_append *append, bool after_utf8) {
    if (after_utf8) buffer_append_byte(out, ')');
    for (const struct imap_append_message *m = append->first; m; m = m->next) append_message(out, m);
    if (append->complete) buffer_append_text(out, "\r\n");
}

static void append(struct buffer *out, const struct imap_command *command, bool utf8) {
    imap_reply_mailbox(out, command->append.mailbox, utf8);
    imap_render_append_rest(out, &command->append, false);
}

static void expunge(struct buffer *out, const struct imap_command *command, bool utf8) {
    if (command->uid) sequence(out, &command->expunge.uids);
}

static void store(struct buffer *out, const struct imap_command *command, bool utf8) {
    static const char *const modes[] = {" FLAGS", " +FLAGS", " -FLAGS"};
    const struct imap_store *store = &command->store;
    sequence(out, &store->messages);
    if (store->has_unchanged_since)
        buffer_printf(out, " (UNCHANGEDSINCE %llu)", (unsigned long long)store->unchanged_since);
    buffer_append_text(out, modes[store->mode]);
    buffer_append_text(out, store->silent ? ".SILENT " : " ");
    imap_reply_flags(out, &store->flags);
}

static void copy(struct buffer *out, const struct imap_command *command, bool utf8) {
    sequence(out, &command->copy.messages);
    buffer_append_byte(out, ' ');
    imap_reply_mailbox(out, command->copy.mailbox, utf8);
}

/* The request's form of a section: with .PEEK, and the length of the partial. */
static void section(struct buffer *out, const struct imap_section *section) {
    struct buffer answer = buffer_new(MIB(1));
    imap_reply_section(&answer, section);
    struct slice text = buffer_slice(&answer);
    bool always_peeks =
        section->kind == IMAP_SECTION_RFC822_HEADER || section->kind == IMAP_SECTION_BINARY_SIZE;
    size_t bracket = section->kind >= IMAP_SECTION_RFC822 ? text.len : slice_find_byte(text, '[');
    buffer_append(out, slice_take(&text, bracket));
    if (section->peek && !always_peeks) buffer_append_text(out, ".PEEK");
    if (section->has_partial) text.len--;
    buffer_append(out, text);
    if (section->has_partial) buffer_printf(out, ".%llu>", (unsigned long long)section->partial_bytes);
    buffer_free(&answer);
}

static void fetch(struct buffer *out, const struct imap_command *command, bool utf8) {
    const struct imap_fetch *fetch = &command->fetch;
    sequence(out, &fetch->messages);
    buffer_append_text(out, " (");
    imap_reply_words(out, imap_fetch_items, fetch->items);
    if (fetch->items & IMAP_FETCH_PREVIEW_LAZY) buffer_append_text(out, " PREVIEW (LAZY)");
    for (size_t i = 0; i < fetch->section_count; i++) {
        if (i || fetch->items) buffer_append_byte(out, ' ');
        section(out, &fetch->sections[i]);
    }
    buffer_append_byte(out, ')');
    if (!fetch->has_changed_since) return;
    buffer_printf(out, " (CHANGEDSINCE %llu%s)", (unsigned long long)fetch->changed_since,
                  fetch->vanished ? " VANISHED" : "");
}

static const char *const key_names[] = {
    [IMAP_SEARCH_ALL] = "ALL",
    [IMAP_SEARCH_NEW] = "NEW",
    [IMAP_SEARCH_OLD] = "OLD",
    [IMAP_SEARCH_RECENT] = "RECENT",
    [IMAP_SEARCH_BCC] = "BCC",
    [IMAP_SEARCH_BODY] = "BODY",
    [IMAP_SEARCH_CC] = "CC",
    [IMAP_SEARCH_FROM] = "FROM",
    [IMAP_SEARCH_SUBJECT] = "SUBJECT",
    [IMAP_SEARCH_TEXT] = "TEXT",
    [IMAP_SEARCH_TO] = "TO",
    [IMAP_SEARCH_HEADER] = "HEADER",
    [IMAP_SEARCH_BEFORE] = "BEFORE",
    [IMAP_SEARCH_ON] = "ON",
    [IMAP_SEARCH_SINCE] = "SINCE",
    [IMAP_SEARCH_SENTBEFORE] = "SENTBEFORE",
    [IMAP_SEARCH_SENTON] = "SENTON",
    [IMAP_SEARCH_SENTSINCE] = "SENTSINCE",
    [IMAP_SEARCH_SAVEDBEFORE] = "SAVEDBEFORE",
    [IMAP_SEARCH_SAVEDON] = "SAVEDON",
    [IMAP_SEARCH_SAVEDSINCE] = "SAVEDSINCE",
    [IMAP_SEARCH_SAVEDATESUPPORTED] = "SAVEDATESUPPORTED",
    [IMAP_SEARCH_LARGER] = "LARGER",
    [IMAP_SEARCH_SMALLER] = "SMALLER",
    [IMAP_SEARCH_OLDER] = "OLDER",
    [IMAP_SEARCH_YOUNGER] = "YOUNGER",
    [IMAP_SEARCH_MODSEQ] = "MODSEQ",
    [IMAP_SEARCH_EMAILID] = "EMAILID",
    [IMAP_SEARCH_THREADID] = "THREADID",
    [IMAP_SEARCH_UIDS] = "UID ",
    [IMAP_SEARCH_NUMBERS] = "",
};

static void leaf(struct buffer *out, const struct imap_search_key *key) {
    if (key->type == IMAP_SEARCH_FLAG) {
        const struct imap_word *flag = imap_system_flags;
        while (flag->bits != key->number) flag++;
        buffer_append_text(out, key->wanted ? "" : "UN");
        for (size_t i = 1; i < flag->name.len; i++) buffer_append_byte(out, ascii_upper(flag->name.ptr[i]));
        return;
    }
    if (key->type == IMAP_SEARCH_KEYWORD) {
        buffer_append_text(out, key->wanted ? "KEYWORD " : "UNKEYWORD ");
        buffer_append(out, key->text);
        return;
    }
    buffer_append_text(out, key_names[key->type]);
    if (key->type == IMAP_SEARCH_HEADER) {
        buffer_append_byte(out, ' ');
        string(out, key->header);
    }
    if (key->type >= IMAP_SEARCH_UIDS) {
        sequence(out, &key->sequence);
    } else if (key->type >= IMAP_SEARCH_EMAILID) {
        buffer_append_byte(out, ' ');
        buffer_append(out, key->text);
    } else if (key->type >= IMAP_SEARCH_LARGER) {
        buffer_append_byte(out, ' ');
        buffer_append_number(out, key->number);
    } else if (key->type >= IMAP_SEARCH_BEFORE && key->type < IMAP_SEARCH_SAVEDATESUPPORTED) {
        buffer_append_byte(out, ' ');
        imap_date_render(out, key->days);
    } else if (key->type >= IMAP_SEARCH_BCC && key->type <= IMAP_SEARCH_HEADER) {
        buffer_append_byte(out, ' ');
        string(out, key->text);
    }
}

/* Joins the top `count` texts of the stack into one. */
static struct buffer join(struct buffer *operands, const struct imap_search_key *key) {
    struct buffer joined = buffer_new(MIB(4));
    if (key->type == IMAP_SEARCH_AND) buffer_append_byte(&joined, '(');
    if (key->type == IMAP_SEARCH_NOT) buffer_append_text(&joined, "NOT ");
    for (uint32_t i = 0; i < key->count; i++) {
        if (i) buffer_append_byte(&joined, ' ');
        if (key->type == IMAP_SEARCH_OR && i + 1 < key->count) buffer_append_text(&joined, "OR ");
        buffer_append(&joined, buffer_slice(&operands[i]));
        buffer_free(&operands[i]);
    }
    if (key->type == IMAP_SEARCH_AND) buffer_append_byte(&joined, ')');
    return joined;
}

static void program(struct buffer *out, const struct imap_search *search) {
    struct buffer *stack = calloc(search->key_count, sizeof *stack);
    ASSERT(stack);
    size_t depth = 0;
    for (size_t i = 0; i < search->key_count; i++) {
        const struct imap_search_key *key = &search->keys[i];
        struct buffer text = buffer_new(MIB(4));
        if (key->type >= IMAP_SEARCH_AND && key->type <= IMAP_SEARCH_NOT) {
            depth -= key->count;
            text = join(stack + depth, key);
        } else {
            leaf(&text, key);
        }
        stack[depth++] = text;
    }
    ASSERT(depth == 1);
    buffer_append(out, buffer_slice(&stack[0]));
    buffer_free(&stack[0]);
    free(stack);
}

static void search(struct buffer *out, const struct imap_command *command, bool utf8) {
    static const char *const names[] = {"MIN", "MAX", "ALL", "COUNT", "SAVE"};
    const struct imap_search *search = &command->search;
    if (search->extended) {
        buffer_append_text(out, "RETURN (");
        bool first = true;
        for (int i = 0; i < 5; i++) {
            if (!(search->returns & 1u << i)) continue;
            if (!first) buffer_append_byte(out, ' ');
            buffer_append_text(out, names[i]);
            first = false;
        }
        buffer_append_text(out, ") ");
    }
    if (search->has_charset) buffer_append_text(out, "CHARSET UTF-8 ");
    program(out, search);
}

static void (*const renderers[])(struct buffer *, const struct imap_command *, bool) = {
    [IMAP_COMMAND_AUTHENTICATE] = authenticate,
    [IMAP_COMMAND_LOGIN] = login,
    [IMAP_COMMAND_ENABLE] = enable,
    [IMAP_COMMAND_ID] = id,
    [IMAP_COMMAND_COMPRESS] = word,
    [IMAP_COMMAND_SELECT] = select_mailbox,
    [IMAP_COMMAND_EXAMINE] = select_mailbox,
    [IMAP_COMMAND_CREATE] = mailbox,
    [IMAP_COMMAND_DELETE] = mailbox,
    [IMAP_COMMAND_RENAME] = rename_mailbox,
    [IMAP_COMMAND_SUBSCRIBE] = mailbox,
    [IMAP_COMMAND_UNSUBSCRIBE] = mailbox,
    [IMAP_COMMAND_LIST] = list,
    [IMAP_COMMAND_LSUB] = list,
    [IMAP_COMMAND_STATUS] = status,
    [IMAP_COMMAND_APPEND] = append,
    [IMAP_COMMAND_GETQUOTA] = word,
    [IMAP_COMMAND_GETQUOTAROOT] = mailbox,
    [IMAP_COMMAND_EXPUNGE] = expunge,
    [IMAP_COMMAND_SEARCH] = search,
    [IMAP_COMMAND_FETCH] = fetch,
    [IMAP_COMMAND_STORE] = store,
    [IMAP_COMMAND_COPY] = copy,
    [IMAP_COMMAND_MOVE] = copy,
};

void imap_render(struct buffer *out, const struct imap_command *command, bool utf8) {
    buffer_append(out, command->tag);
    buffer_append_text(out, command->uid ? " UID " : " ");
    buffer_append(out, imap_command_name(command->kind));
    bool has = command->kind < sizeof renderers / sizeof renderers[0] && renderers[command->kind];
    if (has && (command->kind != IMAP_COMMAND_EXPUNGE || command->uid)) {
        buffer_append_byte(out, ' ');
        renderers[command->kind](out, command, utf8);
    }
    if (command->kind != IMAP_COMMAND_APPEND) buffer_append_text(out, "\r\n");
}

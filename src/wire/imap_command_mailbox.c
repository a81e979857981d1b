/* Commands about mailboxes: SELECT, CREATE, RENAME, LIST, LSUB, STATUS and those of one name. */
#include "wire/imap_command_parts.h"

const struct imap_word imap_uses[] = {
    {SLICE_INIT("\\All"), IMAP_USE_ALL},
    {SLICE_INIT("\\Archive"), IMAP_USE_ARCHIVE},
    {SLICE_INIT("\\Drafts"), IMAP_USE_DRAFTS},
    {SLICE_INIT("\\Flagged"), IMAP_USE_FLAGGED},
    {SLICE_INIT("\\Junk"), IMAP_USE_JUNK},
    {SLICE_INIT("\\Sent"), IMAP_USE_SENT},
    {SLICE_INIT("\\Trash"), IMAP_USE_TRASH},
    {SLICE_INIT("\\Important"), IMAP_USE_IMPORTANT},
    {SLICE_INIT(""), 0},
};

const struct imap_word imap_status_items[] = {
    {SLICE_INIT("MESSAGES"), IMAP_STATUS_MESSAGES},
    {SLICE_INIT("RECENT"), IMAP_STATUS_RECENT},
    {SLICE_INIT("UIDNEXT"), IMAP_STATUS_UIDNEXT},
    {SLICE_INIT("UIDVALIDITY"), IMAP_STATUS_UIDVALIDITY},
    {SLICE_INIT("UNSEEN"), IMAP_STATUS_UNSEEN},
    {SLICE_INIT("DELETED"), IMAP_STATUS_DELETED},
    {SLICE_INIT("DELETED-STORAGE"), IMAP_STATUS_DELETED_STORAGE},
    {SLICE_INIT("SIZE"), IMAP_STATUS_SIZE},
    {SLICE_INIT("HIGHESTMODSEQ"), IMAP_STATUS_HIGHESTMODSEQ},
    {SLICE_INIT("APPENDLIMIT"), IMAP_STATUS_APPENDLIMIT},
    {SLICE_INIT("MAILBOXID"), IMAP_STATUS_MAILBOXID},
    {SLICE_INIT(""), 0},
};

static const struct imap_word list_selects[] = {
    {SLICE_INIT("SUBSCRIBED"), IMAP_LIST_SELECT_SUBSCRIBED},
    {SLICE_INIT("REMOTE"), IMAP_LIST_SELECT_REMOTE},
    {SLICE_INIT("RECURSIVEMATCH"), IMAP_LIST_SELECT_RECURSIVEMATCH},
    {SLICE_INIT("SPECIAL-USE"), IMAP_LIST_SELECT_SPECIAL_USE},
    {SLICE_INIT(""), 0},
};

static const struct imap_word list_returns[] = {
    {SLICE_INIT("SUBSCRIBED"), IMAP_LIST_RETURN_SUBSCRIBED},
    {SLICE_INIT("CHILDREN"), IMAP_LIST_RETURN_CHILDREN},
    {SLICE_INIT("SPECIAL-USE"), IMAP_LIST_RETURN_SPECIAL_USE},
    {SLICE_INIT("STATUS"), IMAP_LIST_RETURN_STATUS},
    {SLICE_INIT(""), 0},
};

/* RFC 7162 3.2.5.2: seq-match-data */
static void take_known_pairs(struct imap_lex *lex, struct imap_select *select) {
    imap_lex_expect(lex, '(');
    select->known_numbers = imap_lex_sequence(lex);
    imap_lex_space(lex);
    select->known_number_uids = imap_lex_sequence(lex);
    imap_lex_expect(lex, ')');
    select->has_known_pairs = !imap_lex_failed(lex);
}

/* RFC 7162 3.2.5: "(" uidvalidity SP modseq [SP known-uids] [SP seq-match-data] ")" */
static void take_qresync(struct imap_lex *lex, struct imap_select *select) {
    imap_lex_space(lex);
    imap_lex_expect(lex, '(');
    select->uid_validity = imap_lex_number_nonzero(lex);
    imap_lex_space(lex);
    select->modseq = imap_lex_number64(lex);
    bool more = imap_lex_try(lex, ' ');
    if (more && imap_lex_peek(lex) != '(') {
        select->known_uids = imap_lex_sequence(lex);
        select->has_known_uids = !imap_lex_failed(lex);
        more = imap_lex_try(lex, ' ');
    }
    if (more) take_known_pairs(lex, select);
    imap_lex_expect(lex, ')');
    select->qresync = !imap_lex_failed(lex);
}

static void take_select_parameter(struct imap_lex *lex, struct imap_select *select) {
    struct slice word = imap_lex_atom(lex);
    if (slice_equal_nocase(word, SLICE("CONDSTORE")))
        select->condstore = true;
    else if (slice_equal_nocase(word, SLICE("QRESYNC")))
        take_qresync(lex, select);
    else
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown parameter", word);
}

void imap_command_select(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->select.mailbox = imap_lex_mailbox(lex);
    if (!imap_lex_try(lex, ' ')) return;
    imap_lex_expect(lex, '(');
    for (bool first = true; imap_lex_more(lex, &first);) take_select_parameter(lex, &command->select);
}

void imap_command_mailbox(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->mailbox.name = imap_lex_mailbox(lex);
}

/* One `\Use`. */
static uint32_t take_use(struct imap_lex *lex) {
    struct slice start = lex->rest;
    imap_lex_expect(lex, '\\');
    struct slice word = slice_sub(start, 0, imap_lex_atom(lex).len + 1);
    for (const struct imap_word *use = imap_uses; use->bits; use++)
        if (slice_equal_nocase(use->name, word)) return use->bits;
    imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown use", word);
    return 0;
}

/* RFC 6154 5.1: CREATE name (USE (\Use ...)) */
void imap_command_create(struct imap_lex *lex, struct imap_command *command) {
    imap_command_mailbox(lex, command);
    if (!imap_lex_try(lex, ' ')) return;
    imap_lex_expect(lex, '(');
    struct slice word = imap_lex_atom(lex);
    if (!slice_equal_nocase(word, SLICE("USE")))
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown parameter", word);
    imap_lex_space(lex);
    imap_lex_expect(lex, '(');
    for (bool first = true; imap_lex_more(lex, &first);) command->mailbox.uses |= take_use(lex);
    imap_lex_expect(lex, ')');
}

void imap_command_rename(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->rename.from = imap_lex_mailbox(lex);
    imap_lex_space(lex);
    command->rename.to = imap_lex_mailbox(lex);
}

/* RFC 9051 9: status-att *(SP status-att), so an empty list is an error. */
static uint32_t take_status_items(struct imap_lex *lex) {
    uint32_t items = imap_lex_word_list(lex, imap_status_items, "unknown item");
    if (!items) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "no status item", SLICE_EMPTY);
    return items;
}

void imap_command_status(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->status.mailbox = imap_lex_mailbox(lex);
    imap_lex_space(lex);
    command->status.items = take_status_items(lex);
}

static void add_pattern(struct imap_lex *lex, struct imap_list *list) {
    struct slice *pattern = imap_lex_array_add(lex, (void **)&list->patterns, &list->pattern_count,
                                               sizeof *pattern, IMAP_LIST_PATTERNS_MAX);
    if (pattern) *pattern = imap_lex_pattern(lex);
}

/* RFC 5258 6: mbox-or-pat */
static void take_patterns(struct imap_lex *lex, struct imap_list *list) {
    if (!imap_lex_try(lex, '(')) {
        add_pattern(lex, list);
        return;
    }
    list->extended = true;
    for (bool first = true; imap_lex_more(lex, &first);) add_pattern(lex, list);
    if (!list->pattern_count) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "no pattern", SLICE_EMPTY);
}

static void take_returns(struct imap_lex *lex, struct imap_list *list) {
    struct slice word = imap_lex_atom(lex);
    if (!slice_equal_nocase(word, SLICE("RETURN")))
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown option", word);
    imap_lex_space(lex);
    imap_lex_expect(lex, '(');
    list->extended = true;
    for (bool first = true; imap_lex_more(lex, &first);) {
        uint32_t bit = imap_lex_word(lex, list_returns, "unknown return option");
        list->returns |= bit;
        if (bit != IMAP_LIST_RETURN_STATUS) continue;
        /* RFC 5819 2 */
        imap_lex_space(lex);
        list->status_items |= take_status_items(lex);
    }
}

static void take_selects(struct imap_lex *lex, struct imap_list *list) {
    if (imap_lex_peek(lex) != '(') return;
    list->extended = true;
    list->select = imap_lex_word_list(lex, list_selects, "unknown selection option");
    /* RFC 5258 3.1: RECURSIVEMATCH modifies another option. */
    if (list->select == IMAP_LIST_SELECT_RECURSIVEMATCH ||
        list->select == (IMAP_LIST_SELECT_RECURSIVEMATCH | IMAP_LIST_SELECT_REMOTE))
        imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "RECURSIVEMATCH needs another option", SLICE_EMPTY);
    imap_lex_space(lex);
}

void imap_command_list(struct imap_lex *lex, struct imap_command *command) {
    struct imap_list *list = &command->list;
    imap_lex_space(lex);
    take_selects(lex, list);
    list->reference = imap_lex_pattern(lex);
    imap_lex_space(lex);
    take_patterns(lex, list);
    if (imap_lex_try(lex, ' ')) take_returns(lex, list);
}

void imap_command_lsub(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->list.reference = imap_lex_pattern(lex);
    imap_lex_space(lex);
    add_pattern(lex, &command->list);
}

/* Commands that change the selected mailbox's messages: EXPUNGE, STORE, COPY, MOVE. */
#include "wire/imap_command_parts.h"

/* RFC 4315 2.1: UID EXPUNGE has a set of UIDs; EXPUNGE has nothing. */
void imap_command_expunge(struct imap_lex *lex, struct imap_command *command) {
    if (!command->uid) return;
    imap_lex_space(lex);
    command->expunge.uids = imap_lex_sequence(lex);
}

/* RFC 7162 3.1.3: "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")" SP */
static void take_modifiers(struct imap_lex *lex, struct imap_store *store) {
    if (!imap_lex_try(lex, '(')) return;
    struct slice word = imap_lex_atom(lex);
    if (!slice_equal_nocase(word, SLICE("UNCHANGEDSINCE")))
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown modifier", word);
    imap_lex_space(lex);
    store->unchanged_since = imap_lex_number64(lex);
    imap_lex_expect(lex, ')');
    imap_lex_space(lex);
    store->has_unchanged_since = !imap_lex_failed(lex);
}

static enum imap_store_mode take_mode(struct imap_lex *lex) {
    if (imap_lex_try(lex, '+')) return IMAP_STORE_ADD;
    return imap_lex_try(lex, '-') ? IMAP_STORE_REMOVE : IMAP_STORE_REPLACE;
}

void imap_command_store(struct imap_lex *lex, struct imap_command *command) {
    struct imap_store *store = &command->store;
    imap_lex_space(lex);
    store->messages = imap_lex_sequence(lex);
    imap_lex_space(lex);
    take_modifiers(lex, store);
    store->mode = take_mode(lex);
    struct slice item = imap_lex_atom(lex);
    store->silent = slice_equal_nocase(item, SLICE("FLAGS.SILENT"));
    if (!store->silent && !slice_equal_nocase(item, SLICE("FLAGS")))
        imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown item", item);
    imap_lex_space(lex);
    store->flags = imap_lex_flags(lex);
}

void imap_command_copy(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->copy.messages = imap_lex_sequence(lex);
    imap_lex_space(lex);
    command->copy.mailbox = imap_lex_mailbox(lex);
}

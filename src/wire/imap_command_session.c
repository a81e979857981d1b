/* Commands about the session itself: AUTHENTICATE, LOGIN, ENABLE, ID, and those of one word. */
#include "wire/imap_command_parts.h"

static const struct imap_word enables[] = {
    {SLICE_INIT("CONDSTORE"), IMAP_ENABLE_CONDSTORE},
    {SLICE_INIT("QRESYNC"), IMAP_ENABLE_QRESYNC},
    {SLICE_INIT("UTF8=ACCEPT"), IMAP_ENABLE_UTF8_ACCEPT},
    {SLICE_INIT("IMAP4rev2"), IMAP_ENABLE_IMAP4REV2},
};

void imap_command_authenticate(struct imap_lex *lex, struct imap_command *command) {
    struct imap_authenticate *authenticate = &command->authenticate;
    imap_lex_space(lex);
    authenticate->mechanism = imap_lex_atom(lex);
    authenticate->has_initial_response = imap_lex_try(lex, ' ');
    if (authenticate->has_initial_response) authenticate->initial_response = imap_lex_atom(lex);
}

void imap_command_login(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->login.user = imap_lex_astring(lex);
    imap_lex_space(lex);
    command->login.password = imap_lex_astring(lex);
}

void imap_command_enable(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    do {
        struct slice word = imap_lex_atom(lex);
        for (size_t i = 0; i < sizeof enables / sizeof enables[0]; i++)
            if (slice_equal_nocase(enables[i].name, word)) command->enable |= enables[i].bits;
    } while (imap_lex_try(lex, ' '));
    /* RFC 7162 3.2.3 */
    if (command->enable & IMAP_ENABLE_QRESYNC) command->enable |= IMAP_ENABLE_CONDSTORE;
}

static void take_id_field(struct imap_lex *lex, struct imap_id *id) {
    struct imap_id_field *field =
        imap_lex_array_add(lex, (void **)&id->fields, &id->count, sizeof *field, IMAP_ID_FIELDS_MAX);
    if (!field) return;
    field->name = imap_lex_string(lex);
    imap_lex_space(lex);
    field->value = imap_lex_nstring(lex, &field->is_nil);
}

/* RFC 2971 3.1 */
void imap_command_id(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    if (imap_lex_try_word(lex, SLICE("NIL"))) return;
    imap_lex_expect(lex, '(');
    for (bool first = true; imap_lex_more(lex, &first);) take_id_field(lex, &command->id);
}

void imap_command_word(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->word = imap_lex_astring(lex);
}

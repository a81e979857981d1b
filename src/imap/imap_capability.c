#include "imap/imap_capability.h"

#include "wire/imap_reply.h"

/* IMAP4rev2 (RFC 9051) is not among them: who enables it expects other answers (names in UTF-8, an ESEARCH
   for each SEARCH). */
static const struct imap_capability rows[] = {
    {SLICE_INIT("IMAP4rev1"), 0, 0},
    {SLICE_INIT("LITERAL+"), 0, 0},
    {SLICE_INIT("SASL-IR"), 0, IMAP_STATE_LOGGED_IN},
    {SLICE_INIT("ID"), 0, 0},
    {SLICE_INIT("ENABLE"), 0, 0},
    {SLICE_INIT("IDLE"), 0, 0},
    {SLICE_INIT("STARTTLS"), IMAP_STATE_CAN_TLS, IMAP_STATE_LOGGED_IN},
    {SLICE_INIT("LOGINDISABLED"), 0, IMAP_STATE_LOGGED_IN | IMAP_STATE_PRIVATE},
    {SLICE_INIT("NAMESPACE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("UIDPLUS"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("MOVE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("UNSELECT"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("CHILDREN"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("SPECIAL-USE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("CREATE-SPECIAL-USE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("LIST-EXTENDED"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("LIST-STATUS"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("STATUS=SIZE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("ESEARCH"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("SEARCHRES"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("WITHIN"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("MULTIAPPEND"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("CONDSTORE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("QRESYNC"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("OBJECTID"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("PREVIEW"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("APPENDLIMIT"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("BINARY"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("QUOTA"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("QUOTA=RES-STORAGE"), IMAP_STATE_LOGGED_IN, 0},
    {SLICE_INIT("COMPRESS=DEFLATE"), IMAP_STATE_LOGGED_IN, IMAP_STATE_COMPRESSED},
    {SLICE_INIT("UTF8=ACCEPT"), IMAP_STATE_LOGGED_IN, 0},
};

void imap_capability_write(struct buffer *out, unsigned state, struct slice mechanisms) {
    imap_reply_capabilities(out, rows, sizeof rows / sizeof rows[0], state);
    while (mechanisms.len) {
        struct slice mechanism = slice_take_until(&mechanisms, ' ');
        buffer_append_text(out, " AUTH=");
        buffer_append(out, mechanism);
        (void)slice_take_byte(&mechanisms, ' ');
    }
}

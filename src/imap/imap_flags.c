#include "imap/imap_flags.h"

enum { SYSTEM_FLAGS = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT };

/* The wire's bits are the store's. */
_Static_assert((int)FLAG_SEEN == (int)IMAP_FLAG_SEEN && (int)FLAG_ANSWERED == (int)IMAP_FLAG_ANSWERED &&
                   (int)FLAG_FLAGGED == (int)IMAP_FLAG_FLAGGED &&
                   (int)FLAG_DELETED == (int)IMAP_FLAG_DELETED && (int)FLAG_DRAFT == (int)IMAP_FLAG_DRAFT,
               "flags of wire and store differ");

void imap_flags_write(struct buffer *out, uint64_t flags, const struct imap_keywords *keywords) {
    buffer_append_byte(out, '(');
    imap_reply_words(out, imap_system_flags, flags & SYSTEM_FLAGS);
    bool is_first = !(flags & SYSTEM_FLAGS);
    for (size_t i = 0; i < keywords->count; i++) {
        if (!(flags >> (FLAG_KEYWORD_FIRST_BIT + i) & 1)) continue;
        if (!is_first) buffer_append_byte(out, ' ');
        buffer_append(out, keywords->names[i]);
        is_first = false;
    }
    buffer_append_byte(out, ')');
}

void imap_flags_announce(struct imap_call *call, const struct imap_keywords *keywords) {
    uint64_t all = ((UINT64_C(1) << keywords->count) - 1) << FLAG_KEYWORD_FIRST_BIT | SYSTEM_FLAGS;
    struct buffer code = buffer_new(KIB(32));
    imap_flags_write(&code, all, keywords);
    buffer_append_text(call->out, "* FLAGS ");
    buffer_append(call->out, buffer_slice(&code));
    buffer_append_text(call->out, "\r\n* OK [PERMANENTFLAGS ");
    if (call->session->is_read_only) {
        buffer_append_text(call->out, "()");
    } else {
        buffer_append(call->out, slice_sub(buffer_slice(&code), 0, code.len - 1));
        buffer_append_text(call->out, keywords->count < KEYWORDS_MAX ? " \\*)" : ")");
    }
    buffer_append_text(call->out, "] Flags that are kept\r\n");
    buffer_free(&code);
    call->session->keyword_count = (uint8_t)keywords->count;
}

enum store_result imap_keywords_load(struct imap_call *call, struct imap_keywords *keywords) {
    struct imap_session *session = call->session;
    enum store_result result = reader_keywords(session->server->reader, call->work, session->view->mailbox,
                                               &keywords->names, &keywords->count);
    if (result != STORE_OK) *keywords = (struct imap_keywords){NULL, 0};
    if (keywords->count > session->keyword_count) imap_flags_announce(call, keywords);
    return result;
}

void imap_keywords_cover(struct imap_call *call, struct imap_keywords *keywords, uint64_t flags) {
    if (flags >> (FLAG_KEYWORD_FIRST_BIT + keywords->count)) (void)imap_keywords_load(call, keywords);
}

uint64_t imap_keyword_bit(const struct imap_keywords *keywords, struct slice name) {
    for (size_t i = 0; i < keywords->count; i++)
        if (slice_equal_nocase(keywords->names[i], name)) return UINT64_C(1) << (FLAG_KEYWORD_FIRST_BIT + i);
    return 0;
}

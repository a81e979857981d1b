#include "transit/courier_sign.h"

#include "transit/courier_signing.h"
#include "trust/author.h"
#include "wire/received.h"

enum { TRIES_MAX = 3, PIECE_BYTES = SMTP_CLIENT_PIECE_BYTES };
/* A signature of each algorithm, or the three fields of a seal. */
enum { FIELDS_BYTES_MAX = 3 * DKIM_FIELD_BYTES_MAX };
_Static_assert(DKIM_ALGORITHMS <= 3, "room for all signatures");

/* ---- hashing ---- */

static void hash_begin(struct courier_signing *signing) {
    signing->hash = dkim_signing_new(NULL);
    signing->header = buffer_new(DKIM_HEADER_BYTES_MAX);
    signing->fields = buffer_new(FIELDS_BYTES_MAX);
}

static void keep_header(struct courier_signing *signing, struct slice bytes) {
    static const struct slice end = SLICE_INIT("\r\n\r\n");
    struct buffer *header = &signing->header;
    if (signing->is_past_header) return;
    size_t from = header->len < end.len ? 0 : header->len - end.len;
    buffer_append(header, bytes);
    size_t at = slice_find(slice_skip(buffer_slice(header), from), end);
    if (at != SLICE_NOT_FOUND) buffer_truncate(header, from + at + 2);
    signing->is_past_header = at != SLICE_NOT_FOUND || buffer_overflowed(header);
}

static void hash_write(void *context, struct slice bytes) {
    struct courier_signing *signing = context;
    dkim_signing_write(signing->hash, bytes);
    keep_header(signing, bytes);
}

static void hash_free(struct courier_signing *signing) {
    dkim_signing_free(&signing->hash);
    buffer_free(&signing->header);
    buffer_free(&signing->fields);
}

/* ---- asking the store ---- */

/* False: no answer. What is unpacked from it is in the message's arena. */
static bool ask(struct courier_signing *signing, uint32_t type, const struct buffer *question,
                struct unpacker *in) {
    struct ipc_answer answer;
    if (!courier_ask(signing->t, signing->session->courier, type, buffer_slice(question), true,
                     signing->until_ms, &answer))
        return false;
    *in = unpacker_of(arena_copy(signing->arena, buffer_slice(&answer.body)));
    ipc_answer_free(&answer);
    return true;
}

/* Empty: nobody in particular wrote it. */
static struct slice author_address(const struct courier_signing *signing) {
    struct author author = author_of_header(signing->arena, buffer_slice(&signing->header));
    bool is_one = author.fault == AUTHOR_ONE_DOMAIN && author.address.len <= STORE_ADDRESS_BYTES_MAX;
    return is_one ? author.address : SLICE_EMPTY;
}

enum transit_sign_result courier_signing_find(struct courier_signing *signing, struct dkim_signers *signers) {
    struct buffer packed = buffer_new(IPC_FRAME_BYTES_MAX);
    struct transit_signers_question question = {
        signing->session->order.session, signing->work->outgoing.message,
        signing->of.is_sealed ? SLICE_EMPTY : author_address(signing), signing->of.is_sealed};
    struct transit_signers answer = {0};
    struct unpacker in;
    transit_signers_question_pack(&packed, &question);
    bool is_answered = ask(signing, TRANSIT_SIGNERS, &packed, &in);
    buffer_free(&packed);
    if (!is_answered) return TRANSIT_SIGN_LATER;
    transit_signers_unpack(&in, &answer);
    *signers = answer.signers;
    return unpack_is_done(&in) ? answer.result : TRANSIT_SIGN_LATER;
}

enum transit_sign_result courier_signing_sign(struct courier_signing *signing,
                                              const struct transit_sign *sign,
                                              struct transit_signatures *signatures) {
    struct buffer packed = buffer_new(IPC_FRAME_BYTES_MAX);
    struct unpacker in;
    transit_sign_pack(&packed, sign);
    bool is_answered = ask(signing, TRANSIT_SIGN, &packed, &in);
    buffer_free(&packed);
    if (!is_answered) return TRANSIT_SIGN_LATER;
    transit_signatures_unpack(&in, signatures);
    if (!unpack_is_done(&in)) return TRANSIT_SIGN_LATER;
    bool is_whole = signatures->result != TRANSIT_SIGN_OK || signatures->count == sign->count;
    return is_whole ? signatures->result : TRANSIT_SIGN_LATER;
}

/* ---- composing ---- */

static struct dkim_signer signer_of(const struct courier_signing *signing, const struct dkim_signers *signers,
                                    size_t i) {
    return (struct dkim_signer){.algorithm = signers->signers[i].algorithm,
                                .domain = signers->domain,
                                .selector = signers->signers[i].selector,
                                .signed_at_s = env_wall_ms(signing->session->courier->env) / 1000};
}

static const char *fault_of(enum dkim_sign_result result) {
    switch (result) {
    case DKIM_SIGN_NOT_ONE_FROM:
        return "it has no From, or more than one";
    case DKIM_SIGN_TOO_LARGE:
        return "its header is too large";
    case DKIM_SIGN_BAD_LINES:
        return "its header has line breaks that are none";
    default:
        return "its signer has no such name";
    }
}

/* False: the message cannot be signed by anybody; it goes as it is. */
static bool compose(struct courier_signing *signing, const struct dkim_signers *signers,
                    struct dkim_draft drafts[DKIM_ALGORITHMS], struct transit_sign *sign) {
    *sign = (struct transit_sign){.session = signing->session->order.session,
                                  .message = signing->work->outgoing.message,
                                  .domain = signers->domain,
                                  .count = signers->count};
    for (size_t i = 0; i < signers->count; i++) {
        struct dkim_signer signer = signer_of(signing, signers, i);
        enum dkim_sign_result result =
            dkim_signing_compose(signing->hash, &signer, signing->arena, &drafts[i]);
        if (result != DKIM_SIGN_OK) {
            record_line(&signing->session->record, "not signed: %s", fault_of(result));
            return false;
        }
        sign->digests[i].key = signers->signers[i].key;
        memcpy(sign->digests[i].digest, drafts[i].digest, DKIM_DIGEST_BYTES);
    }
    return true;
}

static bool finish(struct courier_signing *signing, const struct dkim_draft *drafts,
                   const struct transit_signatures *signatures) {
    for (size_t i = 0; i < signatures->count; i++)
        if (!dkim_draft_finish(&drafts[i], signatures->signatures[i], &signing->fields)) return false;
    return !buffer_overflowed(&signing->fields);
}

/* What a trusted network only passed on is a stranger's, whoever From says it is. */
static bool is_begun_by_ours(const struct courier_signing *signing) {
    const struct outgoing *outgoing = &signing->work->outgoing;
    if (outgoing->account || outgoing->properties & OUTGOING_COMPOSED) return true;
    if (received_is_from_within(buffer_slice(&signing->header), signing->session->settings.relay_networks))
        return true;
    record_line(&signing->session->record, "not signed: it came to relay.networks from another host");
    return false;
}

/* TRANSIT_SIGN_OK: the fields are there, or it goes without. */
static enum transit_sign_result sign_once(struct courier_signing *signing) {
    struct dkim_signers signers = {0};
    struct dkim_draft drafts[DKIM_ALGORITHMS];
    struct transit_signatures signatures = {0};
    struct transit_sign sign;
    if (!is_begun_by_ours(signing)) return TRANSIT_SIGN_OK;
    enum transit_sign_result result = courier_signing_find(signing, &signers);
    if (result != TRANSIT_SIGN_OK) return result;
    if (signers.count == 0) record_line(&signing->session->record, "not signed: no domain of ours sends it");
    if (signers.count == 0 || !compose(signing, &signers, drafts, &sign)) return TRANSIT_SIGN_OK;
    result = courier_signing_sign(signing, &sign, &signatures);
    if (result != TRANSIT_SIGN_OK) return result;
    if (!finish(signing, drafts, &signatures)) return TRANSIT_SIGN_LATER;
    record_line(&signing->session->record, "signed by %.*s", SLICE_PRINT(signers.domain));
    return TRANSIT_SIGN_OK;
}

/* Keys may be rotated, and stores begin anew, between the two questions. */
static bool sign(struct courier_signing *signing, struct slice *fields) {
    enum transit_sign_result result = TRANSIT_SIGN_AGAIN;
    dkim_signing_end(signing->hash);
    signing->until_ms = env_now_ms(signing->session->courier->env) + TRANSIT_SIGN_MS;
    bool is_careless = IS_PLANTED(signing->session->courier->env, PLANTED_SENT_UNSIGNED);
    int tries_max = is_careless ? 1 : TRIES_MAX;
    for (int tries = 0; tries < tries_max && result == TRANSIT_SIGN_AGAIN; tries++)
        result = signing->of.is_sealed ? courier_seal_once(signing) : sign_once(signing);
    if (result != TRANSIT_SIGN_OK) return is_careless;
    *fields = arena_copy(signing->arena, buffer_slice(&signing->fields));
    return true;
}

/* ---- the whole ---- */

static bool is_ours(const struct transit_work *work) {
    return work->outgoing.account || work->outgoing.properties & (OUTGOING_COMPOSED | OUTGOING_TRUSTED);
}

static bool is_wanted(const struct courier_session *session, const struct transit_work *work) {
    return is_ours(work) || courier_seal_is_wanted(session, work);
}

static struct courier_signing signing_of(struct task *t, struct courier_session *session,
                                         const struct transit_work *work, bool is_seven_bit) {
    return (struct courier_signing){.t = t,
                                    .session = session,
                                    .arena = session->message_arena,
                                    .work = work,
                                    .of = {work->outgoing.message, is_seven_bit, !is_ours(work)}};
}

static bool settle(struct courier_signing *signing, bool is_hashed, struct slice *fields) {
    struct signature_book *book = signing->session->courier->signatures;
    bool is_signed = is_hashed && sign(signing, fields);
    if (is_signed)
        signature_book_put(book, signing->of, *fields);
    else
        signature_book_give_up(book, signing->of);
    hash_free(signing);
    return is_signed;
}

static bool hash_body(struct courier_signing *signing, struct courier_body *body) {
    uint8_t piece[PIECE_BYTES];
    ssize_t got;
    hash_begin(signing);
    courier_body_rewind(body);
    while ((got = courier_body_read(signing->t, body, piece, sizeof piece)) > 0)
        hash_write(signing, slice_of(piece, (size_t)got));
    courier_body_rewind(body);
    return got == 0;
}

bool courier_sign(struct task *t, struct courier_session *session, const struct transit_work *work,
                  struct courier_body *body, struct slice *fields) {
    struct courier_signing signing = signing_of(t, session, work, false);
    *fields = SLICE_EMPTY;
    if (!is_wanted(session, work)) return true;
    switch (signature_book_take(t, session->courier->signatures, signing.of, signing.arena, fields)) {
    case SIGNATURE_KNOWN:
        return true;
    case SIGNATURE_CANCELLED:
        return false;
    case SIGNATURE_MISSING:
        break;
    }
    return settle(&signing, hash_body(&signing, body), fields);
}

enum courier_sign_seven_bit courier_sign_seven_bit(struct task *t, struct courier_session *session,
                                                   const struct transit_work *work, struct courier_body *body,
                                                   struct courier_seven_bit *converted,
                                                   struct slice *fields) {
    struct courier_signing signing = signing_of(t, session, work, true);
    enum signature_found found = SIGNATURE_KNOWN;
    *fields = SLICE_EMPTY;
    if (is_wanted(session, work))
        found = signature_book_take(t, session->courier->signatures, signing.of, signing.arena, fields);
    bool is_missing = found == SIGNATURE_MISSING;
    if (is_missing) hash_begin(&signing);
    enum courier_seven_bit_result opened =
        courier_seven_bit_open(t, converted, body, is_missing ? hash_write : NULL, &signing);
    bool is_ready = found == SIGNATURE_KNOWN;
    if (is_missing) is_ready = settle(&signing, opened == COURIER_SEVEN_BIT_OPEN, fields);
    if (opened == COURIER_SEVEN_BIT_FORBIDDEN) return COURIER_SEVEN_BIT_IMPOSSIBLE;
    return is_ready && opened == COURIER_SEVEN_BIT_OPEN ? COURIER_SEVEN_BIT_READY : COURIER_SEVEN_BIT_LATER;
}

/* ---- as it is sent ---- */

ssize_t courier_signed_read(struct task *t, void *context, void *bytes, size_t len) {
    struct courier_signed *message = context;
    if (message->fields.len == 0) return message->read(t, message->context, bytes, len);
    struct slice piece = slice_sub(message->fields, 0, len);
    memcpy(bytes, piece.ptr, piece.len);
    message->fields = slice_skip(message->fields, piece.len);
    return (ssize_t)piece.len;
}

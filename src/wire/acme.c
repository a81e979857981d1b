#include "wire/acme.h"

#include <jansson.h>

#include "base/encode.h"
#include "wire/date.h"
#include "wire/json_depth.h"

static const char error_prefix[] = "urn:ietf:params:acme:error:";

/* ---- JSON ---- */

/* NULL: no object. */
static json_t *load(struct slice json) {
    if (json.len > ACME_ANSWER_BYTES_MAX || !json_is_shallow(json, ACME_JSON_DEPTH_MAX)) return NULL;
    json_t *root = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    if (json_is_object(root)) return root;
    json_decref(root);
    return NULL;
}

static struct slice text_at(const json_t *object, const char *key) {
    return slice_from_text(json_string_value(json_object_get(object, key)));
}

static bool is_url(struct slice text) {
    if (!slice_starts(text, SLICE("https://")) || text.len > ACME_URL_BYTES_MAX) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f) return false;
    return true;
}

/* False: it is there and no URL of ours, or there is no room. */
static bool copy_url(const json_t *object, const char *key, struct arena *arena, struct slice *url) {
    struct slice text = text_at(object, key);
    *url = SLICE_EMPTY;
    return text.len == 0 || (is_url(text) && arena_try_copy(arena, text, url));
}

static bool copy_words(struct slice text, struct arena *arena, struct slice *words) {
    uint8_t clean[ACME_WORDS_BYTES_MAX];
    text = slice_sub(text, 0, sizeof clean);
    for (size_t i = 0; i < text.len; i++)
        clean[i] = text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? ' ' : text.ptr[i];
    return arena_try_copy(arena, slice_of(clean, text.len), words);
}

/* ---- what is read ---- */

bool acme_directory_read(struct slice json, struct arena *arena, struct acme_directory *directory) {
    json_t *root = load(json);
    const json_t *meta = json_object_get(root, "meta");
    *directory = (struct acme_directory){0};
    bool good = root && copy_url(root, "newNonce", arena, &directory->new_nonce) &&
                copy_url(root, "newAccount", arena, &directory->new_account) &&
                copy_url(root, "newOrder", arena, &directory->new_order) &&
                copy_url(root, "renewalInfo", arena, &directory->renewal_info) &&
                copy_words(text_at(meta, "termsOfService"), arena, &directory->terms);
    directory->wants_external_account = json_is_true(json_object_get(meta, "externalAccountRequired"));
    json_decref(root);
    return good && directory->new_nonce.len && directory->new_account.len && directory->new_order.len;
}

static enum acme_status status_of(const json_t *object) {
    static const struct {
        struct slice name;
        enum acme_status status;
    } rows[] = {{SLICE_INIT("pending"), ACME_PENDING},
                {SLICE_INIT("ready"), ACME_READY},
                {SLICE_INIT("processing"), ACME_PROCESSING},
                {SLICE_INIT("valid"), ACME_VALID},
                {SLICE_INIT("invalid"), ACME_INVALID}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_equal(text_at(object, "status"), rows[i].name)) return rows[i].status;
    return ACME_OVER;
}

/* RFC 8555 6.7.1: of several the first subproblem says more than what is around them. */
static bool read_problem(const json_t *object, struct arena *arena, struct acme_problem *problem) {
    const json_t *inner = json_array_get(json_object_get(object, "subproblems"), 0);
    if (text_at(inner, "type").len) object = inner;
    struct slice type = text_at(object, "type");
    *problem = (struct acme_problem){0};
    (void)slice_take_prefix(&type, slice_from_text(error_prefix));
    return copy_words(type, arena, &problem->type) &&
           copy_words(text_at(object, "detail"), arena, &problem->detail);
}

bool acme_problem_read(struct slice json, struct arena *arena, struct acme_problem *problem) {
    json_t *root = load(json);
    bool good = root && read_problem(root, arena, problem) && problem->type.len;
    json_decref(root);
    return good;
}

static bool read_authorizations(const json_t *list, struct arena *arena, struct acme_order *order) {
    size_t count = json_array_size(list);
    if (count > ACME_NAMES_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        struct slice url = slice_from_text(json_string_value(json_array_get(list, i)));
        if (!is_url(url) || !arena_try_copy(arena, url, &order->authorizations[i])) return false;
    }
    order->authorization_count = count;
    return true;
}

bool acme_order_read(struct slice json, struct arena *arena, struct acme_order *order) {
    json_t *root = load(json);
    *order = (struct acme_order){.status = status_of(root)};
    bool good = root && read_authorizations(json_object_get(root, "authorizations"), arena, order) &&
                copy_url(root, "finalize", arena, &order->finalize) &&
                copy_url(root, "certificate", arena, &order->certificate) &&
                read_problem(json_object_get(root, "error"), arena, &order->problem);
    json_decref(root);
    return good && order->finalize.len;
}

bool acme_window_read(struct slice json, struct acme_window *window) {
    json_t *root = load(json);
    const json_t *suggested = json_object_get(root, "suggestedWindow");
    *window = (struct acme_window){date_internet_s(text_at(suggested, "start")) * 1000,
                                   date_internet_s(text_at(suggested, "end")) * 1000};
    json_decref(root);
    return window->start_ms > 0 && window->end_ms > window->start_ms;
}

const char *acme_challenge_name(enum acme_challenge_kind kind) {
    return kind == ACME_HTTP_01 ? "http-01" : "tls-alpn-01";
}

bool acme_token_is_good(struct slice token) {
    for (size_t i = 0; i < token.len; i++)
        if (!ascii_is_alnum(token.ptr[i]) && token.ptr[i] != '-' && token.ptr[i] != '_') return false;
    return token.len > 0 && token.len <= ACME_TOKEN_BYTES_MAX;
}

static const json_t *challenge_of(const json_t *root, enum acme_challenge_kind kind) {
    const json_t *list = json_object_get(root, "challenges");
    struct slice name = slice_from_text(acme_challenge_name(kind));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *challenge = json_array_get(list, i);
        if (slice_equal(text_at(challenge, "type"), name)) return challenge;
    }
    return NULL;
}

static bool read_challenge(const json_t *challenge, struct arena *arena,
                           struct acme_authorization *authorization) {
    struct slice token = text_at(challenge, "token");
    if (!challenge) return true;
    return copy_url(challenge, "url", arena, &authorization->url) && acme_token_is_good(token) &&
           arena_try_copy(arena, token, &authorization->token) &&
           read_problem(json_object_get(challenge, "error"), arena, &authorization->problem);
}

bool acme_authorization_read(struct slice json, enum acme_challenge_kind kind, struct arena *arena,
                             struct acme_authorization *authorization) {
    json_t *root = load(json);
    struct slice name = text_at(json_object_get(root, "identifier"), "value");
    *authorization = (struct acme_authorization){.status = status_of(root)};
    bool good = root && name.len && name.len <= ACME_NAME_BYTES_MAX &&
                copy_words(name, arena, &authorization->name) &&
                read_challenge(challenge_of(root, kind), arena, authorization);
    json_decref(root);
    return good;
}

/* ---- what is written ---- */

/* Takes the document over. */
static void write_json(struct buffer *out, json_t *document) {
    char *text = json_dumps(document, JSON_COMPACT);
    if (!text) FATAL("out of memory for a request");
    buffer_append_text(out, text);
    free(text);
    json_decref(document);
}

static json_t *text_json(struct slice text) { return json_stringn((const char *)text.ptr, text.len); }

static json_t *contact_json(struct slice email) {
    struct buffer contact = buffer_new(ACME_URL_BYTES_MAX);
    json_t *list = json_array();
    buffer_printf(&contact, "mailto:%.*s", SLICE_PRINT(email));
    if (email.len) (void)json_array_append_new(list, text_json(buffer_slice(&contact)));
    buffer_free(&contact);
    return list;
}

void acme_account_payload(struct buffer *out, struct slice email, bool terms_agreed) {
    json_t *document = json_pack("{s:b}", "termsOfServiceAgreed", terms_agreed);
    if (email.len) (void)json_object_set_new(document, "contact", contact_json(email));
    write_json(out, document);
}

void acme_contact_payload(struct buffer *out, struct slice email) {
    write_json(out, json_pack("{s:o}", "contact", contact_json(email)));
}

void acme_order_payload(struct buffer *out, const struct slice *names, size_t count, struct slice replaces) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:o}", "type", "dns", "value", text_json(names[i])));
    json_t *document = json_pack("{s:o}", "identifiers", list);
    if (replaces.len) (void)json_object_set_new(document, "replaces", text_json(replaces));
    write_json(out, document);
}

void acme_finalize_payload(struct buffer *out, struct slice csr) {
    buffer_append_text(out, "{\"csr\":\"");
    base64url_encode(out, csr);
    buffer_append_text(out, "\"}");
}

void acme_jwk_write(struct buffer *out, const struct acme_point *point) {
    buffer_append_text(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    base64url_encode(out, slice_of(point->x, sizeof point->x));
    buffer_append_text(out, "\",\"y\":\"");
    base64url_encode(out, slice_of(point->y, sizeof point->y));
    buffer_append_text(out, "\"}");
}

static json_t *jwk_json(const struct acme_point *point) {
    struct buffer text = buffer_new(256);
    acme_jwk_write(&text, point);
    json_t *document = json_loadb((const char *)text.ptr, text.len, 0, NULL);
    buffer_free(&text);
    return document;
}

void acme_protected_write(struct buffer *out, struct slice nonce, struct slice url, struct slice account,
                          const struct acme_point *point) {
    struct buffer text = buffer_new(4 * (size_t)ACME_URL_BYTES_MAX);
    json_t *header =
        json_pack("{s:s, s:o, s:o}", "alg", "ES256", "nonce", text_json(nonce), "url", text_json(url));
    if (account.len)
        (void)json_object_set_new(header, "kid", text_json(account));
    else
        (void)json_object_set_new(header, "jwk", jwk_json(point));
    write_json(&text, header);
    base64url_encode(out, buffer_slice(&text));
    buffer_free(&text);
}

void acme_jws_write(struct buffer *out, struct slice input, struct slice signature) {
    struct slice header = slice_take_until(&input, '.');
    (void)slice_take_byte(&input, '.');
    buffer_printf(out, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"", SLICE_PRINT(header),
                  SLICE_PRINT(input));
    base64url_encode(out, signature);
    buffer_append_text(out, "\"}");
}

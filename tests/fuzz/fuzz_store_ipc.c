/*
 * Everything a mail role asks the store, with the bytes changed on the way, in both directions: another
 * byte, one less, or the end. Whatever arrives, both ends stay: every question ends with a result, the
 * store verifies, and another role is served as if nothing had been. A role packs the bodies of what it
 * delivers, so one that lies can spoil these (their checksums tell), and no other.
 */
#include <stdio.h>

#include "edits.h"
#include "house.h"
#include "io/file.h"
#include "store/body_pack.h"

enum { EDITS_MAX = 32, CHUNK_BYTES = 4096, WHAT_MASK = 7, PACKED_BYTES_MAX = 4096 };
enum what { TO_STORE_BYTE, TO_STORE_LESS, TO_STORE_END, TO_ROLE_BYTE, TO_ROLE_LESS, TO_ROLE_END, SPOOL_BYTE };

struct relay {
    struct house *house;
    struct edit edits[EDITS_MAX];
    size_t edit_count;
    struct stream *ends[2];
    struct scope scope;
    struct store_client *store;
};

/* One direction. */
struct way {
    struct relay *relay;
    int from;
    uint64_t offset;
};

static bool alter(struct way *way, uint8_t *bytes, size_t *len) {
    uint8_t first = way->from == 1 ? TO_STORE_BYTE : TO_ROLE_BYTE;
    for (size_t i = 0; i < way->relay->edit_count; i++) {
        const struct edit *edit = &way->relay->edits[i];
        uint8_t how = (uint8_t)((edit->what & WHAT_MASK) - first);
        if (how > 2 || edit->offset < way->offset || edit->offset - way->offset >= *len) continue;
        size_t at = (size_t)(edit->offset - way->offset);
        if (how == 0) bytes[at] = edit->value;
        if (how == 1) memmove(bytes + at, bytes + at + 1, --*len - at);
        if (how == 2) return false;
    }
    return true;
}

static bool pass_on(struct task *t, struct way *way, struct slice bytes) {
    struct stream *from = way->relay->ends[way->from];
    struct stream *to = way->relay->ends[!way->from];
    struct handle handle;
    if (bytes.len && from->ops->take_handle(from, &handle)) {
        ssize_t put = to->ops->send_handle(to, slice_take(&bytes, 1), handle);
        handle_close(way->relay->house->env, handle);
        if (put != 1) return false;
    }
    return stream_write(t, to, bytes, env_now_ms(task_env(t)) + 1000) == 0;
}

static void carry(struct task *t, void *argument) {
    struct way *way = argument;
    uint8_t bytes[CHUNK_BYTES];
    for (;;) {
        ssize_t got = stream_read(t, way->relay->ends[way->from], bytes, sizeof bytes, DEADLINE_NONE);
        if (got <= 0) break;
        size_t len = (size_t)got;
        bool goes_on = alter(way, bytes, &len);
        way->offset += (size_t)got;
        if (!goes_on || !pass_on(t, way, slice_of(bytes, len))) break;
    }
    way->relay->ends[0]->ops->shutdown(way->relay->ends[0]);
    way->relay->ends[1]->ops->shutdown(way->relay->ends[1]);
}

static struct slice packed_body(struct buffer *packed, uint64_t *raw_bytes) {
    struct body_packer *packer = body_packer_new(NULL);
    body_packer_feed(packer, SLICE("Subject: ipc\r\n\r\ntext\r\n"), packed);
    *raw_bytes = body_packer_finish(packer, packed);
    body_packer_free(&packer);
    return buffer_slice(packed);
}

static struct message_facts facts_of(uint64_t raw_bytes, struct slice *reference) {
    return (struct message_facts){.raw_bytes = raw_bytes,
                                  .envelope = SLICE("envelope"),
                                  .structure = SLICE("structure"),
                                  .preview = SLICE("preview"),
                                  .subject_base = SLICE("subject"),
                                  .message_id = SLICE("<a@b>"),
                                  .references = reference,
                                  .reference_count = 1};
}

/* A spool that holds the body, with the edits that are for it. */
static void fill_spool(struct task *t, struct relay *relay, struct body_source *body) {
    struct handle handle;
    uint64_t spool = 0;
    if (store_spool_open(t, relay->store, &spool, &handle) != STORE_OK) return;
    struct file *file = file_adopt(relay->house->env, handle);
    if (file_write(file, body->packed, 0)) house_wrong("a spool cannot be written");
    for (size_t i = 0; i < relay->edit_count; i++) {
        const struct edit *edit = &relay->edits[i];
        if ((edit->what & WHAT_MASK) == SPOOL_BYTE &&
            file_write(file, slice_of(&edit->value, 1), edit->offset % PACKED_BYTES_MAX))
            house_wrong("a spool cannot be written");
    }
    file_close(&file);
    *body =
        (struct body_source){.spool = spool, .spool_bytes = body->packed.len, .raw_bytes = body->raw_bytes};
}

static void ask_for_messages(struct task *t, struct relay *relay, uint64_t inbox) {
    struct buffer packed = buffer_new(PACKED_BYTES_MAX);
    struct slice reference = SLICE("<1@example.test>");
    struct append_result appended;
    struct body_source body = {0};
    body.packed = packed_body(&packed, &body.raw_bytes);
    struct append append = {.id = store_client_new_id(relay->store),
                            .mailbox = inbox,
                            .keywords = &reference,
                            .keyword_count = 1,
                            .body = body,
                            .facts = facts_of(body.raw_bytes, &reference)};
    (void)store_append(t, relay->store, &append, 1, &appended);
    fill_spool(t, relay, &body);
    struct queue_recipient far = {SLICE("far@else.example"), SLICE("rfc822;far"), 1, true};
    struct delivery delivery = {.id = store_client_new_id(relay->store),
                                .tenant = 1,
                                .mail_from = SLICE("x@y.example"),
                                .body = body,
                                .facts = facts_of(body.raw_bytes, &reference),
                                .accounts = &relay->house->account,
                                .account_count = 1,
                                .queue = &far,
                                .queue_count = 1};
    (void)store_deliver(t, relay->store, &delivery);
    if (body.spool) store_spool_drop(relay->store, body.spool);
    buffer_free(&packed);
}

static void ask_for_changes(struct task *t, struct relay *relay, uint64_t inbox, uint64_t other) {
    struct arena *arena = relay->house->arena;
    struct uid_range range = {1, 3};
    struct uid_ranges uids = {&range, 1};
    struct slice keyword = SLICE("$work");
    struct flag_change change = {inbox, uids, FLAGS_ADD, FLAG_SEEN, &keyword, 1, 3};
    struct flag_result changed;
    struct copy_request copy = {inbox, other, uids, false};
    struct copy_result copied;
    uint64_t number = 0;
    (void)store_flags(t, relay->store, arena, &change, &changed);
    (void)store_copy(t, relay->store, arena, &copy, &copied);
    (void)store_expunge(t, relay->store, inbox, uids, true, &number);
    (void)store_mailbox_create(t, relay->store, relay->house->account, SLICE("a/b"), SPECIAL_NONE, &number);
    (void)store_mailbox_rename(t, relay->store, relay->house->account, SLICE("a/b"), SLICE("c"));
    (void)store_mailbox_subscribe(t, relay->store, relay->house->account, SLICE("c"), true);
    (void)store_mailbox_delete(t, relay->store, relay->house->account, SLICE("c"));
}

static void ask_for_people(struct task *t, struct relay *relay) {
    struct arena *arena = relay->house->arena;
    struct address_route route;
    struct account account;
    struct scram_challenge challenge;
    uint8_t signature[32];
    (void)store_address_resolve(t, relay->store, arena, SLICE("ann+x@example.test"), &route);
    (void)store_sender_check(t, relay->store, relay->house->account, SLICE("ann@example.test"));
    (void)store_password_check(t, relay->store, arena, SLICE("ann@example.test"), SLICE("secret"), &account);
    (void)store_scram_challenge(t, relay->store, SLICE("ann@example.test"), 32, &challenge);
    (void)store_scram_verify(t, relay->store, arena, SLICE("ann@example.test"), 32, SLICE("message"),
                             SLICE("01234567890123456789012345678901"), signature, &account);
}

/* An import of one row that counts, one that is the same and one that is suppressed. */
static void ask_for_contacts(struct task *t, struct relay *relay) {
    struct arena *arena = relay->house->arena;
    const struct contact_field field = {SLICE("first_name"), SLICE("Ann \"A\"")};
    const struct contact_row row = {.address = SLICE("ann@a.test"),
                                    .written = SLICE("Ann@a.test"),
                                    .fields = &field,
                                    .field_count = 1,
                                    .time_zone = SLICE("Europe/Berlin"),
                                    .country = SLICE("DE")};
    const struct suppression suppression = {SUPPRESSION_ADDRESS, SUPPRESSION_MANUAL, SLICE("ann@a.test"),
                                            SLICE("x"), 1};
    struct contact_import_start start = {1, SLICE("f.csv"), SLICE("s"), SLICE("consent"), SLICE("print")};
    struct contact_import import = {0};
    struct contact_batch_result result;
    struct contact *contacts;
    struct suppression *rows;
    size_t count;
    uint64_t added;
    struct buffer packed = buffer_new(4096);
    contact_row_pack(&packed, &row);
    (void)store_contact_import_open(t, relay->store, arena, &start, &import);
    struct contact_batch batch = {
        .tenant = 1, .import = import.id, .rows_after = 2, .chain = 3, .row_count = 1, .differences_max = 5};
    (void)store_contact_batch(t, relay->store, arena, &batch, buffer_slice(&packed), &result);
    (void)store_suppression_add(t, relay->store, &(struct suppression_batch){1, &suppression, 1}, &added);
    batch.import = 0;
    (void)store_contact_batch(t, relay->store, arena, &batch, buffer_slice(&packed), &result);
    (void)store_contact_import_close(t, relay->store, import.id);
    (void)store_contact_page(t, relay->store, arena, &(struct contact_query){.tenant = 1, .max = 10},
                             &contacts, &count);
    (void)store_suppression_page(t, relay->store, arena, &(struct suppression_query){.tenant = 1, .max = 10},
                                 &rows, &count);
    buffer_free(&packed);
}

static void hear_news(void *context, const struct mailbox_news *news) {
    (void)context;
    (void)news;
}

static void ask_all(struct task *t, struct relay *relay) {
    struct mailbox inbox;
    struct mailbox trash;
    struct house *house = relay->house;
    if (reader_mailbox_find(house->reader, house->arena, house->account, SLICE("INBOX"), &inbox) ||
        reader_mailbox_find(house->reader, house->arena, house->account, SLICE("Trash"), &trash))
        house_wrong("the prepared store has no mailboxes");
    ask_for_people(t, relay);
    ask_for_messages(t, relay, inbox.id);
    ask_for_changes(t, relay, inbox.id, trash.id);
    ask_for_contacts(t, relay);
}

static struct stream *relay_end(struct house *house, int place, struct relay *relay) {
    struct handle pair[2];
    if (stream_pair(house->env, pair)) house_wrong("no pair of streams");
    relay->ends[place] = stream_adopt(house->env, pair[0]);
    return stream_adopt(house->env, pair[1]);
}

static void count_fault(void *context, struct slice line) {
    size_t *count = context;
    bool is_body = slice_starts(line, SLICE("body ")) &&
                   slice_find(line, SLICE("is damaged or missing")) != SLICE_NOT_FOUND;
    if (is_body) return;
    (void)fprintf(stderr, "fault: %.*s\n", SLICE_PRINT(line));
    ++*count;
}

static void check_old(void *context, const struct mailbox *mailbox, const struct entry *entry,
                      enum store_result result, struct slice text) {
    (void)context;
    (void)mailbox;
    if (entry->message <= house_last_message() && (result || text.len != entry->raw_bytes))
        house_wrong("UID %u was there before and cannot be read now", entry->uid);
}

/* Another role does not notice. */
static void check_others(struct task *t, struct house *house) {
    struct address_route route;
    struct verify_report report;
    size_t faults = 0;
    if (store_address_resolve(t, house->mail_store, house->arena, SLICE("ann@example.test"), &route) ||
        route.kind != ADDRESS_LOCAL)
        house_wrong("another role is not served");
    house_each_message(house, check_old, NULL);
    if (engine_verify(t, house->engine, count_fault, &faults, &report) || faults)
        house_wrong("the store has faults");
}

static void ask_through_relay(struct task *t, struct house *house, void *argument) {
    struct relay *relay = argument;
    struct way ways[2] = {{relay, 0, 0}, {relay, 1, 0}};
    relay->house = house;
    scope_init(&relay->scope, house->env);
    store_service_attach(house->service, relay_end(house, 0, relay), true);
    relay->store = store_client_new(house->env, 7, hear_news, NULL);
    store_client_attach(relay->store, relay_end(house, 1, relay));
    if (!scope_spawn(&relay->scope, carry, &ways[0]) || !scope_spawn(&relay->scope, carry, &ways[1]))
        house_wrong("a new scope is closed");
    ask_all(t, relay);
    check_others(t, house);
    scope_close(t, &relay->scope);
    stream_close(&relay->ends[0]);
    stream_close(&relay->ends[1]);
    store_client_free(t, &relay->store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct relay relay = {.edit_count = 0};
    struct slice input = slice_of(data, size);
    while (relay.edit_count < EDITS_MAX && edit_take(&input, &relay.edits[relay.edit_count]))
        relay.edit_count++;
    house_run(ask_through_relay, &relay, true);
    return 0;
}

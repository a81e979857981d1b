/* Folders, and what is in them: LIST, STATUS, EXAMINE, UID FETCH, UID SEARCH, APPEND. */
#include "imap_client/imap_client_talk.h"

/* ---- which there are ---- */

struct listing {
    struct arena *arena;
    struct imap_client_folder *folders;
    size_t count;
    size_t capacity;
};

static void heard_list(struct task *t, void *context, const struct imap_answer *answer) {
    (void)t;
    struct listing *listing = context;
    /* One more than anybody works with: then it is seen that there are too many. */
    if (answer->kind != IMAP_ANSWER_LIST || listing->count > OUTREACH_FOLDERS_MAX) return;
    struct imap_client_folder *folders =
        arena_try_grow(listing->arena, listing->folders, listing->count, &listing->capacity, sizeof *folders);
    struct slice name;
    if (!folders || !arena_try_copy(listing->arena, answer->folder, &name)) return;
    listing->folders = folders;
    folders[listing->count++] = (struct imap_client_folder){name, answer->folder_use, answer->separator};
}

/* RFC 6154 3: special use comes unasked where it is offered; RETURN asks those that want to be asked. */
struct imap_client_outcome imap_client_list(struct task *t, struct imap_client *client, struct arena *arena,
                                            struct imap_client_folder **folders, size_t *count) {
    struct listing listing = {.arena = arena};
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_LIST);
    talk.heard = heard_list;
    talk.context = &listing;
    buffer_append_text(&client->out, "LIST \"\" \"*\"");
    struct imap_client_outcome outcome = imap_client_ask(t, &talk);
    *folders = listing.folders;
    *count = listing.count;
    return outcome;
}

/* ---- one of them ---- */

static void heard_status(struct task *t, void *context, const struct imap_answer *answer) {
    (void)t;
    struct imap_client_status *status = context;
    if (answer->kind != IMAP_ANSWER_STATUS) return;
    *status =
        (struct imap_client_status){answer->messages, answer->uidvalidity, answer->uidnext, answer->modseq};
}

struct imap_client_outcome imap_client_status(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice folder, struct imap_client_status *status) {
    *status = (struct imap_client_status){0};
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_STATUS);
    talk.heard = heard_status;
    talk.context = status;
    buffer_append_text(&client->out, "STATUS ");
    struct imap_client_outcome outcome = imap_client_put_string(t, &talk, folder);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    buffer_append_text(&client->out, client->capabilities & IMAP_CAN_CONDSTORE
                                         ? " (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"
                                         : " (MESSAGES UIDNEXT UIDVALIDITY)");
    return imap_client_ask(t, &talk);
}

static void heard_select(struct task *t, void *context, const struct imap_answer *answer) {
    (void)t;
    struct imap_client_status *status = context;
    if (answer->kind == IMAP_ANSWER_EXISTS) status->messages = (uint32_t)answer->number;
    if (answer->kind != IMAP_ANSWER_STATUS_LINE) return;
    bool is_small = answer->number <= UINT32_MAX;
    if (answer->code == IMAP_CODE_UIDVALIDITY && is_small) status->uidvalidity = (uint32_t)answer->number;
    if (answer->code == IMAP_CODE_UIDNEXT && is_small) status->uidnext = (uint32_t)answer->number;
    if (answer->code == IMAP_CODE_HIGHESTMODSEQ) status->modseq = answer->number;
}

struct imap_client_outcome imap_client_select(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice folder, bool is_writing,
                                              struct imap_client_status *status) {
    *status = (struct imap_client_status){0};
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_SELECT);
    talk.heard = heard_select;
    talk.context = status;
    buffer_append_text(&client->out, is_writing ? "SELECT " : "EXAMINE ");
    struct imap_client_outcome outcome = imap_client_put_string(t, &talk, folder);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    /* RFC 7162 3.1.8; who enabled QRESYNC has it. */
    if (client->capabilities & IMAP_CAN_CONDSTORE && !client->is_enabled)
        buffer_append_text(&client->out, " (CONDSTORE)");
    return imap_client_ask(t, &talk);
}

/* ---- messages ---- */

struct fetching {
    const struct imap_client_fetch *fetch;
    bool is_over;
};

static void heard_fetch(struct task *t, void *context, const struct imap_answer *answer) {
    struct fetching *fetching = context;
    if (answer->kind != IMAP_ANSWER_FETCH || fetching->is_over) return;
    /* What changed elsewhere is told the same way, without a UID, or of others. */
    bool is_asked = answer->items & IMAP_ITEM_UID && answer->items & IMAP_ITEM_SIZE &&
                    answer->uid >= fetching->fetch->first;
    if (!is_asked) return;
    struct imap_client_message message = {.uid = answer->uid,
                                          .flags = answer->flags,
                                          .received_ms = answer->received_ms,
                                          .bytes = answer->bytes,
                                          .modseq = answer->modseq,
                                          .content = answer->content};
    fetching->is_over = !fetching->fetch->take(t, fetching->fetch->context, &message);
}

struct imap_client_outcome imap_client_fetch(struct task *t, struct imap_client *client, struct arena *arena,
                                             const struct imap_client_fetch *fetch) {
    struct fetching fetching = {.fetch = fetch};
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_FETCH);
    talk.heard = heard_fetch;
    talk.context = &fetching;
    buffer_printf(&client->out, "UID FETCH %u:", fetch->first);
    if (fetch->last)
        buffer_append_number(&client->out, fetch->last);
    else
        buffer_append_byte(&client->out, '*');
    buffer_append_text(&client->out, " (UID FLAGS INTERNALDATE RFC822.SIZE");
    if (fetch->content_bytes) buffer_printf(&client->out, " BODY.PEEK[]<0.%u>", fetch->content_bytes);
    buffer_append_byte(&client->out, ')');
    /* Each of them may be worked at for a while. */
    talk.until_ms = DEADLINE_NONE;
    return imap_client_ask(t, &talk);
}

/* ---- searches ---- */

struct search {
    uint32_t *uids;
    size_t count;
};

static void heard_search(struct task *t, void *context, const struct imap_answer *answer) {
    (void)t;
    struct search *search = context;
    if (answer->kind != IMAP_ANSWER_SEARCH) return;
    for (size_t i = 0; i < answer->range_count; i++)
        for (uint64_t uid = answer->ranges[i].first;
             uid <= answer->ranges[i].last && search->count < IMAP_CLIENT_FOUND_MAX; uid++)
            search->uids[search->count++] = (uint32_t)uid;
}

/* RFC 9051 6.4.4 */
struct imap_client_outcome imap_client_search(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice header, struct slice value, uint32_t **uids,
                                              size_t *count) {
    struct search search = {.uids = ARENA_NEW_ARRAY(arena, uint32_t, IMAP_CLIENT_FOUND_MAX)};
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_SEARCH);
    talk.heard = heard_search;
    talk.context = &search;
    buffer_append_text(&client->out, "UID SEARCH HEADER ");
    struct imap_client_outcome outcome = imap_client_put_string(t, &talk, header);
    buffer_append_byte(&client->out, ' ');
    if (outcome.result == IMAP_CLIENT_OK) outcome = imap_client_put_string(t, &talk, value);
    if (outcome.result == IMAP_CLIENT_OK) outcome = imap_client_ask(t, &talk);
    *uids = search.uids;
    *count = search.count;
    return outcome;
}

/* ---- changes ---- */

/* RFC 9051 6.3.12 */
struct imap_client_outcome imap_client_append(struct task *t, struct imap_client *client, struct arena *arena,
                                              struct slice folder, struct slice content) {
    struct slice words;
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_APPEND);
    buffer_append_text(&client->out, "APPEND ");
    struct imap_client_outcome outcome = imap_client_put_string(t, &talk, folder);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    buffer_printf(&client->out, " (\\Seen) {%zu}", content.len);
    outcome = imap_client_say(t, &talk);
    if (outcome.result == IMAP_CLIENT_OK) outcome = imap_client_await_more(t, &talk, &words);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    int64_t until_ms = env_now_ms(client->env) + client->options.command_ms;
    int written = stream_write(t, client->stream, content, until_ms);
    if (written) return imap_client_outcome_of_error(client, arena, IMAP_STAGE_APPEND, written);
    return imap_client_ask(t, &talk);
}

struct imap_client_outcome imap_client_remove(struct task *t, struct imap_client *client, struct arena *arena,
                                              uint32_t uid) {
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_EXPUNGE);
    buffer_printf(&client->out, "UID STORE %u +FLAGS.SILENT (\\Deleted)", uid);
    struct imap_client_outcome outcome = imap_client_ask(t, &talk);
    if (outcome.result != IMAP_CLIENT_OK || !(client->capabilities & IMAP_CAN_UIDPLUS)) return outcome;
    talk = imap_client_talk_of(client, arena, IMAP_STAGE_EXPUNGE);
    buffer_printf(&client->out, "UID EXPUNGE %u", uid);
    return imap_client_ask(t, &talk);
}

/*
 * RCPT TO (RFC 5321 4.1.1.3): one more recipient, or why not, said now and not by a bounce
 * later. On port 25 only our own users are recipients, and users of domains that we pass mail on for;
 * who is logged in, or comes from one of the relay networks, may write to anyone.
 */
#include "smtp/smtp_session.h"

static struct smtp_reply relay_denied(void) {
    return smtp_reply_with_text(
        SMTP_REPLY_RELAY_DENIED,
        SLICE("Relaying denied: to send mail, log in on port 465 (TLS) or 587 (STARTTLS)"));
}

static struct smtp_reply returns_only(void) {
    return smtp_reply_with_text(SMTP_REPLY_REFUSED_BY_POLICY,
                                SLICE("This address takes reports from the null sender only"));
}

/* RFC 3463 3.3, RFC 5321 4.2.5: temporary, for mailboxes are emptied too. */
static struct smtp_reply mailbox_full(void) {
    return (struct smtp_reply){.code = 452, .enhanced = SLICE("4.2.2"), .text = SLICE("Mailbox full")};
}

static struct smtp_reply other_tenant(void) {
    return smtp_reply_with_text(SMTP_REPLY_TOO_MANY_RECIPIENTS,
                                SLICE("Send to this recipient in a transaction of its own"));
}

/* RFC 5321 4.5.1: <Postmaster> without a domain is the store's to place. */
static struct slice address_of(const struct smtp_session *session, const struct smtp_address *recipient) {
    if (recipient->domain.len) return smtp_address_text(session->scratch, recipient);
    return SLICE("postmaster");
}

/* Room for one more in a list that doubles inside the transaction's budget. */
static bool list_make_room(struct arena *arena, void **items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return true;
    size_t wanted = *capacity ? 2 * *capacity : 4;
    void *grown = arena_try_alloc(arena, wanted * size);
    if (!grown) return false;
    if (count) memcpy(grown, *items, count * size);
    *items = grown;
    *capacity = wanted;
    return true;
}

static bool add_account(struct smtp_transaction *transaction, uint64_t account) {
    struct smtp_account_list *list = &transaction->accounts;
    void *items = list->items;
    if (!list_make_room(transaction->arena, &items, list->count, &list->capacity, sizeof *list->items))
        return false;
    list->items = items;
    list->items[list->count++] = account;
    return true;
}

static bool add_queued(struct smtp_transaction *transaction, struct slice address, bool is_forwarded,
                       const struct smtp_rcpt_parameters *parameters) {
    struct smtp_queue_list *list = &transaction->queue;
    void *items = list->items;
    if (!list_make_room(transaction->arena, &items, list->count, &list->capacity, sizeof *list->items))
        return false;
    list->items = items;
    struct queue_recipient added = {.notify = parameters->notify, .is_forwarded = is_forwarded};
    if (!arena_try_copy(transaction->arena, address, &added.address) ||
        !arena_try_copy(transaction->arena, parameters->orcpt_address, &added.original))
        return false;
    list->items[list->count++] = added;
    return true;
}

/* What a content filter is told; where there is no room for it, it hears of one less. */
static void add_address(struct smtp_transaction *transaction, struct slice address) {
    struct smtp_address_list *list = &transaction->addresses;
    void *items = list->items;
    struct slice copy;
    if (list->count == FILTER_RECIPIENTS_MAX || !arena_try_copy(transaction->arena, address, &copy) ||
        !list_make_room(transaction->arena, &items, list->count, &list->capacity, sizeof *list->items))
        return;
    list->items = items;
    list->items[list->count++] = copy;
}

/* All of an address's targets, or none. */
static bool add_targets(struct smtp_transaction *transaction, const struct address_route *route,
                        const struct smtp_rcpt_parameters *parameters) {
    size_t accounts = transaction->accounts.count;
    size_t queued = transaction->queue.count;
    bool added = true;
    for (size_t i = 0; i < route->target_count && added; i++) {
        const struct address_target *target = &route->targets[i];
        added = target->account ? add_account(transaction, target->account)
                                : add_queued(transaction, target->address, target->is_forwarded, parameters);
    }
    if (added) return true;
    transaction->accounts.count = accounts;
    transaction->queue.count = queued;
    return false;
}

/* An alias is full when nobody behind it has room. */
static bool is_full(const struct address_route *route) {
    for (size_t i = 0; i < route->target_count; i++)
        if (!route->targets[i].is_over_quota) return false;
    return true;
}

static struct smtp_reply accept_recipient(struct smtp_transaction *transaction, struct slice address,
                                          bool added) {
    if (added && transaction->recipient_count == 0)
        added = arena_try_copy(transaction->arena, address, &transaction->first_recipient);
    if (!added) return smtp_reply_named(SMTP_REPLY_TOO_MANY_RECIPIENTS);
    transaction->recipient_count++;
    add_address(transaction, address);
    return smtp_reply_named(SMTP_REPLY_RECIPIENT_OK);
}

/* Silence: these targets can be added, as far as it hangs on whose they are. What is stored belongs to one
   tenant: the sender's or, from outside, the recipients'. */
static struct smtp_reply join_tenant(struct smtp_session *session, const struct address_route *route) {
    struct smtp_transaction *transaction = session->transaction;
    if (session->is_logged_in) return SMTP_SILENCE;
    if (transaction->tenant && transaction->tenant != route->tenant) return other_tenant();
    transaction->tenant = route->tenant;
    return SMTP_SILENCE;
}

static struct smtp_reply add_ours(struct smtp_session *session, struct slice address,
                                  const struct address_route *route, const struct smtp_rcpt *rcpt) {
    struct smtp_transaction *transaction = session->transaction;
    if (is_full(route)) return mailbox_full();
    struct smtp_reply refusal = join_tenant(session, route);
    if (refusal.code) return refusal;
    transaction->is_judged |= route->is_judged;
    return accept_recipient(transaction, address, add_targets(transaction, route, &rcpt->parameters));
}

static struct smtp_reply add_elsewhere(struct smtp_session *session, struct slice address,
                                       const struct address_route *route, const struct smtp_rcpt *rcpt) {
    struct smtp_transaction *transaction = session->transaction;
    struct smtp_reply refusal = join_tenant(session, route);
    if (refusal.code) return refusal;
    return accept_recipient(transaction, address, add_queued(transaction, address, false, &rcpt->parameters));
}

/* Silence: the sender may write to such an address. */
static struct smtp_reply check_kind(const struct smtp_session *session, enum address_kind kind) {
    switch (kind) {
    case ADDRESS_LOCAL:
    case ADDRESS_RELAYED:
        return SMTP_SILENCE;
    case ADDRESS_ELSEWHERE:
        /* RFC 5321 7.1, RFC 2505 2.1 */
        return smtp_session_may_relay(session) ? SMTP_SILENCE : relay_denied();
    case ADDRESS_RETURNED:
        /* RFC 5321 4.5.5: what comes back has no sender; anybody else could reach its first sender by us. */
        return session->transaction->mail_from.len ? returns_only() : SMTP_SILENCE;
    case ADDRESS_UNKNOWN_USER:
        break;
    }
    return smtp_reply_named(SMTP_REPLY_UNKNOWN_RECIPIENT);
}

static bool is_stranger(const struct smtp_session *session) {
    return session->kind == SMTP_PORT_MX && !smtp_session_may_relay(session);
}

/* Once a connection, for it costs. */
static void look_up_listing(struct task *t, struct smtp_session *session) {
    struct slice words;
    struct slice address = slice_from_text(session->peer.address);
    session->is_looked_up = true;
    if (!blocklist_has(t, session->server->blocklist, address, session->scratch, &words)) return;
    session->listed = strndup((const char *)words.ptr, words.len);
    if (!session->listed) FATAL("out of memory for a block list's words");
}

/* Silence: it is no stranger, or on no list. A postmaster is there for those who ask why (RFC 5321 4.5.1). */
static struct smtp_reply check_listing(struct task *t, struct smtp_session *session,
                                       const struct smtp_rcpt *rcpt) {
    if (!session->server->blocklist || !is_stranger(session)) return SMTP_SILENCE;
    if (slice_equal_nocase(rcpt->recipient.local_part, SLICE("postmaster"))) return SMTP_SILENCE;
    if (!session->is_looked_up) look_up_listing(t, session);
    if (!session->listed) return SMTP_SILENCE;
    return smtp_reply_with_text(SMTP_REPLY_REFUSED_BY_POLICY, slice_from_text(session->listed));
}

/* Silence: it is no stranger, or was here before. RFC 6647 5.7: temporary, 451 4.7.1. */
static struct smtp_reply check_greylist(const struct smtp_session *session, struct slice address) {
    struct smtp_server *server = session->server;
    if (!server->settings.is_greylisting || !is_stranger(session)) return SMTP_SILENCE;
    struct slice network = smtp_network_of(session->scratch, &session->peer);
    if (network.len == 0) return SMTP_SILENCE;
    int64_t left_ms = greylist_wait_ms(server->greylist, network, session->transaction->mail_from, address);
    if (left_ms == 0) return SMTP_SILENCE;
    return (struct smtp_reply){.code = 451,
                               .enhanced = SLICE("4.7.1"),
                               .text = arena_printf(session->scratch, "Greylisted: try again in %lld seconds",
                                                    (long long)(left_ms + 999) / 1000)};
}

static struct smtp_reply refused_there(struct smtp_session *session, struct slice words) {
    struct slice text = SLICE("No such user here, says the domain's own host");
    if (words.len) text = arena_printf(session->scratch, "%.*s: %.*s", SLICE_PRINT(text), SLICE_PRINT(words));
    return smtp_reply_with_text(SMTP_REPLY_UNKNOWN_RECIPIENT, text);
}

static struct smtp_reply not_verified(const char *enhanced, const char *why) {
    return (struct smtp_reply){
        .code = 451, .enhanced = slice_from_text(enhanced), .text = slice_from_text(why)};
}

/* Silence: the domain's own hosts take it, or do not answer; a second MX is there for when they are down. */
static struct smtp_reply check_there(struct task *t, struct smtp_session *session, struct slice address,
                                     const struct address_route *route) {
    struct callouts *callouts = session->server->callouts;
    struct callout_answer answer;
    if (!route->is_verified || !callouts) return SMTP_SILENCE;
    if (!callouts_ask(t, callouts, address, session->scratch, &answer))
        return not_verified("4.3.2", "Too many recipients are being verified, try again later");
    if (answer.verdict == CALLOUT_UNASKED)
        return not_verified("4.4.3", "The recipient's own host cannot be found just now, try again later");
    return answer.verdict == CALLOUT_REFUSED ? refused_there(session, answer.words) : SMTP_SILENCE;
}

static struct smtp_reply add_resolved(struct task *t, struct smtp_session *session, struct slice address,
                                      const struct address_route *route, const struct smtp_rcpt *rcpt) {
    struct smtp_reply refusal = check_kind(session, route->kind);
    if (refusal.code == 0) refusal = check_listing(t, session, rcpt);
    if (refusal.code == 0) refusal = check_greylist(session, address);
    if (refusal.code == 0) refusal = check_there(t, session, address, route);
    if (refusal.code == 0) refusal = smtp_trust_begin(session);
    if (refusal.code) return refusal;
    if (route->kind == ADDRESS_ELSEWHERE) return add_elsewhere(session, address, route, rcpt);
    return add_ours(session, address, route, rcpt);
}

struct smtp_reply smtp_rcpt(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    const struct smtp_rcpt *rcpt = &command->rcpt;
    session->transaction->is_addressed = true;
    /* RFC 5321 4.5.3.1.10 */
    if (session->transaction->recipient_count >= session->server->settings.recipients_max)
        return smtp_reply_named(SMTP_REPLY_TOO_MANY_RECIPIENTS);
    if (smtp_address_has_routing(&rcpt->recipient) && !smtp_session_may_relay(session)) return relay_denied();
    struct slice address = address_of(session, &rcpt->recipient);
    struct address_route route = {.kind = ADDRESS_UNKNOWN_USER};
    enum store_result resolved =
        store_address_resolve(t, session->server->store, session->scratch, address, &route);
    if (resolved != STORE_OK) return smtp_reply_named(SMTP_REPLY_LOCAL_ERROR);
    return add_resolved(t, session, address, &route, rcpt);
}

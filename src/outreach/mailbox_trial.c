/*
 * The message that a mailbox sends to itself: it has to arrive, under the Message-ID it left with; its copy
 * has to be in Sent, once; then one to address+tag. All of them are taken away again, by their subjects,
 * which nobody else has.
 */
#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/mailbox_setup.h"
#include "outreach/outside_folders.h"
#include "outreach/outside_send.h"
#include "wire/address_split.h"
#include "wire/date.h"

enum {
    PAUSE_MS = 2000,
    PLUS_MS = 15 * 1000,
    BYTES_MAX = 4096,
};

/* One message on its way. */
struct trial {
    struct mailbox_setup *setup;
    struct slice recipient;
    struct slice subject;
    struct outside_message message;
    struct outside_folders folders;
    const struct imap_client_folder *sent;
    /* Where it was found, and under its own Message-ID. */
    const struct imap_client_folder *folder;
    bool is_renamed;
    bool came_by_idle;
    int64_t sent_ms;
};

static struct slice domain_of(struct slice address) {
    struct slice domain = address_split_domain(address);
    return domain.len ? domain : SLICE("localhost");
}

static struct trial trial_new(struct mailbox_setup *setup, struct slice recipient) {
    struct env *env = setup->world->env;
    struct arena *arena = setup->arena;
    struct slice address = setup->job->sender.address;
    struct buffer date = buffer_new(64);
    date_write(&date, (struct date){.utc_ms = env_wall_ms(env)});
    unsigned long long token = (unsigned long long)env_random_u64(env);
    struct trial trial = {.setup = setup, .recipient = recipient};
    trial.subject = arena_printf(arena, "Test of this mailbox %016llx", token);
    trial.message = (struct outside_message){
        .mail_from = address,
        .recipient = recipient,
        .message_id = arena_printf(arena, "<%016llx.%016llx@%.*s>", token,
                                   (unsigned long long)env_random_u64(env), SLICE_PRINT(domain_of(address)))};
    trial.message.content =
        arena_printf(arena,
                     "Date: %.*s\r\nFrom: <%.*s>\r\nTo: <%.*s>\r\nMessage-ID: %.*s\r\nSubject: %.*s\r\n"
                     "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
                     "charset=us-ascii\r\n"
                     "\r\nThis mailbox was tested by \"posthaste outreach mailbox\". The message takes "
                     "itself away again.\r\n",
                     SLICE_PRINT(buffer_slice(&date)), SLICE_PRINT(address), SLICE_PRINT(recipient),
                     SLICE_PRINT(trial.message.message_id), SLICE_PRINT(trial.subject));
    buffer_free(&date);
    return trial;
}

static bool imap_failed(struct trial *trial, const struct imap_client_outcome *outcome) {
    struct outside *outside = trial->setup->outside;
    struct outside_trouble trouble =
        outside_trouble_of_imap(trial->setup->arena, outcome, outside->sender.imap.auth);
    return mailbox_setup_fail(trial->setup, "IMAP", &trouble);
}

/* ---- sending ---- */

static bool send(struct trial *trial) {
    struct mailbox_setup *setup = trial->setup;
    struct outside_sent sent = outside_send(setup->t, setup->outside, setup->arena, &trial->message);
    if (sent.outcome == OUTSIDE_SENT) {
        trial->sent_ms = env_now_ms(setup->world->env);
        return true;
    }
    if (sent.trouble.cause == SENDER_CAUSE_NONE)
        sent.trouble = (struct outside_trouble){
            sent.outcome == OUTSIDE_UNKNOWN ? SENDER_CAUSE_CONNECTION_LOST
                                            : cause_of_refusal(sent.code, sent.words),
            arena_printf(setup->arena, "%u %.*s", sent.code, SLICE_PRINT(sent.words))};
    return mailbox_setup_fail(setup, "sending to itself", &sent.trouble);
}

/* ---- finding ---- */

/* Its UIDs in a folder, by its own Message-ID, or else by its subject. It may arrive between two questions:
   that it has another id is believed only of one that was there before the id was asked for. False: IMAP
   failed. */
static bool search(struct trial *trial, const struct imap_client_folder *folder, bool is_writing,
                   uint32_t **uids, size_t *count, bool *is_renamed) {
    struct mailbox_setup *setup = trial->setup;
    struct imap_client *imap = setup->outside->imap;
    struct imap_client_status status;
    uint32_t *by_subject = NULL;
    size_t subject_count = 0;
    struct imap_client_outcome outcome =
        imap_client_select(setup->t, imap, setup->arena, folder->name, is_writing, &status);
    *count = 0;
    *is_renamed = false;
    if (outcome.result == IMAP_CLIENT_REFUSED && imap_client_is_usable(imap)) return true;
    if (outcome.result == IMAP_CLIENT_OK)
        outcome = imap_client_search(setup->t, imap, setup->arena, SLICE("Subject"), trial->subject,
                                     &by_subject, &subject_count);
    if (outcome.result == IMAP_CLIENT_OK)
        outcome = imap_client_search(setup->t, imap, setup->arena, SLICE("Message-ID"),
                                     trial->message.message_id, uids, count);
    if (outcome.result != IMAP_CLIENT_OK) return imap_failed(trial, &outcome);
    *is_renamed = *count == 0 && subject_count > 0;
    if (*is_renamed) {
        *uids = by_subject;
        *count = subject_count;
    }
    return true;
}

/* A copy of it in Sent has not arrived anywhere. */
static bool may_arrive_in(const struct imap_client_folder *folder) {
    return !(folder->use & (IMAP_FOLDER_NOSELECT | IMAP_FOLDER_SENT | IMAP_FOLDER_DRAFTS | IMAP_FOLDER_ALL |
                            IMAP_FOLDER_FLAGGED | IMAP_FOLDER_IMPORTANT));
}

static bool look(struct trial *trial, bool is_inbox_only) {
    for (size_t i = 0; i < trial->folders.count && !trial->folder; i++) {
        const struct imap_client_folder *folder = &trial->folders.items[i];
        uint32_t *uids;
        size_t count;
        bool is_renamed;
        bool is_inbox = folder->use & IMAP_FOLDER_INBOX;
        if (!may_arrive_in(folder) || (is_inbox_only && !is_inbox)) continue;
        if (!search(trial, folder, false, &uids, &count, &is_renamed)) return false;
        if (count) trial->folder = folder;
        if (count) trial->is_renamed = is_renamed;
    }
    return true;
}

/* IDLE at INBOX between looks, as the watcher will. */
static bool wait_for_news(struct trial *trial, bool *is_news) {
    struct mailbox_setup *setup = trial->setup;
    struct imap_client *imap = setup->outside->imap;
    const struct imap_client_folder *inbox = outside_folder_of(&trial->folders, IMAP_FOLDER_INBOX);
    struct imap_client_status status;
    const bool is_called = false;
    struct imap_client_outcome outcome = imap_client_select(
        setup->t, imap, setup->arena, inbox ? inbox->name : SLICE("INBOX"), false, &status);
    if (outcome.result == IMAP_CLIENT_OK)
        outcome = imap_client_idle(setup->t, imap, setup->arena, env_now_ms(setup->world->env) + PAUSE_MS,
                                   &is_called, is_news);
    return outcome.result == IMAP_CLIENT_OK || imap_failed(trial, &outcome);
}

/* A provider may make a folder for it that was not there before. */
static bool list_folders(struct trial *trial) {
    struct mailbox_setup *setup = trial->setup;
    struct imap_client_outcome outcome =
        outside_list(setup->t, setup->outside, setup->arena, &trial->folders);
    if (outcome.result != IMAP_CLIENT_OK) return imap_failed(trial, &outcome);
    trial->sent = outside_folder_of(&trial->folders, IMAP_FOLDER_SENT);
    return true;
}

/* False: IMAP failed. trial->folder: where it is, or NULL. */
static bool await(struct trial *trial, int64_t patience_ms) {
    struct env *env = trial->setup->world->env;
    int64_t until_ms = env_now_ms(env) + patience_ms;
    bool is_news = false;
    if (!look(trial, true)) return false;
    while (!trial->folder && env_now_ms(env) < until_ms) {
        if (!wait_for_news(trial, &is_news)) return false;
        trial->came_by_idle = trial->came_by_idle || is_news;
        if (!is_news && !list_folders(trial)) return false;
        if (!look(trial, is_news)) return false;
    }
    return true;
}

static bool say_arrival(struct trial *trial) {
    struct mailbox_setup *setup = trial->setup;
    struct outside_trouble trouble = {SENDER_CAUSE_NOT_ARRIVED, SLICE_EMPTY};
    if (!trial->folder) return mailbox_setup_fail(setup, "receiving", &trouble);
    long long took_ms = (long long)(env_now_ms(setup->world->env) - trial->sent_ms);
    mailbox_setup_say(
        setup, arena_printf(setup->arena, "the message to itself arrived in \"%.*s\" after %lld.%lld s%s",
                            SLICE_PRINT(trial->folder->name), took_ms / 1000, took_ms / 100 % 10,
                            trial->came_by_idle ? ", told by the server" : ""));
    setup->finding.is_renaming = trial->is_renamed;
    if (!trial->is_renamed) return true;
    trouble = (struct outside_trouble){
        SENDER_CAUSE_MESSAGE_ID_RENAMED,
        arena_printf(setup->arena, "%.*s is gone", SLICE_PRINT(trial->message.message_id))};
    if (!setup->job->sender.is_renaming_accepted) return mailbox_setup_fail(setup, "Message-ID", &trouble);
    mailbox_setup_say(setup, SLICE("Message-ID: it is renamed on the way, which is accepted"));
    return true;
}

/* ---- the copy in Sent ---- */

static bool count_copies(struct trial *trial, size_t *count) {
    uint32_t *uids;
    bool is_renamed;
    return search(trial, trial->sent, false, &uids, count, &is_renamed);
}

/* The provider's own copy may take a moment, also where the message itself took long. */
static bool await_copy(struct trial *trial, size_t *count) {
    struct mailbox_setup *setup = trial->setup;
    struct env *env = setup->world->env;
    int64_t until_ms = env_now_ms(env) + setup->world->copy_ms;
    if (!count_copies(trial, count)) return false;
    while (*count == 0 && env_now_ms(env) < until_ms) {
        int64_t left_ms = until_ms - env_now_ms(env);
        if (task_sleep(setup->t, left_ms < PAUSE_MS ? left_ms : PAUSE_MS) != WAIT_OK) return false;
        if (!count_copies(trial, count)) return false;
    }
    return true;
}

static bool append_copy(struct trial *trial) {
    struct mailbox_setup *setup = trial->setup;
    size_t count;
    struct imap_client_outcome outcome = imap_client_append(setup->t, setup->outside->imap, setup->arena,
                                                            trial->sent->name, trial->message.content);
    if (outcome.result != IMAP_CLIENT_OK) return imap_failed(trial, &outcome);
    if (!count_copies(trial, &count)) return false;
    struct outside_trouble trouble = {SENDER_CAUSE_NO_SENT_COPY, SLICE("what was appended is not there")};
    if (count == 0) return mailbox_setup_fail(setup, "Sent", &trouble);
    setup->finding.copies = SENDER_COPIES_OURS;
    mailbox_setup_say(setup, SLICE("Sent: the provider keeps no copy, so one is put there by us"));
    return true;
}

static bool try_copy(struct trial *trial) {
    struct mailbox_setup *setup = trial->setup;
    struct outside_trouble trouble = {SENDER_CAUSE_NO_SENT_COPY, SLICE_EMPTY};
    size_t count = 0;
    if (!trial->sent) return mailbox_setup_fail(setup, "Sent", &trouble);
    if (!await_copy(trial, &count)) return false;
    if (count == 0) return append_copy(trial);
    setup->finding.copies = SENDER_COPIES_PROVIDER;
    trouble.cause = SENDER_CAUSE_SENT_TWICE;
    if (count > 1)
        (void)mailbox_setup_fail(setup, "Sent", &trouble);
    else
        mailbox_setup_say(setup, SLICE("Sent: the provider keeps the copy, once"));
    return true;
}

/* ---- afterwards ---- */

/* What is left of it does no harm. */
static void clean_folder(struct trial *trial, const struct imap_client_folder *folder) {
    struct mailbox_setup *setup = trial->setup;
    uint32_t *uids;
    size_t count;
    bool is_renamed;
    if (!folder || !setup->outside->imap || !imap_client_is_usable(setup->outside->imap)) return;
    if (!search(trial, folder, true, &uids, &count, &is_renamed)) return;
    for (size_t i = 0; i < count && imap_client_is_usable(setup->outside->imap); i++)
        (void)imap_client_remove(setup->t, setup->outside->imap, setup->arena, uids[i]);
}

static void clean(struct trial *trial) {
    clean_folder(trial, trial->folder);
    if (trial->sent != trial->folder) clean_folder(trial, trial->sent);
}

/* address+tag: who has it can tell answers by it. Without it nothing is worse. */
static void try_plus(struct mailbox_setup *setup, const struct outside_folders *folders) {
    struct slice address = setup->job->sender.address;
    size_t at = slice_find_last_byte(address, '@');
    if (at == SLICE_NOT_FOUND) return;
    struct trial trial = trial_new(setup, arena_printf(setup->arena, "%.*s+posthaste%.*s",
                                                       SLICE_PRINT(slice_sub(address, 0, at)),
                                                       SLICE_PRINT(slice_skip(address, at))));
    trial.folders = *folders;
    trial.sent = outside_folder_of(folders, IMAP_FOLDER_SENT);
    struct outside_sent sent = outside_send(setup->t, setup->outside, setup->arena, &trial.message);
    if (sent.outcome == OUTSIDE_SENT && !await(&trial, PLUS_MS)) return;
    setup->finding.has_plus = trial.folder != NULL;
    mailbox_setup_say(setup, trial.folder ? SLICE("address+tag: arrives")
                                          : SLICE("address+tag: does not arrive, and is not used"));
    clean(&trial);
}

bool mailbox_setup_try(struct mailbox_setup *setup) {
    struct trial trial = trial_new(setup, setup->job->sender.address);
    if (!list_folders(&trial) || !send(&trial)) return false;
    mailbox_setup_say(setup, SLICE("SMTP: a message to itself was taken"));
    bool good = await(&trial, OUTREACH_ARRIVAL_MS) && say_arrival(&trial);
    if (trial.folder) good = try_copy(&trial) && good;
    clean(&trial);
    if (good) try_plus(setup, &trial.folders);
    return good;
}

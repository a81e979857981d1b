#include "outreach/mailbox_protocol.h"

#include "base/limits_sender.h"

static struct slice unpack_short(struct unpacker *in, size_t max) {
    struct slice text = unpack_slice(in);
    if (text.len > max) in->is_bad = true;
    return in->is_bad ? SLICE_EMPTY : text;
}

/* ---- jobs ---- */

void mailbox_job_pack(struct buffer *out, const struct mailbox_job *job) {
    pack_number(out, job->number);
    sender_pack(out, &job->sender);
    sender_provider_pack(out, &job->smtp_provider);
    sender_provider_pack(out, &job->imap_provider);
}

bool mailbox_job_unpack(struct slice body, struct mailbox_job *job) {
    struct unpacker in = unpacker_of(body);
    job->number = unpack_number(&in);
    sender_unpack(&in, &job->sender);
    sender_provider_unpack(&in, &job->smtp_provider);
    sender_provider_unpack(&in, &job->imap_provider);
    return unpack_is_done(&in);
}

void mailbox_step_pack(struct buffer *out, const struct mailbox_step *step) {
    pack_bool(out, step->is_good);
    pack_number(out, (uint64_t)step->took_ms);
    pack_slice(out, step->text);
    pack_slice(out, step->advice);
}

void mailbox_step_unpack(struct unpacker *in, struct mailbox_step *step) {
    step->is_good = unpack_bool(in);
    step->took_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    step->text = unpack_short(in, 8 * SENDER_DETAIL_BYTES_MAX);
    step->advice = unpack_short(in, 8 * SENDER_DETAIL_BYTES_MAX);
}

void mailbox_finding_pack(struct buffer *out, const struct mailbox_finding *finding) {
    sender_login_pack(out, &finding->smtp);
    sender_login_pack(out, &finding->imap);
    pack_number(out, finding->state);
    pack_number(out, finding->cause);
    pack_slice(out, finding->detail);
    pack_number(out, finding->copies);
    pack_bool(out, finding->has_plus);
    pack_bool(out, finding->has_idle);
    pack_bool(out, finding->is_renaming);
    pack_slice(out, finding->fresh_token);
    pack_number(out, finding->step_count);
    for (size_t i = 0; i < finding->step_count; i++) mailbox_step_pack(out, &finding->steps[i]);
}

bool mailbox_finding_unpack(struct slice body, struct arena *arena, struct mailbox_finding *finding) {
    struct unpacker in = unpacker_of(body);
    *finding = (struct mailbox_finding){0};
    sender_login_unpack(&in, &finding->smtp);
    sender_login_unpack(&in, &finding->imap);
    finding->state = (enum sender_state)unpack_number_max(&in, SENDER_STATES - 1);
    finding->cause = (enum sender_cause)unpack_number_max(&in, SENDER_CAUSES - 1);
    finding->detail = unpack_short(&in, 4 * SENDER_DETAIL_BYTES_MAX);
    finding->copies = (enum sender_copies)unpack_number_max(&in, SENDER_COPIES_MODES - 1);
    finding->has_plus = unpack_bool(&in);
    finding->has_idle = unpack_bool(&in);
    finding->is_renaming = unpack_bool(&in);
    finding->fresh_token = unpack_short(&in, OUTREACH_SECRET_BYTES_MAX);
    finding->step_count = unpack_number_max(&in, MAILBOX_STEPS_MAX);
    struct mailbox_step *steps = ARENA_NEW_ARRAY(arena, struct mailbox_step, finding->step_count);
    for (size_t i = 0; i < finding->step_count; i++) mailbox_step_unpack(&in, &steps[i]);
    finding->steps = steps;
    return unpack_is_done(&in);
}

/* ---- codes ---- */

void mailbox_code_pack(struct buffer *out, const struct mailbox_code *code) {
    sender_provider_pack(out, &code->provider);
    pack_slice(out, code->code);
    pack_slice(out, code->verifier);
    pack_slice(out, code->redirect_uri);
}

bool mailbox_code_unpack(struct slice body, struct mailbox_code *code) {
    struct unpacker in = unpacker_of(body);
    sender_provider_unpack(&in, &code->provider);
    code->code = unpack_short(&in, OUTREACH_SECRET_BYTES_MAX);
    code->verifier = unpack_short(&in, OUTREACH_SETTING_BYTES_MAX);
    code->redirect_uri = unpack_short(&in, OUTREACH_SETTING_BYTES_MAX);
    return unpack_is_done(&in);
}

void mailbox_grant_pack(struct buffer *out, const struct mailbox_grant *grant) {
    pack_number(out, grant->cause);
    pack_slice(out, grant->detail);
    pack_slice(out, grant->refresh_token);
}

bool mailbox_grant_unpack(struct slice body, struct mailbox_grant *grant) {
    struct unpacker in = unpacker_of(body);
    grant->cause = (enum sender_cause)unpack_number_max(&in, SENDER_CAUSES - 1);
    grant->detail = unpack_short(&in, 4 * SENDER_DETAIL_BYTES_MAX);
    grant->refresh_token = unpack_short(&in, OUTREACH_SECRET_BYTES_MAX);
    return unpack_is_done(&in);
}

/* ---- what a watcher is told ---- */

void mailbox_folders_pack(struct buffer *out, const struct sender_folder *folders, size_t count) {
    pack_number(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_slice(out, folders[i].name);
        pack_number(out, folders[i].uidvalidity);
        pack_number(out, folders[i].uidnext);
        pack_number(out, folders[i].modseq);
    }
}

bool mailbox_folders_unpack(struct unpacker *in, struct arena *arena, struct sender_folder **folders,
                            size_t *count) {
    *count = unpack_number_max(in, OUTREACH_FOLDERS_MAX);
    *folders = ARENA_NEW_ARRAY(arena, struct sender_folder, *count);
    for (size_t i = 0; i < *count; i++) {
        (*folders)[i].name = unpack_short(in, IMAP_MAILBOX_NAME_BYTES_MAX);
        (*folders)[i].uidvalidity = (uint32_t)unpack_number_max(in, UINT32_MAX);
        (*folders)[i].uidnext = (uint32_t)unpack_number_max(in, UINT32_MAX);
        (*folders)[i].modseq = unpack_number_max(in, INT64_MAX);
    }
    return !in->is_bad;
}

void mailbox_brief_pack(struct buffer *out, const struct mailbox_brief *brief) {
    sender_pack(out, &brief->sender);
    sender_provider_pack(out, &brief->smtp_provider);
    sender_provider_pack(out, &brief->imap_provider);
    mailbox_folders_pack(out, brief->folders, brief->folder_count);
}

bool mailbox_brief_unpack(struct slice body, struct arena *arena, struct mailbox_brief *brief) {
    struct unpacker in = unpacker_of(body);
    struct sender_folder *folders;
    sender_unpack(&in, &brief->sender);
    sender_provider_unpack(&in, &brief->smtp_provider);
    sender_provider_unpack(&in, &brief->imap_provider);
    if (!mailbox_folders_unpack(&in, arena, &folders, &brief->folder_count)) return false;
    brief->folders = folders;
    return unpack_is_done(&in);
}

void mailbox_news_pack(struct buffer *out, const struct outside_news *news) {
    pack_number(out, news->sender);
    pack_slice(out, news->folder);
    pack_number(out, news->folder_use);
    pack_number(out, news->uidvalidity);
    pack_number(out, news->uid);
    pack_number(out, news->flags);
    pack_number(out, (uint64_t)news->received_ms);
    pack_number(out, news->bytes);
    pack_slice(out, news->content);
}

bool mailbox_news_unpack(struct slice body, struct outside_news *news) {
    struct unpacker in = unpacker_of(body);
    *news = (struct outside_news){.sender = unpack_number(&in)};
    news->folder = unpack_short(&in, IMAP_MAILBOX_NAME_BYTES_MAX);
    news->folder_use = (unsigned)unpack_number_max(&in, UINT32_MAX);
    news->uidvalidity = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    news->uid = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    news->flags = (unsigned)unpack_number_max(&in, UINT32_MAX);
    news->received_ms = (int64_t)unpack_number(&in);
    news->bytes = unpack_number(&in);
    news->content = unpack_short(&in, OUTREACH_LOOK_BYTES_MAX);
    return unpack_is_done(&in);
}

void mailbox_health_pack(struct buffer *out, const struct sender_health *health) {
    pack_number(out, health->sender);
    pack_number(out, health->state);
    pack_number(out, health->cause);
    pack_slice(out, health->detail);
}

bool mailbox_health_unpack(struct slice body, struct sender_health *health) {
    struct unpacker in = unpacker_of(body);
    *health = (struct sender_health){.sender = unpack_number(&in)};
    health->state = (enum sender_state)unpack_number_max(&in, SENDER_STATES - 1);
    health->cause = (enum sender_cause)unpack_number_max(&in, SENDER_CAUSES - 1);
    health->detail = unpack_short(&in, 4 * SENDER_DETAIL_BYTES_MAX);
    return unpack_is_done(&in);
}

void mailbox_copied_pack(struct buffer *out, const struct mailbox_copied *copied) {
    pack_slice(out, copied->message_id);
    pack_number(out, copied->cause);
    pack_slice(out, slice_sub(copied->detail, 0, SENDER_DETAIL_BYTES_MAX));
}

bool mailbox_copied_unpack(struct slice body, struct mailbox_copied *copied) {
    struct unpacker in = unpacker_of(body);
    *copied = (struct mailbox_copied){.message_id = unpack_short(&in, OUTREACH_SETTING_BYTES_MAX)};
    copied->cause = (enum sender_cause)unpack_number_max(&in, SENDER_CAUSES - 1);
    copied->detail = unpack_short(&in, 4 * SENDER_DETAIL_BYTES_MAX);
    return unpack_is_done(&in);
}

/* The part of a report that people read: who was not reached, why, and what can be done. */
#include "transit/explain.h"
#include "transit/report_parts.h"
#include "wire/charset.h"
#include "wire/encoded_word.h"
#include "wire/header.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

#define INDENT "    "

static void wrap_text(struct buffer *out, const char *text) { report_wrap(out, "", slice_from_text(text)); }

static void write_subject(const struct report *report, struct buffer *out) {
    struct slice value;
    if (!header_find(report->header, SLICE("Subject"), &value) || !value.len) return;
    struct buffer text = buffer_new(REPORT_SUBJECT_BYTES_MAX * 4);
    buffer_append_text(&text, "Subject: ");
    encoded_word_decode_field(&text, slice_sub(value, 0, REPORT_SUBJECT_BYTES_MAX * 3));
    report_wrap(out, INDENT, utf8_cut(buffer_slice(&text), REPORT_SUBJECT_BYTES_MAX));
    buffer_free(&text);
}

static void write_introduction(const struct report *report, struct buffer *out) {
    struct buffer text = buffer_new(SMTP_DOMAIN_BYTES_MAX + 200);
    buffer_append_text(&text, "This is the mail system at ");
    buffer_append(&text, slice_sub(report->source->hostname, 0, SMTP_DOMAIN_BYTES_MAX));
    buffer_append_text(&text, ". It writes to you because of a message that you sent:");
    report_wrap(out, "", buffer_slice(&text));
    buffer_append_byte(out, '\n');
    write_subject(report, out);
    buffer_append_text(out, INDENT "Taken here: ");
    date_write(out, (struct date){.utc_ms = report->source->outgoing->received_ms});
    buffer_append_byte(out, '\n');
    buffer_free(&text);
}

static const char *heading(const struct report *report, enum report_group group) {
    static const char *const successes[] = {
        [REPORT_RELAYED] = "It was handed on to the mail server of:",
        [REPORT_DELIVERED] = "It was delivered to:",
        [REPORT_EXPANDED] = "It was passed on to all who stand behind:",
    };
    if (report->source->kind == REPORT_HELD) return "It is held here, and was not sent yet, to:";
    if (group == REPORT_GROUP_FAILED) return "It could not be delivered to:";
    if (group == REPORT_GROUP_DELAYED) return "It has not been delivered yet to:";
    return successes[report->source->success];
}

static void write_age(struct buffer *out, int64_t ms) {
    int64_t unit = ms >= 2 * (int64_t)DAY_MS ? DAY_MS : ms >= HOUR_MS ? HOUR_MS : MINUTE_MS;
    const char *name = unit == DAY_MS ? "day" : unit == HOUR_MS ? "hour" : "minute";
    uint64_t count = ms > 0 ? (uint64_t)(ms / unit) : 0;
    buffer_append_number(out, count);
    buffer_printf(out, " %s%s", name, count == 1 ? "" : "s");
}

/* Whether there will be more attempts, and until when. */
static void write_prospect(const struct report *report, const struct outgoing_recipient *recipient,
                           struct buffer *out) {
    const struct report_source *source = report->source;
    struct buffer text = buffer_new(400);
    if (recipient->outcome == QUEUE_DEFERRED) {
        buffer_append_text(&text, "This server goes on trying until ");
        date_write(&text, (struct date){.utc_ms = source->expires_ms});
        buffer_append_text(&text, "; you need not send the message again, and hear of it if that fails.");
    } else if (recipient->outcome == QUEUE_EXPIRED) {
        buffer_append_text(&text, "This server tried for ");
        write_age(&text, source->now_ms - source->outgoing->received_ms);
        buffer_append_text(&text, ". It has given up: no more attempts follow.");
    } else {
        buffer_append_text(&text, "No more attempts follow.");
    }
    report_wrap(out, "", buffer_slice(&text));
    buffer_free(&text);
}

static void write_reply(const struct outgoing_recipient *recipient, struct buffer *out) {
    if (!recipient->reply.len) return;
    struct buffer text = buffer_new(SMTP_DOMAIN_BYTES_MAX + 100);
    if (recipient->host.len) {
        buffer_append_text(&text, "What the mail server ");
        buffer_append(&text, slice_sub(recipient->host, 0, SMTP_DOMAIN_BYTES_MAX));
        buffer_append_text(&text, " said:");
    } else {
        buffer_append_text(&text, "What this server found:");
    }
    buffer_append_byte(out, '\n');
    report_wrap(out, "", buffer_slice(&text));
    buffer_append_byte(out, '\n');
    struct slice reply = utf8_cut(recipient->reply, REPORT_REPLY_BYTES_MAX);
    report_wrap(out, INDENT, reply);
    if (reply.len < recipient->reply.len) buffer_append_text(out, INDENT "...\n");
    buffer_free(&text);
}

static void write_advice(struct buffer *out, const char *label, const char *advice) {
    struct buffer text = buffer_new(1024);
    buffer_append_text(&text, label);
    buffer_append_text(&text, advice);
    buffer_append_byte(out, '\n');
    report_wrap(out, "", buffer_slice(&text));
    buffer_free(&text);
}

/* What became of a password is the first question: stolen ones are used like this. */
static void write_held(struct buffer *out) {
    buffer_append_byte(out, '\n');
    wrap_text(out,
              "With it your account writes to more people than it may within an hour or a day. It is kept "
              "here until somebody who runs this mail server lets it go, and so is what you send from now "
              "on, until enough time has passed. You are told of it once an hour at most.");
    write_advice(
        out, "What you can do: ",
        "If you sent it, you need not send it again: ask those who run this mail server to release it. If "
        "you did not, somebody knows your password: change it now, and tell them.");
    write_advice(
        out, "For those who run this mail server: ",
        "\"posthaste queue list messages state=held\" shows what is held, \"posthaste queue release ID\" "
        "sends it and \"posthaste queue remove ID\" throws it away. The limits are "
        "outbound.account_recipients_per_hour and outbound.account_recipients_per_day in "
        "posthaste.conf.");
}

static void write_reason(const struct report *report, const struct outgoing_recipient *recipient,
                         struct buffer *out) {
    const struct explanation *why =
        explain(&(struct explain_question){.status = recipient->status,
                                           .reply = recipient->reply,
                                           .host = recipient->host,
                                           .is_expired = recipient->outcome == QUEUE_EXPIRED});
    buffer_append_byte(out, '\n');
    wrap_text(out, why->what);
    write_prospect(report, recipient, out);
    write_reply(recipient, out);
    if (recipient->outcome != QUEUE_DEFERRED) write_advice(out, "What you can do: ", why->sender);
    if (why->whose == EXPLAIN_OURS)
        write_advice(out, "For those who run this mail server: ", why->postmaster);
}

/* All is the same for both, so that it is said once. */
static bool is_alike(const struct outgoing_recipient *a, const struct outgoing_recipient *b) {
    return a->outcome == b->outcome && slice_equal(a->status, b->status) && slice_equal(a->host, b->host) &&
           slice_equal(a->reply, b->reply);
}

/* The recipients from `first` on of whom the same is to be said. */
static void write_alike(const struct report *report, enum report_group group, size_t first, bool *is_told,
                        struct buffer *out) {
    buffer_append_byte(out, '\n');
    wrap_text(out, heading(report, group));
    buffer_append_byte(out, '\n');
    for (size_t i = first; i < report->count; i++) {
        const struct outgoing_recipient *each = report->recipients[i];
        if (is_told[i] || report_group_of(report, each) != group) continue;
        if (group != REPORT_GROUP_SUCCESS && !is_alike(each, report->recipients[first])) continue;
        is_told[i] = true;
        report_wrap(out, INDENT, utf8_cut(each->address, SMTP_ADDRESS_BYTES_MAX));
    }
    if (report->source->kind == REPORT_HELD) {
        write_held(out);
    } else if (group != REPORT_GROUP_SUCCESS) {
        write_reason(report, report->recipients[first], out);
    } else if (report->source->success == REPORT_RELAYED) {
        buffer_append_byte(out, '\n');
        wrap_text(out,
                  "That server does not say what becomes of messages it has taken: this is the last that "
                  "you hear of it from here.");
    }
}

void report_write_words(const struct report *report, struct buffer *out) {
    bool is_told[REPORT_RECIPIENTS_MAX] = {false};
    write_introduction(report, out);
    for (enum report_group group = 0; group < REPORT_GROUPS; group++)
        for (size_t i = 0; i < report->count; i++)
            if (!is_told[i] && report_group_of(report, report->recipients[i]) == group)
                write_alike(report, group, i, is_told, out);
}

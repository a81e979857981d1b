/* The limits of IMAP as a client and of sender mailboxes (base/limits.h has all others). */
#ifndef BASE_LIMITS_SENDER_H
#define BASE_LIMITS_SENDER_H

#include "base/limits.h"

enum {
    /* IMAP as a client: one answer and its words; numbers of a search, a set; nesting that is passed over;
       how long one command, the greeting and LOGOUT may take; how long a server is idled at before it is
       asked again (RFC 2177: below half an hour), and how long it may take to answer then. */
    IMAP_CLIENT_ANSWER_BYTES_MAX = 2 * 1024 * 1024,
    IMAP_CLIENT_TEXT_BYTES_MAX = 500,
    IMAP_CLIENT_OUT_BYTES_MAX = 64 * 1024,
    IMAP_CLIENT_RANGES_MAX = 10000,
    IMAP_CLIENT_FOUND_MAX = 1000,
    IMAP_CLIENT_COMMAND_MS = 60 * 1000,
    IMAP_CLIENT_GREETING_MS = 30 * 1000,
    IMAP_CLIENT_TLS_MS = 30 * 1000,
    IMAP_CLIENT_LOGOUT_MS = 3 * 1000,
    IMAP_CLIENT_IDLE_MS = 9 * 60 * 1000,
    IMAP_CLIENT_DONE_MS = 15 * 1000,

    /* Sender mailboxes of outreach: how many, folders of one, bytes of a secret, of what a server said; what
       is read of a message to see what it is; messages of a folder in one look. */
    OUTREACH_SENDERS_MAX = 1000,
    OUTREACH_PROVIDERS_MAX = 50,
    OUTREACH_FOLDERS_MAX = 500,
    OUTREACH_SECRET_BYTES_MAX = 8192,
    OUTREACH_SETTING_BYTES_MAX = 1024,
    SENDER_DETAIL_BYTES_MAX = 500,
    OUTREACH_LOOK_BYTES_MAX = 256 * 1024,
    OUTREACH_LOOK_MESSAGES = 100,
    /* A folder that was not there before, or is another of the same name, is read anew: of so many days at
       least, and, as long as threads are open, since the first of them began, but of so many at most. */
    OUTREACH_ANEW_DAYS = 3,
    OUTREACH_ANEW_DAYS_MAX = 180,
    /* Of a larger folder so many messages are listed in one go. */
    OUTREACH_LIST_MESSAGES = 1000,
    /* Before a message leaves: how old what is known of INBOX may be, and how often it is looked into again.
     */
    OUTREACH_LOOK_FRESH_MS = 5 * 1000,
    OUTREACH_LOOKS_AGAIN = 3,
    /* Connecting to an address; a job (finding settings, a test), one wait for its message and one for the
       copy that the provider may keep of it; how often other folders are looked at, and a login is tried
       anew; pauses between tries. */
    OUTREACH_CONNECT_MS = 15 * 1000,
    OUTREACH_LOOKUP_MS = 15 * 1000,
    OUTREACH_FETCH_MS = 20 * 1000,
    OUTREACH_JOB_MS = 8 * 60 * 1000,
    OUTREACH_ARRIVAL_MS = 90 * 1000,
    OUTREACH_COPY_MS = 8 * 1000,
    OUTREACH_POLL_MS = 30 * 1000,
    OUTREACH_CHECK_MS = 45 * 1000,
    /* While all is well and there is no campaign one of so many checks asks by SMTP, too. */
    OUTREACH_CHECKS_PER_WAY_OUT = 16,
    SENDER_AGAIN_MS = 5 * 1000,
    OUTREACH_AGAIN_MS_MAX = 45 * 1000,
    /* A copy that could not be put into Sent: the first pause, the longest, how long it is tried; how many
       are put there in one round; how many are looked at to say how it stands. */
    OUTREACH_COPY_PAUSE_MS_MIN = 5 * 1000,
    OUTREACH_COPY_PAUSE_MS_MAX = 3600 * 1000,
    OUTREACH_COPY_AGE_MS_MAX = 7 * 24 * 3600 * 1000,
    OUTREACH_COPIES_AT_ONCE = 20,
    OUTREACH_COPIES_SHOWN_MAX = 1000,
    OUTREACH_JSON_DEPTH_MAX = 16,
};

#endif

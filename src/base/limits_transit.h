/* Limits of mail on its way out: a part of base/limits.h, which is what to include. */
#ifndef BASE_LIMITS_TRANSIT_H
#define BASE_LIMITS_TRANSIT_H

enum {
    /* Sending. Sessions of the remote role in all; at one destination at first, at most, and beyond that for
       what people wait for; messages of one session. */
    TRANSIT_SESSIONS_MAX = 400,
    TRANSIT_SITE_SESSIONS_FIRST = 5,
    TRANSIT_SITE_SESSIONS_MAX = 20,
    TRANSIT_SITE_SESSIONS_EXTRA = 2,
    TRANSIT_SESSION_MESSAGES_MAX = 200,
    /* Deliveries of a session that it goes on without waiting for their record: so many more messages may be
       sent twice when the store dies. */
    TRANSIT_SETTLING_MAX = 4,
    /* RFC 5321 4.5.3.1.8: what every server takes in one transaction. */
    TRANSIT_RECIPIENTS_MAX = 100,
    /* Destinations that are worked at or want to be, those remembered after it, and those that one look at
       the queue brings. */
    TRANSIT_SITES_MAX = 10000,
    TRANSIT_SITES_RESTING_MAX = 2000,
    TRANSIT_DUE_SITES = 500,
    /* How often the queue is looked at where nothing is known to be due; how long a connection with nothing
       to do is kept. */
    TRANSIT_LOOK_MS_MIN = 1000,
    TRANSIT_LOOK_MS_MAX = 5 * 60 * 1000,
    TRANSIT_DELAYED_LOOK_MS = 5 * 60 * 1000,
    TRANSIT_LINGER_MS = 3000,
    /* For the store's word before a transaction. */
    TRANSIT_LEAVE_MS = 60 * 1000,
    TRANSIT_SLOW_DOWN_MS = 5000,
    TRANSIT_RECORD_PAUSE_MS = 1000,
    TRANSIT_RECORD_PAUSE_MS_MAX = 16 * 1000,
    TRANSIT_REPORT_PAUSE_MS = 30 * 1000,
    /* How often the oldest are looked at; so long the last attempt has, when its time has come. */
    TRANSIT_EXPIRE_LOOK_MS = 10 * 60 * 1000,
    TRANSIT_EXPIRE_SLACK_MS = 10 * 60 * 1000,
    /* RFC 5321 4.5.4.1: at least 4-5 days. */
    TRANSIT_LIFETIME_MS = 5 * 24 * 3600 * 1000,
    TRANSIT_DELAY_WARNING_MS = 4 * 3600 * 1000,
    /* Finding hosts: records that are read, names that are looked up of them, addresses of one name and
       family, and addresses that one attempt tries; one lookup, all of them; one connection. */
    TRANSIT_MX_MAX = 200,
    TRANSIT_MX_NAMES_MAX = 16,
    TRANSIT_NAME_ADDRESSES_MAX = 4,
    TRANSIT_ADDRESSES_MAX = 16,
    TRANSIT_LOOKUP_MS = 20 * 1000,
    TRANSIT_LOOKUPS_MS = 60 * 1000,
    TRANSIT_CONNECT_MS = 30 * 1000,
    /* A host that may have taken a message already is insisted on for so many attempts. */
    TRANSIT_SAME_HOST_ATTEMPTS_MAX = 10,
    /* How long a body's next bytes are waited for while a host waits, too; and what is under way, at the end.
     */
    TRANSIT_BODY_MS = 60 * 1000,
    TRANSIT_STOP_MS = 5 * 1000,

    /* Routes: how many there are, and those by receiving hosts that every session is told of; of one of them;
       recipients whose destination one commit looks at after a change of routes, the pause behind it, and
       that before what was under way then is looked at again. */
    ROUTES_MAX = 1000,
    ROUTES_BY_MX_MAX = 64,
    ROUTE_HOSTS_MAX = 16,
    ROUTE_NAME_BYTES_MAX = 64,
    ROUTE_USER_BYTES_MAX = 512,
    ROUTE_MOVE_ROWS = 200,
    ROUTE_MOVE_STEP_MS = 2,
    ROUTE_MOVE_PAUSE_MS = 5000,
    /* A test of a route: how long it goes on to the next host, addresses of one host, and steps that are
       told. */
    ROUTE_TEST_MS = 3 * 60 * 1000,
    ROUTE_TEST_ADDRESSES_MAX = 4,
    ROUTE_TEST_STEPS_MAX = 256,
    ROUTE_TEST_STEP_BYTES_MAX = 1024,

    /* What is read of a refusal to explain it. */
    EXPLAIN_TEXT_BYTES_MAX = 2048,

    /* A report of what became of a message: all of it; the recipients of one (for more there is another), and
       in its subject; what a host said of one; its header and a whole message that are given back; what is
       looked at to find the message's own Message-ID, and how much of it is kept. */
    REPORT_BYTES_MAX = 2 * 1024 * 1024,
    REPORT_RECIPIENTS_MAX = 200,
    REPORT_SUBJECT_BYTES_MAX = 200,
    REPORT_REPLY_BYTES_MAX = 1024,
    REPORT_HEADER_BYTES_MAX = 32 * 1024,
    REPORT_ORIGINAL_BYTES_MAX = 64 * 1024,
    REPORT_MESSAGE_ID_BYTES_MAX = 900,

    /* So long an answer to a rewritten sender finds its way. */
    SRS_VALID_DAYS = 21,

    /* How long an edge remembers what the hosts of a relay domain said of an address, or that none of them
       could be asked; so many answers of one edge. */
    CALLOUT_TAKEN_KEPT_MS = 24 * 3600 * 1000,
    CALLOUT_REFUSED_KEPT_MS = 10 * 60 * 1000,
    CALLOUT_UNREACHABLE_KEPT_MS = 60 * 1000,
    CALLOUTS_KEPT_MAX = 20000,
    /* Content filters: how long one message may take in all, with the filter, and to connect; questions that
       one role has under way, so that DNS questions on the same channel always find room; recipients that the
       filter is told. */
    FILTER_MS_MAX = 30 * 1000,
    FILTER_TALK_MS = 25 * 1000,
    FILTER_CONNECT_MS = 5 * 1000,
    FILTER_QUESTIONS_MAX = 32,
    FILTER_RECIPIENTS_MAX = 100,
    /* What a filter says: all of its answer, how deep its JSON is nested, names of rules, its words for the
       sender, and what is added to the header. RFC 5322 2.1.1: a line has at most 998 bytes. */
    FILTER_ANSWER_BYTES_MAX = 256 * 1024,
    FILTER_JSON_DEPTH_MAX = 32,
    FILTER_SYMBOLS_MAX = 40,
    FILTER_TEXT_BYTES_MAX = 300,
    FILTER_FIELDS_MAX = 16,
    FILTER_FIELD_NAME_BYTES_MAX = 76,
    FILTER_FIELD_LINE_BYTES_MAX = 900,
    FILTER_FIELDS_BYTES_MAX = 16 * 1024,
    /* Milters: what one packet may bring and, of a body, carry (MILTER_CHUNK_SIZE); packets that come before
       the verdict; what is read of a header section that has to be taken apart. */
    MILTER_PACKET_BYTES_MAX = 256 * 1024,
    MILTER_CHUNK_BYTES = 65535,
    MILTER_PACKETS_MAX = 1000,
    MILTER_HEADER_BYTES_MAX = 1024 * 1024,

    /* Recipients of an account are counted in steps of so long. */
    SENDING_STEP_MS = 5 * 60 * 1000,
    /* That its mail is held is told an account at most once in so long. */
    SENDING_NOTICE_MS = 60 * 60 * 1000,
};

#endif

/* SMTP command lines, their addresses and parameters, and what is answered to bad ones. */
#include "test.h"

#include "base/limits.h"
#include "wire/smtp_command.h"

enum { ALL_EXTENSIONS = 0xff };

static const struct smtp_command_options strict = {.extensions = ALL_EXTENSIONS};

struct world {
    struct arena *arena;
    struct buffer text;
    struct smtp_command command;
};

static int world_new(void **state) {
    struct world *world = calloc(1, sizeof *world);
    if (!world) return -1;
    world->arena = arena_new(KIB(64));
    world->text = buffer_new(KIB(64));
    *state = world;
    return 0;
}

static int world_free(void **state) {
    struct world *world = *state;
    arena_free(&world->arena);
    buffer_free(&world->text);
    free(world);
    return 0;
}

static enum smtp_command_error parse_with(struct world *world, struct slice line,
                                          const struct smtp_command_options *options) {
    arena_reset(world->arena);
    return smtp_command_parse(world->arena, line, options, &world->command);
}

static enum smtp_command_error parse(struct world *world, const char *line) {
    return parse_with(world, slice_from_text(line), &strict);
}

/* The reply's code, as the client would see it. */
static unsigned code_of(struct world *world, struct slice line, const struct smtp_command_options *options) {
    enum smtp_command_error error = parse_with(world, line, options);
    return smtp_reply_named(smtp_command_error_reply(error, world->command.verb)).code;
}

static struct slice written(struct world *world, const struct smtp_address *address, bool ascii) {
    buffer_clear(&world->text);
    smtp_address_write(&world->text, address, ascii);
    return buffer_slice(&world->text);
}

static void every_verb_is_known_in_any_case(void **state) {
    static const struct {
        const char *line;
        enum smtp_verb verb;
    } rows[] = {
        {"EHLO a.example", SMTP_VERB_EHLO}, {"helo a", SMTP_VERB_HELO},
        {"LhLo a", SMTP_VERB_LHLO},         {"mail from:<>", SMTP_VERB_MAIL},
        {"rcpt to:<a@b>", SMTP_VERB_RCPT},  {"DATA", SMTP_VERB_DATA},
        {"bdat 5 last", SMTP_VERB_BDAT},    {"RSET", SMTP_VERB_RSET},
        {"noop", SMTP_VERB_NOOP},           {"NOOP x y", SMTP_VERB_NOOP},
        {"quit", SMTP_VERB_QUIT},           {"VRFY joe", SMTP_VERB_VRFY},
        {"EXPN list", SMTP_VERB_EXPN},      {"HELP", SMTP_VERB_HELP},
        {"STARTTLS", SMTP_VERB_STARTTLS},   {"AUTH PLAIN", SMTP_VERB_AUTH},
        {"ETRN b.example", SMTP_VERB_ETRN}, {"TURN", SMTP_VERB_TURN},
        {"DATA \t ", SMTP_VERB_DATA},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(world, rows[i].line), SMTP_COMMAND_OK);
        assert_int_equal(world->command.verb, rows[i].verb);
    }
}

static const struct {
    const char *line;
    unsigned code;
} bad_lines[] = {
    {"", 500},
    {"XYZZY", 500},
    {"GET / HTTP/1.1", 554},
    {"POST /x HTTP/1.0", 554},
    {"PRI * HTTP/2.0", 554},
    {"EHLO", 501},
    {"EHLO a b", 501},
    {"DATA now", 501},
    {"QUIT please", 501},
    {"STARTTLS x", 501},
    {"MAIL", 501},
    {"MAIL FROM:", 501},
    {"MAIL FROM: <a@b>", 501},
    {"MAIL FROM:a@b", 501},
    {"MAIL TO:<a@b>", 501},
    {"MAIL FROM:<a@b", 501},
    {"MAIL FROM:<a@b>>", 501},
    {"MAIL FROM:<a@b>SIZE=1", 501},
    {"MAIL FROM:<a>", 501},
    {"MAIL FROM:<postmaster>", 501},
    {"MAIL FROM:<.a@b>", 501},
    {"MAIL FROM:<a..b@c>", 501},
    {"MAIL FROM:<a.@c>", 501},
    {"MAIL FROM:<a b@c>", 501},
    {"MAIL FROM:<@b>", 501},
    {"MAIL FROM:<a@>", 501},
    {"MAIL FROM:<a@b..c>", 501},
    {"MAIL FROM:<a@b.>", 501},
    {"MAIL FROM:<a@-b>", 501},
    {"MAIL FROM:<a@b->", 501},
    {"MAIL FROM:<\"a@b>", 501},
    {"MAIL FROM:<\"a\"b@c>", 501},
    {"MAIL FROM:<a@[127.0.0]>", 501},
    {"MAIL FROM:<a@[127.0.0.256]>", 501},
    {"MAIL FROM:<a@[IPv6:127.0.0.1]>", 501},
    {"MAIL FROM:<a@[::1]>", 501},
    {"MAIL FROM:<a@[127.0.0.1>", 501},
    {"MAIL FROM:<a@b@c>", 501},
    {"MAIL FROM:<a@b> SIZE=-1", 501},
    {"MAIL FROM:<a@b> SIZE=", 501},
    {"MAIL FROM:<a@b> SIZE", 501},
    {"MAIL FROM:<a@b> SIZE=1x", 501},
    {"MAIL FROM:<a@b> SIZE=9223372036854775808", 501},
    {"MAIL FROM:<a@b> SIZE=99999999999999999999999", 501},
    {"MAIL FROM:<a@b> SIZE=1 SIZE=1", 501},
    {"MAIL FROM:<a@b> BODY=8BITMIME body=7bit", 501},
    {"MAIL FROM:<a@b> BODY=9BIT", 501},
    {"MAIL FROM:<a@b> SMTPUTF8=1", 501},
    {"MAIL FROM:<a@b> RET=ALL", 501},
    {"MAIL FROM:<a@b> ENVID=a+b", 501},
    {"MAIL FROM:<a@b> ENVID=a+4", 501},
    {"MAIL FROM:<a@b> ENVID=a+4g", 501},
    {"MAIL FROM:<a@b> ENVID=a+2b", 501},
    {"MAIL FROM:<a@b> ENVID=a+0D+0A", 501},
    {"MAIL FROM:<a@b> ENVID=a+00", 501},
    {"MAIL FROM:<a@b> ENVID=a=b", 501},
    {"MAIL FROM:<a@b> AUTH=+", 501},
    {"MAIL FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2030-01-01T00:00:00Z", 501},
    {"MAIL FROM:<a@b> HOLDFOR=9999999999", 501},
    {"MAIL FROM:<a@b> HOLDUNTIL=2030-02-29T00:00:00Z", 501},
    {"MAIL FROM:<a@b> HOLDUNTIL=2030-01-01T00:00:00", 501},
    {"MAIL FROM:<a@b> HOLDUNTIL=2030-13-01T00:00:00Z", 501},
    {"MAIL FROM:<a@b> FROB=1", 555},
    {"MAIL FROM:<a@b> NOTIFY=NEVER", 555},
    {"RCPT TO:<>", 501},
    {"RCPT TO:<a>", 501},
    {"RCPT TO:<b!a>", 550},
    {"RCPT TO:<a@b@local>", 550},
    {"RCPT TO:<@a,b:u@d>", 501},
    {"RCPT TO:<@a:@b:u@d>", 501},
    {"RCPT TO:<@a>", 501},
    {"RCPT TO:<a@b> SIZE=1", 555},
    {"RCPT TO:<a@b> NOTIFY=NEVER,SUCCESS", 501},
    {"RCPT TO:<a@b> NOTIFY=SUCCESS,SUCCESS", 501},
    {"RCPT TO:<a@b> NOTIFY=", 501},
    {"RCPT TO:<a@b> NOTIFY=SUCCESS,", 501},
    {"RCPT TO:<a@b> ORCPT=a@b", 501},
    {"RCPT TO:<a@b> ORCPT=rfc822;", 501},
    {"RCPT TO:<a@b> ORCPT=;a@b", 501},
    {"RCPT TO:<a@b> ORCPT=rfc822;a+b", 501},
    {"BDAT", 501},
    {"BDAT -1", 501},
    {"BDAT 9223372036854775808", 501},
    {"BDAT 1 LAST x", 501},
    {"BDAT 1LAST", 501},
    {"BDAT +1", 501},
    {"AUTH", 501},
    {"AUTH PLAIN a b", 501},
    {"AUTH PLAIN *", 501},
    {"VRFY", 501},
};

static void bad_lines_have_their_codes(void **state) {
    struct world *world = *state;
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        unsigned code = code_of(world, slice_from_text(bad_lines[i].line), &strict);
        if (code != bad_lines[i].code)
            fail_msg("%s: %u, want %u", bad_lines[i].line, code, bad_lines[i].code);
    }
}

static void foreign_bytes_in_commands_are_501(void **state) {
    static const struct slice lines[] = {
        SLICE_INIT("NOOP a\0b"),
        SLICE_INIT("MAIL FROM:<a\0@b>"),
        SLICE_INIT("NOOP\ra"),
        SLICE_INIT("MAIL FROM:<a@b>\nRCPT TO:<c@d>"),
        SLICE_INIT("RCPT TO:<\"a\rb\"@c>"),
        SLICE_INIT("NOOP a\tb"),
        SLICE_INIT("NOOP \x7f"),
        SLICE_INIT("EHLO \xc3\xa4.example"),
        SLICE_INIT("NOOP \xff"),
        SLICE_INIT("MAIL FROM:<\xc3\xa4@b>"),
        SLICE_INIT("MAIL FROM:<\xc3@b> SMTPUTF8"),
        SLICE_INIT("MAIL FROM:<a@\xc3\xa4.example>"),
        SLICE_INIT("RCPT TO:<\xc3\xa4@b>"),
        SLICE_INIT("VRFY \xc3\xa4"),
        SLICE_INIT("BDAT 1\0"),
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(code_of(world, lines[i], &strict), 501);
}

static void a_bad_bdat_line_closes_because_its_chunk_follows(void **state) {
    static const struct slice lines[] = {SLICE_INIT("BDAT -1"), SLICE_INIT("BDAT"), SLICE_INIT("BDAT 1\0"),
                                         SLICE_INIT("BDAT 1\r LAST")};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        enum smtp_command_error error = parse_with(world, lines[i], &strict);
        assert_true(smtp_reply_named(smtp_command_error_reply(error, world->command.verb)).closes);
    }
}

static void every_error_has_a_refusing_reply_for_every_verb(void **state) {
    for (int error = SMTP_COMMAND_UNKNOWN; error <= SMTP_COMMAND_OVER_BUDGET; error++)
        for (int verb = SMTP_VERB_UNKNOWN; verb <= SMTP_VERB_TURN; verb++) {
            struct smtp_reply reply = smtp_reply_named(
                smtp_command_error_reply((enum smtp_command_error)error, (enum smtp_verb)verb));
            assert_true(reply.code >= 400);
            assert_int_equal(reply.enhanced.ptr[0], '0' + reply.code / 100);
        }
}

static void mail_parameters_are_understood(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world,
                           "MAIL FROM:<Joe@EXAMPLE.org>  SIZE=1000 body=8BitMime SMTPUTF8 AUTH=a+2Bb@c "
                           "RET=HDRS ENVID=x+3Dy REQUIRETLS HOLDFOR=60"),
                     SMTP_COMMAND_OK);
    const struct smtp_mail *mail = &world->command.mail;
    assert_slice(mail->sender.local_part, "Joe");
    assert_slice(mail->sender.domain, "example.org");
    assert_true(mail->parameters.has_size);
    assert_int_equal(mail->parameters.size_bytes, 1000);
    assert_int_equal(mail->parameters.body, SMTP_BODY_8BITMIME);
    assert_true(mail->parameters.smtputf8 && mail->parameters.requiretls);
    assert_slice(mail->parameters.auth, "a+b@c");
    assert_int_equal(mail->parameters.ret, SMTP_RETURN_HEADERS);
    assert_slice(mail->parameters.envid, "x=y");
    assert_slice(mail->parameters.envid_xtext, "x+3Dy");
    assert_int_equal(mail->parameters.hold_for_s, 60);
}

static void auth_of_nobody_is_empty_but_said(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "MAIL FROM:<> AUTH=<>"), SMTP_COMMAND_OK);
    assert_true(world->command.mail.sender.is_null);
    assert_true(world->command.mail.parameters.has_auth);
    assert_int_equal(world->command.mail.parameters.auth.len, 0);
}

static void hold_until_is_read_as_utc(void **state) {
    static const struct {
        const char *line;
        int64_t ms;
    } rows[] = {
        {"MAIL FROM:<> HOLDUNTIL=1970-01-01T00:00:00Z", 0},
        {"MAIL FROM:<> HOLDUNTIL=2023-11-14T22:13:20Z", 1700000000000},
        {"MAIL FROM:<> HOLDUNTIL=2023-11-15T00:13:20.5+02:00", 1700000000000},
        {"MAIL FROM:<> HOLDUNTIL=2024-02-29T12:00:00Z", 1709208000000},
        {"MAIL FROM:<> HOLDUNTIL=2023-12-31T23:59:59-00:00", 1704067199000},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(world, rows[i].line), SMTP_COMMAND_OK);
        assert_int_equal(world->command.mail.parameters.hold_until_ms, rows[i].ms);
    }
}

static void parameters_not_advertised_are_unknown(void **state) {
    static const char *const lines[] = {
        "MAIL FROM:<a@b> SIZE=1",     "MAIL FROM:<a@b> BODY=7BIT",    "MAIL FROM:<a@b> SMTPUTF8",
        "MAIL FROM:<a@b> AUTH=<>",    "MAIL FROM:<a@b> RET=FULL",     "MAIL FROM:<a@b> REQUIRETLS",
        "MAIL FROM:<a@b> HOLDFOR=1",  "RCPT TO:<a@b> NOTIFY=NEVER",   "MAIL FROM:<a@b> HOLDUNTIL=x",
        "MAIL FROM:<a@b> ENVID=abcd", "RCPT TO:<a@b> ORCPT=rfc822;a",
    };
    struct world *world = *state;
    const struct smtp_command_options none = {.extensions = 0};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(code_of(world, slice_from_text(lines[i]), &none), 555);
    const struct smtp_command_options no_binary = {.extensions = SMTP_EXTENSION_8BITMIME};
    assert_int_equal(code_of(world, SLICE("MAIL FROM:<a@b> BODY=BINARYMIME"), &no_binary), 501);
}

static void rcpt_parameters_are_understood(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "RCPT TO:<a@b> NOTIFY=success,DELAY ORCPT=rfc822;Bob+2Bx@example.com"),
                     SMTP_COMMAND_OK);
    const struct smtp_rcpt_parameters *parameters = &world->command.rcpt.parameters;
    assert_int_equal(parameters->notify, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY);
    assert_slice(parameters->orcpt, "rfc822;Bob+2Bx@example.com");
    assert_slice(parameters->orcpt_type, "rfc822");
    assert_slice(parameters->orcpt_address, "Bob+x@example.com");
}

static void submission_may_put_spaces_behind_the_colon(void **state) {
    struct world *world = *state;
    const struct smtp_command_options lenient = {.lenient = true, .extensions = ALL_EXTENSIONS};
    assert_int_equal(parse_with(world, SLICE("MAIL FROM: <a@b> SIZE=5"), &lenient), SMTP_COMMAND_OK);
    assert_int_equal(world->command.mail.parameters.size_bytes, 5);
    assert_int_equal(parse_with(world, SLICE("RCPT TO:  <a@b>"), &lenient), SMTP_COMMAND_OK);
}

static void addresses_have_one_canonical_form(void **state) {
    static const char *const rows[][2] = {
        {"a@b.example", "a@b.example"},
        {"A.b@B.Example", "A.b@b.example"},
        {"\"joe\"@x", "joe@x"},
        {"\"j\\o\\e\"@x", "joe@x"},
        {"\"joe blow\"@x", "\"joe blow\"@x"},
        {"\"a\\\"b\"@x", "\"a\\\"b\"@x"},
        {"\"a\\\\b\"@x", "\"a\\\\b\"@x"},
        {"\"a@b\"@x", "\"a@b\"@x"},
        {"\"a>b\"@x", "\"a>b\"@x"},
        {"\"a..b\"@x", "\"a..b\"@x"},
        {"\"\"@x", "\"\"@x"},
        {"a@[127.0.0.1]", "a@[127.0.0.1]"},
        {"a@[ipv6:2001:DB8:0:0::1]", "a@[IPv6:2001:db8::1]"},
        {"a+b%c!d@x_y.example", "a+b%c!d@x_y.example"},
        {"\xc3\xa4@b", "\xc3\xa4@b"},
        {"a@B\xc3\x9c"
         "CHER.example",
         "a@b\xc3\xbc"
         "cher.example"},
        {"a@bu\xcc\x88"
         "cher.example",
         "a@b\xc3\xbc"
         "cher.example"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_address address;
        assert_int_equal(smtp_address_parse(world->arena, slice_from_text(rows[i][0]), &address),
                         SMTP_ADDRESS_OK);
        assert_slice(written(world, &address, false), rows[i][1]);
    }
}

static void unicode_domains_have_an_ascii_form(void **state) {
    struct world *world = *state;
    struct smtp_address address;
    assert_int_equal(smtp_address_parse(world->arena,
                                        SLICE("a@B\xc3\x9c"
                                              "cher.EXAMPLE"),
                                        &address),
                     SMTP_ADDRESS_OK);
    assert_slice(address.domain_ascii, "xn--bcher-kva.example");
    assert_true(address.is_utf8);
    assert_slice(written(world, &address, true), "a@xn--bcher-kva.example");
    assert_int_equal(smtp_address_parse(world->arena, SLICE("a@XN--Bcher-KVA.example"), &address),
                     SMTP_ADDRESS_OK);
    assert_slice(address.domain_ascii, "xn--bcher-kva.example");
    assert_false(address.is_utf8);
}

static void utf8_addresses_pass_where_they_were_announced(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "MAIL FROM:<\xc3\xa4@b\xc3\xbc.example> SMTPUTF8"), SMTP_COMMAND_OK);
    const struct smtp_command_options utf8 = {.transaction_utf8 = true, .extensions = ALL_EXTENSIONS};
    assert_int_equal(parse_with(world, SLICE("RCPT TO:<\xc3\xa4@b> ORCPT=utf-8;\xc3\xa4@b"), &utf8),
                     SMTP_COMMAND_OK);
    assert_slice(world->command.rcpt.recipient.local_part, "\xc3\xa4");
    assert_int_equal(parse(world, "VRFY \xc3\xa4 SMTPUTF8"), SMTP_COMMAND_OK);
    assert_slice(world->command.argument, "\xc3\xa4");
}

static void source_routes_are_flagged_and_left_out(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "RCPT TO:<@a.example,@b.example:user@Dom.example>"), SMTP_COMMAND_OK);
    const struct smtp_address *address = &world->command.rcpt.recipient;
    assert_slice(address->route, "@a.example,@b.example");
    assert_slice(address->local_part, "user");
    assert_slice(address->domain, "dom.example");
    assert_slice(written(world, address, false), "user@dom.example");
}

static void routing_in_the_local_part_is_told(void **state) {
    static const char *const relays[] = {"a%b@local", "\"a@b\"@local", "b!a@local"};
    struct world *world = *state;
    struct smtp_address address;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(smtp_address_parse(world->arena, slice_from_text(relays[i]), &address),
                         SMTP_ADDRESS_OK);
        assert_true(smtp_address_has_routing(&address));
    }
    assert_int_equal(smtp_address_parse(world->arena, SLICE("a+b@local"), &address), SMTP_ADDRESS_OK);
    assert_false(smtp_address_has_routing(&address));
}

static void postmaster_needs_no_domain_as_recipient(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "RCPT TO:<PostMaster>"), SMTP_COMMAND_OK);
    assert_int_equal(world->command.rcpt.recipient.domain.len, 0);
    assert_slice(world->command.rcpt.recipient.local_part, "PostMaster");
}

static enum smtp_address_error parse_sized(struct world *world, int local, int label, int labels) {
    buffer_clear(&world->text);
    for (int i = 0; i < local; i++) buffer_append_byte(&world->text, 'a');
    for (int i = 0; i < labels; i++) {
        buffer_append_byte(&world->text, i ? '.' : '@');
        for (int j = 0; j < label; j++) buffer_append_byte(&world->text, 'b');
    }
    struct smtp_address address;
    arena_reset(world->arena);
    return smtp_address_parse(world->arena, buffer_slice(&world->text), &address);
}

static void addresses_have_length_limits(void **state) {
    struct world *world = *state;
    assert_int_equal(parse_sized(world, 64, 63, 1), SMTP_ADDRESS_OK);
    /* VERP and SRS: a long local part, where the whole fits into a path. */
    assert_int_equal(parse_sized(world, 65, 63, 1), SMTP_ADDRESS_OK);
    assert_int_equal(parse_sized(world, 189, 63, 1), SMTP_ADDRESS_OK);
    assert_int_equal(parse_sized(world, 191, 63, 1), SMTP_ADDRESS_LOCAL_PART_TOO_LONG);
    assert_int_equal(parse_sized(world, 65, 63, 3), SMTP_ADDRESS_LOCAL_PART_TOO_LONG);
    assert_int_equal(parse_sized(world, 64, 63, 4), SMTP_ADDRESS_OK);
    assert_int_equal(parse_sized(world, 1, 64, 1), SMTP_ADDRESS_DOMAIN_INVALID);
    assert_int_equal(parse_sized(world, 1, 1, 129), SMTP_ADDRESS_DOMAIN_TOO_LONG);
    assert_int_equal(parse_sized(world, 1, 63, 5), SMTP_ADDRESS_DOMAIN_TOO_LONG);
}

static void detail_is_split_at_the_callers_separator(void **state) {
    static const struct {
        const char *local, *separators, *user, *detail;
        bool split;
    } rows[] = {
        {"joe+x", "+", "joe", "x", true},      {"joe+x+y", "+", "joe", "x+y", true},
        {"joe", "+", "joe", "", false},        {"joe-x", "+", "joe-x", "", false},
        {"joe-x+y", "+-", "joe", "x+y", true}, {"+x", "+", "+x", "", false},
        {"joe+", "+", "joe", "", true},        {"joe+x", "", "joe+x", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice user;
        struct slice detail;
        assert_int_equal(smtp_address_split_detail(slice_from_text(rows[i].local),
                                                   slice_from_text(rows[i].separators), &user, &detail),
                         rows[i].split);
        assert_slice(user, rows[i].user);
        assert_slice(detail, rows[i].detail);
    }
}

static void hello_names_are_judged_not_refused(void **state) {
    static const struct {
        const char *line;
        bool domain, literal;
    } rows[] = {
        {"EHLO mail.example.org", true, false}, {"EHLO [192.0.2.1]", false, true},
        {"EHLO [IPv6:::1]", false, true},       {"EHLO [192.0.2.1", false, false},
        {"EHLO my(pc)", false, false},          {"HELO localhost", true, false},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(world, rows[i].line), SMTP_COMMAND_OK);
        assert_int_equal(world->command.hello.is_domain, rows[i].domain);
        assert_int_equal(world->command.hello.is_literal, rows[i].literal);
        assert_slice(world->command.hello.name, rows[i].line + 5);
    }
}

static void bdat_sizes_are_exact(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "BDAT 2147483648"), SMTP_COMMAND_OK);
    assert_true(world->command.bdat.size_bytes == 2147483648u && !world->command.bdat.last);
    assert_int_equal(parse(world, "BDAT 0 LAST"), SMTP_COMMAND_OK);
    assert_true(world->command.bdat.size_bytes == 0 && world->command.bdat.last);
    assert_int_equal(parse(world, "BDAT 0"), SMTP_COMMAND_OK);
    assert_false(world->command.bdat.last);
}

static void auth_keeps_an_initial_response_apart_from_none(void **state) {
    struct world *world = *state;
    assert_int_equal(parse(world, "auth Plain AGEAYg=="), SMTP_COMMAND_OK);
    assert_slice(world->command.auth.mechanism, "Plain");
    assert_slice(world->command.auth.initial, "AGEAYg==");
    assert_int_equal(parse(world, "AUTH PLAIN ="), SMTP_COMMAND_OK);
    assert_true(world->command.auth.has_initial);
    assert_int_equal(parse(world, "AUTH LOGIN"), SMTP_COMMAND_OK);
    assert_false(world->command.auth.has_initial);
}

static void a_spent_budget_is_a_temporary_error(void **state) {
    struct world *world = *state;
    struct slice line = SLICE("MAIL FROM:<\"some user\"@some.domain.example> ENVID=abcdefgh");
    for (size_t budget = 0; budget < 1024; budget += 16) {
        struct arena *small = arena_new(budget);
        enum smtp_command_error error = smtp_command_parse(small, line, &strict, &world->command);
        arena_free(&small);
        if (error == SMTP_COMMAND_OK) return;
        assert_int_equal(smtp_reply_named(smtp_command_error_reply(error, world->command.verb)).code, 451);
    }
    fail_msg("no budget was enough");
}

static void xtext_round_trips(void **state) {
    struct world *world = *state;
    struct slice text = SLICE("a+b=c d~!");
    struct slice decoded;
    smtp_xtext_encode(&world->text, text);
    assert_slice(buffer_slice(&world->text), "a+2Bb+3Dc+20d~!");
    assert_int_equal(smtp_xtext_decode(world->arena, buffer_slice(&world->text), &decoded),
                     SMTP_PARAMETER_OK);
    assert_true(slice_equal(decoded, text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_new, world_free)
        WITH_WORLD(every_verb_is_known_in_any_case),
        WITH_WORLD(bad_lines_have_their_codes),
        WITH_WORLD(foreign_bytes_in_commands_are_501),
        WITH_WORLD(a_bad_bdat_line_closes_because_its_chunk_follows),
        WITH_WORLD(every_error_has_a_refusing_reply_for_every_verb),
        WITH_WORLD(mail_parameters_are_understood),
        WITH_WORLD(auth_of_nobody_is_empty_but_said),
        WITH_WORLD(hold_until_is_read_as_utc),
        WITH_WORLD(parameters_not_advertised_are_unknown),
        WITH_WORLD(rcpt_parameters_are_understood),
        WITH_WORLD(submission_may_put_spaces_behind_the_colon),
        WITH_WORLD(addresses_have_one_canonical_form),
        WITH_WORLD(unicode_domains_have_an_ascii_form),
        WITH_WORLD(utf8_addresses_pass_where_they_were_announced),
        WITH_WORLD(source_routes_are_flagged_and_left_out),
        WITH_WORLD(routing_in_the_local_part_is_told),
        WITH_WORLD(postmaster_needs_no_domain_as_recipient),
        WITH_WORLD(addresses_have_length_limits),
        WITH_WORLD(detail_is_split_at_the_callers_separator),
        WITH_WORLD(hello_names_are_judged_not_refused),
        WITH_WORLD(bdat_sizes_are_exact),
        WITH_WORLD(auth_keeps_an_initial_response_apart_from_none),
        WITH_WORLD(a_spent_budget_is_a_temporary_error),
        WITH_WORLD(xtext_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

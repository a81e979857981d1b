/* Finding commands in what a client sends, in whatever pieces, and staying in step with it. */
#include "test.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "wire/imap_frame.h"

static const struct imap_frame_limits limits = {
    .command_bytes_max = 64, .literal_collected_bytes_max = 16, .literal_nonsync_bytes_max = 100};

static const char *const event_names[] = {"more",    "drop",    "command", "continue",
                                          "literal", "refused", "long"};

struct client {
    struct imap_frame frame;
    struct buffer input;
    /* What happened: "command:<bytes>|continue:3|..." without the drops. */
    struct buffer story;
    bool streams;
};

static void tell(struct client *client, struct imap_frame_result result) {
    if (result.event == IMAP_FRAME_DROP) return;
    buffer_printf(&client->story, "%s:", event_names[result.event]);
    if (result.event >= IMAP_FRAME_CONTINUE && result.event <= IMAP_FRAME_LITERAL_REFUSED)
        buffer_printf(&client->story, "%llu%s%s:", (unsigned long long)result.literal_bytes,
                      result.nonsync ? "+" : "", result.binary ? "~" : "");
    buffer_append(&client->story, slice_sub(buffer_slice(&client->input), 0, result.len));
    buffer_append_byte(&client->story, '|');
}

static void sends(struct client *client, struct slice bytes) {
    buffer_append(&client->input, bytes);
    for (;;) {
        struct imap_frame_result result = imap_frame_next(&client->frame, buffer_slice(&client->input));
        if (result.event == IMAP_FRAME_MORE) return;
        tell(client, result);
        buffer_consume(&client->input, result.len);
        if (result.event != IMAP_FRAME_LITERAL || !client->streams) continue;
        imap_frame_stream(&client->frame);
        return;
    }
}

static struct client client_new(void) {
    return (struct client){
        .frame = imap_frame_new(limits), .input = buffer_new(KIB(64)), .story = buffer_new(KIB(64))};
}

static void client_free(struct client *client) {
    buffer_free(&client->input);
    buffer_free(&client->story);
}

/* The story of the bytes, whole and byte by byte. */
static void tells(struct slice bytes, const char *story) {
    for (size_t step = 1; step <= bytes.len; step += bytes.len > 1 ? bytes.len - 1 : 1) {
        struct client client = client_new();
        for (struct slice rest = bytes; rest.len;) sends(&client, slice_take(&rest, step));
        assert_slice(buffer_slice(&client.story), story);
        assert_int_equal(client.input.len, client.frame.seen);
        client_free(&client);
    }
}

static void a_line_is_a_command_whatever_ends_it(void **state) {
    tells(SLICE("a NOOP\r\nb NOOP\n"), "command:a NOOP\r\n|command:b NOOP\n|");
}

static void empty_lines_before_a_tag_are_nothing(void **state) {
    tells(SLICE("\r\n\n\r\na NOOP\r\n\r\n"), "command:a NOOP\r\n|");
}

static void a_nonsynchronizing_literal_is_part_of_the_command(void **state) {
    tells(SLICE("a LOGIN {3+}\r\nu\r\n {2+}\r\npw\r\nb NOOP\r\n"),
          "command:a LOGIN {3+}\r\nu\r\n {2+}\r\npw\r\n|command:b NOOP\r\n|");
}

static void a_synchronizing_literal_asks_to_go_on(void **state) {
    struct client client = client_new();
    sends(&client, SLICE("a SELECT {5}\r\n"));
    assert_slice(buffer_slice(&client.story), "continue:5:|");
    sends(&client, SLICE("INBOX\r\n"));
    assert_slice(buffer_slice(&client.story), "continue:5:|command:a SELECT {5}\r\nINBOX\r\n|");
    client_free(&client);
}

static void a_large_literal_can_be_streamed(void **state) {
    struct client client = client_new();
    client.streams = true;
    sends(&client, SLICE("a APPEND x ~{50}\r\n"));
    assert_slice(buffer_slice(&client.story), "literal:50~:a APPEND x ~{50}\r\n|");
    /* The 50 bytes go to whoever reads them; the frame sees what follows. */
    sends(&client, SLICE(" {60+}\r\n"));
    sends(&client, SLICE("\r\nb NOOP\r\n"));
    assert_slice(buffer_slice(&client.story),
                 "literal:50~:a APPEND x ~{50}\r\n|literal:60+: {60+}\r\n|command:\r\n|command:b NOOP\r\n|");
    client_free(&client);
}

static void a_large_literal_nobody_wants_ends_a_synchronizing_command(void **state) {
    tells(SLICE("a X {50}\r\nb NOOP\r\n"), "literal:50:a X {50}\r\n|command:b NOOP\r\n|");
}

static void a_refused_nonsynchronizing_literal_is_left_out_with_its_command(void **state) {
    tells(SLICE("a X {20+}\r\n01234567890123\r\n56\r\n {1+}\r\n\n {4+}\r\n\r\nz \r\nb NOOP\r\n"),
          "literal:20+:a X {20+}\r\n|command:b NOOP\r\n|");
    tells(SLICE("a X {101+}\r\n"
                "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
                "23456789"
                "0\r\nb NOOP\r\n"),
          "refused:101+:a X {101+}\r\n|command:b NOOP\r\n|");
}

static void a_huge_literal_is_refused_before_a_byte_of_it(void **state) {
    tells(SLICE("a X {4294967295+}\r\n"), "refused:4294967295+:a X {4294967295+}\r\n|");
    tells(SLICE("a X {9223372036854775807}\r\n"),
          "literal:9223372036854775807:a X {9223372036854775807}\r\n|");
}

static void what_is_no_literals_header_is_text(void **state) {
    tells(SLICE("a {-1}\r\nb {}\r\nc {9223372036854775808+}\r\nd {1}x\r\ne {1 }\r\nf {+}\r\ng {1}\r\r\n"),
          "command:a {-1}\r\n|command:b {}\r\n|command:c {9223372036854775808+}\r\n|command:d {1}x\r\n|"
          "command:e {1 }\r\n|command:f {+}\r\n|command:g {1}\r\r\n|");
}

static void a_line_over_the_limit_is_left_out_to_its_end(void **state) {
    tells(SLICE("a 34567890123456789012345678901234567890123456789012345678901234567{3+}\r\n\r\n\n\r\nb "
                "NOOP\r\n"),
          "long:a 34567890123456789012345678901234567890123456789012345678901234|command:b NOOP\r\n|");
}

static void literals_that_fill_the_command_are_no_longer_collected(void **state) {
    tells(
        SLICE("a {16+}\r\n0123456789012345{16+}\r\n0123456789012345{16+}\r\n0123456789012345\r\nb NOOP\r\n"),
        "literal:16+:a {16+}\r\n0123456789012345{16+}\r\n0123456789012345{16+}\r\n|command:b NOOP\r\n|");
}

static void done_and_the_next_commands_come_in_one_packet(void **state) {
    struct client client = client_new();
    imap_frame_expect_line(&client.frame);
    sends(&client, SLICE("DONE\r\na NOOP\r\nb NOOP\r\n"));
    assert_slice(buffer_slice(&client.story), "command:DONE\r\n|command:a NOOP\r\n|command:b NOOP\r\n|");
    client_free(&client);
}

static void an_empty_response_to_a_challenge_is_a_line(void **state) {
    struct client client = client_new();
    imap_frame_expect_line(&client.frame);
    sends(&client, SLICE("\r\na NOOP\r\n"));
    assert_slice(buffer_slice(&client.story), "command:\r\n|command:a NOOP\r\n|");
    client_free(&client);
}

static void ten_thousand_small_literals_take_no_stack(void **state) {
    struct imap_frame frame = imap_frame_new((struct imap_frame_limits){MIB(1), 16, 16});
    struct buffer input = buffer_new(MIB(1));
    for (int i = 0; i < 100000; i++) buffer_append(&input, SLICE("{0+}\r\n"));
    buffer_append(&input, SLICE("\r\n"));
    struct imap_frame_result result = imap_frame_next(&frame, buffer_slice(&input));
    assert_int_equal(result.event, IMAP_FRAME_COMMAND);
    assert_int_equal(result.len, input.len);
    buffer_free(&input);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_command_whatever_ends_it),
        cmocka_unit_test(empty_lines_before_a_tag_are_nothing),
        cmocka_unit_test(a_nonsynchronizing_literal_is_part_of_the_command),
        cmocka_unit_test(a_synchronizing_literal_asks_to_go_on),
        cmocka_unit_test(a_large_literal_can_be_streamed),
        cmocka_unit_test(a_large_literal_nobody_wants_ends_a_synchronizing_command),
        cmocka_unit_test(a_refused_nonsynchronizing_literal_is_left_out_with_its_command),
        cmocka_unit_test(a_huge_literal_is_refused_before_a_byte_of_it),
        cmocka_unit_test(what_is_no_literals_header_is_text),
        cmocka_unit_test(a_line_over_the_limit_is_left_out_to_its_end),
        cmocka_unit_test(literals_that_fill_the_command_are_no_longer_collected),
        cmocka_unit_test(done_and_the_next_commands_come_in_one_packet),
        cmocka_unit_test(an_empty_response_to_a_challenge_is_a_line),
        cmocka_unit_test(ten_thousand_small_literals_take_no_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Rewritten senders: there and back, and what is not taken for one of ours. */
#include "test.h"

#include "base/limits.h"
#include "wire/srs.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define NOON_MS (20000 * DAY_MS + DAY_MS / 2)

static struct srs srs_at(int64_t wall_ms) { return (struct srs){SLICE("a secret of these tests"), wall_ms}; }

static struct buffer encode(int64_t wall_ms, const char *local, const char *domain) {
    struct srs srs = srs_at(wall_ms);
    struct buffer out = buffer_new(1000);
    assert_int_equal(
        srs_encode(&srs, slice_from_text(local), slice_from_text(domain), SLICE("ours.test"), &out), SRS_OK);
    return out;
}

static struct slice local_of(const struct buffer *address) {
    return slice_sub(buffer_slice(address), 0, slice_find_byte(buffer_slice(address), '@'));
}

static void expect_decoded(int64_t wall_ms, struct slice local, const char *address) {
    struct srs srs = srs_at(wall_ms);
    struct buffer out = buffer_new(1000);
    assert_int_equal(srs_decode(&srs, local, &out), SRS_OK);
    assert_slice(buffer_slice(&out), address);
    buffer_free(&out);
}

static void expect_refused(int64_t wall_ms, struct slice local, enum srs_result result) {
    struct srs srs = srs_at(wall_ms);
    struct buffer out = buffer_new(1000);
    if (srs_decode(&srs, local, &out) != result) fail_msg("%.*s", SLICE_PRINT(local));
    assert_int_equal(out.len, 0);
    buffer_free(&out);
}

/* Made with python3's hmac and base64 modules: HMAC-SHA-256 over "0ra=far.test=ann", its first 40 bits. */
static void a_sender_has_the_form_that_the_scheme_gives_it(void **state) {
    struct buffer out = encode(NOON_MS, "Ann", "far.test");
    assert_slice(buffer_slice(&out), "SRS0=4lged4i2=ra=far.test=Ann@ours.test");
    expect_decoded(NOON_MS, local_of(&out), "Ann@far.test");
    buffer_free(&out);
    out = encode(NOON_MS, "SRS0=abcd=ra=far.test=Ann", "first.test");
    assert_slice(buffer_slice(&out), "SRS1=5dcbulnt=first.test==abcd=ra=far.test=Ann@ours.test");
    expect_decoded(NOON_MS, local_of(&out), "SRS0=abcd=ra=far.test=Ann@first.test");
    buffer_free(&out);
}

static void what_two_hosts_rewrote_still_names_the_first(void **state) {
    struct buffer out = encode(NOON_MS, "SRS1=wxyz=first.test=+abcd=ra=far.test=Ann", "second.test");
    assert_int_not_equal(slice_find(buffer_slice(&out), SLICE("=first.test=+abcd=ra=far.test=Ann@")),
                         SLICE_NOT_FOUND);
    assert_int_equal(slice_find(buffer_slice(&out), SLICE("second")), SLICE_NOT_FOUND);
    expect_decoded(NOON_MS, local_of(&out), "SRS0+abcd=ra=far.test=Ann@first.test");
    buffer_free(&out);
}

static void local_parts_come_back_as_they_were(void **state) {
    static const char *const locals[] = {"a",          "a=b=c",    "a+b-c",      "SRS0",  "SRS1=x",
                                         "prvs=12=me", "bounce-=", "\xc3\xbcml", "SRS0x", "=a"};
    for (size_t i = 0; i < sizeof locals / sizeof locals[0]; i++) {
        char address[100];
        struct buffer out = encode(NOON_MS, locals[i], "far.test");
        (void)snprintf(address, sizeof address, "%s@far.test", locals[i]);
        expect_decoded(NOON_MS, local_of(&out), address);
        buffer_free(&out);
    }
}

static void others_may_change_the_case(void **state) {
    struct buffer out = encode(NOON_MS, "Ann", "far.test");
    for (size_t i = 0; i < out.len; i++) out.ptr[i] = ascii_upper(out.ptr[i]);
    expect_decoded(NOON_MS, local_of(&out), "ANN@FAR.TEST");
    for (size_t i = 0; i < out.len; i++) out.ptr[i] = ascii_lower(out.ptr[i]);
    expect_decoded(NOON_MS, local_of(&out), "ann@far.test");
    buffer_free(&out);
}

static void it_holds_for_its_days_and_no_longer(void **state) {
    struct buffer out = encode(NOON_MS, "ann", "far.test");
    expect_decoded(NOON_MS + SRS_VALID_DAYS * DAY_MS, local_of(&out), "ann@far.test");
    expect_refused(NOON_MS + (SRS_VALID_DAYS + 1) * DAY_MS, local_of(&out), SRS_EXPIRED);
    expect_refused(NOON_MS - DAY_MS, local_of(&out), SRS_EXPIRED);
    buffer_free(&out);
    /* Days are counted in circles of 1,024. */
    out = encode(1023 * DAY_MS, "ann", "far.test");
    expect_decoded(1030 * DAY_MS, local_of(&out), "ann@far.test");
    buffer_free(&out);
}

static void a_change_of_any_byte_is_seen(void **state) {
    struct buffer out = encode(NOON_MS, "ann", "far.test");
    struct slice local = local_of(&out);
    for (size_t i = 5; i < local.len; i++) {
        uint8_t was = out.ptr[i];
        out.ptr[i] = was == 'q' ? 'r' : 'q';
        expect_refused(NOON_MS, local, SRS_FORGED);
        out.ptr[i] = was;
    }
    for (size_t len = 5; len < local.len; len++)
        expect_refused(NOON_MS, slice_sub(local, 0, len), SRS_FORGED);
    buffer_free(&out);
}

static void another_secret_s_senders_are_not_ours(void **state) {
    struct srs other = {SLICE("another secret"), NOON_MS};
    struct buffer out = buffer_new(1000);
    assert_int_equal(srs_encode(&other, SLICE("ann"), SLICE("far.test"), SLICE("ours.test"), &out), SRS_OK);
    expect_refused(NOON_MS, local_of(&out), SRS_FORGED);
    buffer_free(&out);
}

static void other_addresses_are_none(void **state) {
    expect_refused(NOON_MS, SLICE("ann"), SRS_NONE);
    expect_refused(NOON_MS, SLICE("SRS0"), SRS_NONE);
    expect_refused(NOON_MS, SLICE("SRS2=a=b=c=d"), SRS_NONE);
    expect_refused(NOON_MS, SLICE("SRS0="), SRS_FORGED);
    expect_refused(NOON_MS, SLICE("SRS0===="), SRS_FORGED);
    expect_refused(NOON_MS, SLICE("SRS1=a"), SRS_FORGED);
}

static void what_fits_no_path_stays_as_it_is(void **state) {
    char local[SMTP_PATH_BYTES_MAX + 1];
    struct srs srs = srs_at(NOON_MS);
    struct buffer out = buffer_new(1000);
    memset(local, 'a', sizeof local);
    size_t around = sizeof "SRS0=12345678=12=far.test=@ours.test" - 1;
    struct slice longest = slice_of(local, SMTP_PATH_BYTES_MAX - around);
    assert_int_equal(srs_encode(&srs, longest, SLICE("far.test"), SLICE("ours.test"), &out), SRS_OK);
    assert_int_equal(out.len, SMTP_PATH_BYTES_MAX);
    buffer_clear(&out);
    longest.len++;
    assert_int_equal(srs_encode(&srs, longest, SLICE("far.test"), SLICE("ours.test"), &out), SRS_UNFIT);
    assert_int_equal(out.len, 0);
    buffer_free(&out);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sender_has_the_form_that_the_scheme_gives_it),
        cmocka_unit_test(what_two_hosts_rewrote_still_names_the_first),
        cmocka_unit_test(local_parts_come_back_as_they_were),
        cmocka_unit_test(others_may_change_the_case),
        cmocka_unit_test(it_holds_for_its_days_and_no_longer),
        cmocka_unit_test(a_change_of_any_byte_is_seen),
        cmocka_unit_test(another_secret_s_senders_are_not_ours),
        cmocka_unit_test(other_addresses_are_none),
        cmocka_unit_test(what_fits_no_path_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

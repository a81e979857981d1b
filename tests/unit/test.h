/* What every unit test includes: cmocka with its prerequisites, and comparisons of slices. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

/* For what comes soon, but on a machine that may be busy with other things. */
enum { TEST_PATIENCE_MS = 120 * 1000 };

/* A folder of one test's own, where the tests' are (TMPDIR). */
static inline void test_folder_make(char folder[64]) {
    const char *where = getenv("TMPDIR");
    assert_true(snprintf(folder, 64, "%s/posthaste-test-XXXXXX", where ? where : "/tmp") < 64);
    assert_non_null(mkdtemp(folder));
}

/* The slice holds exactly this text. */
#define assert_slice(actual, expected)                                                              \
    do {                                                                                            \
        struct slice assert_got = (actual);                                                         \
        struct slice assert_want = slice_from_text(expected);                                       \
        if (!slice_equal(assert_got, assert_want))                                                  \
            fail_msg("got '%.*s', want '%.*s'", SLICE_PRINT(assert_got), SLICE_PRINT(assert_want)); \
    } while (0)

#endif

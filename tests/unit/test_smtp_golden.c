/* The transcripts of tests/golden/smtp, each as it is and cut in two at every byte that is sent. */
#include "smtp_bench.h"

#include <dirent.h>

enum { TRANSCRIPT_BYTES_MAX = 65536 };

static enum smtp_port_kind kind_of(struct slice transcript) {
    if (slice_starts(transcript, SLICE("# port: mx\n"))) return SMTP_PORT_MX;
    assert_true(slice_starts(transcript, SLICE("# port: submission\n")));
    return SMTP_PORT_SUBMISSION;
}

static void run_transcript(struct task *t, struct env *env, const char *name, struct slice transcript,
                           size_t cut) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    transcript_run(t, &bench, kind_of(transcript), name, transcript, cut);
    bench_close(t, &bench);
}

static size_t run_file(struct task *t, struct env *env, const char *folder, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = malloc(TRANSCRIPT_BYTES_MAX);
    assert_non_null(text);
    struct slice transcript = slice_of(text, fread(text, 1, TRANSCRIPT_BYTES_MAX, file));
    (void)fclose(file);
    size_t sent = transcript_sent_bytes(transcript);
    run_transcript(t, env, name, transcript, SIZE_MAX);
    for (size_t cut = 1; cut < sent; cut++) run_transcript(t, env, name, transcript, cut);
    free(text);
    return 1;
}

static void golden_body(struct task *t, struct env *env) {
    static const char folder[] = GOLDEN_FOLDER "/smtp";
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, alphasort);
    assert_true(count > 0);
    size_t files = 0;
    for (int i = 0; i < count; i++) {
        if (slice_ends_nocase(slice_from_text(names[i]->d_name), SLICE(".txt")))
            files += run_file(t, env, folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    assert_true(files > 0);
}

static void transcripts_hold_however_they_are_cut(void **state) { task_test_run(golden_body); }

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(transcripts_hold_however_they_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

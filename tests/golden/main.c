/*
 * posthaste_golden [--cuts N|all] [--jobs N] [--no-bytes] [--trace] [--show] [--cut-at N] [FILE...]
 *
 * Replays the golden transcripts (README.md of this folder): each whole, each one byte at a time,
 * and each cut off after N of its bytes (or at every byte). A cut must leave no session, no fault in
 * the store, and no message that a whole replay had not. Prints a line a transcript and way, in
 * cmocka's form, so that each counts as a test. A failing cut is told with its offset; --cut-at
 * plays it alone, and --show prints what the server says.
 *
 * Each file runs in a process of its own, so that an abort is told with its name.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fatal.h"
#include "base/limits.h"
#include "house.h"
#include "pairs.h"

enum {
    CUTS_DEFAULT = 6,
    JOBS_MAX = 64,
    FILES_MAX = 1000,
    /* Of a sample. */
    PAIRS_STRIDE = 5,
    NAME_BYTES_MAX = 256,
    FAILURES_TOLD_MAX = 3,
    /* Cuts take turns with these: the same offset meets other timings. */
    SEED_WHOLE = 1,
    SEED_BYTES = 2,
    SEED_CUT = 3,
};

struct options {
    const char *folder;
    /* How many cuts a file has; SIZE_MAX: one at every byte. */
    size_t cuts;
    size_t cut_at;
    size_t jobs;
    bool no_bytes;
    bool no_pairs;
    bool only_pairs;
    bool is_traced;
    bool is_shown;
    char files[FILES_MAX][NAME_BYTES_MAX];
    size_t file_count;
};

/* ---- one file ---- */

struct file_run {
    const struct options *options;
    const struct house_plan *plan;
    const char *name;
    struct script script;
    struct house_sights sights;
    struct house_result whole;
};

/* "imap/select.txt" as "imap_select_whole". */
static void print_verdict(const char *name, const char *way, const char *verdict) {
    char word[NAME_BYTES_MAX];
    size_t len = 0;
    for (const char *c = name; *c && strcmp(c, ".txt") != 0 && len + 1 < sizeof word; c++)
        word[len++] = ascii_is_alnum((uint8_t)*c) ? *c : '_';
    word[len] = 0;
    (void)printf("[ %8s ] %s_%s\n", verdict, word, way);
    (void)fflush(stdout);
}

static struct house_options options_of(struct file_run *run, enum player_mode mode, size_t cut,
                                       uint64_t seed) {
    return (struct house_options){.script = &run->script,
                                  .mode = mode,
                                  .cut = cut,
                                  .is_slow_cut = cut % 2 == 0,
                                  .seed = seed,
                                  .is_traced = run->options->is_traced,
                                  .is_shown = run->options->is_shown,
                                  .sights = &run->sights};
}

static bool play(struct file_run *run, const struct house_options *options, struct house_result *result) {
    struct buffer failure = buffer_new(KIB(64));
    bool is_good = house_play(run->plan, options, result, &failure);
    if (!is_good) {
        (void)printf("%s", run->name);
        if (options->cut != SIZE_MAX) (void)printf(" cut at %zu", options->cut);
        (void)printf("%s:\n  %.*s\n", options->mode == PLAYER_BYTES ? " one byte at a time" : "",
                     SLICE_PRINT(buffer_slice(&failure)));
    }
    buffer_free(&failure);
    return is_good;
}

static bool play_whole(struct file_run *run) {
    struct house_options options = options_of(run, PLAYER_WHOLE, SIZE_MAX, SEED_WHOLE);
    bool is_good = play(run, &options, &run->whole);
    print_verdict(run->name, "whole", is_good ? "OK" : "FAILED");
    return is_good;
}

static bool play_bytes(struct file_run *run) {
    struct house_result result;
    struct house_options options = options_of(run, PLAYER_BYTES, SIZE_MAX, SEED_BYTES);
    if (run->options->no_bytes || script_setting(&run->script, "replays").len) return true;
    bool is_good = play(run, &options, &result);
    print_verdict(run->name, "bytes", is_good ? "OK" : "FAILED");
    return is_good;
}

/* The offsets of a sample lie evenly, at places that the file's name chooses. */
static size_t cut_of(const struct file_run *run, size_t number, size_t count) {
    size_t sent = run->whole.sent;
    if (count == sent) return number;
    size_t shift = 0;
    for (const char *c = run->name; *c; c++) shift = shift * 31 + (uint8_t)*c;
    return (size_t)(((uint64_t)number * sent + shift % sent) / count) % sent;
}

static bool play_cuts(struct file_run *run) {
    size_t count = run->options->cuts < run->whole.sent ? run->options->cuts : run->whole.sent;
    size_t failures = 0;
    if (count == 0 || script_setting(&run->script, "replays").len) return true;
    for (size_t i = 0; i < count && failures < FAILURES_TOLD_MAX; i++) {
        struct house_result result;
        size_t cut = cut_of(run, i, count);
        struct house_options options = options_of(run, PLAYER_WHOLE, cut, SEED_CUT);
        if (!play(run, &options, &result)) failures++;
    }
    print_verdict(run->name, "cut", failures ? "FAILED" : "OK");
    return failures == 0;
}

static bool play_one_cut(struct file_run *run) {
    struct house_result result;
    struct house_options options = options_of(run, PLAYER_WHOLE, run->options->cut_at, SEED_CUT);
    return play_whole(run) && play(run, &options, &result);
}

static bool play_file(const struct options *options, const struct house_plan *plan, const char *name) {
    struct file_run run = {.options = options, .plan = plan, .name = name};
    bool is_good = script_load(&run.script, options->folder, name);
    if (!is_good) {
        (void)printf("%.*s\n", SLICE_PRINT(buffer_slice(&run.script.failure)));
        print_verdict(name, "whole", "FAILED");
    } else if (options->cut_at != SIZE_MAX) {
        is_good = play_one_cut(&run);
    } else {
        is_good = play_whole(&run);
        bool is_good_in_bytes = !is_good || play_bytes(&run);
        is_good = is_good && play_cuts(&run) && is_good_in_bytes;
    }
    house_sights_free(&run.sights);
    script_free(&run.script);
    return is_good;
}

/* ---- all files ---- */

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void add_file(struct options *options, const char *name) {
    if (options->file_count == FILES_MAX) FATAL("too many transcripts");
    (void)snprintf(options->files[options->file_count++], NAME_BYTES_MAX, "%s", name);
}

static void add_folder(struct options *options, const char *folder) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", options->folder, folder);
    DIR *names = opendir(path);
    for (const struct dirent *entry; names && (entry = readdir(names));) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (slice_ends_nocase(slice_from_text(path), SLICE(".txt"))) add_file(options, path);
    }
    if (names) (void)closedir(names);
}

static void add_all(struct options *options) {
    static const char *const folders[] = {"smtp", "imap", "pop3", "clients", "cases"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) add_folder(options, folders[i]);
    qsort(options->files, options->file_count, NAME_BYTES_MAX, by_name);
}

/* File number `count` is the generated SMTP sessions. */
static int run_child(const struct options *options, size_t number) {
    struct house_plan *plan = house_plan_new();
    bool is_good;
    if (number < options->file_count)
        is_good = play_file(options, plan, options->files[number]);
    else
        is_good = pairs_run(plan, options->cuts == SIZE_MAX ? 1 : PAIRS_STRIDE);
    house_plan_free(&plan);
    return is_good ? 0 : 1;
}

struct job {
    pid_t child;
    size_t number;
};

static const char *job_name(const struct options *options, const struct job *job) {
    return job->number < options->file_count ? options->files[job->number] : "smtp_pairs";
}

/* Waits for one of the jobs to end and takes it out. True: it went well. */
static bool end_one(const struct options *options, struct job *jobs, size_t *count) {
    int status = 0;
    pid_t child;
    while ((child = wait(&status)) < 0 && errno == EINTR) continue;
    if (child < 0) FATAL("a child is lost");
    for (size_t i = 0; i < *count; i++) {
        if (jobs[i].child != child) continue;
        struct job ended = jobs[i];
        jobs[i] = jobs[--*count];
        if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) return WEXITSTATUS(status) == 0;
        print_verdict(job_name(options, &ended), "died", "FAILED");
        return false;
    }
    return true;
}

static int run_all(const struct options *options) {
    struct job jobs[JOBS_MAX];
    size_t count = 0;
    size_t failures = 0;
    size_t all = options->file_count + (options->no_pairs ? 0 : 1);
    for (size_t i = 0; i < all; i++) {
        if (count == options->jobs && !end_one(options, jobs, &count)) failures++;
        (void)fflush(NULL);
        pid_t child = fork();
        if (child == 0) exit(run_child(options, i));
        if (child < 0) FATAL("cannot fork");
        jobs[count++] = (struct job){child, i};
    }
    while (count)
        if (!end_one(options, jobs, &count)) failures++;
    (void)printf("golden: %zu transcripts, %zu failed\n", all, failures);
    return failures ? 1 : 0;
}

/* ---- options ---- */

static bool take_number(const char *text, size_t *number) {
    uint64_t value = 0;
    if (!text || !slice_to_number(slice_from_text(text), SIZE_MAX, &value)) return false;
    *number = (size_t)value;
    return true;
}

static bool take_option(struct options *options, const char *word, const char *value, int *used) {
    *used = 1;
    if (strcmp(word, "--no-bytes") == 0) return options->no_bytes = true;
    if (strcmp(word, "--no-pairs") == 0) return options->no_pairs = true;
    if (strcmp(word, "--trace") == 0) return options->is_traced = true;
    if (strcmp(word, "--show") == 0) return options->is_shown = true;
    if (strcmp(word, "--pairs") == 0) return options->only_pairs = true;
    *used = 2;
    if (strcmp(word, "--cuts") == 0 && value && strcmp(value, "all") == 0) {
        options->cuts = SIZE_MAX;
        return true;
    }
    if (strcmp(word, "--cuts") == 0) return take_number(value, &options->cuts);
    if (strcmp(word, "--cut-at") == 0) return take_number(value, &options->cut_at);
    if (strcmp(word, "--jobs") == 0)
        return take_number(value, &options->jobs) && options->jobs >= 1 && options->jobs <= JOBS_MAX;
    *used = 1;
    if (word[0] == '-') return false;
    add_file(options, word);
    return options->no_pairs = true;
}

static bool take_options(struct options *options, int count, char **arguments) {
    const char *folder = getenv("POSTHASTE_GOLDEN");
    options->folder = folder ? folder : "tests/golden";
    options->cuts = CUTS_DEFAULT;
    options->cut_at = SIZE_MAX;
    options->jobs = 2;
    for (int i = 1; i < count;) {
        int used = 0;
        if (!take_option(options, arguments[i], i + 1 < count ? arguments[i + 1] : NULL, &used)) return false;
        i += used;
    }
    if (options->file_count == 0 && !options->only_pairs) add_all(options);
    return true;
}

int main(int count, char **arguments) {
    struct options *options = calloc(1, sizeof *options);
    if (!options || !take_options(options, count, arguments)) {
        (void)fprintf(stderr,
                      "usage: %s [--cuts N|all] [--jobs N] [--no-bytes] [--no-pairs] [--pairs] [--trace] "
                      "[--show] [--cut-at N] "
                      "[FILE...]\n",
                      arguments[0]);
        free(options);
        return 2;
    }
    int status = run_all(options);
    free(options);
    return status;
}

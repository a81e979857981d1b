/*
 * Runs a fuzz target without libFuzzer: every file of the corpus folder as it is, cut at every
 * eighth of it, and under a number of seeded mutations (the second argument). Deterministic.
 * With "linear" as the second argument it measures instead how the cost grows (linear.h).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

enum { FILE_BYTES_MAX = 1 << 20, MUTATED_BYTES_MAX = 65536 };

static uint64_t seed = 1;

static uint64_t next_random(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 33;
}

/* The target sees its own exact allocation, so that a read past its end is caught. */
static void run(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void mutate(uint8_t *bytes, size_t size) {
    static const uint8_t interesting[] = {0,   '\r', '\n', '"', '\\', '{', '}',
                                          '(', ')',  '=',  ':', 0xff, '<', '9'};
    for (uint64_t edits = 1 + next_random() % 4; edits > 0; edits--) {
        size_t at = next_random() % size;
        bytes[at] =
            next_random() % 2 ? interesting[next_random() % sizeof interesting] : (uint8_t)next_random();
    }
}

static void run_all_forms(uint8_t *bytes, size_t size, unsigned long mutations) {
    run(bytes, size);
    for (size_t part = 1; part < 8; part++) run(bytes, size * part / 8);
    if (size == 0 || size > MUTATED_BYTES_MAX) return;
    uint8_t *copy = malloc(size);
    if (!copy) abort();
    for (unsigned long i = 0; i < mutations; i++) {
        memcpy(copy, bytes, size);
        mutate(copy, size);
        run(copy, size);
    }
    free(copy);
}

/* What is done with each file. */
struct replay {
    const char *folder;
    uint8_t *buffer;
    unsigned long mutations;
    bool is_linear_check;
    bool first_bytes[256];
};

static void run_file(struct replay *replay, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", replay->folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return;
    size_t size = fread(replay->buffer, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    if (size) replay->first_bytes[replay->buffer[0]] = true;
    if (!replay->is_linear_check) run_all_forms(replay->buffer, size, replay->mutations);
}

int main(int argc, char **argv) {
    struct dirent **names = NULL;
    int count = argc > 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    if (count < 0) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER MUTATIONS|linear\n", argv[0]);
        return 2;
    }
    struct replay replay = {.folder = argv[1],
                            .buffer = malloc(FILE_BYTES_MAX),
                            .mutations = strtoul(argv[2], NULL, 10),
                            .is_linear_check = strcmp(argv[2], "linear") == 0};
    if (!replay.buffer) abort();
    int files = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            run_file(&replay, names[i]->d_name);
            files++;
        }
        free(names[i]);
    }
    free(names);
    free(replay.buffer);
    (void)printf("%d corpus files\n", files);
    if (replay.is_linear_check && !linear_check(replay.first_bytes)) return 1;
    return files ? 0 : 1;
}

/*
 * Runs a fuzz target without libFuzzer: every file of the corpus folder as it is, cut at every
 * eighth of it, and under a number of seeded mutations (the second argument). Deterministic.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20, MUTATED_BYTES_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void run_file(const char *folder, const char *name, uint8_t *buffer, unsigned long mutations) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return;
    size_t size = fread(buffer, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    run_all_forms(buffer, size, mutations);
}

int main(int argc, char **argv) {
    struct dirent **names = NULL;
    int count = argc > 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    if (count < 0) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER MUTATIONS\n", argv[0]);
        return 2;
    }
    unsigned long mutations = strtoul(argv[2], NULL, 10);
    uint8_t *buffer = malloc(FILE_BYTES_MAX);
    if (!buffer) abort();
    int files = 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            run_file(argv[1], names[i]->d_name, buffer, mutations);
            files++;
        }
        free(names[i]);
    }
    free(names);
    free(buffer);
    (void)printf("%d corpus files\n", files);
    return files ? 0 : 1;
}

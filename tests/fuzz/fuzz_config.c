/* The configuration file: every text is read or refused in one line that names file and line. */
#include <stdlib.h>

#include "app/settings/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(16 * CONFIG_FILE_BYTES_MAX);
    struct config config;
    struct slice error = SLICE_EMPTY;
    config_defaults(&config);
    if (config_parse(arena, "posthaste.conf", slice_of(data, size), &config, &error)) {
        if (!config.hostname || config.listen_count > CONFIG_LISTEN_MAX) abort();
    } else if (!slice_starts(error, SLICE("posthaste.conf:")) ||
               slice_find_byte(error, '\n') != SLICE_NOT_FOUND)
        abort();
    arena_free(&arena);
    return 0;
}

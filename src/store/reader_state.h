/* A reader, for the files that make it up: reader.c, and reader_answers.c. */
#ifndef STORE_READER_STATE_H
#define STORE_READER_STATE_H

#include "store/body_read.h"
#include "store/reader.h"

struct reader {
    struct env *env;
    char *folder;
    struct db *db;
    struct body_reader bodies;
    /* Reads are parts of one that reader_hold began. */
    bool is_held;
};

void reader_begin(struct reader *reader);
/* Ends what reader_begin began; `has_room` is whether the caller's arena held the answer. */
enum store_result reader_end(struct reader *reader, bool has_room);

#endif

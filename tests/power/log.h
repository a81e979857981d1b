/* Reading the log of a run (record.h). */
#ifndef POWER_LOG_H
#define POWER_LOG_H

#include "base/slice.h"
#include "record.h"

struct log_file {
    const uint8_t *bytes;
    uint64_t end;
    /* The folder that was watched. */
    uint64_t root_inode;
    struct slice root;
};

struct record {
    /* Its number in the log, from 1. */
    uint64_t number;
    enum record_kind kind;
    uint64_t first;
    uint64_t second;
    struct slice data;
    /* The process goes on at this place. */
    uint64_t next;
};

/* Maps it; ends the process where that cannot be. */
struct log_file log_open(const char *path);
/* A record before the first, for log_next. */
static inline struct record log_start(void) { return (struct record){.next = RECORD_HEADER_BYTES}; }
/* The next record into *record; false at the end. */
bool log_next(const struct log_file *log, struct record *record);

#endif

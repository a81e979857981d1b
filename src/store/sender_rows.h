/* Rows of senders with what is sealed in them, for the files that make up engine_sender.h. */
#ifndef STORE_SENDER_ROWS_H
#define STORE_SENDER_ROWS_H

#include "store/sender.h"

struct sender_row {
    struct sender sender;
    struct slice sealed;
};

/* As sender_row_read and sender_row_find. */
NODISCARD bool sender_sealed_read(struct db *db, struct arena *arena, uint64_t id, struct sender_row *row);
NODISCARD bool sender_sealed_find(struct db *db, struct arena *arena, struct slice address,
                                  struct sender_row *row);
size_t sender_rows_count(struct db *db);
size_t sender_rows_read(struct db *db, struct arena *arena, struct sender *senders, size_t max);
size_t sender_folders_read(struct db *db, struct arena *arena, uint64_t sender, struct sender_folder *folders,
                           size_t max);
/* Without secrets. */
void sender_settings_pack(struct buffer *out, const struct sender *sender);

#endif

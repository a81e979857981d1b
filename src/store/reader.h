/*
 * Reading mail, in the mail roles: opens the database read-only beside the running store (under
 * another uid) and reads bodies from their segments. Nothing here waits, and no read spans a
 * wait: every call is one short SQL read whose results are copied to the caller's arena.
 */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "base/buffer.h"
#include "base/uid_set.h"
#include "io/env.h"
#include "store/model.h"

struct reader;

/* 0, or a negated errno. The store must have opened the folder before. */
NODISCARD int reader_open(struct env *env, const char *folder, struct reader **reader);
void reader_close(struct reader **reader);
/* A segment was removed (store_client's news of it), or, with 0, any may have been: closes its file. What
   is read goes on: bodies are where the database now says. */
void reader_segment_gone(struct reader *reader, uint64_t segment);

/* Between the two all reads see the same state and cost one beginning and end; nothing may wait there. */
void reader_hold(struct reader *reader);
void reader_release(struct reader *reader);

enum store_result reader_mailbox_list(struct reader *reader, struct arena *arena, uint64_t account,
                                      struct mailbox **mailboxes, size_t *count);
/* By name (INBOX in any case) or by id. STORE_NOT_FOUND. */
enum store_result reader_mailbox_find(struct reader *reader, struct arena *arena, uint64_t account,
                                      struct slice name, struct mailbox *mailbox);
enum store_result reader_mailbox_get(struct reader *reader, struct arena *arena, uint64_t mailbox_id,
                                     struct mailbox *mailbox);
/* The mailbox's keywords: names[i] has the flag bit FLAG_KEYWORD_FIRST_BIT + i. */
enum store_result reader_keywords(struct reader *reader, struct arena *arena, uint64_t mailbox,
                                  struct slice **names, size_t *count);

/* Appends to *set the UIDs behind its last. Fast for 1,000,000. */
enum store_result reader_uids(struct reader *reader, uint64_t mailbox, struct uid_set *set);
/* Up to `max` entries of the ranges, ascending, from the first UID at or above `from_uid`; `fields` of
   ENTRY_FLAGS | ENTRY_MESSAGE | ENTRY_PLACE, or ENTRY_ONLY_FLAGS. *count 0 means that there are no more;
   fewer than `max` come also where the arena's budget holds no more. STORE_FAILED where it holds not even
   one. */
enum store_result reader_entries(struct reader *reader, struct arena *arena, uint64_t mailbox,
                                 struct uid_ranges uids, uint32_t from_uid, unsigned fields, size_t max,
                                 struct entry **entries, size_t *count);
/* Flag changes and expunges above `modseq`, oldest first, up to `max`; new messages are found by UID.
   STORE_REFUSED when the log no longer reaches back that far: read all instead. */
enum store_result reader_changes(struct reader *reader, struct arena *arena, uint64_t mailbox,
                                 uint64_t modseq, size_t max, struct change **changes, size_t *count);
/* UIDs whose flags have all bits of `set` and none of `clear`. */
enum store_result reader_uids_with_flags(struct reader *reader, uint64_t mailbox, uint64_t set,
                                         uint64_t clear, void (*range)(void *context, struct uid_range range),
                                         void *context);
/* The UID of the first message without \Seen, or 0. */
enum store_result reader_first_unseen(struct reader *reader, uint64_t mailbox, uint32_t *uid);

/* The sizes of the messages whose flags have all bits of `set`, together. */
enum store_result reader_bytes_with_flags(struct reader *reader, uint64_t mailbox, uint64_t set,
                                          uint64_t *bytes);
/* What the account has used of what it may. STORE_NOT_FOUND. */
enum store_result reader_usage(struct reader *reader, uint64_t account, struct account_usage *usage);

/* An import brought what it calls `source` to this account before. */
enum store_result reader_import_is_known(struct reader *reader, uint64_t account, struct slice source,
                                         bool *is_known);

/* Appends raw bytes [offset, offset+len) of a body, cut to what there is. STORE_FAILED where the
   stored bytes are damaged (checksum). */
enum store_result reader_body(struct reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                              struct buffer *out);
/* The same of an entry's body. With ENTRY_PLACE its first frame is read without looking for it; behind that
   it is looked up, so that a message which went while it was being read is missed. */
enum store_result reader_entry_body(struct reader *reader, const struct entry *entry, uint64_t offset,
                                    uint64_t len, struct buffer *out);

#endif

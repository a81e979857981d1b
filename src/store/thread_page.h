/*
 * The large table of references: rows of many references each, sorted by hash, so that a batch of
 * new ones, sorted too, rewrites few pages of the database. A row begins at the hash that is its
 * key and reaches to the next row's; one that grows too large is split. What was not seen for
 * STORE_THREAD_DAYS is left out whenever its row is rewritten.
 */
#ifndef STORE_THREAD_PAGE_H
#define STORE_THREAD_PAGE_H

#include "store/db.h"
#include "store/reference.h"

/* The thread that the hash belongs to, or 0. */
uint64_t thread_page_find(struct db *db, int64_t hash);
/* Puts in references that are sorted by hash and were seen on `day`. One that is there keeps its thread.
   Inside a transaction; doing it again changes nothing more. */
void thread_page_merge(struct db *db, const struct reference *references, size_t count, uint32_t day);

#endif

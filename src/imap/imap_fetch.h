/*
 * FETCH in parts: fetch.c runs the command over batches of entries, fetch_items.c writes the
 * items that come from the database, fetch_body.c the sections of the message itself, fetch_binary.c
 * those without their encoding. Private to these four.
 */
#ifndef IMAP_IMAP_FETCH_H
#define IMAP_IMAP_FETCH_H

#include "imap/imap_flags.h"
#include "imap/imap_session.h"
#include "wire/mime.h"

struct fetch_batch {
    struct arena *arena;
    struct entry *entries;
    size_t count;
};

struct fetch {
    struct imap_call *call;
    const struct imap_fetch *request;
    struct imap_keywords keywords;
    struct uid_ranges targets;
    /* ENTRY_ bits that the request needs. */
    unsigned fields;
    /* The entries that are being written, and, where bodies are unpacked ahead, those that follow. */
    struct fetch_batch now;
    struct fetch_batch next;
    struct fetch_batch after;
    /* Ours for the time of this command, or NULL. */
    struct body_ahead *ahead;
    /* The structure of the message at hand; NULL until somebody asks. */
    struct arena *structure_arena;
    const struct mime_part *structure;
    /* A body could not be read: damage, or it went meanwhile. */
    bool is_damaged;
    bool is_missed;
    /* A part has an encoding that nobody knows (RFC 3516 4.3). */
    bool is_undecodable;
    uint64_t written;
};

/* Writes the request's items that are not sections, in the order of FETCH's table; UID first. Between
   them is one space. Does not wait. */
void fetch_items_write(struct fetch *fetch, const struct entry *entry);
/* Writes one section with its name; a space before it unless `is_first`. False: the connection is gone.
   Waits while the client reads slowly. */
NODISCARD bool fetch_section_write(struct task *t, struct fetch *fetch, const struct entry *entry,
                                   const struct imap_section *section, bool is_first);
/* The same of a BINARY section, without its name. */
NODISCARD bool fetch_binary_write(struct task *t, struct fetch *fetch, const struct entry *entry,
                                  const struct imap_section *section);

/* Bytes of a message, or of what was made of it. */
struct body_range {
    uint64_t offset;
    uint64_t len;
};
/* Where the section stands in the message. False: there is none. */
bool fetch_locate(struct fetch *fetch, const struct entry *entry, const struct imap_section *section,
                  struct body_range *range);
/* What of the range the section's <offset.count> asks for. */
struct body_range fetch_partial(struct body_range range, const struct imap_section *section);
/* The part of the range that lies in the body's frame at its offset. */
struct body_range fetch_first_piece(struct body_range range);
/* Appends exactly these bytes as they are stored; false, with nothing added, where they cannot be read. */
bool fetch_read(struct fetch *fetch, const struct entry *entry, struct body_range piece, struct buffer *out);
/* Ends the connection: of a literal that was begun the rest cannot be read, or the message went meanwhile,
   and nothing else may stand for it, for clients keep what a literal held whatever the command's end says.
   The server remembers one that is damaged (imap_server.h), and the store's line of the log says so.
   Does not wait. */
void fetch_hang_up(struct fetch *fetch, const struct entry *entry);
/* It is the message as a whole, or a piece of it: no structure is asked for. */
bool fetch_section_is_whole(const struct imap_section *section);
/* The message's structure; where none is stored, that of one opaque part. Lives until the next message. */
const struct mime_part *fetch_structure(struct fetch *fetch, const struct entry *entry);

#endif

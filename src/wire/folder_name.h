/*
 * Mailbox names as names of folders and files: each level in modified UTF-7 (wire/imap_utf7.h). A
 * dot, which Maildir++ has between levels, stands inside of a level as "&AC4-". Pure.
 */
#ifndef WIRE_FOLDER_NAME_H
#define WIRE_FOLDER_NAME_H

#include "base/buffer.h"

/* Appends one level as UTF-8. What is no modified UTF-7 is taken as it stands. False: it is empty, or has a
   slash. */
NODISCARD bool folder_name_decode_level(struct slice level, struct buffer *out);
/* Appends all levels of `name`, which `separator` stands between, with slashes between them. */
NODISCARD bool folder_name_decode(struct slice name, uint8_t separator, struct buffer *out);
/* Appends a level of a mailbox name. `hides_dots`: all of them, else only one that would come first. False:
   not UTF-8. */
NODISCARD bool folder_name_encode_level(struct slice level, bool hides_dots, struct buffer *out);

#endif

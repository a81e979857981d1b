/* The parts of a document, each read by a file of its own; see sequence_tree.h. Every function takes a value
   that has been found under its key, and tells what is wrong with it. */
#ifndef OUTREACH_SEQUENCE_PARTS_H
#define OUTREACH_SEQUENCE_PARTS_H

#include "outreach/sequence_tree.h"

/* target: struct sequence. */
void sequence_take_windows(struct tree *tree, const struct tree_node *node, void *target);
void sequence_take_working_days(struct tree *tree, const struct tree_node *node, void *target);
void sequence_take_holidays(struct tree *tree, const struct tree_node *node, void *target);
void sequence_take_time_zone(struct tree *tree, const struct tree_node *node, void *target);
void sequence_take_pace(struct tree *tree, const struct tree_node *node, void *target);
void sequence_take_steps(struct tree *tree, const struct tree_node *node, void *target);

/* An answer of this class is a machine's: it says nothing of who was written to. */
bool sequence_class_is_machine(struct slice reply_class);

/* "Mon", "tuesday": its number from 0, Monday. */
NODISCARD bool sequence_weekday_read(struct slice word, unsigned *weekday);
/* The three letters. */
const char *sequence_weekday_word(unsigned weekday);
/* "9", "9:00", "17:30", "24:00" as minutes of the day. */
NODISCARD bool sequence_time_read(struct slice word, unsigned *minute);

#endif

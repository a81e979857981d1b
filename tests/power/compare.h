/* Two data folders, file by file: the proof that a log holds all that happened to one. */
#ifndef POWER_COMPARE_H
#define POWER_COMPARE_H

/* Prints what differs in names and bytes and returns how much that is. Sockets, and SQLite's index of the
   log, which goes through memory, are left out. */
int compare_folders(const char *replayed, const char *real);

#endif

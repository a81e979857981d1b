"""Makes a database as format 1 had it (src/store/schema.c), so that the next start migrates it.

Run by the recording with the recorder in front of it: this too is part of the log.
"""

from __future__ import annotations

import sqlite3
import sys

# What later formats dropped, with something in it.
DROPPED = """
CREATE TABLE search_pending (message INTEGER PRIMARY KEY) STRICT;
INSERT INTO search_pending SELECT id FROM message;
CREATE TABLE thread_reference (tenant INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL,
 PRIMARY KEY (tenant, hash)) STRICT, WITHOUT ROWID;
INSERT INTO thread_reference SELECT 1, id, thread FROM message;
CREATE TABLE queue (message INTEGER NOT NULL, number INTEGER NOT NULL, tenant INTEGER NOT NULL,
 state INTEGER NOT NULL, address TEXT NOT NULL, original TEXT NOT NULL, notify INTEGER NOT NULL,
 PRIMARY KEY (message, number)) STRICT, WITHOUT ROWID;
INSERT INTO queue SELECT message, number, tenant, 0, address, original, notify FROM recipient;
UPDATE setting SET number = 1 WHERE name = 'format';
"""
# What later formats did not add.
FIRST = ("setting", "tenant", "domain", "account", "credential", "alias", "mailbox", "keyword", "entry", "change",
         "message", "body", "dropped", "segment", "outgoing", "event", "search_pending", "thread_reference", "queue")
ADDED_INDEXES = ("entry_deleted",)
ADDED_COLUMNS = (("outgoing", "account"), ("outgoing", "stream"), ("outgoing", "properties"), ("domain", "is_relay"),
                 ("domain", "is_verified"))


def downgrade(database: str) -> None:
    connection = sqlite3.connect(database)
    indexes = "".join(f"DROP INDEX {name};" for name in ADDED_INDEXES)
    columns = "".join(f"ALTER TABLE {table} DROP COLUMN {column};" for table, column in ADDED_COLUMNS)
    there = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = "".join(f"DROP TABLE {name};" for name in there if name not in FIRST)
    connection.executescript(f"BEGIN; {DROPPED} {indexes} {columns} {tables} COMMIT;")
    connection.close()


if __name__ == "__main__":
    downgrade(sys.argv[1])

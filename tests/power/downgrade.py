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
UPDATE setting SET number = 1 WHERE name = 'format';
"""
# What they added.
ADDED = ("import_item", "thread_recent", "thread_page")


def downgrade(database: str) -> None:
    connection = sqlite3.connect(database)
    added = "".join(f"DROP TABLE {name};" for name in ADDED)
    connection.executescript(f"BEGIN; {added} {DROPPED} COMMIT;")
    connection.close()


if __name__ == "__main__":
    downgrade(sys.argv[1])

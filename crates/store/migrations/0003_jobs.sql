-- Acts on many devices: what became of each, so that a job outlives the process.

CREATE TABLE jobs (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    record TEXT    NOT NULL,           -- JSON: control::jobs::Record
    ended  INTEGER NOT NULL
) STRICT;

CREATE TABLE job_items (
    job      INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item     TEXT    NOT NULL,         -- JSON: model::job::Item
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

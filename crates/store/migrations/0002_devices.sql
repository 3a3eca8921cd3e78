-- The controllers, what is known of them, and what was asked of them.

CREATE TABLE devices (
    id       TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    document TEXT NOT NULL             -- JSON: model::Device
) STRICT;
-- A device is found by its name whatever the case; one without a name is found by its id.
CREATE UNIQUE INDEX devices_name ON devices (lower(name)) WHERE name <> '';

CREATE TABLE credentials (
    device TEXT NOT NULL PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT;

-- For adoption by rule; the key says for which controllers.
CREATE TABLE imported (
    key    TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- An imported credential gets one try at each device. The device's record may not be written yet.
CREATE TABLE tried (
    key    TEXT NOT NULL REFERENCES imported (key) ON DELETE CASCADE,
    device TEXT NOT NULL,
    PRIMARY KEY (key, device)
) STRICT;

CREATE TABLE inventories (
    device   TEXT    NOT NULL PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    taken_at INTEGER,
    document TEXT    NOT NULL              -- JSON: model::Inventory
) STRICT;

-- Outlives its device's record: a session is closed even on a controller that was forgotten.
CREATE TABLE open_sessions (
    device   TEXT    NOT NULL,
    path     TEXT,
    asked_at INTEGER NOT NULL,
    PRIMARY KEY (device, asked_at)
) STRICT;

CREATE TABLE sweeps (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    range      TEXT    NOT NULL,
    port       INTEGER NOT NULL,
    rate       INTEGER NOT NULL,
    cursor     INTEGER NOT NULL,
    asked      INTEGER NOT NULL,
    found      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;

CREATE TABLE findings (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at              INTEGER NOT NULL,
    kind            TEXT    NOT NULL,
    device          TEXT,
    text            TEXT    NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at INTEGER
) STRICT;
CREATE INDEX findings_open ON findings (kind, device) WHERE acknowledged_at IS NULL;

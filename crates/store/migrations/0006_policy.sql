-- The policy's versions, what is open for a while, and who is cut off.

CREATE TABLE policy_versions (
    number          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    state           TEXT    NOT NULL CHECK (state IN ('draft', 'candidate', 'confirmed', 'superseded')),
    proposed_at     INTEGER NOT NULL,
    proposed_by     TEXT    NOT NULL,
    note            TEXT    NOT NULL,
    scenario        TEXT    NOT NULL,      -- as it was uploaded, so that nothing in it is lost
    site            TEXT    NOT NULL,
    scenario_sha256 TEXT    NOT NULL,
    site_sha256     TEXT    NOT NULL,
    generation      INTEGER,               -- the firewall's number, while on trial or confirmed
    applied_at      INTEGER,
    applied_by      TEXT,
    confirmed_at    INTEGER,
    confirmed_by    TEXT
) STRICT;
-- One at most is on trial, and one at most is in force.
CREATE UNIQUE INDEX policy_versions_one ON policy_versions (state) WHERE state IN ('candidate', 'confirmed');

CREATE TABLE pinholes (
    id     TEXT    NOT NULL PRIMARY KEY,
    until  INTEGER NOT NULL,
    record TEXT    NOT NULL                -- JSON: model::enforcement::Pinhole
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantines (
    device TEXT NOT NULL PRIMARY KEY,      -- not a reference: who is cut off stays so when the record goes
    record TEXT NOT NULL                   -- JSON: model::enforcement::Quarantine
) STRICT, WITHOUT ROWID;

-- What is kept of readings: the latest inventory packed, what changed, the documents, and where each part is.

-- The latest inventory; packed (zstd) since this version, and then `document` is empty.
ALTER TABLE inventories ADD COLUMN length INTEGER;
ALTER TABLE inventories ADD COLUMN packed BLOB;

-- The documents that a reading was made from. Of a device there are the latest, and those that a version was read from.
CREATE TABLE snapshots (
    number   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    device   TEXT    NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    tree     BLOB    NOT NULL,             -- SHA-256 of all paths and hashes
    taken_at INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL              -- when it was last read and was the same
) STRICT;
CREATE INDEX snapshots_device ON snapshots (device, number);

-- Documents packed together, addressed by their content, so that what is the same is there once.
CREATE TABLE bundles (
    number INTEGER NOT NULL PRIMARY KEY,
    hash   BLOB    NOT NULL UNIQUE,
    length INTEGER NOT NULL,
    packed BLOB    NOT NULL
) STRICT;

CREATE TABLE snapshot_bundles (
    snapshot INTEGER NOT NULL REFERENCES snapshots (number) ON DELETE CASCADE,
    name     TEXT    NOT NULL,             -- the top of the tree that it holds, or the path of one large document
    bundle   INTEGER NOT NULL REFERENCES bundles (number),
    PRIMARY KEY (snapshot, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshot_bundles_bundle ON snapshot_bundles (bundle);

-- What nobody refers to any more is collected at once.
CREATE TRIGGER snapshot_bundles_gone AFTER DELETE ON snapshot_bundles
WHEN NOT EXISTS (SELECT 1 FROM snapshot_bundles WHERE bundle = OLD.bundle)
BEGIN
    DELETE FROM bundles WHERE number = OLD.bundle;
END;

-- The lasting part of an inventory each time that it changed.
CREATE TABLE inventory_versions (
    device   TEXT    NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    changes  INTEGER NOT NULL,             -- how many, against the one before
    summary  TEXT    NOT NULL,             -- the first of them, in words
    length   INTEGER NOT NULL,
    packed   BLOB    NOT NULL,             -- zstd, JSON: model::components::Component[]
    snapshot INTEGER REFERENCES snapshots (number) ON DELETE SET NULL,
    PRIMARY KEY (device, number)
) STRICT;
CREATE INDEX inventory_versions_taken ON inventory_versions (taken_at);
CREATE INDEX inventory_versions_snapshot ON inventory_versions (snapshot);

-- Every part of every device's latest version, to be searched.
CREATE TABLE components (
    number          INTEGER NOT NULL PRIMARY KEY,
    device          TEXT    NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    place           TEXT,
    manufacturer    TEXT,
    model           TEXT COLLATE NOCASE,
    part_number     TEXT COLLATE NOCASE,
    oem_part_number TEXT COLLATE NOCASE,
    serial          TEXT COLLATE NOCASE,
    firmware        TEXT COLLATE NOCASE,
    macs            TEXT
) STRICT;
CREATE INDEX components_device ON components (device);
CREATE INDEX components_kind ON components (kind);
CREATE INDEX components_model ON components (model) WHERE model IS NOT NULL;
CREATE INDEX components_part_number ON components (part_number) WHERE part_number IS NOT NULL;
CREATE INDEX components_oem_part_number ON components (oem_part_number) WHERE oem_part_number IS NOT NULL;
CREATE INDEX components_serial ON components (serial) WHERE serial IS NOT NULL;
CREATE INDEX components_firmware ON components (firmware) WHERE firmware IS NOT NULL;

CREATE TABLE component_macs (
    mac       TEXT    NOT NULL,
    component INTEGER NOT NULL REFERENCES components (number) ON DELETE CASCADE,
    PRIMARY KEY (mac, component)
) STRICT, WITHOUT ROWID;
CREATE INDEX component_macs_component ON component_macs (component);

-- What was learned of controllers of one maker, product and firmware.
CREATE TABLE learned (
    vendor   TEXT NOT NULL,
    product  TEXT NOT NULL,
    firmware TEXT NOT NULL,
    document TEXT NOT NULL,                -- JSON: model::traffic::Learned
    PRIMARY KEY (vendor, product, firmware)
) STRICT, WITHOUT ROWID;

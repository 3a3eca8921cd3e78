-- Who may come in, and what they may do. Times are nanoseconds since 1970-01-01T00:00:00Z.

CREATE TABLE users (
    name           TEXT    NOT NULL PRIMARY KEY,
    full_name      TEXT    NOT NULL,
    enabled        INTEGER NOT NULL,
    password       TEXT,               -- PHC string; none until the first link is used
    totp           BLOB,               -- sealed by the vault
    totp_last_step INTEGER,            -- the newest time step that was accepted: none is accepted twice
    recovery       TEXT    NOT NULL,   -- JSON list of hashes
    created_at     INTEGER NOT NULL,
    last_sign_in   INTEGER
) STRICT;

CREATE TABLE grants (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_name  TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    role       TEXT    NOT NULL,
    scope      TEXT    NOT NULL,
    UNIQUE (user_name, role, scope)
) STRICT;

CREATE TABLE tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_name  TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    label      TEXT    NOT NULL,
    hash       TEXT    NOT NULL UNIQUE,
    most       TEXT    NOT NULL,       -- JSON: model::access::Limit
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used  INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX tokens_user ON tokens (user_name);

CREATE TABLE sessions (
    hash             TEXT    NOT NULL PRIMARY KEY,
    user_name        TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_at       INTEGER NOT NULL,
    last_seen        INTEGER NOT NULL,
    from_addr        TEXT,
    user_agent       TEXT    NOT NULL,
    second_factor_at INTEGER
) STRICT;
CREATE INDEX sessions_user ON sessions (user_name);

CREATE TABLE links (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       TEXT    NOT NULL,
    user_name  TEXT    NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    purpose    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE INDEX links_user ON links (user_name);

CREATE TABLE settings (
    key      TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;

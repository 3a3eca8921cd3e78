//! Control-plane state: SQLite by default; the only crate with SQL.

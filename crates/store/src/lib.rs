//! Control-plane state: SQLite by default; the only crate with SQL.
//!
//! [`Store::open`] gives a cheap handle whose methods are asynchronous: one thread owns the connection
//! that writes, two others read, so a page never waits for a long write. A write has been committed when
//! its method returns: it survives the death of the process, though not for certain a power cut (what must
//! survive that is in the audit log).
//!
//! It must never hold a secret in the clear or the vault's key: passwords come as PHC strings, tokens and
//! sessions as hashes, credentials and second factors sealed. It decides nothing: whether a link may be used or
//! a second factor's step is fresh is answered here only because the answer and the write must be one.
//!
//! | module | what it holds |
//! |---|---|
//! | [`tables`] | the rows, and the methods of [`Store`] that read and write them, one file for each group |
//! | [`error`] | what can go wrong, with operation and subject |
//! | [`pack`] | packing of what is large and alike |
//! | [`metrics`] | the names of what is measured |
//! | `value`, `work` | what a database must offer to the tables: the seam at which PostgreSQL follows |
//! | `sqlite` | SQLite: threads, migrations, backup and restore |

pub mod error;
pub mod metrics;
mod open;
pub mod pack;
mod sqlite;
pub mod tables;
mod value;
mod work;

pub use error::{Error, Result};
pub use open::Store;
pub use pack::Packed;
pub use sqlite::SCHEMA;
pub use sqlite::restore::{Existing, check as check_backup, restore};
pub use tables::components::{PartQuery, PartRow};
pub use tables::findings::{Acknowledged, FindingRow, Raised};
pub use tables::jobs::JobRow;
pub use tables::links::Link;
pub use tables::open_sessions::OpenSessionRow;
pub use tables::policy::{NewPolicy, PolicyTexts, only as only_policy};
pub use tables::readings::{Bundle, Documents, Kept, NewVersion, Reading};
pub use tables::rule_hits::RuleHits;
pub use tables::sessions::Session;
pub use tables::sweeps::Sweep;
pub use tables::tokens::Token;
pub use tables::users::User;
pub use tables::versions::{ChangedSince, KnownReading, StoredBundle, VersionRow};

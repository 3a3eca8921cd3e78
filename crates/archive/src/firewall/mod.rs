//! The firewalls' log on disk: entries in, hourly Parquet files that other tools read as they are, searches out.
//!
//! An entry lies in the file of the hour (UTC) in which it was received: a foreign firewall's clock may be wrong, the place of
//! an entry is not. What the entry says of its own time is the column `at`, and that is what searches go by.
//!
//! ```text
//! 2026-11-20T19.parquet                the hour, merged
//! open/2026-11-20T20.00000017.parquet  a piece of an hour that is not merged yet
//! state.json                           since when the log is kept, and when it was last seen to be
//! ```
//!
//! Entries wait in memory for eight seconds at most, then they are a piece on disk; a minute after its end the hour's pieces become its
//! file. Everything is written beside its place, synced and renamed, so no torn file bears a name that counts. What is missing
//! is written down like what is there: a row with the verdict `lost`, and the same in the file's footer.
//!
//! | module | what it does |
//! |---|---|
//! | `columns` | what stands in a row group, and writing one |
//! | `decode` | reading row groups |
//! | `footer` | what a file says of itself |
//! | `intake` | what waits in memory |
//! | `log` | the log: opened, filled, written, asked |
//! | `losses` | what is missing, put together |
//! | `place` | names, and files that are there whole or not at all |
//! | `search` | finding and counting |
//! | `select` | which rows of a group are asked for |
//! | `tidy` | hours merged, the oldest removed |

mod columns;
mod decode;
mod footer;
mod intake;
mod log;
mod losses;
mod place;
mod search;
mod select;
mod tidy;

pub use log::{Log, Running, Told};

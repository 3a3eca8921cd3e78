//! Tables as Parquet, for tools that read years of them.
//!
//! It turns bytes into bytes: no file, no socket, no clock. Only this crate knows the Parquet library.
//!
//! | module | what it does |
//! |---|---|
//! | [`table`] | a [`model::table::Table`] as one Parquet file |

pub mod table;

pub use table::{Error, to_parquet};

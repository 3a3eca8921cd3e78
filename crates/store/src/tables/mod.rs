//! The rows, and the methods of [`crate::Store`] that read and write them: one file for each group of tables.
//!
//! A method that changes a row which may not be there comes back with whether it was.

pub mod components;
pub mod credentials;
pub mod devices;
pub mod findings;
pub mod grants;
pub mod inventories;
pub mod jobs;
pub mod learned;
pub mod links;
pub mod open_sessions;
pub mod openings;
pub mod policy;
pub mod readings;
pub mod rule_hits;
pub mod sessions;
pub mod settings;
pub mod sweeps;
pub mod tokens;
pub mod users;
pub mod versions;

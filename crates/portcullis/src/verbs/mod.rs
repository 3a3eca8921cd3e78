//! The operator verbs, one file each.

pub mod access;
pub mod audit;
pub mod backup;
pub mod device;
pub mod fleet;
pub mod inspect;
mod inventory;
pub mod job;
pub mod lab;
pub mod log;
pub mod pinhole;
pub mod policy;
pub mod quarantine;
pub mod token;
pub mod user;

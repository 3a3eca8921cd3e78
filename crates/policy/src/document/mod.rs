//! The two files that people write: the [`scenario`], which says who may reach what and why, and the [`site`],
//! which says where that is.
//!
//! Both keep the fields that this version does not know, and write them again.

pub mod scenario;
pub mod site;
pub mod words;

pub use scenario::Scenario;
pub use site::Site;

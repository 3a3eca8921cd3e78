//! Discovery: asks the addresses of a range whether a Redfish service is there, paced and resumable.
//!
//! | module | what it does |
//! |---|---|
//! | [`claim`] | what a service root says to anybody |
//! | [`plan`] | which address is asked when; pure |

pub mod claim;
pub mod plan;

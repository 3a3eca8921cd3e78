//! What is kept for years, as Parquet: tools read it as it is. At present the firewalls' log, and tables that leave the appliance.
//!
//! It knows neither where entries come from nor who may read them. Only this crate knows the Parquet library. Nothing runs by
//! itself: whoever wires it gives it threads.
//!
//! | module | what it does |
//! |---|---|
//! | [`config`] | what can be configured |
//! | [`error`] | what can go wrong |
//! | [`firewall`] | the firewalls' log: kept, searched, bounded |
//! | [`metrics`] | what it counts |
//! | [`table`] | a [`model::table::Table`] as one Parquet file |

pub mod config;
pub mod error;
pub mod firewall;
pub mod metrics;
pub mod table;

pub use config::Config;
pub use table::to_parquet;

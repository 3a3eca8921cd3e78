//! Other firewalls' logs: syslog received over UDP, TCP and TLS, and read as lines of the firewall's log.
//!
//! It never loses a line for being strange: what no format fits is kept whole, with the verdict unknown. What it does lose, it
//! counts. It must never believe a line more than its sender: a network that is not named in the configuration is
//! not listened to, and nothing that a line says makes the appliance act.
//!
//! | module | what it is |
//! |---|---|
//! | [`message`] | a message: RFC 5424, and RFC 3164 as devices really send it; pure |
//! | [`framing`] | messages on a stream (RFC 6587, RFC 5425); pure |
//! | [`firewall`] | what a message says of a packet: one row for each format of a firewall; pure |
//! | [`reader`] | bytes of a sender as a line of the log; pure |
//! | [`names`] | names that repeat, shared |
//! | [`config`] | what can be configured, and what is wrong with it |
//! | [`sources`] | who may send, and how many connections at once |
//! | [`run`] | sockets |
//! | [`metrics`] | what is counted |
//! | [`error`] | why it does not listen |

pub mod config;
mod cursor;
pub mod error;
pub mod firewall;
pub mod framing;
pub mod message;
pub mod metrics;
pub mod names;
pub mod reader;
pub mod run;
pub mod sources;

pub use config::Config;
pub use error::Error;
pub use run::{Given, Listeners, Sink};

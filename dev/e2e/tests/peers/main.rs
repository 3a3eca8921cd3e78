//! The appliance and its verbs against what is not ours: captured trees of real controllers served by
//! sushy-static, sushy-emulator with and without a real virtual machine, schemathesis, logger and rsyslog.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests, also in their helpers, this is how they fail"
)]

mod coverage;
mod emulator;
mod foreign_log;
mod machine;
mod schema;
mod support;
mod synthetic;
mod trees;
mod verbs;

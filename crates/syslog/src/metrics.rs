//! Names of what is counted.

use metrics::{Unit, describe_counter, describe_gauge};

/// Syslog messages received, by `transport` (`udp`, `tcp`, `tls`) and the firewall's `format` (`unknown` where none fits).
pub const MESSAGES: &str = "portcullis_syslog_messages_total";
/// Messages longer than 8 KiB, of which the rest was cut off.
pub const CUT: &str = "portcullis_syslog_cut_total";
/// Datagrams that the kernel dropped, because they came faster than they were read.
pub const LOST: &str = "portcullis_syslog_lost_total";
/// Datagrams and connections that were refused, by `cause`: `source` (not from a network in `[syslog] from`), `connections`
/// (too many at once), `handshake` (TLS failed), `framing` (no syslog on the stream).
pub const REFUSED: &str = "portcullis_syslog_refused_total";
/// Connections of senders that are open.
pub const CONNECTIONS: &str = "portcullis_syslog_connections";

/// Tells the recorder what they mean.
pub fn describe() {
    describe_counter!(MESSAGES, Unit::Count, "Syslog messages received, by transport and format.");
    describe_counter!(CUT, Unit::Count, "Syslog messages longer than 8 KiB, cut.");
    describe_counter!(LOST, Unit::Count, "Syslog datagrams that the kernel dropped.");
    describe_counter!(REFUSED, Unit::Count, "Datagrams and connections of syslog refused, by cause.");
    describe_gauge!(CONNECTIONS, Unit::Count, "Connections of syslog senders that are open.");
}

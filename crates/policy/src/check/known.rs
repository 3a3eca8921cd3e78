//! What is known of ports: the tables that checks look into.

use crate::service::{Ports, Service};

const fn tcp(port: u16) -> Service {
    match Ports::new(port, port) {
        Some(ports) => Service::Tcp(ports),
        None => Service::Echo,
    }
}

const fn udp(port: u16) -> Service {
    match Ports::new(port, port) {
        Some(ports) => Service::Udp(ports),
        None => Service::Echo,
    }
}

/// Management in clear text: how rationales call it, and what it is on the wire.
pub const CLEAR_TEXT: [(&str, Service); 7] = [
    ("CIM-HTTP", tcp(5988)),
    ("FTP", tcp(21)),
    ("HTTP", tcp(80)),
    ("IPMI", udp(623)),
    ("SFTP (simple file transfer)", tcp(115)),
    ("TFTP", udp(69)),
    ("telnet", tcp(23)),
];

/// What is not encrypted and no secret either, so that profiles can read it.
pub const OPEN: [Service; 10] =
    [udp(53), tcp(53), udp(123), udp(427), tcp(427), udp(514), tcp(514), udp(161), udp(162), Service::Echo];

/// What asks by multicast: its name, its service, its groups.
pub const MULTICAST: [(&str, Service, &str); 5] = [
    ("SLP", udp(427), "239.255.255.253, \"ff02::116\", \"ff05::116\""),
    ("SSDP", udp(1900), "239.255.255.250, \"ff02::c\", \"ff05::c\""),
    ("multicast DNS", udp(5353), "224.0.0.251, \"ff02::fb\""),
    ("WS-Discovery", udp(3702), "239.255.255.250, \"ff02::c\""),
    ("LLMNR", udp(5355), "224.0.0.252, \"ff02::1:3\""),
];

/// Time (RFC 5905).
pub const TIME: [Service; 1] = [udp(123)];
/// Logs (RFC 5426, RFC 6587, RFC 5425).
pub const LOGS: [Service; 3] = [udp(514), tcp(514), tcp(6514)];
/// Directories: LDAP over TLS, LDAP, and the same of a global catalogue.
pub const DIRECTORY: [Service; 4] = [tcp(636), tcp(389), tcp(3269), tcp(3268)];
/// Where people administer the appliance.
pub const ADMINISTRATION: [Service; 2] = [tcp(443), tcp(22)];

/// Numbers that are ports when a rationale names them.
pub const PORTS: [u16; 24] = [
    21, 22, 23, 53, 69, 80, 115, 123, 161, 162, 389, 427, 443, 514, 623, 636, 664, 1900, 2200, 5120, 5900,
    5988, 5989, 6514,
];

/// Whether some of these is meant by some of those.
pub fn meet(these: &[Service], those: &[Service]) -> bool {
    these.iter().any(|this| those.iter().any(|that| this.meets(*that)))
}

//! Sockets that systemd hands over, by the name of the unit that opened them (sd_listen_fds(3)).

use anyhow::Context as _;
use std::net::TcpListener;

/// The name (`FileDescriptorName=`) of the sockets in `portcullis-syslog.socket`.
const SYSLOG: &str = "syslog";

/// What was handed over.
#[derive(Debug, Default)]
pub struct Sockets {
    /// For pages and API.
    pub web: Vec<TcpListener>,
    /// For other firewalls' syslog.
    pub syslog: syslog::Given,
}

/// Takes them over; they are gone from the environment then.
pub fn take() -> anyhow::Result<Sockets> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut given = listenfd::ListenFd::from_env();
    let mut sockets = Sockets::default();
    for at in 0..given.len() {
        let taken = "take systemd's socket over";
        if !is_syslog(&names, at) {
            sockets.web.extend(given.take_tcp_listener(at).context(taken)?);
        } else if let Ok(Some(datagrams)) = given.take_udp_socket(at) {
            sockets.syslog.udp.push(datagrams);
        } else {
            sockets.syslog.tcp.extend(given.take_tcp_listener(at).context(taken)?);
        }
    }
    Ok(sockets)
}

/// Whether the socket at this place, from 0, is one for syslog; the names are separated by colons.
fn is_syslog(names: &str, at: usize) -> bool {
    names.split(':').nth(at) == Some(SYSLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_told_apart_by_name() {
        let names = "portcullis.socket:syslog:syslog";
        assert_eq!([0, 1, 2, 3].map(|at| is_syslog(names, at)), [false, true, true, false]);
        assert!(!is_syslog("", 0));
    }
}

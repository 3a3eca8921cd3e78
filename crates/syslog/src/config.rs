//! The `[syslog]` section of `portcullis.toml`.

use crate::error::Error;
use ipnet::IpNet;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Ports below this are not an ordinary user's (Linux, `net.ipv4.ip_unprivileged_port_start`).
const FIRST_ORDINARY_PORT: u16 = 1024;

model::settings! {
    /// Other firewalls' logs, taken by syslog (RFC 5424, RFC 3164) into the firewall's log. Nothing is listened to until
    /// an address and a network stand here.
    Config {
        /// The address to take datagrams at, such as `0.0.0.0:1514`. Port 514 comes from systemd: leave this out and
        /// enable `portcullis-syslog.socket`.
        udp: Option<SocketAddr> = None,
        /// The address to take TCP connections at, such as `0.0.0.0:1514`; for port 514 the same holds.
        tcp: Option<SocketAddr> = None,
        /// The address to take TLS connections at (RFC 5425), such as `0.0.0.0:6514`. The certificate is that of `[web]`.
        tls: Option<SocketAddr> = None,
        /// The networks that senders are in. What comes from elsewhere is refused and counted.
        from: Vec<IpNet> = Vec::new(),
        /// A PEM file with the authorities of senders' certificates; with it, nobody may send over TLS without one.
        client_ca: Option<PathBuf> = None,
        /// Names of firewalls by the address that they send from, as a table: `"10.0.0.1" = "edge"`. Without one, a firewall has the
        /// name that it gives itself, or its address.
        names: BTreeMap<IpAddr, String> = BTreeMap::new(),
        /// The time zone of firewalls that do not tell theirs, such as `Europe/Berlin`.
        time_zone: String = "UTC".into(),
        /// Connections at once; more are refused.
        connections: usize = 512,
        /// Connections at once from one address.
        connections_per_source: usize = 32,
    }
}

/// What is wrong with a key, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The key.
    pub key: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

impl Config {
    /// The addresses that are listened at.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        [("udp", self.udp), ("tcp", self.tcp), ("tls", self.tls)]
            .into_iter()
            .filter_map(|(transport, address)| Some((transport, address?)))
    }

    /// The zone of times that do not tell theirs.
    ///
    /// # Errors
    /// If the system does not know it.
    pub fn zone(&self) -> Result<TimeZone, Error> {
        let name = self.time_zone.as_str();
        if name == "UTC" {
            return Ok(TimeZone::UTC);
        }
        TimeZone::get(name).map_err(|_unknown| Error::TimeZone { name: name.into() })
    }

    /// What parses and cannot be meant.
    #[must_use]
    pub fn problems(&self) -> Vec<Wrong> {
        let mut found = Vec::new();
        let mut wrong = |key, what: String, hint| found.push(Wrong { key, what, hint });
        for (transport, address) in self.addresses() {
            if (1..FIRST_ORDINARY_PORT).contains(&address.port()) {
                wrong(
                    transport,
                    format!("port {} cannot be opened by an ordinary user's program", address.port()),
                    "take one from 1024 up; or leave the key out and `systemctl enable --now portcullis-syslog.socket`, which opens 514",
                );
            }
        }
        if self.addresses().next().is_some() && self.from.is_empty() {
            wrong(
                "from",
                "syslog is listened to, and nobody may send".into(),
                "name the networks that senders are in, such as from = [\"10.0.0.0/24\"]",
            );
        }
        if self.tcp.is_some() && self.tcp == self.tls {
            wrong("tls", "plain TCP has the same address".into(), "give TLS another port, such as 6514");
        }
        if self.client_ca.is_some() && self.tls.is_none() {
            wrong(
                "client_ca",
                "senders' certificates are asked for over TLS only, and `tls` is not set".into(),
                "set tls = \"0.0.0.0:6514\", or leave client_ca out",
            );
        }
        if self.zone().is_err() {
            wrong(
                "time_zone",
                format!("no time zone {:?} is known to this system", self.time_zone),
                "write UTC, or a name such as Europe/Berlin (and install the package tzdata)",
            );
        }
        if self.connections == 0 || self.connections_per_source == 0 {
            wrong("connections", "no connection could be made".into(), "use 512, and 32 from one address");
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<&'static str> {
        toml::from_str::<Config>(text).unwrap().problems().into_iter().map(|wrong| wrong.key).collect()
    }

    #[test]
    fn a_listener_without_senders_or_at_a_low_port_is_named() {
        assert_eq!(wrong(""), [""; 0]);
        assert_eq!(wrong("udp = \"0.0.0.0:514\""), ["udp", "from"]);
        assert_eq!(wrong("udp = \"[::]:1514\"\nfrom = [\"10.0.0.0/8\"]"), [""; 0]);
        assert_eq!(wrong("tcp = \"0.0.0.0:6514\"\ntls = \"0.0.0.0:6514\"\nfrom = [\"10.0.0.0/8\"]"), ["tls"]);
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let with = |more: &str| wrong(&format!("tcp = \"0.0.0.0:1514\"\nfrom = [\"10.0.0.0/8\"]\n{more}"));
        assert_eq!(with("client_ca = \"ca.pem\""), ["client_ca"]);
        assert_eq!(with("time_zone = \"Europe/Atlantis\""), ["time_zone"]);
        assert_eq!(with("connections = 0"), ["connections"]);
        assert_eq!(with("names = { \"10.0.0.1\" = \"edge\" }"), [""; 0]);
    }
}

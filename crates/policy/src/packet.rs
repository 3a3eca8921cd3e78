//! A packet, as far as the policy looks at it.

use crate::service::Service;
use std::net::IpAddr;

/// The first packet of a connection, or one by itself. What belongs to a connection is judged by its first packet, in both directions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Where it comes from.
    pub from: IpAddr,
    /// Where it wants to go.
    pub to: IpAddr,
    /// What it carries.
    pub payload: Payload,
    /// The appliance's interface that it comes in by, or leaves by where the appliance sends it. `None`: the one its zone is bound to.
    pub interface: Option<String>,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payload {
    /// TCP to this port.
    Tcp(u16),
    /// UDP from one port to another. The source matters for answers to a multicast request.
    Udp {
        /// From this port; 0 if it is not known.
        source: u16,
        /// To that one.
        to: u16,
    },
    /// ICMP of this type.
    Icmp(u8),
    /// ICMPv6 of this type.
    Icmp6(u8),
    /// Another protocol, by its number.
    Other(u8),
}

impl Payload {
    /// Whether a service means it.
    #[must_use]
    pub fn is_of(self, service: Service) -> bool {
        match (self, service) {
            (Self::Tcp(port), Service::Tcp(ports)) | (Self::Udp { to: port, .. }, Service::Udp(ports)) => {
                ports.holds(port)
            }
            (Self::Icmp(kind), Service::Icmp(wanted)) | (Self::Icmp6(kind), Service::Icmp6(wanted)) => {
                kind == wanted
            }
            (Self::Icmp(kind), Service::Echo) => kind == Service::ECHO,
            (Self::Icmp6(kind), Service::Echo) => kind == Service::ECHO6,
            _ => false,
        }
    }
}

/// Which way a packet takes through the appliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// To the appliance.
    Input,
    /// From the appliance.
    Output,
    /// Through it, from one zone to another.
    Forward,
    /// Inside one zone, where the appliance may not see it.
    Inside,
}

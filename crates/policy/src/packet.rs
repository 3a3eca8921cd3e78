//! A packet, as far as the policy looks at it.

use crate::evaluate::Family;
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

    /// The protocol's number, and its destination port or, for ICMP, its type in the upper byte (the code is taken for 0):
    /// the same pair by which the kernel knows a connection.
    #[must_use]
    pub const fn key(self) -> (u8, u16) {
        match self {
            Self::Tcp(port) => (6, port),
            Self::Udp { to, .. } => (17, to),
            Self::Icmp(kind) => (1, (kind as u16) << 8),
            Self::Icmp6(kind) => (58, (kind as u16) << 8),
            Self::Other(protocol) => (protocol, 0),
        }
    }

    /// Whether the kernel begins a connection with it. Of ICMP only questions do: 8 echo, 13 timestamp, 15 information,
    /// 17 address mask (RFC 792, RFC 950); 128 echo, 139 node information (RFC 4443, RFC 4620). Errors belong to the connection
    /// that they are about.
    #[must_use]
    pub const fn begins_connection(self, family: Family) -> bool {
        match self {
            Self::Icmp(kind) => matches!(family, Family::V4) && matches!(kind, 8 | 13 | 15 | 17),
            Self::Icmp6(kind) => matches!(family, Family::V6) && matches!(kind, 128 | 139),
            _ => true,
        }
    }

    /// Whether a link cannot do without it: neighbour discovery (RFC 4861: 133 to 136), and group membership
    /// (IGMP; MLD, RFC 2710 and RFC 3810: 130 to 132 and 143).
    #[must_use]
    pub const fn keeps_link_working(self, family: Family) -> bool {
        match self {
            Self::Icmp6(kind) => matches!(family, Family::V6) && matches!(kind, 130..=136 | 143),
            Self::Other(protocol) => matches!(family, Family::V4) && protocol == 2,
            _ => false,
        }
    }
}

impl std::fmt::Display for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(port) => write!(f, "tcp/{port}"),
            Self::Udp { to, .. } => write!(f, "udp/{to}"),
            Self::Icmp(kind) => write!(f, "icmp/{kind}"),
            Self::Icmp6(kind) => write!(f, "icmp6/{kind}"),
            Self::Other(protocol) => write!(f, "protocol {protocol}"),
        }
    }
}

/// Which way a packet takes through the appliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
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

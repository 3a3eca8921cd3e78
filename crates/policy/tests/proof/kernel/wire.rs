//! Packets as bytes.

use policy::packet::Payload;
use std::net::IpAddr;

/// A packet to be sent: the ends, what it carries, and a number that the witnesses know it by.
#[derive(Clone, Debug)]
pub struct Segment {
    pub from: IpAddr,
    pub to: IpAddr,
    pub number: u16,
    pub hops: u8,
    pub protocol: u8,
    pub body: Vec<u8>,
}

/// TCP's flags (RFC 9293, section 3.1).
pub const SYN: u8 = 0x02;
pub const ACK: u8 = 0x10;

impl Segment {
    /// The first packet of a connection. `port` is the source port, or the identifier of an ICMP question.
    pub fn first(from: IpAddr, to: IpAddr, payload: Payload, port: u16, number: u16) -> Self {
        let (protocol, body) = match payload {
            Payload::Tcp(to) => (6, tcp(port, to, SYN)),
            Payload::Udp { to, .. } => (17, udp(port, to)),
            Payload::Icmp(kind) => (1, icmp(kind, port)),
            Payload::Icmp6(kind) => (58, icmp(kind, port)),
            // A report of membership (RFC 2236), which begins like a GRE header of version 0 does not mind.
            Payload::Other(2) => (2, vec![0x16, 0, 0, 0, 239, 1, 1, 1]),
            Payload::Other(protocol) => (protocol, vec![0; 8]),
        };
        let hops = if matches!(payload, Payload::Icmp6(133..=137)) { 255 } else { 64 };
        Self { from, to, number, hops, protocol, body }
    }

    /// A later packet of the same connection, in its direction or against it.
    pub fn later(from: IpAddr, to: IpAddr, payload: Payload, port: u16, number: u16, back: bool) -> Self {
        let turn = |a: u16, b: u16| if back { (b, a) } else { (a, b) };
        let mut segment = Self::first(from, to, payload, port, number);
        segment.body = match payload {
            Payload::Tcp(to) => {
                let (a, b) = turn(port, to);
                tcp(a, b, ACK)
            }
            Payload::Udp { to, .. } => {
                let (a, b) = turn(port, to);
                udp(a, b)
            }
            Payload::Icmp(kind) => icmp(if back { 0 } else { kind }, port),
            Payload::Icmp6(kind) => icmp(if back { 129 } else { kind }, port),
            Payload::Other(_) => segment.body,
        };
        if back {
            (segment.from, segment.to) = (to, from);
        }
        segment
    }

    /// "Port unreachable" (RFC 792, RFC 4443), said by the one who was asked, about the packet that asked.
    pub fn refusal(about: &Self, number: u16) -> Self {
        let (protocol, kind, code) = if about.from.is_ipv4() { (1, 3, 3) } else { (58, 1, 4) };
        let mut body = vec![kind, code, 0, 0, 0, 0, 0, 0];
        body.extend(about.bytes());
        Self { from: about.to, to: about.from, number, hops: 64, protocol, body }
    }

    /// From the IP header on.
    pub fn bytes(&self) -> Vec<u8> {
        let mut body = self.body.clone();
        self.seal(&mut body);
        let length = u16::try_from(body.len()).unwrap();
        let mut bytes = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let mut header = vec![0x45, 0];
                header.extend((length + 20).to_be_bytes());
                header.extend(self.number.to_be_bytes());
                header.extend([0, 0, self.hops, self.protocol, 0, 0]);
                header.extend(from.octets());
                header.extend(to.octets());
                let sum = checksum(&header);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
                header
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let mut header = (0x6000_0000 | u32::from(self.number)).to_be_bytes().to_vec();
                header.extend(length.to_be_bytes());
                header.extend([self.protocol, self.hops]);
                header.extend(from.octets());
                header.extend(to.octets());
                header
            }
            _ => panic!("{self:?} mixes the families"),
        };
        bytes.extend(body);
        bytes
    }

    /// Puts the checksum in its place.
    fn seal(&self, body: &mut [u8]) {
        let at = match self.protocol {
            6 => 16,
            17 => 6,
            1 | 2 | 58 => 2,
            _ => return,
        };
        let mut covered = Vec::new();
        if !matches!(self.protocol, 1 | 2) {
            for end in [self.from, self.to] {
                match end {
                    IpAddr::V4(end) => covered.extend(end.octets()),
                    IpAddr::V6(end) => covered.extend(end.octets()),
                }
            }
            covered.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
            covered.extend([0, 0, 0, self.protocol]);
        }
        body[at..at + 2].fill(0);
        covered.extend_from_slice(body);
        let sum = checksum(&covered);
        body[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

fn tcp(from: u16, to: u16, flags: u8) -> Vec<u8> {
    let mut body = [from.to_be_bytes(), to.to_be_bytes()].concat();
    let (sequence, heard) = if flags == SYN { (1000_u32, 0_u32) } else { (1001, 1001) };
    body.extend(sequence.to_be_bytes());
    body.extend(heard.to_be_bytes());
    body.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    body
}

/// The answer to a SYN.
pub fn accepting(segment: &mut Segment) {
    segment.body[4..8].copy_from_slice(&1000_u32.to_be_bytes());
    segment.body[13] = SYN | ACK;
}

fn udp(from: u16, to: u16) -> Vec<u8> {
    let mut body = [from.to_be_bytes(), to.to_be_bytes(), 12_u16.to_be_bytes()].concat();
    body.extend([0, 0, 1, 2, 3, 4]);
    body
}

fn icmp(kind: u8, identifier: u16) -> Vec<u8> {
    let mut body = vec![kind, 0, 0, 0];
    body.extend(identifier.to_be_bytes());
    // Room for the longest of the messages, and a target that is nobody.
    body.extend([0, 1]);
    body.extend([0; 20]);
    body
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

//! The kernel's log of packets (NFLOG): its messages, read; and the thread that reads them without losing count.

use crate::message::{Mark, Packet, Record};
use crate::netlink::{ACK, Message, PIECE, Socket, attribute, big, messages};
use model::{Clock, SystemClock};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size_force, set_socket_timeout};
use rustix::net::{RecvFlags, SocketFlags, netdevice, netlink, recv};
use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// `NFNL_SUBSYS_ULOG`
const ULOG: u16 = 4;
/// Bytes of each packet that the kernel hands over.
const COPIED: u32 = 256;
/// The most bytes of what a packet carries that are told on.
const MAX_FIRST: usize = 128;
/// The longest prefix, with its zero (`NF_LOG_PREFIXLEN`).
const MAX_PREFIX: usize = 128;
/// The kernel's queue, in bytes: seconds of records while nobody reads.
const QUEUE: usize = 64 * 1024 * 1024;

/// A message of the kernel's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// Counted up by the kernel with every packet that it logs for us, handed over or lost.
    pub sequence: Option<u32>,
    /// The packet.
    pub packet: Packet,
    /// The interfaces' numbers, in and out.
    pub interfaces: (Option<u32>, Option<u32>),
}

/// Reads a message's body. What cannot be read stays empty: a record is never lost for a strange packet.
#[must_use]
pub fn parse(body: &[u8]) -> Logged {
    let attributes = body.get(4..).unwrap_or_default();
    let number = |kind| attribute(attributes, kind).and_then(big);
    let mut packet = Packet::default();
    if let Some([seconds, micros]) = attribute(attributes, 3).and_then(|value| {
        let (seconds, rest) = value.split_first_chunk::<8>()?;
        Some([i64::from_be_bytes(*seconds), i64::from_be_bytes(*rest.first_chunk()?)])
    }) {
        packet.at = seconds.saturating_mul(1_000_000).saturating_add(micros);
    }
    packet.mark = attribute(attributes, 10).and_then(mark);
    read_packet(attribute(attributes, 9).unwrap_or_default(), &mut packet);
    Logged { sequence: number(12), packet, interfaces: (number(4), number(5)) }
}

/// `pc:<i|o|f>:<rule|default>:<app>:<verdict>`
fn mark(prefix: &[u8]) -> Option<Mark> {
    let text = std::str::from_utf8(prefix.get(..prefix.len().min(MAX_PREFIX))?).ok()?.trim_end_matches('\0');
    let mut parts = text.strip_prefix("pc:")?.split(':');
    let (path, rule, app, verdict) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?.trim_end());
    let path = ['i', 'o', 'f'].into_iter().find(|known| path.chars().eq([*known]))?;
    let rule = if rule == "default" { None } else { Some(rule.parse().ok()?) };
    let has_end = parts.next().is_none();
    has_end.then(|| Mark { path, rule, app: app.to_owned(), verdict: verdict.to_owned() })
}

/// RFC 791 and RFC 8200, and the ports or the kind of message behind them.
fn read_packet(bytes: &[u8], packet: &mut Packet) {
    let carried = match bytes.first().map(|first| first >> 4) {
        Some(4) => read_ipv4(bytes, packet),
        Some(6) => read_ipv6(bytes, packet),
        _ => None,
    };
    let Some(carried) = carried else { return };
    let word = |at| Some(u16::from_be_bytes(*carried.get(at..)?.first_chunk()?));
    let header = match packet.protocol {
        6 => carried.get(12).map_or(20, |byte| usize::from(byte >> 4) * 4),
        _ => 8,
    };
    match packet.protocol {
        1 | 58 => {
            packet.source = carried.first().copied().unwrap_or_default().into();
            packet.port = carried.get(1).copied().unwrap_or_default().into();
        }
        6 | 17 | 132 | 136 => {
            packet.source = word(0).unwrap_or_default();
            packet.port = word(2).unwrap_or_default();
        }
        _ => {}
    }
    packet.first = hexadecimal(carried.get(header..).unwrap_or_default(), MAX_FIRST);
}

fn read_ipv4<'a>(bytes: &'a [u8], packet: &mut Packet) -> Option<&'a [u8]> {
    let header = usize::from(bytes.first()? & 15) * 4;
    packet.bytes = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into();
    packet.protocol = *bytes.get(9)?;
    packet.from = Some(IpAddr::from(*bytes.get(12..)?.first_chunk::<4>()?));
    packet.to = Some(IpAddr::from(*bytes.get(16..)?.first_chunk::<4>()?));
    // A later fragment begins in the middle of what is carried.
    let fragment = u16::from_be_bytes(*bytes.get(6..)?.first_chunk()?) & 0x1fff;
    bytes.get(header.max(20)..).filter(|_| fragment == 0)
}

fn read_ipv6<'a>(bytes: &'a [u8], packet: &mut Packet) -> Option<&'a [u8]> {
    packet.bytes = u32::from(u16::from_be_bytes(*bytes.get(4..)?.first_chunk()?)) + 40;
    packet.from = Some(IpAddr::from(*bytes.get(8..)?.first_chunk::<16>()?));
    packet.to = Some(IpAddr::from(*bytes.get(24..)?.first_chunk::<16>()?));
    packet.protocol = *bytes.get(6)?;
    let mut rest = bytes.get(40..)?;
    // Hop-by-hop, routing, fragment and destination options stand before what is carried.
    for _ in 0..8 {
        let length = match packet.protocol {
            0 | 43 | 60 => usize::from(*rest.get(1)?) * 8 + 8,
            44 if u16::from_be_bytes(*rest.get(2..)?.first_chunk()?) & 0xfff8 == 0 => 8,
            44 => {
                packet.protocol = *rest.first()?;
                return None;
            }
            _ => return Some(rest),
        };
        packet.protocol = *rest.first()?;
        rest = rest.get(length..)?;
    }
    None
}

/// The first bytes, at most so many, in hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(most) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// How much was read and lost.
#[derive(Debug, Default)]
pub struct Counts {
    /// Records read.
    pub read: AtomicU64,
    /// Records lost in the kernel.
    pub lost: AtomicU64,
}

/// Binds to a group of the kernel's log.
///
/// # Errors
/// The kernel does not have it, or somebody else holds the group.
pub fn bind(group: u16) -> io::Result<OwnedFd> {
    let mut socket = Socket::open(netlink::NETFILTER, 0, SocketFlags::empty())?;
    let config = || Message::netfilter(ULOG, 1, ACK, 0, group);
    let [high, middle, low, last] = COPIED.to_be_bytes();
    let size = u32::try_from(PIECE).unwrap_or(u32::MAX).to_be_bytes();
    let setup = [
        // Bind; copy the packets' beginnings; many in one piece, at the latest after a tenth of a second; count them.
        config().with(1, &[1]),
        config().with(2, &[high, middle, low, last, 2, 0]),
        config().with(3, &size),
        config().with(4, &10u32.to_be_bytes()),
        config().with(5, &400u32.to_be_bytes()),
        config().with(6, &1u16.to_be_bytes()),
    ];
    let count = setup.len();
    socket.ask(setup, count, |_| {})?;
    let fd = socket.into_fd();
    set_socket_recv_buffer_size_force(&fd, QUEUE)?;
    // So that the thread sees in time that nobody wants records any more.
    set_socket_timeout(&fd, Timeout::Recv, Some(Duration::from_millis(200)))?;
    Ok(fd)
}

/// Reads until nobody wants records any more. While the channel is full, the kernel's queue fills; what it drops then is
/// missing in its count, and told as lost.
///
/// # Errors
/// The socket's.
pub fn read(fd: &OwnedFd, sender: &mpsc::Sender<Vec<Record>>, counts: &Arc<Counts>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut next = 0_u32;
    let mut names = Names::default();
    while !sender.is_closed() {
        let length = match recv(fd, piece.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, length)) => length,
            // What was lost is missing in the count of the records that follow.
            Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS) => continue,
            Err(error) => return Err(error.into()),
        };
        let now = SystemClock.now().as_microsecond();
        let mut batch = Vec::new();
        for message in messages(piece.get(..length).unwrap_or_default()) {
            if message.kind != ULOG << 8 {
                continue;
            }
            let Logged { sequence, mut packet, interfaces } = parse(message.body);
            let sequence = sequence.unwrap_or(next);
            let lost = u64::from(sequence.wrapping_sub(next));
            next = sequence.wrapping_add(1);
            if lost > 0 {
                counts.lost.fetch_add(lost, Ordering::Relaxed);
                batch.push(Record::Lost { records: lost });
            }
            if packet.at == 0 {
                packet.at = now;
            }
            packet.arrived = interfaces.0.and_then(|index| names.of(fd, index));
            packet.leaves = interfaces.1.and_then(|index| names.of(fd, index));
            batch.push(Record::Packet(Box::new(packet)));
        }
        counts.read.fetch_add(batch.len() as u64, Ordering::Relaxed);
        if !batch.is_empty() && sender.blocking_send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

/// Interfaces' names, forgotten after a while because they may change.
#[derive(Debug, Default)]
struct Names {
    since: Option<Instant>,
    known: HashMap<u32, Option<String>>,
}

impl Names {
    fn of(&mut self, fd: &OwnedFd, index: u32) -> Option<String> {
        if self.since.is_none_or(|since| since.elapsed() > Duration::from_secs(5)) {
            self.known.clear();
            self.since = Some(Instant::now());
        }
        let name = self.known.entry(index).or_insert_with(|| netdevice::index_to_name(fd, index).ok());
        name.clone()
    }
}

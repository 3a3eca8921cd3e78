//! The kernel's log of packets (NFLOG): bound, and read in pieces by a thread of its own. What a piece says is read by
//! whoever follows; here records are only counted.

use crate::netlink::{ACK, Message, PIECE, Socket, attribute, big, messages};
use crate::wire::Piece;
use model::{Clock, SystemClock};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size_force, set_socket_timeout};
use rustix::net::{RecvFlags, SocketFlags, netlink, recv};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// `NFNL_SUBSYS_ULOG`
const ULOG: u16 = 4;
/// A logged packet, as a message's kind (`NFULNL_MSG_PACKET`).
pub const PACKET: u16 = ULOG << 8;
/// Bytes of each packet that the kernel hands over.
const COPIED: u32 = 256;
/// The kernel's queue, in bytes: some 100,000 records, while nobody reads.
const QUEUE: usize = 16 * 1024 * 1024;

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

/// Reads until nobody wants pieces any more. While the channel is full, the kernel's queue fills; what it drops then is
/// missing in its count.
///
/// # Errors
/// The socket's.
pub fn read(fd: &OwnedFd, sender: &mpsc::Sender<Piece>, counts: &Counts) -> io::Result<()> {
    let mut room = vec![0; PIECE];
    let mut next = 0;
    while !sender.is_closed() {
        let length = match recv(fd, room.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, length)) => length,
            // What was lost is missing in the count of the records that follow.
            Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS) => continue,
            Err(error) => return Err(error.into()),
        };
        let bytes = room.get(..length).unwrap_or_default();
        let piece = Piece { next, at: SystemClock.now().as_microsecond(), bytes: bytes.to_vec() };
        for sequence in sequences(bytes) {
            counts.lost.fetch_add(sequence.wrapping_sub(next).into(), Ordering::Relaxed);
            counts.read.fetch_add(1, Ordering::Relaxed);
            next = sequence.wrapping_add(1);
        }
        if sender.blocking_send(piece).is_err() {
            break;
        }
    }
    Ok(())
}

/// The kernel's numbers of the packets in a piece.
fn sequences(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let packets = messages(bytes).filter(|message| message.kind == PACKET);
    packets.filter_map(|message| attribute(message.body.get(4..)?, 12).and_then(big))
}

//! The kernel's log of packets (NFLOG). Only the program may bind to it; who follows gets the socket and reads it.

use crate::netlink::{ACK, Message, PIECE, ask, open, put};
use rustix::net::netlink::NETFILTER;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use std::io;
use std::os::fd::OwnedFd;

/// `NFNL_SUBSYS_ULOG`
const ULOG: u16 = 4;
/// A logged packet, as a message's kind (`NFULNL_MSG_PACKET`).
pub const PACKET: u16 = ULOG << 8;
/// Bytes of each packet that the kernel hands over.
const COPIED: u32 = 256;
/// The kernel's queue, in bytes: some 100,000 records, while nobody reads.
const QUEUE: usize = 16 * 1024 * 1024;

/// Binds to a group of the kernel's log.
///
/// # Errors
/// The kernel does not have it, or somebody else holds the group.
pub fn bind(group: u16) -> io::Result<OwnedFd> {
    let fd = open(NETFILTER, 0)?;
    let size = u32::try_from(PIECE).unwrap_or(u32::MAX).to_be_bytes();
    let mut copied = COPIED.to_be_bytes().to_vec();
    copied.extend([2, 0]);
    // Bind; copy the packets' beginnings; many in one piece, at the latest after a tenth of a second; count them.
    let setup: [(u16, &[u8]); 6] = [
        (1, &[1]),
        (2, &copied),
        (3, &size),
        (4, &10u32.to_be_bytes()),
        (5, &400u32.to_be_bytes()),
        (6, &1u16.to_be_bytes()),
    ];
    let setup = setup.map(|(kind, value)| Message::netfilter(ULOG, 1, ACK, (0, group), &[put(kind, value)]));
    ask(&fd, &setup, |_| {})?;
    set_socket_recv_buffer_size_force(&fd, QUEUE)?;
    Ok(fd)
}

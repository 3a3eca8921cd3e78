//! Netlink messages, made and read, and sockets for them. RFC 3549; `include/uapi/linux/netlink.h`.

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, sendto, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// `NLM_F_REQUEST`
const REQUEST: u16 = 1;
/// `NLM_F_ACK`
pub const ACK: u16 = 4;
/// `NLM_F_DUMP`
pub const DUMP: u16 = 0x300;
/// `NLM_F_CREATE`
pub const CREATE: u16 = 0x400;
/// `NLA_F_NESTED`
const NESTED: u16 = 0x8000;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLMSG_DONE`
const DONE: u16 = 3;
/// Bytes of one read: the kernel never sends more in one piece of a dump, and NFLOG's batches are set to less.
pub const PIECE: usize = 128 * 1024;

/// A message to the kernel.
#[derive(Debug)]
pub struct Message {
    bytes: Vec<u8>,
    is_answered: bool,
}

impl Message {
    /// One with the family's own header and what follows it.
    #[must_use]
    pub fn new(kind: u16, flags: u16, body: &[u8]) -> Self {
        let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX).to_ne_bytes();
        let (kind, all) = (kind.to_ne_bytes(), (REQUEST | flags).to_ne_bytes());
        Self { bytes: [&length, kind.as_slice(), &all, &[0; 8], body].concat(), is_answered: flags > 0 }
    }

    /// One of netfilter: its header is the family, version 0 and a number, big-endian.
    #[must_use]
    pub fn netfilter(
        subsystem: u16,
        kind: u16,
        flags: u16,
        (family, number): (u8, u16),
        body: &[Vec<u8>],
    ) -> Self {
        let [high, low] = number.to_be_bytes();
        Self::new(subsystem << 8 | kind, flags, &[vec![family, 0, high, low], body.concat()].concat())
    }
}

/// An attribute.
#[must_use]
pub fn put(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX).to_ne_bytes();
    let mut bytes = [&length, kind.to_ne_bytes().as_slice(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An attribute that holds attributes.
#[must_use]
pub fn nest(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
    put(NESTED | kind, &attributes.concat())
}

/// A message that was read.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Its kind; netfilter's have the subsystem in the high byte.
    pub kind: u16,
    /// What follows the header.
    pub body: &'a [u8],
}

/// The messages in a piece that was read. Ends at the first that is cut off.
pub fn messages(mut rest: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_ne_bytes(at(rest, 0)?)).ok().filter(|length| *length >= 16)?;
        let kind = u16::from_ne_bytes(at(rest, 4)?);
        let body = rest.get(16..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Received { kind, body })
    })
}

/// The value of the first attribute of this kind. Ends at the first that is cut off.
#[must_use]
pub fn attribute(mut rest: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16::from_ne_bytes(at(rest, 0)?));
        let value = rest.get(4..length)?;
        if u16::from_ne_bytes(at(rest, 2)?) & 0x3fff == kind {
            return Some(value);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}

/// A number that the kernel sends big-endian.
#[must_use]
pub fn big(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Opens a socket; `groups` is the mask of multicast groups to listen to.
///
/// # Errors
/// The kernel does not have it, or does not allow it.
pub fn open(protocol: Protocol, groups: u32) -> io::Result<OwnedFd> {
    let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(protocol))?;
    bind(&fd, &SocketAddrNetlink::new(0, groups))?;
    // The kernel answers at once; this is for the day when it does not.
    set_socket_timeout(&fd, Timeout::Recv, Some(Duration::from_secs(5)))?;
    Ok(fd)
}

/// Sends messages in one piece and reads until all are answered; what is no acknowledgement goes to `take`.
///
/// # Errors
/// The first that the kernel reports.
pub fn ask(fd: &OwnedFd, messages: &[Message], mut take: impl FnMut(Received<'_>)) -> io::Result<()> {
    let all: Vec<u8> = messages.iter().flat_map(|message| &message.bytes).copied().collect();
    let mut missing = messages.iter().filter(|message| message.is_answered).count();
    sendto(fd, &all, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut piece = vec![0; PIECE];
    let mut failure = None;
    while missing > 0 {
        let (_, length) = recv(fd, piece.as_mut_slice(), RecvFlags::empty())?;
        for message in self::messages(piece.get(..length).unwrap_or_default()) {
            match message.kind {
                DONE => missing = missing.saturating_sub(1),
                ERROR => {
                    missing = missing.saturating_sub(1);
                    let code = at(message.body, 0).map(i32::from_ne_bytes).filter(|code| *code != 0);
                    failure = failure.or(code);
                }
                _ => take(message),
            }
        }
        if let Some(code) = failure {
            return Err(Errno::from_raw_os_error(code.wrapping_neg()).into());
        }
    }
    Ok(())
}

/// A socket by which the kernel tells what happens.
#[derive(Debug)]
pub struct Feed {
    fd: AsyncFd<OwnedFd>,
    room: Vec<u8>,
}

impl Feed {
    /// Reads from this socket.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        #[expect(
            deprecated,
            reason = "unsound for types that give now one descriptor, now another; an OwnedFd does not"
        )]
        let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
        Ok(Self { fd, room: vec![0; PIECE] })
    }

    /// The next piece; `None` if the kernel had more to tell than it could keep. Nothing is lost if it is not awaited to its end.
    ///
    /// # Errors
    /// The socket's.
    pub async fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let Self { fd, room } = self;
        let read = |fd: &OwnedFd| match recv(fd, room.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((_, length)) => Ok(Some(length)),
            Err(Errno::NOBUFS) => Ok(None),
            Err(error) => Err(io::Error::from(error)),
        };
        let length = fd.async_io(Interest::READABLE, read).await?;
        Ok(length.map(|length| self.room.get(..length).unwrap_or_default()))
    }
}

//! Netlink messages, made and read, and a socket for them. RFC 3549; `include/uapi/linux/netlink.h`.

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, sendto, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// `NLM_F_REQUEST`
pub const REQUEST: u16 = 1;
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
pub const DONE: u16 = 3;
/// Bytes of one read: the kernel never sends more in one piece of a dump, and NFLOG's batches are set to less.
pub const PIECE: usize = 128 * 1024;

/// A message in the making.
#[derive(Debug)]
pub struct Message(Vec<u8>);

impl Message {
    /// Begins one with the family's own header.
    #[must_use]
    pub fn new(kind: u16, flags: u16, header: &[u8]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((REQUEST | flags).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(header);
        Self(bytes)
    }

    /// Begins one of netfilter: its header is the family, version 0 and a number, big-endian.
    #[must_use]
    pub fn netfilter(subsystem: u16, kind: u16, flags: u16, family: u8, number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        Self::new(subsystem << 8 | kind, flags, &[family, 0, high, low])
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, kind: u16, value: &[u8]) -> Self {
        put(&mut self.0, kind, value);
        self
    }

    /// Adds an attribute that holds attributes.
    #[must_use]
    pub fn with_nested(self, kind: u16, attributes: &[(u16, &[u8])]) -> Self {
        self.with(NESTED | kind, &nest(attributes))
    }

    fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let head = length.to_ne_bytes().into_iter().enumerate();
        let sequence = sequence.to_ne_bytes().into_iter().enumerate().map(|(at, byte)| (at + 8, byte));
        for (at, byte) in head.chain(sequence) {
            if let Some(to) = self.0.get_mut(at) {
                *to = byte;
            }
        }
        self.0
    }
}

fn put(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(u16::try_from(value.len() + 4).unwrap_or(u16::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// Attributes as the value of another one.
#[must_use]
pub fn nest(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    attributes.iter().for_each(|(kind, value)| put(&mut bytes, *kind, value));
    bytes
}

/// Marks an attribute's kind as one that holds attributes.
#[must_use]
pub const fn nested(kind: u16) -> u16 {
    NESTED | kind
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
        let length = usize::try_from(u32_at(rest, 0)?).ok().filter(|length| *length >= 16)?;
        let kind = u16_at(rest, 4)?;
        let body = rest.get(16..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Received { kind, body })
    })
}

/// The attributes in bytes, by kind. Ends at the first that is cut off.
pub fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let value = rest.get(4..length)?;
        let kind = u16_at(rest, 2)? & 0x3fff;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The attribute of this kind.
#[must_use]
pub fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find_map(|(found, value)| (found == kind).then_some(value))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number that the kernel sends big-endian.
#[must_use]
pub fn big(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// A netlink socket that asks and reads what is answered.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    sequence: u32,
}

impl Socket {
    /// Opens one; `groups` is the mask of multicast groups to listen to.
    ///
    /// # Errors
    /// The kernel does not have it, or does not allow it.
    pub fn open(protocol: Protocol, groups: u32, flags: SocketFlags) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | flags;
        let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(protocol))?;
        bind(&fd, &SocketAddrNetlink::new(0, groups))?;
        // The kernel answers at once; this is for the day when it does not.
        set_socket_timeout(&fd, Timeout::Recv, Some(Duration::from_secs(5)))?;
        Ok(Self { fd, sequence: 1 })
    }

    /// The socket itself.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Sends messages in one piece.
    ///
    /// # Errors
    /// The kernel's.
    pub fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for message in messages {
            self.sequence = self.sequence.wrapping_add(1);
            bytes.extend(message.finish(self.sequence));
        }
        sendto(&self.fd, &bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        Ok(())
    }

    /// Sends messages and reads until so many are acknowledged or answered by `NLMSG_DONE`; every other message goes to `take`.
    ///
    /// # Errors
    /// The first that the kernel reports.
    pub fn ask(
        &mut self,
        messages: impl IntoIterator<Item = Message>,
        mut acks: usize,
        mut take: impl FnMut(Received<'_>),
    ) -> io::Result<()> {
        self.send(messages)?;
        let mut piece = vec![0; PIECE];
        let mut failure = None;
        while acks > 0 {
            let (_, length) = recv(&self.fd, piece.as_mut_slice(), RecvFlags::empty())?;
            for message in self::messages(piece.get(..length).unwrap_or_default()) {
                match message.kind {
                    DONE => acks = acks.saturating_sub(1),
                    ERROR => {
                        acks = acks.saturating_sub(1);
                        if let Some(code) = u32_at(message.body, 0).filter(|code| *code != 0) {
                            failure
                                .get_or_insert(Errno::from_raw_os_error(code.cast_signed().wrapping_neg()));
                        }
                    }
                    _ => take(message),
                }
            }
            if let Some(failure) = failure {
                return Err(failure.into());
            }
        }
        Ok(())
    }
}

//! What is asked of the kernel itself: the rules' generation, elements of sets, tracked connections, local sockets.

use crate::error::Error;
use crate::message::{Connection, MAX_CONNECTIONS};
use crate::netlink::{ACK, CREATE, DUMP, Message, Received, Socket, attribute, big, nest, nested};
use rustix::net::{SocketFlags, netlink};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// `NFNL_SUBSYS_CTNETLINK`
const CONNTRACK: u16 = 1;
/// `NFNL_SUBSYS_NFTABLES`
const NFTABLES: u16 = 10;
/// `NFPROTO_INET`
const INET: u8 = 1;
/// The mask of `NFNLGRP_NFTABLES`: all changes of rules.
pub const CHANGES: u32 = 1 << 6;
/// `NFT_MSG_NEWGEN`, as a message's kind.
const NEW_GENERATION: u16 = NFTABLES << 8 | 15;

fn open() -> io::Result<Socket> {
    Socket::open(netlink::NETFILTER, 0, SocketFlags::empty())
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Netlink { what, source }
}

/// The number that the kernel counts up with every change of rules.
///
/// # Errors
/// The kernel does not say.
pub fn generation() -> Result<u32, Error> {
    let mut generation = None;
    let question = Message::netfilter(NFTABLES, 16, ACK, 0, 0);
    let take = |message: Received<'_>| {
        generation = message.body.get(4..).and_then(|body| big(attribute(body, 1)?));
    };
    open()
        .and_then(|mut socket| socket.ask([question], 1, take))
        .map_err(failed("ask for the generation"))?;
    generation
        .ok_or(Error::Netlink { what: "ask for the generation", source: io::ErrorKind::InvalidData.into() })
}

/// The process that made a change, if the message says that a change is complete.
#[must_use]
pub fn author(message: Received<'_>) -> Option<u32> {
    let body = message.body.get(4..).filter(|_| message.kind == NEW_GENERATION)?;
    attribute(body, 2).and_then(big)
}

/// An element of one of our sets.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    /// The set.
    pub set: &'a str,
    /// Its key, each part filled up to four bytes.
    pub key: Vec<u8>,
    /// After this time it is no more; zero: it stays.
    pub lifetime: Duration,
    /// Who it is for.
    pub comment: &'a str,
}

/// Takes an element out, or puts it in, or both in one transaction. What is not there is taken out already; a try of that makes
/// the kernel wait, so say only what is to be expected.
///
/// # Errors
/// The kernel's.
pub fn change(element: &Element<'_>, remove: bool, put: bool) -> Result<(), Error> {
    let tell = |remove: bool, put: bool| {
        let begin = Message::netfilter(0, 0x10, 0, 0, NFTABLES);
        let end = Message::netfilter(0, 0x11, 0, 0, NFTABLES);
        let removal = remove.then(|| message(element, false));
        let addition = put.then(|| message(element, true));
        let batch = [Some(begin), removal, addition, Some(end)].into_iter().flatten();
        open().and_then(|mut socket| socket.ask(batch, usize::from(remove) + usize::from(put), |_| {}))
    };
    match tell(remove, put) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && put => tell(false, true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
    .map_err(failed("change an element"))
}

fn message(element: &Element<'_>, put: bool) -> Message {
    let value = nest(&[(1, &element.key)]);
    let mut parts = nest(&[(nested(1), &value)]);
    if put && !element.lifetime.is_zero() {
        let milliseconds = u64::try_from(element.lifetime.as_millis()).unwrap_or(u64::MAX);
        parts.extend(nest(&[(4, &milliseconds.to_be_bytes())]));
    }
    if put && let Ok(length) = u8::try_from(element.comment.len() + 1) {
        // libnftnl's form of a comment: kind 0, length, text with a zero at its end.
        let mut comment = vec![0, length];
        comment.extend(element.comment.as_bytes());
        comment.push(0);
        parts.extend(nest(&[(6, &comment)]));
    }
    let (kind, flags) = if put { (12, ACK | CREATE) } else { (14, ACK) };
    let set = [element.set.as_bytes(), b"\0"].concat();
    Message::netfilter(NFTABLES, kind, flags, INET, 0)
        .with(1, b"portcullis\0")
        .with(2, &set)
        .with_nested(3, &[(nested(1), &parts)])
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The kernel's number for an address's family.
fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { 2 } else { 10 }
}

/// A key of several parts.
#[must_use]
pub fn key(address: IpAddr, service: Option<(u8, u16)>) -> Vec<u8> {
    let mut key = bytes(address);
    if let Some((protocol, port)) = service {
        let [high, low] = port.to_be_bytes();
        key.extend([protocol, 0, 0, 0, high, low, 0, 0]);
    }
    key
}

/// The connections that the kernel tracks, and whether there are more than are listed.
///
/// # Errors
/// The kernel's.
pub fn connections() -> Result<(Vec<Connection>, bool), Error> {
    let mut all = Vec::new();
    let mut more = false;
    let question = Message::netfilter(CONNTRACK, 1, DUMP, 0, 0);
    let take = |message: Received<'_>| match message.body.get(4..).and_then(|body| tuple(attribute(body, 1)?))
    {
        Some(_) if all.len() >= MAX_CONNECTIONS => more = true,
        Some(connection) => all.push(connection),
        None => {}
    };
    open().and_then(|mut socket| socket.ask([question], 1, take)).map_err(failed("list the connections"))?;
    Ok((all, more))
}

/// `CTA_TUPLE_ORIG`: addresses, and the protocol with its ports or its identifier and type.
fn tuple(bytes: &[u8]) -> Option<Connection> {
    let (addresses, service) = (attribute(bytes, 1)?, attribute(bytes, 2)?);
    let address = |four, six| match attribute(addresses, four) {
        Some(bytes) => bytes.first_chunk::<4>().map(|bytes| IpAddr::from(*bytes)),
        None => attribute(addresses, six)?.first_chunk::<16>().map(|bytes| IpAddr::from(*bytes)),
    };
    let port = |kind| attribute(service, kind)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    let byte = |kind| attribute(service, kind)?.first().copied();
    let message = || Some(u16::from_be_bytes([byte(5).or_else(|| byte(8))?, byte(6).or_else(|| byte(9))?]));
    Some(Connection {
        from: address(1, 3)?,
        to: address(2, 4)?,
        protocol: *attribute(service, 1)?.first()?,
        source: port(2).or_else(|| port(4)).or_else(|| port(7)).unwrap_or_default(),
        port: port(3).or_else(message).unwrap_or_default(),
    })
}

/// Lets the kernel forget a connection, and resets its local TCP socket. Says whether each was there.
///
/// # Errors
/// The kernel's, but for what is gone already.
pub fn end(connection: &Connection) -> Result<(bool, bool), Error> {
    let Connection { from, to, protocol, source, port } = *connection;
    if from.is_ipv4() != to.is_ipv4() {
        return Err(Error::Request("a connection has both addresses of one family".to_owned()));
    }
    // The socket first, so that its reset still belongs to a tracked connection.
    let mut reset = false;
    if protocol == 6 {
        for (local, remote) in [((from, source), (to, port)), ((to, port), (from, source))] {
            reset |= was_there(destroy(local, remote)).map_err(failed("reset a socket"))?;
        }
    }
    let tracked = was_there(forget(connection)).map_err(failed("end a connection"))?;
    Ok((tracked, reset))
}

fn was_there(outcome: io::Result<()>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn forget(connection: &Connection) -> io::Result<()> {
    let Connection { from, to, protocol, source, port } = *connection;
    let kinds: (u16, u16) = if from.is_ipv4() { (1, 2) } else { (3, 4) };
    let addresses = nest(&[(kinds.0, &bytes(from)), (kinds.1, &bytes(to))]);
    let (source, port) = (source.to_be_bytes(), port.to_be_bytes());
    let service = match protocol {
        1 => nest(&[(1, &[protocol]), (4, &source), (5, port.split_at(1).0), (6, port.split_at(1).1)]),
        58 => nest(&[(1, &[protocol]), (7, &source), (8, port.split_at(1).0), (9, port.split_at(1).1)]),
        _ => nest(&[(1, &[protocol]), (2, &source), (3, &port)]),
    };
    let question = Message::netfilter(CONNTRACK, 2, ACK, family(from), 0)
        .with_nested(1, &[(nested(1), &addresses), (nested(2), &service)]);
    open()?.ask([question], 1, |_| {})
}

/// Resets the socket between these two ends: `SOCK_DIAG_BY_FAMILY`, then `SOCK_DESTROY`, both with `struct inet_diag_req_v2`
/// (`include/uapi/linux/inet_diag.h`).
fn destroy(local: (IpAddr, u16), remote: (IpAddr, u16)) -> io::Result<()> {
    let mut request = vec![family(local.0), 6, 0, 0, 0xff, 0xff, 0xff, 0xff];
    request.extend([local.1.to_be_bytes(), remote.1.to_be_bytes()].as_flattened());
    for address in [local.0, remote.0] {
        let mut wide = bytes(address);
        wide.resize(16, 0);
        request.extend(wide);
    }
    request.extend([0; 4]);
    let ask = |kind, cookie: &[u8], take: &mut dyn FnMut(Received<'_>)| {
        let message = Message::new(kind, ACK, &[&request, cookie].concat());
        Socket::open(netlink::SOCK_DIAG, 0, SocketFlags::empty())?.ask([message], 1, take)
    };
    let mut found = None;
    ask(20, &[0xff; 8], &mut |message| {
        let state = message.body.get(1).copied();
        found = state.zip(message.body.get(44..52).map(<[u8]>::to_vec));
    })?;
    match found {
        // Without a connection the kernel finds the listener, and would close that; a connection in TIME_WAIT has ended.
        Some((6 | 10, _)) | None => Err(io::ErrorKind::NotFound.into()),
        Some((_, cookie)) => ask(21, &cookie, &mut |_| {}),
    }
}

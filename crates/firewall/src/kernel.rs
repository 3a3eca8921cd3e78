//! What is asked of the kernel itself: the rules' generation, elements of sets, tracked connections, local sockets.

use crate::error::Error;
use crate::message::{Connection, MAX_CONNECTIONS};
use crate::netlink::{ACK, CREATE, DUMP, Message, Received, ask, attribute, big, nest, open, put};
use crate::opening::{Key, bytes};
use rustix::net::netlink::{NETFILTER, SOCK_DIAG};
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

fn failed(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Netlink { what, source }
}

fn netfilter(messages: &[Message], take: impl FnMut(Received<'_>)) -> io::Result<()> {
    ask(&open(NETFILTER, 0)?, messages, take)
}

/// What follows netfilter's own header.
fn attributes(message: Received<'_>) -> &[u8] {
    message.body.get(4..).unwrap_or_default()
}

/// The number that the kernel counts up with every change of rules.
///
/// # Errors
/// The kernel does not say.
pub fn generation() -> Result<u32, Error> {
    let mut generation = None;
    let question = Message::netfilter(NFTABLES, 16, ACK, (0, 0), &[]);
    netfilter(&[question], |message| generation = attribute(attributes(message), 1).and_then(big))
        .and_then(|()| generation.ok_or_else(|| io::ErrorKind::InvalidData.into()))
        .map_err(failed("ask for the generation"))
}

/// The process that made a change, if the message says that a change is complete.
#[must_use]
pub fn author(message: Received<'_>) -> Option<u32> {
    attribute(attributes(message), 2).filter(|_| message.kind == NEW_GENERATION).and_then(big)
}

/// Takes an element of one of our sets out, or puts it in, a pinhole with its time and name, or both in one transaction. What is
/// not there is taken out already; a try of that makes the kernel wait, so say only what is to be expected.
///
/// # Errors
/// The kernel's.
pub fn change(key: &Key, remove: bool, put: Option<Option<(Duration, &str)>>) -> Result<(), Error> {
    let tell = |remove: bool| {
        let bracket = |kind| Message::netfilter(0, kind, 0, (0, NFTABLES), &[]);
        let removal = remove.then(|| element(key, 14, ACK, &[]));
        let addition =
            put.map(|opening| element(key, 12, ACK | CREATE, &opening.map_or_else(Vec::new, beside)));
        let batch = [Some(bracket(0x10)), removal, addition, Some(bracket(0x11))];
        netfilter(&batch.into_iter().flatten().collect::<Vec<_>>(), |_| {})
    };
    match tell(remove) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && remove => tell(false),
        other => other,
    }
    .map_err(failed("change an element"))
}

/// What is said of a pinhole beside its key: its time, and its name in libnftnl's form of a comment (kind 0, length, text
/// with a zero at its end).
fn beside((lifetime, comment): (Duration, &str)) -> Vec<u8> {
    let milliseconds = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
    let length = u8::try_from(comment.len() + 1).unwrap_or(u8::MAX);
    let comment = [&[0, length], comment.as_bytes(), b"\0"].concat();
    [put(4, &milliseconds.to_be_bytes()), put(6, &comment)].concat()
}

fn element(key: &Key, kind: u16, flags: u16, beside: &[u8]) -> Message {
    let set = put(2, &[key.set().as_bytes(), b"\0"].concat());
    let parts = [nest(1, &[put(1, &key.bytes())]), beside.to_vec()];
    let list = nest(3, &[nest(1, &parts)]);
    Message::netfilter(NFTABLES, kind, flags, (INET, 0), &[put(1, b"portcullis\0"), set, list])
}

/// The kernel's number for an address's family.
fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { 2 } else { 10 }
}

/// The connections that the kernel tracks, and whether there are more than are listed.
///
/// # Errors
/// The kernel's.
pub fn connections() -> Result<(Vec<Connection>, bool), Error> {
    let mut all = Vec::new();
    let mut more = false;
    let question = Message::netfilter(CONNTRACK, 1, DUMP, (0, 0), &[]);
    let take = |message: Received<'_>| match attribute(attributes(message), 1).and_then(tuple) {
        Some(_) if all.len() >= MAX_CONNECTIONS => more = true,
        Some(connection) => all.push(connection),
        None => {}
    };
    netfilter(&[question], take).map_err(failed("list the connections"))?;
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

/// Lets the kernel forget connections, and resets their local TCP sockets. Says how many of each were there.
///
/// # Errors
/// The first that the kernel tells, but for what is gone already.
pub fn end(connections: &[Connection]) -> Result<(u32, u32), Error> {
    connections.iter().map(end_one).try_fold((0, 0), |(tracked, sockets), ended| {
        let (was_tracked, was_open) = ended?;
        Ok((tracked + u32::from(was_tracked), sockets + u32::from(was_open)))
    })
}

fn end_one(connection: &Connection) -> Result<(bool, bool), Error> {
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
    let first = if from.is_ipv4() { 1 } else { 3 };
    let addresses = nest(1, &[put(first, &bytes(from)), put(first + 1, &bytes(to))]);
    let (source, port) = (source.to_be_bytes(), port.to_be_bytes());
    // Ports, or of ICMP the identifier and of the destination the type and code.
    let first = match protocol {
        1 => 4,
        58 => 7,
        _ => 2,
    };
    let mut service = vec![put(1, &[protocol]), put(first, &source)];
    match protocol {
        1 | 58 => service.extend([put(first + 1, port.split_at(1).0), put(first + 2, port.split_at(1).1)]),
        _ => service.push(put(first + 1, &port)),
    }
    let tuple = nest(1, &[addresses, nest(2, &service)]);
    netfilter(&[Message::netfilter(CONNTRACK, 2, ACK, (family(from), 0), &[tuple])], |_| {})
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
    let fd = open(SOCK_DIAG, 0)?;
    let question = |kind, cookie: &[u8]| [Message::new(kind, ACK, &[&request, cookie].concat())];
    let mut found = None;
    ask(&fd, &question(20, &[0xff; 8]), |message| {
        let state = message.body.get(1).copied();
        found = state.zip(message.body.get(44..52).map(<[u8]>::to_vec));
    })?;
    match found {
        // Without a connection the kernel finds the listener, and would close that; a connection in TIME_WAIT has ended.
        Some((6 | 10, _)) | None => Err(io::ErrorKind::NotFound.into()),
        Some((_, cookie)) => ask(&fd, &question(21, &cookie), |_| {}),
    }
}

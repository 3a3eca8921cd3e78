//! A minimal sinkhole, where the management zone's traffic to nowhere ends: it accepts, reads what is sent first, closes, and
//! tells. What comes by UDP is told by the kernel's log, with its first bytes.

use crate::message::Record;
use crate::packet::hexadecimal;
use model::{Clock, SystemClock};
use rustix::net::sockopt::{ip_original_dst, ipv6_original_dst};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

/// Connections at once; more wait in the kernel's queue.
const MAX_AT_ONCE: usize = 256;
/// The most bytes that are read of each.
const MAX_FIRST: usize = 256;
/// How long it is read for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The listener and its guests.
#[derive(Debug)]
pub struct Sinkhole {
    listener: TcpListener,
    guests: JoinSet<Option<Record>>,
}

impl Sinkhole {
    /// Receives those who come to this socket, which listens and does not block.
    ///
    /// # Errors
    /// It is no such socket.
    pub fn new(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::from_std(socket.into())?, guests: JoinSet::new() })
    }

    /// The next arrival. None is lost if it is not awaited to its end.
    pub async fn next(&mut self) -> Record {
        loop {
            tokio::select! {
                Some(guest) = self.guests.join_next() => if let Ok(Some(arrival)) = guest {
                    return arrival;
                },
                guest = self.listener.accept(), if self.guests.len() < MAX_AT_ONCE => match guest {
                    Ok((stream, from)) => drop(self.guests.spawn(receive(stream, from))),
                    // Out of descriptors, or a guest who has gone before the door was opened.
                    Err(_) => sleep(Duration::from_millis(50)).await,
                },
            }
        }
    }
}

async fn receive(mut stream: TcpStream, from: SocketAddr) -> Option<Record> {
    let at = SystemClock.now().as_microsecond();
    let from = SocketAddr::new(from.ip().to_canonical(), from.port());
    let to = original(&stream, from.ip()).or_else(|| stream.local_addr().ok())?;
    let mut first = [0; MAX_FIRST];
    let mut length = 0;
    let end = Instant::now() + PATIENCE;
    while let Some(free) = first.get_mut(length..).filter(|free| !free.is_empty()) {
        match timeout_at(end, stream.read(free)).await {
            Ok(Ok(read)) if read > 0 => length += read,
            _ => break,
        }
    }
    Some(Record::Arrival {
        at,
        from: from.ip(),
        source: from.port(),
        to: to.ip().to_canonical(),
        port: to.port(),
        first: hexadecimal(first.get(..length)?, MAX_FIRST),
    })
}

/// Where it wanted to go before it was redirected.
fn original(stream: &TcpStream, from: IpAddr) -> Option<SocketAddr> {
    match from {
        IpAddr::V4(_) => ip_original_dst(stream).ok().map(SocketAddr::V4),
        IpAddr::V6(_) => ipv6_original_dst(stream).ok().map(SocketAddr::V6),
    }
}

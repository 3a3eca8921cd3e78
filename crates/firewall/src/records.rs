//! The stream of records, as whoever follows reads it: findings from the program, logged packets from the kernel, and what
//! arrives at the sinkhole. For the two latter the program only hands its sockets over.

use crate::client::ClientError;
use crate::message::{Answer, Record};
use crate::netlink::{Feed, messages};
use crate::nflog::PACKET;
use crate::packet::{self, Logged, Names};
use crate::sinkhole::Sinkhole;
use crate::wire;
use model::{Clock, SystemClock};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::future::pending;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How many packets were logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Records read.
    pub read: u64,
    /// Records lost between the kernel and the reader.
    pub lost: u64,
}

/// The stream of records.
#[derive(Debug)]
pub struct Records {
    stream: UnixStream,
    feed: Option<Feed>,
    sinkhole: Option<Sinkhole>,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    names: Names,
    /// The number of the packet that comes next, once one has come.
    next: Option<u32>,
    log: Log,
}

impl Records {
    /// Takes over the sockets that the program hands out.
    pub(crate) async fn begin(stream: UnixStream) -> io::Result<Self> {
        let [log, sinkhole] = take_over(&stream).await?;
        let sinkhole = sinkhole.map(Sinkhole::new).transpose()?;
        Ok(Self { stream, feed: log.map(Feed::new).transpose()?, sinkhole, tally: Tally::default() })
    }

    /// How many packets were read, and how many were lost, since this stream began.
    #[must_use]
    pub const fn log(&self) -> Log {
        self.tally.log
    }

    /// The next records, with what was lost before or among them. Nothing is lost if it is not awaited to its end.
    ///
    /// # Errors
    /// The program has gone.
    pub async fn next(&mut self) -> Result<Vec<Record>, ClientError> {
        let Self { stream, feed, sinkhole, tally } = self;
        loop {
            tokio::select! {
                first = stream.read_u8() => {
                    let first = first.map_err(ClientError::Unreachable)?;
                    let frame = wire::rest(first, stream).await.map_err(ClientError::Unreachable)?;
                    return match serde_json::from_slice(&frame) {
                        Ok(Answer::Record(record)) => Ok(vec![record]),
                        _ => Err(ClientError::Answer),
                    };
                }
                // What the kernel could not keep is missing in the numbers of the packets that follow.
                piece = read(feed) => if let Some(piece) = piece.map_err(ClientError::Unreachable)? {
                    return Ok(tally.packets(piece, stream));
                },
                arrival = arrive(sinkhole) => return Ok(vec![arrival]),
            }
        }
    }
}

/// Takes sockets over, as [`wire::hand_over`] sends them.
async fn take_over(from: &UnixStream) -> io::Result<[Option<OwnedFd>; 2]> {
    let receive = || {
        let mut which = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        recvmsg(from, &mut [IoSliceMut::new(&mut which)], &mut beside, RecvFlags::CMSG_CLOEXEC)?;
        let sockets = beside.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
            _ => None,
        });
        let mut sockets = sockets.flatten();
        let [which] = which;
        Ok([1, 2].map(|bit| if which & bit > 0 { sockets.next() } else { None }))
    };
    timeout(wire::PATIENCE, from.async_io(Interest::READABLE, receive)).await?
}

async fn read(feed: &mut Option<Feed>) -> io::Result<Option<&[u8]>> {
    match feed {
        Some(feed) => feed.next().await,
        None => pending().await,
    }
}

async fn arrive(sinkhole: &mut Option<Sinkhole>) -> Record {
    match sinkhole {
        Some(sinkhole) => sinkhole.next().await,
        None => pending().await,
    }
}

impl Tally {
    fn packets(&mut self, piece: &[u8], stream: &UnixStream) -> Vec<Record> {
        let mut records = Vec::new();
        for message in messages(piece).filter(|message| message.kind == PACKET) {
            let Logged { sequence, mut packet, interfaces } = packet::parse(message.body);
            let missing = sequence.zip(self.next).map_or(0, |(is, should)| is.wrapping_sub(should).into());
            if missing > 0 {
                records.push(Record::Lost { records: missing });
            }
            self.next = sequence.or(self.next).map(|sequence| sequence.wrapping_add(1));
            self.log = Log { read: self.log.read + 1, lost: self.log.lost + missing };
            if packet.at == 0 {
                packet.at = SystemClock.now().as_microsecond();
            }
            packet.arrived = interfaces.0.and_then(|index| self.names.of(stream, index));
            packet.leaves = interfaces.1.and_then(|index| self.names.of(stream, index));
            records.push(Record::Packet(Box::new(packet)));
        }
        records
    }
}

//! The program at work: its socket, who may use it, and what goes on beside: changes of rules, the kernel's log, the sinkhole.

use crate::error::Error;
use crate::keeper::{Keeper, Shown, list};
use crate::kernel;
use crate::message::{self, Answer, Connection, Log, Record, Request};
use crate::netlink::{PIECE, Socket, messages};
use crate::nflog::{self, Counts};
use crate::nft::Nft;
use crate::sinkhole;
use crate::wire::{self, Piece};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketFlags, netlink, recv};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Connections at once.
const MAX_CLIENTS: usize = 8;
/// How often everything is compared when nothing seems to have changed.
const FULL: Duration = Duration::from_secs(60);
/// How long a foreign change may be followed by others before it is looked at.
const SETTLE: Duration = Duration::from_millis(100);

/// What the program needs.
#[derive(Debug)]
pub struct Parts {
    /// The socket that requests come in by.
    pub socket: UnixListener,
    /// The only users who may use it.
    pub users: Vec<u32>,
    /// How `nft` is run.
    pub nft: Nft,
    /// The owner of the tables, who has found out where the kernel stands.
    pub keeper: Keeper,
    /// The bound group of the kernel's log.
    pub log: Option<OwnedFd>,
    /// The sinkhole's listener.
    pub sinkhole: Option<TcpListener>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    /// To the owner of the tables. Few wait at once: there are few connections.
    requests: mpsc::Sender<(Request, oneshot::Sender<Answer>)>,
    /// The stream of records, for one follower at a time.
    stream: Mutex<Stream>,
    /// Records that the sinkhole and the owner could not put into the stream.
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Stream {
    pieces: mpsc::Receiver<Piece>,
    records: mpsc::Receiver<Record>,
    /// What could not be written to the last follower.
    kept: Option<Piece>,
}

/// Serves until a part ends.
///
/// # Errors
/// The part that ended, and why.
pub async fn serve(parts: Parts) -> io::Result<()> {
    // One waits for each client; the channel holds no more.
    let (requests, asked) = mpsc::channel(MAX_CLIENTS);
    // A few pieces of the kernel's log, up to 128 KiB each: more stay in the kernel's own queue.
    let (pieces_sender, pieces) = mpsc::channel(8);
    // As many arrivals as the sinkhole takes at once; more, while nobody follows, are counted as lost.
    let (sender, records) = mpsc::channel(256);
    let (lost, counts) = (Arc::new(AtomicU64::new(0)), Arc::new(Counts::default()));
    let stream = Mutex::new(Stream { pieces, records, kept: None });
    let shared = Arc::new(Shared { requests, stream, lost: Arc::clone(&lost) });
    let mut tasks = JoinSet::new();
    if let Some(log) = parts.log {
        let counts = Arc::clone(&counts);
        tasks.spawn_blocking(move || nflog::read(&log, &pieces_sender, &counts));
    }
    if let Some(listener) = parts.sinkhole {
        tasks.spawn(sinkhole::listen(listener, sender.clone(), lost));
    }
    let changes = Socket::open(netlink::NETFILTER, kernel::CHANGES, SocketFlags::NONBLOCK)?.into_fd();
    let owner = Owner {
        keeper: parts.keeper,
        nft: parts.nft,
        records: sender,
        shared: Arc::clone(&shared),
        counts,
        waiting: Vec::new(),
        due: Instant::now(),
        listing: JoinSet::new(),
    };
    #[expect(
        deprecated,
        reason = "unsound for types that give now one descriptor, now another; an OwnedFd does not"
    )]
    let changes = AsyncFd::with_interest(changes, Interest::READABLE)?;
    tasks.spawn(owner.run(asked, changes));
    tasks.spawn(accept(parts.socket, parts.users, shared));
    match tasks.join_next().await {
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(io::Error::other(error)),
        None => Ok(()),
    }
}

async fn accept(socket: UnixListener, users: Vec<u32>, shared: Arc<Shared>) -> io::Result<()> {
    let mut clients = JoinSet::new();
    let places = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let (stream, _) = socket.accept().await?;
        while clients.try_join_next().is_some() {}
        let user = stream.peer_cred()?.uid();
        if !users.contains(&user) {
            eprintln!("portcullis-firewall: user {user} was refused at the socket");
            continue;
        }
        // Too many connections: the newest is closed, and its owner sees that at once.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        clients.spawn(async move {
            let _ = converse(stream, &shared).await;
            drop(place);
        });
    }
}

async fn converse(mut stream: UnixStream, shared: &Shared) -> io::Result<()> {
    while let Some(frame) = wire::read(&mut stream).await? {
        let request = match message::parse(&frame) {
            Ok(request) => request,
            Err(text) => {
                wire::write(&mut stream, &Error::Request(text).answer()).await?;
                continue;
            }
        };
        drop(frame);
        let answer = match request {
            Request::Follow => match shared.stream.try_lock() {
                Ok(mut records) => {
                    wire::write(&mut stream, &Answer::Done).await?;
                    return follow(stream, &mut records, &shared.lost).await;
                }
                Err(_) => Error::Busy.answer(),
            },
            Request::Connections => {
                blocking(|| {
                    kernel::connections().map(|(connections, more)| Answer::Connections { connections, more })
                })
                .await
            }
            Request::End { connections } => blocking(move || end(&connections)).await,
            request => {
                let (sender, answer) = oneshot::channel();
                let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
                shared.requests.send((request, sender)).await.map_err(|_| gone(()))?;
                answer.await.map_err(|_| gone(()))?
            }
        };
        wire::write(&mut stream, &answer).await?;
    }
    Ok(())
}

async fn blocking(work: impl FnOnce() -> Result<Answer, Error> + Send + 'static) -> Answer {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.unwrap_or_else(|error| error.answer()),
        Err(error) => Error::Run(io::Error::other(error)).answer(),
    }
}

fn end(connections: &[Connection]) -> Result<Answer, Error> {
    let (mut tracked, mut sockets) = (0, 0);
    for connection in connections {
        let (was_tracked, was_open) = kernel::end(connection)?;
        tracked += u32::from(was_tracked);
        sockets += u32::from(was_open);
    }
    Ok(Answer::Ended { tracked, sockets })
}

async fn follow(mut stream: UnixStream, from: &mut Stream, lost: &AtomicU64) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    loop {
        if let Some(piece) = &from.kept {
            piece.write(&mut writer).await?;
            from.kept = None;
        }
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            wire::write(&mut writer, &Answer::Record(Record::Lost { records: missing })).await?;
        }
        tokio::select! {
            Some(piece) = from.pieces.recv() => from.kept = Some(piece),
            Some(record) = from.records.recv() => wire::write(&mut writer, &Answer::Record(record)).await?,
            // A follower says nothing more: whatever is read is the end.
            _ = reader.read_u8() => return Ok(()),
        }
    }
}

/// The task that owns the tables.
struct Owner {
    keeper: Keeper,
    nft: Nft,
    records: mpsc::Sender<Record>,
    shared: Arc<Shared>,
    counts: Arc<Counts>,
    /// Who asked how things stand, and waits for the next comparison.
    waiting: Vec<oneshot::Sender<Answer>>,
    /// When the next comparison begins.
    due: Instant,
    /// The listing that is under way, and what was changed before it.
    listing: JoinSet<(Result<Shown, Error>, (u64, u64))>,
}

impl Owner {
    async fn run(
        mut self,
        mut asked: mpsc::Receiver<(Request, oneshot::Sender<Answer>)>,
        changes: AsyncFd<OwnedFd>,
    ) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let over = self.keeper.deadline();
            tokio::select! {
                request = asked.recv() => match request {
                    Some((request, answer)) => self.answer(request, answer).await,
                    None => return Ok(()),
                },
                ready = changes.readable() => {
                    let mut ready = ready?;
                    if is_foreign(ready.get_inner(), &mut piece, &self.nft) {
                        self.due = self.due.min(Instant::now() + SETTLE);
                    }
                    ready.clear_ready();
                }
                Some(listed) = self.listing.join_next() => self.compare(listed.map_err(io::Error::other)?),
                () = sleep_until(self.due), if self.listing.is_empty() => self.look(),
                () = sleep_until(over.unwrap_or(self.due)), if over.is_some() => {
                    if let Err(error) = self.keeper.fall_back().await {
                        eprintln!("portcullis-firewall: {error}");
                    }
                }
            }
        }
    }

    async fn answer(&mut self, request: Request, answer: oneshot::Sender<Answer>) {
        if request == Request::Status {
            self.waiting.push(answer);
            self.due = Instant::now();
            return;
        }
        let before = self.keeper.changes();
        let outcome = self.keeper.handle(request).await;
        if before.0 != self.keeper.changes().0 {
            self.due = self.due.min(Instant::now() + SETTLE);
        }
        // Whoever asked may have gone; it is done all the same.
        let _ = answer.send(outcome.unwrap_or_else(|error| error.answer()));
    }

    fn look(&mut self) {
        self.due = Instant::now() + FULL;
        let (nft, changes) = (self.nft.clone(), self.keeper.changes());
        self.listing.spawn(async move { (list(&nft).await, changes) });
    }

    fn compare(&mut self, (shown, since): (Result<Shown, Error>, (u64, u64))) {
        match shown {
            Ok(shown) => {
                if self.keeper.compare(shown, since) {
                    let differences = self.keeper.status().drift;
                    if self.records.try_send(Record::Drift { differences }).is_err() {
                        self.shared.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
                if since != self.keeper.changes() {
                    self.due = self.due.min(Instant::now() + Duration::from_secs(1));
                }
                let mut status = self.keeper.status();
                let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
                status.log = Log { read: number(&self.counts.read), lost: number(&self.counts.lost) };
                for answer in self.waiting.drain(..) {
                    let _ = answer.send(Answer::Status(Box::new(status.clone())));
                }
            }
            Err(error) => {
                self.waiting.drain(..).for_each(|answer| drop(answer.send(error.answer())));
            }
        }
    }
}

/// Whether somebody else has changed rules, out of what the kernel has told since it was asked last.
fn is_foreign(fd: &OwnedFd, piece: &mut [u8], nft: &Nft) -> bool {
    let mut is_foreign = false;
    loop {
        match recv(fd, &mut *piece, RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                let authors = messages(piece.get(..length).unwrap_or_default()).filter_map(kernel::author);
                is_foreign |= authors.into_iter().any(|author| !nft.is_ours(author));
            }
            // Too much happened to be told: it cannot all be ours.
            Err(Errno::NOBUFS) => is_foreign = true,
            Err(Errno::INTR) => {}
            Err(_) => return is_foreign,
        }
    }
}

//! The program at work: its socket, who may use it, and what goes on beside: changes of rules, and who follows them.

use crate::drift::Listing;
use crate::error::Error;
use crate::keeper::{Keeper, Moment, list};
use crate::kernel;
use crate::message::{self, Answer, Connection, Record, Request};
use crate::netlink::{self, Feed, messages};
use crate::wire;
use rustix::net::netlink::NETFILTER;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
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
    /// The only user who may use it.
    pub user: u32,
    /// The owner of the tables, who has found out where the kernel stands.
    pub keeper: Keeper,
    /// The bound group of the kernel's log.
    pub log: Option<OwnedFd>,
    /// The sinkhole's listener, which does not block.
    pub sinkhole: Option<TcpListener>,
}

/// A request, and where its answer goes.
type Asked = (Request, oneshot::Sender<Answer>);

/// What all connections share.
#[derive(Debug)]
struct Shared {
    /// To the owner of the tables.
    requests: mpsc::Sender<Asked>,
    /// What differs in the kernel, for one follower at a time.
    drift: Mutex<watch::Receiver<Vec<String>>>,
    /// What is handed over to the follower.
    log: Option<OwnedFd>,
    sinkhole: Option<TcpListener>,
}

/// Serves until a part ends.
///
/// # Errors
/// The part that ended, and why.
pub async fn serve(parts: Parts) -> io::Result<()> {
    // One waits for each client; the channel holds no more.
    let (requests, asked) = mpsc::channel(MAX_CLIENTS);
    let (drift, follower) = watch::channel(Vec::new());
    let Parts { socket, user, keeper, log, sinkhole } = parts;
    let shared = Arc::new(Shared { requests, drift: Mutex::new(follower), log, sinkhole });
    let changes = Feed::new(netlink::open(NETFILTER, kernel::CHANGES)?)?;
    let listing = JoinSet::new();
    let owner = Owner { keeper, drift, waiting: Vec::new(), due: Instant::now(), listing };
    tokio::select! {
        outcome = owner.run(asked, changes) => outcome,
        outcome = accept(socket, user, shared) => outcome,
    }
}

async fn accept(socket: UnixListener, wanted: u32, shared: Arc<Shared>) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        let (stream, _) = socket.accept().await?;
        while clients.try_join_next().is_some() {}
        let user = stream.peer_cred()?.uid();
        if user != wanted {
            eprintln!("portcullis-firewall: user {user} was refused at the socket");
            continue;
        }
        // Too many connections: the newest is closed, and its owner sees that at once.
        if clients.len() < MAX_CLIENTS {
            clients.spawn(converse(stream, Arc::clone(&shared)));
        }
    }
}

async fn converse(mut stream: UnixStream, shared: Arc<Shared>) -> io::Result<()> {
    while let Some(frame) = wire::read(&mut stream).await? {
        let answer = match message::parse(&frame).map_err(Error::Request) {
            Err(error) => error.answer(),
            Ok(Request::Follow) => match shared.drift.try_lock() {
                Ok(mut drift) => return follow(stream, &mut drift, &shared).await,
                Err(_) => Error::Busy.answer(),
            },
            Ok(Request::Connections) => blocking(connections).await,
            Ok(Request::End { connections }) => blocking(move || end(&connections)).await,
            Ok(request) => {
                let (sender, answer) = oneshot::channel();
                let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
                shared.requests.send((request, sender)).await.map_err(|_| gone())?;
                answer.await.map_err(|_| gone())?
            }
        };
        wire::write(&mut stream, &answer).await?;
    }
    Ok(())
}

async fn blocking(work: impl FnOnce() -> Result<Answer, Error> + Send + 'static) -> Answer {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome
        .unwrap_or_else(|error| Err(Error::Run(io::Error::other(error))))
        .unwrap_or_else(|error| error.answer())
}

fn connections() -> Result<Answer, Error> {
    let (connections, more) = kernel::connections()?;
    Ok(Answer::Connections { connections, more })
}

fn end(connections: &[Connection]) -> Result<Answer, Error> {
    let (tracked, sockets) = kernel::end(connections)?;
    Ok(Answer::Ended { tracked, sockets })
}

/// Hands the sockets over, then tells what differs now and whenever that changes.
async fn follow(
    mut to: UnixStream,
    drift: &mut watch::Receiver<Vec<String>>,
    shared: &Shared,
) -> io::Result<()> {
    wire::write(&mut to, &Answer::Done).await?;
    let sockets = [shared.log.as_ref().map(AsFd::as_fd), shared.sinkhole.as_ref().map(AsFd::as_fd)];
    wire::hand_over(&to, sockets).await?;
    if !drift.borrow().is_empty() {
        drift.mark_changed();
    }
    let (mut reader, mut writer) = to.split();
    loop {
        tokio::select! {
            changed = drift.changed() => changed.map_err(io::Error::other)?,
            // A follower says nothing more: whatever is read is the end.
            _ = reader.read_u8() => return Ok(()),
        }
        let differences = drift.borrow_and_update().clone();
        wire::write(&mut writer, &Answer::Record(Record::Drift { differences })).await?;
    }
}

/// The task that owns the tables.
struct Owner {
    keeper: Keeper,
    drift: watch::Sender<Vec<String>>,
    /// Who asked how things stand, and waits for the next comparison.
    waiting: Vec<oneshot::Sender<Answer>>,
    /// When the next comparison begins.
    due: Instant,
    /// The listing that is under way, and what was changed before it.
    listing: JoinSet<(Result<Listing, Error>, Moment)>,
}

impl Owner {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>, mut changes: Feed) -> io::Result<()> {
        loop {
            let over = self.keeper.deadline();
            tokio::select! {
                request = asked.recv() => match request {
                    Some((request, answer)) => self.answer(request, answer).await,
                    None => return Ok(()),
                },
                piece = changes.next() => if self.is_foreign(piece?) {
                    self.due = self.due.min(Instant::now() + SETTLE);
                },
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
        let before = self.keeper.moment();
        let outcome = self.keeper.handle(request).await;
        if before.changes.0 != self.keeper.moment().changes.0 {
            self.due = self.due.min(Instant::now() + SETTLE);
        }
        // Whoever asked may have gone; it is done all the same.
        let _ = answer.send(outcome.unwrap_or_else(|error| error.answer()));
    }

    /// Whether somebody else has changed rules, as the kernel tells. Where too much happened to be told, it cannot all be ours.
    fn is_foreign(&self, piece: Option<&[u8]>) -> bool {
        piece.is_none_or(|piece| {
            messages(piece).filter_map(kernel::author).any(|author| !self.keeper.nft.is_ours(author))
        })
    }

    fn look(&mut self) {
        self.due = Instant::now() + FULL;
        let (nft, since) = (self.keeper.nft.clone(), self.keeper.moment());
        self.listing.spawn(async move { (list(&nft).await, since) });
    }

    fn compare(&mut self, (shown, since): (Result<Listing, Error>, Moment)) {
        let answer = match shown {
            Ok(shown) => {
                if let Some(differences) = self.keeper.compare(shown, since) {
                    differences
                        .iter()
                        .for_each(|difference| eprintln!("portcullis-firewall: drift: {difference}"));
                    self.drift.send_replace(differences);
                }
                if since.changes != self.keeper.moment().changes {
                    self.due = self.due.min(Instant::now() + Duration::from_secs(1));
                }
                Answer::Status(Box::new(self.keeper.status()))
            }
            Err(error) => error.answer(),
        };
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(answer.clone());
        }
    }
}

//! The handle that the rest of the appliance holds.

use crate::export::Range;
use crate::read::{Entry, Query};
use crate::record::{Begin, End, Note, NoteBody, Outcome};
use crate::recover::recover;
use crate::writer::{Ask, Health, Request, Watched, Writer};
use crate::{Config, Error};
use evidence::{Checkpoint, PublicKey, Report, Signer};
use model::{Action, Actor, Clock, Object};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// How many records may wait for the writer. It takes 256 at a time, so this is four syncs' worth; whoever comes
/// then waits, which slows acts down and loses none.
const WAITING: usize = 1024;

/// The audit log. Clones share one writer.
#[derive(Clone, Debug)]
pub struct Log {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    key: PublicKey,
    anchor: Option<PathBuf>,
    requests: mpsc::Sender<Request>,
    durable: watch::Receiver<u64>,
    checkpoint: watch::Receiver<Option<Checkpoint>>,
    health: watch::Receiver<Health>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Log {
    /// Opens the log in `dir`, or begins one, and starts its writer. Reads the whole log: to be called outside of
    /// async tasks.
    ///
    /// A last line that a crash left unfinished is removed; acts that nobody completed are marked interrupted.
    ///
    /// # Errors
    /// When the log is damaged, held by another process, or cannot be read or written.
    pub fn open(dir: &Path, signer: Signer, config: Config, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let recovered = recover(dir, &signer, &config, clock.now())?;
        let (key, anchor, torn) = (signer.public(), config.anchor.clone(), recovered.torn.clone());
        let (durable_tx, durable) = watch::channel(recovered.chain.head().seq);
        let (checkpoint_tx, checkpoint) = watch::channel(None);
        let (health_tx, health) = watch::channel(Health::Sound);
        let watched = Watched { durable: durable_tx, checkpoint: checkpoint_tx, health: health_tx };
        let mut writer = Writer::new(dir.into(), config, signer, clock, recovered, watched);
        writer.settle(torn.as_ref())?;
        let (requests, waiting) = mpsc::channel(WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(Error::io("start the writer of", dir))?;
        let thread = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || runtime.block_on(writer.run(waiting)))
            .map_err(Error::io("start the writer of", dir))?;
        let thread = Mutex::new(Some(thread));
        let dir = dir.into();
        Ok(Self {
            inner: Arc::new(Inner { dir, key, anchor, requests, durable, checkpoint, health, thread }),
        })
    }

    /// Writes down that an act is about to happen; returns once that is on disk, with the record's number.
    ///
    /// # Errors
    /// When it is not on disk; the act must then not happen.
    pub async fn begin(&self, begin: Begin) -> Result<u64, Error> {
        self.ask(Ask::Begin(begin)).await
    }

    /// Writes down how the act that was begun by `record` ended; returns the number of the record that says so.
    ///
    /// # Errors
    /// When it is not on disk, or the act is not open.
    pub async fn complete(&self, record: u64, outcome: Outcome, detail: Value) -> Result<u64, Error> {
        self.ask(Ask::End(End { of: record, outcome, detail })).await
    }

    /// Writes down something that is no act.
    ///
    /// # Errors
    /// When it is not on disk.
    pub async fn note(&self, note: Note, actor: Actor, detail: Value) -> Result<u64, Error> {
        self.ask(Ask::Note(NoteBody { note, actor, action: None, object: None, detail })).await
    }

    /// Writes down that an act was asked for and not allowed.
    ///
    /// # Errors
    /// When it is not on disk.
    pub async fn refused(
        &self,
        actor: Actor,
        action: Action,
        object: Object,
        detail: Value,
    ) -> Result<u64, Error> {
        let body =
            NoteBody { note: Note::Refused, actor, action: Some(action), object: Some(object), detail };
        self.ask(Ask::Note(body)).await
    }

    /// Signs a checkpoint now, if there is anything new.
    ///
    /// # Errors
    /// When the log is stopped.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        self.ask(Ask::Checkpoint).await.map(|_| ())
    }

    /// Signs a last checkpoint and ends the writer. Whoever asks for something afterwards gets [`Error::Stopped`].
    pub async fn stop(&self) {
        let _ = self.ask(Ask::Stop).await; // Stopped already is stopped.
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the audit log's writer ended by a panic");
            }
        }
    }

    /// Acts and notes, newest first.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn list(&self, query: Query) -> Result<Vec<Entry>, Error> {
        let (dir, last) = (self.inner.dir.clone(), *self.inner.durable.borrow());
        blocking(&self.inner.dir, move || crate::read::list(&dir, &query, last)).await
    }

    /// Every record of a range as JSON lines, written to `to`.
    ///
    /// # Errors
    /// When a file cannot be read, or `to` not written.
    pub async fn export<W>(&self, to: W, range: Range) -> Result<W, Error>
    where
        W: std::io::Write + Send + 'static,
    {
        let (dir, last) = (self.inner.dir.clone(), *self.inner.durable.borrow());
        let range = Range { from: range.from, to: range.to.min(last) };
        blocking(&self.inner.dir, move || {
            let mut to = to;
            crate::export::export(&dir, range, &mut to)?;
            Ok(to)
        })
        .await
    }

    /// Verifies the whole log with its own key, against the configured anchor where there is one. Who suspects
    /// the appliance itself verifies a copy elsewhere, with a key that was noted before.
    ///
    /// # Errors
    /// When a file cannot be read. Damage is no error but part of the report.
    pub async fn verify(&self) -> Result<Report, Error> {
        let (dir, key) = (self.inner.dir.clone(), self.inner.key);
        let anchor = self.inner.anchor.clone().filter(|anchor| anchor.exists());
        blocking(&self.inner.dir, move || crate::verify::verify(&dir, anchor.as_deref(), key)).await
    }

    /// The log's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The number of the last record on disk, as it grows; closed when the log is stopped.
    #[must_use]
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.inner.durable.clone()
    }

    /// The last checkpoint, as it is replaced; closed when the log is stopped.
    #[must_use]
    pub fn checkpoints(&self) -> watch::Receiver<Option<Checkpoint>> {
        self.inner.checkpoint.clone()
    }

    /// How the log is now.
    #[must_use]
    pub fn health(&self) -> Health {
        *self.inner.health.borrow()
    }

    async fn ask(&self, ask: Ask) -> Result<u64, Error> {
        let (reply, answer) = oneshot::channel();
        self.inner.requests.send(Request { ask, reply }).await.map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?
    }
}

async fn blocking<T, F>(dir: &Path, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|why| Err(Error::io("read", dir)(std::io::Error::other(why))))
}

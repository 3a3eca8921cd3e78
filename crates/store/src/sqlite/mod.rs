//! SQLite: one thread that writes, two that read, each with its own connection to one file in WAL mode.

pub mod backup;
mod connection;
mod migrate;
pub mod restore;
#[cfg(test)]
mod tests;
mod worker;

pub use connection::is_full;
pub use migrate::SCHEMA;

use crate::error::{Error, Result};
use crate::work::Job;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// Reads that run at once: one for a long list, one that does not wait behind it.
const READERS: usize = 2;

/// How long a statement waits for another process (an operator's verb) to let go of the file.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// An open database. Dropped, it finishes what it was asked for and waits for its threads.
pub struct Sqlite {
    path: PathBuf,
    // Emptied when dropped, so that the threads see the end of their queues.
    queues: Option<(Queue, Queue)>,
    readers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

/// The way to a thread.
#[derive(Clone)]
pub struct Queue(mpsc::Sender<worker::Asked>);

impl Queue {
    // 256 of either kind: more than all pages and drivers of one small machine ask for at once; whoever comes then waits.
    const SIZE: usize = 256;

    fn new() -> (Self, mpsc::Receiver<worker::Asked>) {
        let (sender, receiver) = mpsc::channel(Self::SIZE);
        (Self(sender), receiver)
    }

    /// Hands a job over; waits while the queue is full.
    pub async fn send(&self, job: Box<dyn Job>) -> Result<(), ()> {
        let asked = worker::Asked { job, at: tokio::time::Instant::now() };
        self.0.send(asked).await.map_err(drop)
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> usize {
        self.0.max_capacity().saturating_sub(self.0.capacity())
    }
}

impl Sqlite {
    /// Opens the file, creating and migrating it where that is needed.
    pub fn open(path: PathBuf) -> Result<Self> {
        create(&path)?;
        let cannot = |source: rusqlite::Error| Error::Open { path: path.clone(), source: source.into() };
        // Looked at before it is touched: a file that is not ours, or too new, stays as it is.
        let found = connection::open_plain(&path).map_err(|error| migrate::no_database(&path, error))?;
        migrate::version(&path, &found)?;
        drop(found);
        let mut writer = connection::open(&path).map_err(|error| migrate::no_database(&path, error))?;
        migrate::migrate(&path, &mut writer)?;
        if let Err(error) = connection::reserve(&writer) {
            tracing::warn!(%error, path = %path.display(), "no room could be set aside in the database");
        }
        let (write, write_jobs) = Queue::new();
        let (read, read_jobs) = Queue::new();
        let read_jobs = Arc::new(Mutex::new(read_jobs));
        let mut readers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let reader = connection::open_reader(&path).map_err(cannot)?;
            let jobs = Arc::clone(&read_jobs);
            readers.push(start(&path, "store-read", move || worker::read(&reader, &jobs))?);
        }
        let writer = start(&path, "store-write", move || worker::write(writer, write_jobs))?;
        Ok(Self { path, queues: Some((write, read)), readers, writer: Some(writer) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The way to the thread that writes; none while shutting down.
    pub fn writer(&self) -> Option<&Queue> {
        self.queues.as_ref().map(|(write, _)| write)
    }

    /// The way to the threads that read; none while shutting down.
    pub fn reader(&self) -> Option<&Queue> {
        self.queues.as_ref().map(|(_, read)| read)
    }
}

impl Drop for Sqlite {
    /// The reading connections close first: two that close at once would each leave the log to the other.
    fn drop(&mut self) {
        let Some((write, read)) = self.queues.take() else { return };
        drop(read);
        self.readers.drain(..).for_each(join);
        drop(write);
        self.writer.take().into_iter().for_each(join);
    }
}

fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    if thread.join().is_err() {
        tracing::error!(thread = name, "a thread of the database ended in a panic");
    }
}

/// Makes the file, empty and for its owner alone, if there is none; SQLite gives its helpers the same mode.
fn create(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::Open { path: path.to_owned(), source: error.into() }),
    }
}

fn start(path: &Path, name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(run);
    thread.map_err(|source| Error::Open { path: path.to_owned(), source: source.into() })
}

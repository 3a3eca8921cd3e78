//! The firewalls' log, kept by the archive: two threads that write and tidy, searches off the runtime's threads, and what somebody
//! should know as a finding.

use archive::firewall::{Log, Running, Told};
use control::Book;
use model::command::BoxFuture;
use model::event::Finding;
use model::firewall_log::{self, Bars, Counts, Entry, Found, Loss, Query};
use model::{Clock, Failure, Kind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// So many search at once; each may take some tens of megabytes and most of a core.
const AT_ONCE: usize = 2;
/// Who comes when so many search waits so long.
const WAIT: Duration = Duration::from_secs(10);
/// A search takes at most so long, and then says how far it came.
const PATIENCE: Duration = Duration::from_secs(8);

/// The log, as `model` knows it.
pub struct FirewallLog {
    log: Arc<Log>,
    turns: Arc<Semaphore>,
}

/// Opens the log in `directory`; nothing runs yet.
pub async fn open(
    directory: &Path,
    config: &archive::Config,
    clock: Arc<dyn Clock>,
    book: Book,
) -> anyhow::Result<Running> {
    let (directory, config) = (directory.to_owned(), config.clone());
    // The footers of a year's files are read: that takes a second.
    let opened = tokio::task::spawn_blocking(move || {
        Log::open(&directory, config, clock, move |told| book.raise(finding(told)))
    });
    Ok(Running(Arc::new(opened.await??)))
}

fn finding(told: Told) -> Finding {
    let (kind, text) = match told {
        Told::NotKept(why) => (
            "firewall_log_not_kept",
            format!("the firewalls' log is not kept at present, what comes is only counted: {why}"),
        ),
        Told::KeptAgain => ("firewall_log_kept_again", "the firewalls' log is kept again".to_owned()),
        Told::Removed(until) => (
            "firewall_log_removed",
            format!(
                "the firewalls' log is as large or as old as [archive] allows: what was received before {until:.0} was removed"
            ),
        ),
        Told::Damaged(what) => (
            "firewall_log_damaged",
            format!("a file of the firewalls' log cannot be read, and was put aside as .damaged: {what}"),
        ),
    };
    Finding { kind: kind.into(), device: None, text }
}

impl FirewallLog {
    /// Over this log.
    pub fn new(log: &Arc<Log>) -> Self {
        Self { log: Arc::clone(log), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Runs a search when it is its turn. It holds its turn even if whoever asked goes away.
    fn search<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Log) -> T + Send + 'static,
    ) -> BoxFuture<'_, Result<T, Failure>> {
        Box::pin(async move {
            let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
            let Ok(Ok(turn)) = turn else {
                return Err(failure(Kind::Busy, format!("{AT_ONCE} searches are going on already"))
                    .hint("ask again in a moment, or for a shorter time"));
            };
            let log = Arc::clone(&self.log);
            let found = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                work(&log)
            });
            found.await.map_err(|crash| failure(Kind::Unavailable, format!("the search crashed: {crash}")))
        })
    }
}

fn failure(kind: Kind, cause: String) -> Failure {
    Failure::new(kind, "search", "the firewalls' log", cause)
}

impl firewall_log::Log for FirewallLog {
    fn keep(&self, entries: Vec<Entry>) {
        self.log.keep(entries);
    }

    fn lose(&self, loss: Loss) {
        self.log.lose(loss);
    }

    fn find(&self, query: Query) -> BoxFuture<'_, Result<Found, Failure>> {
        self.search(move |log| log.find(&query, PATIENCE))
    }

    fn count(&self, query: Query, bars: Bars) -> BoxFuture<'_, Result<Counts, Failure>> {
        self.search(move |log| log.count(&query, bars, PATIENCE))
    }
}

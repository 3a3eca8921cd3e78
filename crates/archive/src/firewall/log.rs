//! The log: opened, filled, written.

use super::columns;
use super::footer::{Footer, Summary};
use super::intake::{Intake, Received};
use super::losses::Losses;
use super::place::{self, Name, Place};
use crate::config::Config;
use crate::error::Error;
use crate::metrics;
use jiff::{SignedDuration, Timestamp};
use model::Clock;
use model::firewall_log::{Entry, Loss, Position, Why};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

/// What waits is written this often: with the writing itself a kill loses less than ten seconds.
const WRITE_EVERY: Duration = Duration::from_secs(8);
/// A piece is not larger than this, in bytes, unless its lines are very long.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a megabyte.
pub const MEGABYTE: u64 = 1024 * 1024;

/// What somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Entries are counted and not kept any more, for this reason.
    NotKept(String),
    /// They are kept again.
    KeptAgain,
    /// The oldest were removed: what was received before this moment.
    Removed(Timestamp),
    /// A file cannot be read; it was put aside.
    Damaged(String),
}

/// The log. Entries go in from any thread; [`Self::write`] and [`Self::tidy`] run on a thread each until [`Self::stop`].
pub struct Log {
    pub(super) place: Place,
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tell: Box<dyn Fn(Told) + Send + Sync>,
    state: Mutex<State>,
    /// Wakes the writing thread.
    work: Condvar,
    /// Wakes the tidying thread.
    pub(super) order: Condvar,
    /// Held for reading by searches, and for writing by whoever removes files.
    pub(super) reading: RwLock<()>,
}

/// What is known of the log.
pub(super) struct State {
    pub index: BTreeMap<Name, Arc<Summary>>,
    pub intake: Intake,
    pub kept: Kept,
    next_piece: u64,
    is_failing: bool,
    pub stop: bool,
}

/// What is remembered from start to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Since when the log is kept.
    pub begun: Timestamp,
    /// When it was last seen to be kept.
    alive: Timestamp,
    /// Whether it ended in order.
    is_clean: bool,
    /// What was received before was removed.
    #[serde(default)]
    pub removed: Option<Timestamp>,
}

impl State {
    /// How many entries of an hour are on disk, those before them that were removed included.
    pub fn next(&self, hour: i64) -> u64 {
        let of = Name { hour, piece: 0 }..=Name { hour, piece: u64::MAX };
        self.index.range(of).map(|(_, file)| file.first + file.entries).max().unwrap_or_default()
    }

    /// Everything that is missing.
    pub fn losses(&self) -> Losses {
        let mut losses = Losses::default();
        losses.extend(self.index.values().flat_map(|file| file.losses.iter().copied()));
        losses.extend(self.intake.losses());
        losses
    }
}

impl Log {
    /// Opens what is kept in this directory, or begins it. What a crash left is put in order; nothing runs yet.
    ///
    /// # Errors
    /// The directory cannot be made, listed or put in order.
    pub fn open(
        root: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        tell: impl Fn(Told) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let place = Place::open(root.to_owned())?;
        let now = clock.now();
        let mut state = State {
            index: BTreeMap::new(),
            intake: Intake::default(),
            kept: Kept { begun: now, alive: now, is_clean: true, removed: None },
            next_piece: 1,
            is_failing: false,
            stop: false,
        };
        let mut files = place.files()?;
        files.sort();
        let before =
            fs::read(place.state()).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        state.remember(before, files.first().zip(files.last()).map(|(first, last)| (first.0, last.0)), now);
        let log = Self {
            place,
            config,
            clock,
            tell: Box::new(tell),
            state: Mutex::new(state),
            work: Condvar::new(),
            order: Condvar::new(),
            reading: RwLock::new(()),
        };
        for (name, path) in files {
            log.find_file(name, &path)?;
        }
        Ok(log)
    }

    /// Takes a file in that was there at the start.
    fn find_file(&self, name: Name, path: &Path) -> Result<(), Error> {
        let mut state = self.state();
        state.next_piece = state.next_piece.max(name.piece + 1);
        let merged = state.index.get(&Name { piece: 0, ..name }).map_or(0, |file| file.through);
        if name.piece > 0 && name.piece <= merged {
            // The appliance ended between giving the hour's file its name and removing its pieces.
            return fs::remove_file(path).map_err(Error::file("remove", path));
        }
        match Summary::read(path) {
            Ok(file) => {
                state.next_piece = state.next_piece.max(file.through + 1);
                state.index.insert(name, Arc::new(file));
            }
            Err(error) => {
                tracing::error!(%error, file = %path.display(), "a file of the firewalls' log cannot be read; it is put aside");
                fs::rename(path, path.with_extension("damaged")).map_err(Error::file("put aside", path))?;
                state.intake.lose(hour_of(name.hour, Why::Damaged));
                (self.tell)(Told::Damaged(format!("{}: {error}", path.display())));
            }
        }
        Ok(())
    }

    /// Takes entries in, in the order in which they were received. It never waits: what has no room is counted as lost.
    pub fn keep(&self, entries: Vec<Entry>) {
        let (now, count) = (self.clock.now(), entries.len());
        let mut state = self.state();
        let refused = state.intake.add(entries, now);
        let is_full = state.intake.is_full();
        drop(state);
        metrics::taken(count, refused);
        if is_full {
            self.work.notify_one();
        }
    }

    /// Notes that entries are missing.
    pub fn lose(&self, loss: Loss) {
        metrics::lost(loss.why, loss.count.unwrap_or_default());
        self.state().intake.lose(loss);
    }

    /// Writes what waits, until [`Self::stop`]: to be run on a thread of its own.
    pub fn write(&self) {
        loop {
            let state = self.state();
            let waits = |state: &mut State| !state.stop && !state.intake.is_full();
            let (state, _) = self
                .work
                .wait_timeout_while(state, WRITE_EVERY, waits)
                .unwrap_or_else(PoisonError::into_inner);
            let is_last = state.stop;
            drop(state);
            self.flush();
            self.note_alive(is_last);
            if is_last {
                return;
            }
        }
    }

    /// Ends [`Self::write`] and [`Self::tidy`]; what waits is written first.
    pub fn stop(&self) {
        self.state().stop = true;
        self.work.notify_all();
        self.order.notify_all();
    }

    /// Writes what waits now.
    pub fn flush(&self) {
        loop {
            let mut state = self.state();
            if state.intake.is_empty() {
                return;
            }
            let (piece, losses) = state.intake.take();
            let hour = piece.first().map_or_else(|| Position::hour_of(self.clock.now()), Received::hour);
            let name = Name { hour, piece: state.next_piece };
            let first = state.next(hour);
            drop(state);
            let written = self.write_piece(name, first, &piece, &losses);
            if !self.note_written(name, written) {
                return;
            }
        }
    }

    fn write_piece(
        &self,
        name: Name,
        first: u64,
        piece: &[Received],
        losses: &Losses,
    ) -> Result<Summary, Error> {
        let path = self.place.path(name);
        self.check_room(PIECE_BYTES)?;
        place::make(&path, |file| {
            let mut writer = columns::writer(file)?;
            if !piece.is_empty() {
                columns::write_group(&mut writer, piece)?;
            }
            if !losses.is_empty() {
                columns::write_group(&mut writer, losses.all())?;
            }
            writer.append_key_value_metadata(Footer::new(first, name.piece, losses.all()).pair());
            writer.close().map(|_| ())
        })
        .map_err(Error::parquet("write", &path))?;
        Summary::read(&path).map_err(Error::parquet("read", &path))
    }

    /// Whether so many bytes may be written; the rest of the appliance comes first.
    pub(super) fn check_room(&self, bytes: u64) -> Result<(), Error> {
        let left = self.place.room().map_err(Error::file("ask for the room of", self.place.root()))?;
        let spare = self.config.spare_megabytes;
        if left < spare.saturating_mul(MEGABYTE).saturating_add(bytes) {
            return Err(Error::NoRoom { left: left / MEGABYTE, spare });
        }
        Ok(())
    }

    /// Notes how it went; whether it went well.
    fn note_written(&self, name: Name, written: Result<Summary, Error>) -> bool {
        let mut state = self.state();
        let was_failing = state.is_failing;
        match written {
            Ok(file) => {
                metrics::written(file.entries);
                state.next_piece = name.piece + 1;
                state.index.insert(name, Arc::new(file));
                state.intake.written();
                state.is_failing = false;
                drop(state);
                if was_failing {
                    tracing::info!("the firewalls' log is kept again");
                    (self.tell)(Told::KeptAgain);
                }
                true
            }
            Err(error) => {
                let lost = state.intake.given_up(self.clock.now());
                // A piece that may be on disk after all keeps its number: it is written over.
                state.is_failing |= lost > 0;
                drop(state);
                metrics::lost(Why::Disk, lost);
                if !was_failing && lost > 0 {
                    let why = in_full(&error);
                    tracing::error!(error = %why, lost, "entries of the firewalls' log are not kept, but counted");
                    (self.tell)(Told::NotKept(why));
                }
                false
            }
        }
    }

    /// Writes down that the log is kept at this moment.
    pub(super) fn note_alive(&self, is_clean: bool) {
        let mut state = self.state();
        state.kept.alive = self.clock.now();
        state.kept.is_clean = is_clean;
        let kept = state.kept;
        drop(state);
        let written = serde_json::to_vec(&kept).map_err(Into::into);
        if let Err(error) = written.and_then(|bytes| place::replace(&self.place.state(), &bytes)) {
            tracing::debug!(%error, "the state of the firewalls' log was not written");
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes up what an earlier life left behind.
    fn remember(&mut self, before: Option<Kept>, files: Option<(Name, Name)>, now: Timestamp) {
        let lost = |from: Timestamp, why| Loss { from: from.min(now), to: now, why, count: None };
        match (before, files) {
            (Some(before), _) => {
                self.kept = Kept { alive: now, is_clean: false, ..before };
                let why = if before.is_clean { Why::Stopped } else { Why::Crash };
                self.intake.lose(lost(before.alive, why));
            }
            // Its state was removed or spoiled: what can be said is said by the files' names.
            (None, Some((first, last))) => {
                self.kept.begun = Position::begin_of(first.hour).min(now);
                self.intake.lose(lost(Position::begin_of(last.hour), Why::Crash));
            }
            (None, None) => {}
        }
    }
}

/// A whole hour is missing.
pub(super) fn hour_of(hour: i64, why: Why) -> Loss {
    let from = Position::begin_of(hour);
    let to = from.checked_add(SignedDuration::from_hours(1)).unwrap_or(from);
    Loss { from, to, why, count: None }
}

/// An error with its cause.
pub(super) fn in_full(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// A log that is written and tidied; when this is dropped it stops.
pub struct Running(pub Arc<Log>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}

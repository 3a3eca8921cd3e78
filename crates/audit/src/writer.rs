//! The one owner of the log's files. Records that wait together are written and synced together.

use crate::record::{BEGIN, Begin, END, End, INTERRUPTED, Interrupted, NOTE, Note, NoteBody};
use crate::recover::{Open, Recovered};
use crate::reserve::Class;
use crate::segment::{Failed, Segment};
use crate::{Config, Error, metrics as names};
use evidence::{Chain, Checkpoint, Signer};
use jiff::SignedDuration;
use metrics::{counter, gauge, histogram};
use model::{Actor, Clock};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot, watch};

/// The most records that share one sync: at most 16 MiB of them.
const MOST_IN_BATCH: usize = 256;

/// The clock may be slewed by this much without a record that says so.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// What the writer is asked for.
#[derive(Debug)]
pub(crate) enum Ask {
    Begin(Begin),
    End(End),
    Note(NoteBody),
    Checkpoint,
    Stop,
}

/// A request and who waits for it; the answer is the record's number.
#[derive(Debug)]
pub(crate) struct Request {
    pub ask: Ask,
    pub reply: oneshot::Sender<Result<u64, Error>>,
}

/// How the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It takes every record.
    Sound,
    /// The disk is full: only the records of essential acts are taken.
    DiskFull,
    /// A write failed: no record is taken any more until the appliance is restarted.
    Broken,
}

/// What others can watch: numbers change only after the disk has the records.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The number of the last record on disk.
    pub durable: watch::Sender<u64>,
    /// The last checkpoint.
    pub checkpoint: watch::Sender<Option<Checkpoint>>,
    /// How the log is.
    pub health: watch::Sender<Health>,
}

/// The owner.
pub(crate) struct Writer {
    dir: PathBuf,
    config: Config,
    signer: Signer,
    clock: Arc<dyn Clock>,
    chain: Chain,
    segment: Segment,
    open: Open,
    unsigned: u64,
    watched: Watched,
    broken: Option<Error>,
    _lock: File,
}

/// A batch while it is put together.
struct Batch {
    chain: Chain,
    bytes: Vec<u8>,
    records: u64,
}

impl Writer {
    pub fn new(
        dir: PathBuf,
        config: Config,
        signer: Signer,
        clock: Arc<dyn Clock>,
        recovered: Recovered,
        watched: Watched,
    ) -> Self {
        let Recovered { chain, segment, open, unsigned, lock, .. } = recovered;
        Self {
            dir,
            config,
            signer,
            clock,
            chain,
            segment,
            open,
            unsigned,
            watched,
            broken: None,
            _lock: lock,
        }
    }

    /// Writes down what the process before left undone, and signs it.
    pub fn settle(&mut self, torn: Option<&evidence::Torn>) -> Result<(), Error> {
        let mut batch = self.batch();
        if let Some(torn) = torn {
            let body = NoteBody {
                note: Note::Recovered,
                actor: Actor::system("audit"),
                action: None,
                object: None,
                detail: serde_json::json!({ "line": torn.line, "bytes": torn.bytes }),
            };
            self.add(&mut batch, NOTE, &body, Class::Essential)?;
        }
        for of in self.open.keys() {
            let body = Interrupted { of: *of };
            add(
                &mut self.segment,
                &self.dir,
                &*self.clock,
                &mut batch,
                INTERRUPTED,
                &body,
                Class::Essential,
            )?;
        }
        self.write(batch, Class::Essential)?;
        self.open.clear();
        self.checkpoint();
        self.watched.durable.send_replace(self.chain.head().seq);
        Ok(())
    }

    /// Serves requests until it is told to stop or nobody can ask any more.
    pub async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut tick = tokio::time::interval(self.config.checkpoint_interval());
        tick.tick().await; // The first one is immediate.
        let mut waiting = Vec::with_capacity(MOST_IN_BATCH);
        loop {
            tokio::select! {
                count = requests.recv_many(&mut waiting, MOST_IN_BATCH) => {
                    if count == 0 || !self.serve(&mut waiting) {
                        break;
                    }
                }
                _ = tick.tick() => self.checkpoint(),
            }
        }
        self.checkpoint();
    }

    /// Answers all that wait. False when one of them asked to stop.
    fn serve(&mut self, waiting: &mut Vec<Request>) -> bool {
        let stop = waiting.iter().position(|request| matches!(request.ask, Ask::Stop));
        let after_stop = stop.map(|stop| waiting.split_off(stop)).unwrap_or_default();
        let wants_checkpoint = waiting.iter().any(|request| matches!(request.ask, Ask::Checkpoint));
        self.answer(std::mem::take(waiting));
        if wants_checkpoint || stop.is_some() || self.unsigned >= self.config.checkpoint_records.max(1) {
            self.checkpoint();
        }
        self.segment.rotate_if_due();
        for Request { ask, reply } in after_stop {
            let answer =
                if matches!(ask, Ask::Stop) { Ok(self.chain.head().seq) } else { Err(Error::Stopped) };
            let _ = reply.send(answer); // Whoever asked may have gone.
        }
        stop.is_none()
    }

    fn answer(&mut self, waiting: Vec<Request>) {
        let (mut batch, mut written) = (self.batch(), Vec::new());
        let mut highest = Class::Essential;
        for request in waiting {
            match self.put(&mut batch, &request.ask) {
                Ok((number, class)) => {
                    highest = highest.max(class);
                    written.push((request, number));
                }
                Err(why) => refuse(request, why),
            }
        }
        match self.write(batch, highest) {
            Ok(()) => self.acknowledge(written),
            Err(why) if why.is_disk_full() => self.one_by_one(written),
            Err(why) => written.into_iter().for_each(|(request, _)| refuse(request, why.clone())),
        }
    }

    /// Where the reserve lies apart, a full disk is seen only when the write fails: then each record is tried
    /// alone, and may take of the reserve what its class allows.
    fn one_by_one(&mut self, requests: Vec<(Request, u64)>) {
        for (request, _) in requests {
            let mut batch = self.batch();
            let result = match self.put(&mut batch, &request.ask) {
                Ok((number, class)) => self.write(batch, class).map(|()| number),
                Err(why) => Err(why),
            };
            match result {
                Ok(number) => self.acknowledge(vec![(request, number)]),
                Err(why) => refuse(request, why),
            }
        }
    }

    /// Tells those who wait; an act whose caller has gone meanwhile will never be completed by anybody.
    fn acknowledge(&mut self, written: Vec<(Request, u64)>) {
        let mut abandoned = Vec::new();
        for (Request { ask, reply }, number) in written {
            let begun = matches!(ask, Ask::Begin(_));
            match ask {
                Ask::Begin(begin) => drop(self.open.insert(number, begin.essential)),
                Ask::End(end) => drop(self.open.remove(&end.of)),
                Ask::Note(_) | Ask::Checkpoint | Ask::Stop => {}
            }
            if reply.send(Ok(number)).is_err() && begun {
                abandoned.push(number);
            }
        }
        for of in abandoned {
            let mut batch = self.batch();
            let added = self.add(&mut batch, INTERRUPTED, &Interrupted { of }, Class::Housekeeping);
            if added.and_then(|_| self.write(batch, Class::Housekeeping)).is_ok() {
                self.open.remove(&of);
            }
        }
    }

    fn put(&mut self, batch: &mut Batch, ask: &Ask) -> Result<(u64, Class), Error> {
        let (kind, class) = match ask {
            Ask::Begin(begin) if begin.essential => (BEGIN, Class::Essential),
            Ask::Begin(_) => (BEGIN, Class::Normal),
            Ask::End(end) => match self.open.get(&end.of) {
                Some(true) => (END, Class::Essential),
                Some(false) => (END, Class::Housekeeping),
                None => return Err(Error::NotOpen { record: end.of }),
            },
            Ask::Note(note) if note.note.essential() => (NOTE, Class::Essential),
            Ask::Note(_) => (NOTE, Class::Normal),
            Ask::Checkpoint | Ask::Stop => return Ok((batch.chain.head().seq, Class::Essential)),
        };
        let number = match ask {
            Ask::Begin(begin) => self.add(batch, kind, begin, class),
            Ask::End(end) => self.add(batch, kind, end, class),
            Ask::Note(note) => self.add(batch, kind, note, class),
            Ask::Checkpoint | Ask::Stop => Ok(0),
        }?;
        Ok((number, class))
    }

    fn batch(&self) -> Batch {
        Batch { chain: self.chain.clone(), bytes: Vec::new(), records: 0 }
    }

    fn add<B: serde::Serialize>(
        &mut self,
        batch: &mut Batch,
        kind: &str,
        body: &B,
        class: Class,
    ) -> Result<u64, Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        add(&mut self.segment, &self.dir, &*self.clock, batch, kind, body, class)
    }

    fn tell(&self, health: Health) {
        gauge!(names::RESERVE).set(if health == Health::DiskFull { 1.0 } else { 0.0 });
        self.watched.health.send_if_modified(|known| std::mem::replace(known, health) != health);
    }

    /// Writes a batch, and takes its chain for the log's once it is on disk.
    fn write(&mut self, batch: Batch, class: Class) -> Result<(), Error> {
        if batch.bytes.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        loop {
            match self.segment.append(&batch.bytes) {
                Ok(()) => break,
                Err(Failed::Full) if self.segment.release(class) => {}
                Err(Failed::Full) => {
                    self.tell(Health::DiskFull);
                    return Err(full(&self.dir, class));
                }
                Err(Failed::Broken(cause)) => {
                    tracing::error!(%cause, "the audit log takes no more records");
                    let why = Error::Broken { dir: self.dir.clone(), cause };
                    self.broken = Some(why.clone());
                    self.tell(Health::Broken);
                    return Err(why);
                }
            }
        }
        histogram!(names::SYNC).record(began.elapsed().as_secs_f64());
        counter!(names::RECORDS).increment(batch.records);
        self.tell(if self.segment.reserve_in_use() { Health::DiskFull } else { Health::Sound });
        self.unsigned += batch.records;
        self.chain = batch.chain;
        self.watched.durable.send_replace(self.chain.head().seq);
        Ok(())
    }

    /// Signs where the log stands, if there is anything new.
    fn checkpoint(&mut self) {
        if self.unsigned == 0 || self.broken.is_some() {
            return;
        }
        let now = self.clock.now();
        let mut batch = self.batch();
        let signed =
            batch.chain.checkpoint(&self.signer, now).map_err(Error::from).and_then(|(checkpoint, line)| {
                if !self.segment.admits(line.bytes.len(), Class::Housekeeping) {
                    return Err(full(&self.dir, Class::Housekeeping));
                }
                batch.bytes = line.bytes;
                batch.records = 1;
                self.write(batch, Class::Housekeeping)?;
                Ok(checkpoint)
            });
        match signed {
            Ok(checkpoint) => {
                self.unsigned = 0;
                counter!(names::CHECKPOINTS).increment(1);
                self.watched.checkpoint.send_replace(Some(checkpoint));
            }
            Err(why) => tracing::warn!(%why, "no checkpoint of the audit log was signed"),
        }
    }
}

/// Puts a record into a batch, before it one that says so if the clock went back.
fn add<B: serde::Serialize>(
    segment: &mut Segment,
    dir: &std::path::Path,
    clock: &dyn Clock,
    batch: &mut Batch,
    kind: &str,
    body: &B,
    class: Class,
) -> Result<u64, Error> {
    let now = clock.now();
    let mut chain = batch.chain.clone();
    let mut bytes = Vec::new();
    let before = chain.head().at;
    if now + CLOCK_TOLERANCE < before {
        let detail = serde_json::json!({ "before": before, "after": now });
        let (note, actor) = (Note::ClockSetBack, Actor::system("audit"));
        let said = NoteBody { note, actor, action: None, object: None, detail };
        bytes.extend(chain.next(NOTE, &said, now)?.bytes);
    }
    let line = chain.next(kind, body, now)?;
    bytes.extend(line.bytes);
    if !segment.admits(batch.bytes.len() + bytes.len(), class) {
        return Err(full(dir, class));
    }
    batch.records += chain.head().seq - batch.chain.head().seq;
    batch.chain = chain;
    batch.bytes.extend(bytes);
    Ok(line.seq)
}

fn full(dir: &std::path::Path, class: Class) -> Error {
    let dir = dir.to_owned();
    if class == Class::Normal { Error::DiskFull { dir } } else { Error::ReserveUsed { dir } }
}

fn refuse(request: Request, why: Error) {
    if why.is_disk_full() {
        counter!(names::REFUSED).increment(1);
    }
    let _ = request.reply.send(Err(why)); // Whoever asked may have gone.
}

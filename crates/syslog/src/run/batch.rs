//! Messages on their way out, many at a time.

use crate::metrics as names;
use crate::reader::Reader;
use jiff::Timestamp;
use metrics::counter;
use model::Clock;
use model::firewall_log::Entry;
use std::net::IpAddr;
use std::sync::Arc;

/// So many lines are given on together, and so many bytes of them; the last may exceed either.
const LINES: usize = 512;
const BYTES: usize = 256 * 1024;

/// Who keeps what is received.
pub trait Sink: Send + Sync {
    /// Takes lines in, in the order in which they were received. It never waits: what there is no room for, it counts.
    fn keep(&self, entries: Vec<Entry>);

    /// Notes that so many are missing, of what came between two moments.
    fn lose(&self, from: Timestamp, to: Timestamp, count: u64);
}

/// Reads messages into batches.
pub struct Batches {
    transport: &'static str,
    reader: Reader,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn Sink>,
    batch: Vec<Entry>,
    bytes: usize,
}

impl Batches {
    /// Batches of messages that came over `transport`.
    pub fn new(transport: &'static str, reader: Reader, clock: Arc<dyn Clock>, sink: Arc<dyn Sink>) -> Self {
        Self { transport, reader, clock, sink, batch: Vec::new(), bytes: 0 }
    }

    /// Others of the same kind, for another connection.
    pub fn beside(&self) -> Self {
        Self::new(self.transport, self.reader.beside(), Arc::clone(&self.clock), Arc::clone(&self.sink))
    }

    /// Reads a message into the batch, and gives the batch on if it is full.
    pub fn add(&mut self, bytes: &[u8], sender: IpAddr) {
        let (entry, format) = self.reader.read(bytes, sender, self.clock.now());
        counter!(names::MESSAGES, "transport" => self.transport, "format" => format).increment(1);
        if bytes.len() > crate::message::MOST {
            counter!(names::CUT).increment(1);
        }
        self.bytes += entry.message.as_ref().map_or(0, |line| line.len());
        self.batch.push(entry);
        if self.batch.len() >= LINES || self.bytes >= BYTES {
            self.give();
        }
    }

    /// Gives on what there is.
    pub fn give(&mut self) {
        self.bytes = 0;
        if !self.batch.is_empty() {
            self.sink.keep(std::mem::take(&mut self.batch));
        }
    }

    /// Notes that the kernel has dropped messages since a moment.
    pub fn lose(&self, since: Timestamp, count: u64) {
        counter!(names::LOST).increment(count);
        self.sink.lose(since, self.clock.now(), count);
    }

    /// Now, as the wall clock shows it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

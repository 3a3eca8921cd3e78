//! Messages on their way out, many at a time.

use crate::metrics as names;
use crate::reader::Reader;
use metrics::counter;
use model::Clock;
use model::firewall_log::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::mpsc;

/// So many lines are given on together at most, and so many bytes of them; one that is read is ever added to either.
const LINES: usize = 512;
const BYTES: usize = 256 * 1024;

/// Reads messages into batches.
pub struct Batches {
    transport: &'static str,
    reader: Reader,
    clock: Arc<dyn Clock>,
    out: mpsc::Sender<Vec<Entry>>,
    batch: Vec<Entry>,
    bytes: usize,
}

impl Batches {
    /// Batches of messages that came over `transport`.
    pub fn new(
        transport: &'static str,
        reader: Reader,
        clock: Arc<dyn Clock>,
        out: mpsc::Sender<Vec<Entry>>,
    ) -> Self {
        Self { transport, reader, clock, out, batch: Vec::new(), bytes: 0 }
    }

    /// Others of the same kind, for another connection.
    pub fn beside(&self) -> Self {
        Self {
            transport: self.transport,
            reader: self.reader.beside(),
            clock: Arc::clone(&self.clock),
            out: self.out.clone(),
            batch: Vec::new(),
            bytes: 0,
        }
    }

    /// Reads a message into the batch.
    pub fn add(&mut self, bytes: &[u8], sender: IpAddr) {
        let (entry, format) = self.reader.read(bytes, sender, self.clock.now());
        counter!(names::MESSAGES, "transport" => self.transport, "format" => format).increment(1);
        if bytes.len() > crate::message::MOST {
            counter!(names::CUT).increment(1);
        }
        self.bytes += entry.message.as_ref().map_or(0, |line| line.len());
        self.batch.push(entry);
    }

    /// Whether it should be given on before another message is read.
    pub fn is_full(&self) -> bool {
        self.batch.len() >= LINES || self.bytes >= BYTES
    }

    /// Gives the batch on, or loses and counts it if there is no room: who sends datagrams cannot wait.
    pub fn give(&mut self) {
        let batch = self.taken();
        let lines = batch.len() as u64;
        if lines > 0 && self.out.try_send(batch).is_err() {
            counter!(names::LOST, "cause" => "queue").increment(lines);
        }
    }

    /// Gives the batch on, and waits for room. Whether anybody still takes it.
    pub async fn give_patiently(&mut self) -> bool {
        let batch = self.taken();
        batch.is_empty() || self.out.send(batch).await.is_ok()
    }

    fn taken(&mut self) -> Vec<Entry> {
        self.bytes = 0;
        std::mem::take(&mut self.batch)
    }
}

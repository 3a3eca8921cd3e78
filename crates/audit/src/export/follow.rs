//! Reading along while the log grows: only what is on disk for good.

use crate::{Error, segment};
use evidence::lines::{Read, read_line};
use evidence::{Hash, MAX_LINE, Record};
use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// The most bytes that are read ahead of the collector.
const MOST_BYTES: u64 = 1024 * 1024;

/// A place in the log.
#[derive(Debug)]
pub(super) struct Follow {
    dir: PathBuf,
    segment: u64,
    offset: u64,
    /// The next record to read.
    next: u64,
}

/// One record as it stands in the log.
#[derive(Debug)]
pub(super) struct Sent {
    pub hash: Hash,
    pub record: Record,
    pub json: String,
}

impl Follow {
    /// Begins behind record `after`.
    pub fn after(dir: &Path, after: u64) -> Result<Self, Error> {
        let mut segment = 1;
        for (number, path) in segment::list(dir)? {
            let file = File::open(&path).map_err(Error::io("open", &path))?;
            let (mut line, mut length) = (Vec::new(), 0);
            read_line(&mut BufReader::new(file), MAX_LINE, &mut line, &mut length)
                .map_err(Error::io("read", &path))?;
            match evidence::record::parse(&line) {
                Ok((_, first)) if first.seq > after + 1 => break,
                Ok(_) => segment = number,
                Err(_) => {} // A new file without a record yet.
            }
        }
        Ok(Self { dir: dir.into(), segment, offset: 0, next: after + 1 })
    }

    /// The next records, up to number `last`; none when there are none.
    pub fn read(&mut self, last: u64) -> Result<Vec<Sent>, Error> {
        let (mut records, mut total) = (Vec::new(), 0);
        while self.next <= last && total < MOST_BYTES {
            let path = segment::path(&self.dir, self.segment);
            let mut file = File::open(&path).map_err(Error::io("open", &path))?;
            file.seek(SeekFrom::Start(self.offset)).map_err(Error::io("read", &path))?;
            let mut input = BufReader::with_capacity(256 * 1024, file);
            let mut line = Vec::new();
            while self.next <= last && total < MOST_BYTES {
                let mut length = 0;
                let read = read_line(&mut input, MAX_LINE, &mut line, &mut length)
                    .map_err(Error::io("read", &path))?;
                if read != Read::Whole {
                    self.segment += 1;
                    self.offset = 0;
                    break;
                }
                let (hash, record) = evidence::record::parse(&line).map_err(|why| {
                    Error::io("read", &path)(std::io::Error::new(std::io::ErrorKind::InvalidData, why))
                })?;
                self.offset += length;
                if record.seq < self.next {
                    continue;
                }
                total += length;
                self.next = record.seq + 1;
                let json = String::from_utf8_lossy(line.get(65..).unwrap_or_default()).into_owned();
                records.push(Sent { hash, record, json });
            }
        }
        Ok(records)
    }
}

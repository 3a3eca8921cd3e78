//! Out of the log: JSON lines for people, checkpoints and records for other machines.
//!
//! The exporters are futures that somebody owns and polls. They end when the log is stopped, and never hold it up.

mod anchor;
mod cursor;
mod follow;
mod run;

pub use anchor::anchor;
pub use run::syslog;

use crate::{Error, segment};
use evidence::MAX_LINE;
use evidence::lines::{Read, read_line};
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

/// Records by number, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

impl Range {
    /// Every record.
    pub const ALL: Self = Self { from: 1, to: u64::MAX };
}

/// Writes the records of a range as JSON lines: `{"hash":"…","record":{…}}`, where the record is byte for byte what
/// its hash covers. Returns how many there were.
///
/// # Errors
/// When a file cannot be read, or `to` not written.
pub fn export(dir: &Path, range: Range, to: &mut dyn Write) -> Result<u64, Error> {
    let mut count = 0;
    for (_, path) in segment::list(dir)? {
        let mut input =
            BufReader::with_capacity(256 * 1024, File::open(&path).map_err(Error::io("open", &path))?);
        let (mut line, mut length) = (Vec::new(), 0);
        loop {
            match read_line(&mut input, MAX_LINE, &mut line, &mut length).map_err(Error::io("read", &path))? {
                Read::End | Read::Unended => break,
                Read::Whole | Read::TooLong => {}
            }
            let (hash, record) = evidence::record::parse(&line).map_err(|why| {
                Error::io("read", &path)(std::io::Error::new(std::io::ErrorKind::InvalidData, why))
            })?;
            if record.seq > range.to {
                to.flush().map_err(Error::io("write the export of", dir))?;
                return Ok(count);
            }
            if record.seq >= range.from {
                let json = line.get(65..).unwrap_or_default();
                let written = write!(to, "{{\"hash\":\"{hash}\",\"record\":")
                    .and_then(|()| to.write_all(json))
                    .and_then(|()| to.write_all(b"}\n"));
                written.map_err(Error::io("write the export of", dir))?;
                count += 1;
            }
        }
    }
    to.flush().map_err(Error::io("write the export of", dir))?;
    Ok(count)
}

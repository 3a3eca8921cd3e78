//! Space that is kept for essential acts.
//!
//! Where the filesystem can, the reserve is preallocated behind the end of the log's last file, so that using it
//! needs no new block. Elsewhere it is a file of its own, which is made shorter when the disk is full.

use crate::Error;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Space is asked for, and given back, in pieces of this many bytes.
const STEP: u64 = 64 * 1024;

/// How much of the reserve a record must leave untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// It may use all of it: an essential act.
    Essential,
    /// It may use the first half: how an act ended that was begun already, and the log's own records.
    Housekeeping,
    /// It may use nothing of it.
    Normal,
}

impl Class {
    /// What must be left, of a reserve of `whole` bytes.
    pub const fn floor(self, whole: u64) -> u64 {
        match self {
            Self::Essential => 0,
            Self::Housekeeping => whole / 2,
            Self::Normal => whole,
        }
    }
}

/// How the reserve is kept.
#[derive(Debug)]
enum Kind {
    /// Blocks of the log's last file are allocated up to `end`.
    Behind { end: u64 },
    /// A file of its own, now of `size` bytes.
    Apart { path: PathBuf, size: u64 },
}

/// The reserve of a log.
#[derive(Debug)]
pub(crate) struct Reserve {
    whole: u64,
    kind: Kind,
}

impl Reserve {
    /// Makes sure that there is a reserve behind the first `written` bytes of the log's last file; on a full disk it
    /// is what is left of it.
    pub fn open(dir: &Path, whole: u64, file: &File, written: u64) -> Result<Self, Error> {
        let mut reserve = Self { whole, kind: Kind::Behind { end: written } };
        match reserve.extend(file, written + whole) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                let path = dir.join("audit.reserve");
                let size = std::fs::metadata(&path).map_or(0, |found| found.len());
                reserve.kind = Kind::Apart { path, size };
                reserve.refill();
                Ok(reserve)
            }
            Err(why) => Err(Error::io("reserve space in", dir)(why.into())),
            Ok(()) => Ok(reserve),
        }
    }

    /// For tests: as if the filesystem could not allocate behind a file's end.
    #[cfg(test)]
    fn apart(path: PathBuf, whole: u64) -> Self {
        let mut reserve = Self { whole, kind: Kind::Apart { path, size: 0 } };
        reserve.refill();
        reserve
    }

    /// Whether a record may be written so that the file is then `end` bytes long.
    pub fn admits(&mut self, file: &File, end: u64, class: Class) -> bool {
        let floor = class.floor(self.whole);
        if let Err(why) = self.extend(file, end + self.whole) {
            tracing::warn!(%why, "the audit log's reserve could not be extended");
        }
        match &self.kind {
            Kind::Behind { end: allocated } => *allocated >= end + floor,
            Kind::Apart { .. } => {
                self.refill();
                self.size() >= floor
            }
        }
    }

    /// Whether less than all of the reserve is left, after `written` bytes.
    pub fn in_use(&self, written: u64) -> bool {
        match &self.kind {
            Kind::Behind { end } => *end < written + self.whole,
            Kind::Apart { size, .. } => *size < self.whole,
        }
    }

    /// After a write found the disk full: gives some space back, down to what `class` must leave. False when there
    /// is nothing to give.
    pub fn release(&mut self, class: Class) -> bool {
        let floor = class.floor(self.whole);
        let Kind::Apart { path, size } = &mut self.kind else { return false };
        let shorter = size.saturating_sub(STEP).max(floor);
        if shorter >= *size {
            return false;
        }
        let cut = OpenOptions::new().write(true).open(path).and_then(|file| {
            file.set_len(shorter)?;
            file.sync_all()
        });
        let done = cut.is_ok();
        if done {
            *size = shorter;
        }
        done
    }

    /// After the file was cut to `written` bytes, its blocks behind that are gone.
    pub fn lost(&mut self, written: u64) {
        if let Kind::Behind { end } = &mut self.kind {
            *end = written;
        }
    }

    /// Allocates blocks up to `target`, as far as the disk has any.
    fn extend(&mut self, file: &File, target: u64) -> Result<(), Errno> {
        let Kind::Behind { end } = &mut self.kind else { return Ok(()) };
        while *end < target {
            match fallocate(file, FallocateFlags::KEEP_SIZE, *end, STEP) {
                Ok(()) => *end += STEP,
                Err(Errno::NOSPC | Errno::DQUOT) => break,
                Err(Errno::INTR) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// Makes the reserve's own file as long as it should be, as far as the disk has room.
    fn refill(&mut self) {
        let Kind::Apart { path, size } = &mut self.kind else { return };
        if *size >= self.whole {
            return;
        }
        let piece = [0; STEP as usize];
        let grown = OpenOptions::new().create(true).append(true).open(&*path).and_then(|mut file| {
            while *size < self.whole {
                file.write_all(&piece)?;
                *size += STEP;
            }
            file.sync_all()
        });
        *size = std::fs::metadata(&path).map_or(0, |found| found.len());
        if let Err(why) = grown {
            tracing::debug!(%why, "the audit log's reserve is not whole");
        }
    }

    const fn size(&self) -> u64 {
        match &self.kind {
            Kind::Behind { .. } => 0,
            Kind::Apart { size, .. } => *size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_apart_gives_down_to_its_floor_and_fills_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = tempfile::tempfile().unwrap();
        let mut reserve = Reserve::apart(dir.path().join("audit.reserve"), 4 * STEP);
        assert_eq!(reserve.size(), 4 * STEP);
        assert!(!reserve.in_use(0));
        assert!(!reserve.release(Class::Normal), "a normal record may take nothing");
        assert!(reserve.release(Class::Housekeeping));
        assert!(reserve.release(Class::Housekeeping));
        assert!(!reserve.release(Class::Housekeeping), "half must be left");
        assert!(reserve.in_use(0));
        assert!(reserve.release(Class::Essential) && reserve.release(Class::Essential));
        assert!(!reserve.release(Class::Essential), "nothing is left");
        assert!(reserve.admits(&file, 100, Class::Normal), "it fills again when there is room");
        assert!(!reserve.in_use(0));
    }

    #[test]
    fn a_reserve_behind_the_end_keeps_the_file_short() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("log")).unwrap();
        let mut reserve = Reserve::open(dir.path(), 4 * STEP, &file, 10).unwrap();
        assert!(reserve.admits(&file, 1000, Class::Normal));
        assert!(file.metadata().unwrap().len() <= 10);
    }
}

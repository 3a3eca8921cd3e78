//! One file of the log after the other: the last one is written to.

use crate::reserve::{Class, Reserve};
use crate::{Config, Error};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The path of a file of the log.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("audit-{number:06}.log"))
}

/// The files of the log in their order, by number.
pub(crate) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::io("list", dir))? {
        let entry = entry.map_err(Error::io("list", dir))?;
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".log"));
        if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
            files.push((number, entry.path()));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// How an append can fail.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The disk is full; the file is as it was.
    Full,
    /// It is not known what is on disk.
    Broken(String),
}

/// The last file of the log.
#[derive(Debug)]
pub(crate) struct Segment {
    dir: PathBuf,
    number: u64,
    path: PathBuf,
    file: File,
    written: u64,
    reserve: Reserve,
    whole: u64,
    most: u64,
}

impl Segment {
    /// Opens the file `number`, of which the first `written` bytes are verified, and makes it if it is not there.
    pub fn open(dir: &Path, number: u64, written: u64, config: &Config) -> Result<Self, Error> {
        let path = path(dir, number);
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        sync_dir(dir)?;
        let reserve = Reserve::open(dir, config.reserve_bytes, &file, written)?;
        let (whole, most) = (config.reserve_bytes, config.segment_bytes);
        Ok(Self { dir: dir.into(), number, path, file, written, reserve, whole, most })
    }

    /// Whether `bytes` more may be written by a record of this class.
    pub fn admits(&mut self, bytes: usize, class: Class) -> bool {
        self.reserve.admits(&self.file, self.written + bytes as u64, class)
    }

    /// Whether less than all of the reserve is left.
    pub fn reserve_in_use(&self) -> bool {
        self.reserve.in_use(self.written)
    }

    /// Gives some of a reserve that lies apart back to the disk.
    pub fn release(&mut self, class: Class) -> bool {
        self.reserve.release(class)
    }

    /// Writes behind the end, and returns once it is on disk.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if let Err(why) = self.file.write_all_at(bytes, self.written) {
            let cut = self.file.set_len(self.written);
            self.reserve.lost(self.written);
            return Err(match cut {
                Ok(()) if is_full(&why) => Failed::Full,
                Ok(()) => Failed::Broken(format!("write {}: {why}", self.path.display())),
                Err(cut) => {
                    Failed::Broken(format!("cut {} after a failed write ({why}): {cut}", self.path.display()))
                }
            });
        }
        // After a failed sync the kernel may hold pages for clean that never reached the disk: trying again proves nothing.
        self.file
            .sync_data()
            .map_err(|why| Failed::Broken(format!("sync {}: {why}", self.path.display())))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Goes on in a new file when this one is large enough. Where there is no room for one, this one grows on.
    pub fn rotate_if_due(&mut self) {
        if self.written < self.most {
            return;
        }
        match self.next() {
            Ok(next) => {
                // The space that was reserved behind this file's end is free again.
                let cut = self.file.set_len(self.written).and_then(|()| self.file.sync_all());
                if let Err(why) = cut {
                    tracing::warn!(path = %self.path.display(), %why, "the space behind a closed audit file was not freed");
                }
                *self = next;
            }
            Err(why) => tracing::debug!(%why, "the audit log goes on in the same file"),
        }
    }

    fn next(&self) -> Result<Self, Error> {
        let number = self.number + 1;
        let config = Config { reserve_bytes: self.whole, segment_bytes: self.most, ..Config::default() };
        let new = path(&self.dir, number);
        File::create_new(&new).map_err(Error::io("create", &new))?;
        match Self::open(&self.dir, number, 0, &config) {
            Ok(next) if !next.reserve_in_use() => Ok(next),
            Ok(next) => {
                std::fs::remove_file(&next.path).map_err(Error::io("remove", &next.path))?;
                Err(Error::DiskFull { dir: self.dir.clone() })
            }
            Err(why) => {
                std::fs::remove_file(&new).map_err(Error::io("remove", &new))?;
                Err(why)
            }
        }
    }
}

fn is_full(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Makes new names in a directory last.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::io("sync", dir))
}

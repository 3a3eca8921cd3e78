//! The log's directory: names, and files that are there whole or not at all.

use crate::error::Error;
use model::firewall_log::Position;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Which file: an hour's (piece 0), or a piece of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Hours since 1970.
    pub hour: i64,
    /// The piece's number, from 1; 0 is the hour's file.
    pub piece: u64,
}

/// Where the log is kept.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    open: PathBuf,
}

impl Place {
    /// Makes the directories where they are not there, and removes what a crash left half written.
    pub fn open(root: PathBuf) -> Result<Self, Error> {
        let open = root.join("open");
        fs::create_dir_all(&open).map_err(Error::file("make", &open))?;
        let place = Self { root, open };
        for dir in [&place.root, &place.open] {
            for path in place.list(dir)? {
                if path.extension().is_some_and(|ending| ending == "tmp") {
                    fs::remove_file(&path).map_err(Error::file("remove", &path))?;
                }
            }
        }
        Ok(place)
    }

    fn list(&self, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        let entries = fs::read_dir(dir).map_err(Error::file("list", dir))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<io::Result<_>>().map_err(Error::file("list", dir))
    }

    /// The log's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the log's state is written.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// All files by their names; others are left alone.
    pub fn files(&self) -> Result<Vec<(Name, PathBuf)>, Error> {
        let hours = self.list(&self.root)?.into_iter().filter_map(|path| {
            let hour = Position::hour_named(stem(&path)?)?;
            Some((Name { hour, piece: 0 }, path))
        });
        let pieces = self.list(&self.open)?.into_iter().filter_map(|path| {
            let (hour, piece) = stem(&path)?.split_once('.')?;
            Some((Name { hour: Position::hour_named(hour)?, piece: piece.parse().ok()? }, path))
        });
        Ok(hours.chain(pieces).collect())
    }

    /// Where a file of this name is.
    pub fn path(&self, name: Name) -> PathBuf {
        let hour = Position::name_of(name.hour);
        match name.piece {
            0 => self.root.join(format!("{hour}.parquet")),
            piece => self.open.join(format!("{hour}.{piece:08}.parquet")),
        }
    }

    /// Bytes that an ordinary user may still write on its disk.
    pub fn room(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.root)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

fn stem(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(".parquet")
}

/// Makes a file: `write` fills it beside its place; when it is on disk it gets its name.
pub fn make<T, E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = PathBuf::from(beside);
    let made = (|| {
        let mut file = File::create(&beside)?;
        let made = write(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        if let Some(dir) = path.parent() {
            File::open(dir)?.sync_all()?;
        }
        Ok(made)
    })();
    if made.is_err() {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_file(&beside);
    }
    made
}

/// Replaces a small file. It is not synced: after a power cut the one of before may be there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    File::create(&beside)?.write_all(bytes)?;
    fs::rename(&beside, path)
}

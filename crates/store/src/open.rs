//! The handle: opening a database, and handing it units of work.

use crate::error::{Error, Result};
use crate::metrics::WRITE_QUEUE;
use crate::sqlite::{Queue, Sqlite};
use crate::work::{Connection, Trouble, Work};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The control-plane's state. A clone is another handle to the same database; the last one to be dropped waits
/// for the writes that were asked for.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Sqlite>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.backend.path()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a database: `sqlite:/path/to/file`, or a bare path. A file that does not exist is created, mode 0600;
    /// one with an older schema is migrated, after a copy of it was written beside it. Blocks while it does.
    ///
    /// # Errors
    /// If the URL names another kind of database, the file cannot be opened or created, is damaged or not
    /// Portcullis's own, or was written by a newer version.
    pub fn open(url: &str) -> Result<Self> {
        let path = path_of(url)?;
        Ok(Self { backend: Arc::new(Sqlite::open(path)?) })
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.backend.path()
    }

    /// Writes a consistent copy of the whole database into one new file, mode 0600, while reads and writes go on.
    ///
    /// # Errors
    /// If the file exists or cannot be written. Nothing is left behind then.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let (from, to) = (self.path().to_owned(), to.to_owned());
        let subject = format!("{} to {}", from.display(), to.display());
        let copied = tokio::task::spawn_blocking(move || crate::sqlite::backup::backup(&from, &to)).await;
        copied.map_err(|error| Error::Failed { operation: "back up", subject, source: error.into() })?
    }

    /// Does a unit of work in one transaction: all of it is committed when this returns, or none.
    pub(crate) async fn write<T, F>(
        &self,
        operation: &'static str,
        subject: impl Into<String>,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Connection) -> Result<T, Trouble> + Send + 'static,
    {
        let writer = self.backend.writer();
        if let Some(writer) = writer {
            metrics::gauge!(WRITE_QUEUE).set(f64::from(u32::try_from(writer.waiting()).unwrap_or(u32::MAX)));
        }
        ask(writer, operation, subject.into(), work).await
    }

    /// Reads from one consistent state of the database, without waiting for writes.
    pub(crate) async fn read<T, F>(
        &self,
        operation: &'static str,
        subject: impl Into<String>,
        work: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Connection) -> Result<T, Trouble> + Send + 'static,
    {
        ask(self.backend.reader(), operation, subject.into(), work).await
    }
}

/// Hands a unit of work over and waits for what comes of it.
async fn ask<T, F>(queue: Option<&Queue>, operation: &'static str, subject: String, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&dyn Connection) -> Result<T, Trouble> + Send + 'static,
{
    let (job, arrives) = Work::new(work);
    let Some(queue) = queue else { return Err(Error::Closed { operation, subject }) };
    if queue.send(Box::new(job)).await.is_err() {
        return Err(Error::Closed { operation, subject });
    }
    match arrives.await {
        Ok(result) => result.map_err(|trouble| Error::new(operation, subject, trouble)),
        Err(_) => Err(Error::Closed { operation, subject }),
    }
}

/// The file that a URL names.
fn path_of(url: &str) -> Result<PathBuf> {
    let path = match url.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            return Err(Error::Unsupported { url: format!("{scheme}:…") });
        }
        _ => url,
    };
    // `file:` URIs and in-memory databases would each be another database for every connection.
    if path.is_empty() || path == ":memory:" {
        return Err(Error::Unsupported { url: url.to_owned() });
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_file_or_is_refused_without_showing_a_password() {
        for url in ["sqlite:/var/lib/p.db", "sqlite:///var/lib/p.db", "/var/lib/p.db"] {
            assert_eq!(path_of(url).unwrap(), Path::new("/var/lib/p.db"), "{url}");
        }
        assert_eq!(path_of("state/a:b.db").unwrap(), Path::new("state/a:b.db"));
        let refused = path_of("postgres://portcullis:hunter2@db/portcullis").unwrap_err().to_string();
        assert_eq!(refused, "open database postgres:…: not in this version; use sqlite:/path/to/file");
        for url in ["", "sqlite:", "sqlite::memory:"] {
            assert!(matches!(path_of(url), Err(Error::Unsupported { .. })), "{url}");
        }
    }
}

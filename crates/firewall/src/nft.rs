//! Runs the programs `nft` and `tc`: text on their standard input, nothing from the environment, bounded in time and output.

use crate::error::Error;
use std::collections::VecDeque;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most output that is read, in bytes.
const MAX_OUTPUT: u64 = 256 * 1024 * 1024;
/// So many processes are remembered as ours: more than can be between a change and the kernel's word of it.
const MAX_RUNS: usize = 32;
/// The most of a complaint that is told on, in characters.
const MAX_COMPLAINT: usize = 400;

/// Where they are.
const NFT: &str = "/usr/sbin/nft";
const TC: &str = "/usr/sbin/tc";

/// Runs them, and knows which runs were ours: the last processes that were started, the newest last.
#[derive(Clone, Debug, Default)]
pub struct Nft(Arc<Mutex<VecDeque<u32>>>);

impl Nft {
    /// Whether this process is the program itself, or an `nft` that it has started.
    #[must_use]
    pub fn is_ours(&self, process: u32) -> bool {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        process == std::process::id() || runs.contains(&process)
    }

    /// Asks the kernel whether it would take the text, and changes nothing.
    ///
    /// # Errors
    /// It would not.
    pub async fn check(&self, text: &str) -> Result<(), Error> {
        self.run(NFT, &["-c", "-f", "-"], text).await.map(drop)
    }

    /// Loads the text in one transaction.
    ///
    /// # Errors
    /// The kernel refuses, and nothing has changed.
    pub async fn load(&self, text: &str) -> Result<(), Error> {
        self.run(NFT, &["-f", "-"], text).await.map(drop)
    }

    /// Lists `chains`, or `table` with its family and name, as JSON; `None` if there is no such table.
    ///
    /// # Errors
    /// `nft` fails in another way.
    pub async fn list(&self, what: &[&str]) -> Result<Option<Vec<u8>>, Error> {
        match self.run(NFT, &[&["-j", "list"], what].concat(), "").await {
            Err(Error::Nft(text)) if text.contains("No such file or directory") => Ok(None),
            other => other.map(Some),
        }
    }

    /// Has `tc` carry these commands out, up to the first that fails.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub async fn shape(&self, text: &str) -> Result<(), Error> {
        self.run(TC, &["-batch", "-"], text).await.map(drop)
    }

    async fn run(&self, program: &str, arguments: &[&str], input: &str) -> Result<Vec<u8>, Error> {
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::Run)?;
        if let Some(process) = child.id() {
            let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            runs.push_back(process);
            if runs.len() > MAX_RUNS {
                runs.pop_front();
            }
        }
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Error::Run(io::ErrorKind::BrokenPipe.into()));
        };
        let write = async move {
            // It may end before it has read all; then its complaint says why.
            let _ = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
        };
        let run = async {
            let ((), stdout, stderr) = tokio::join!(write, read(stdout, MAX_OUTPUT), read(stderr, 64 * 1024));
            let status = child.wait().await?;
            Ok::<_, io::Error>((status, stdout?, stderr?))
        };
        let (status, stdout, stderr) = timeout(PATIENCE, run)
            .await
            .map_err(|_| Error::Run(io::ErrorKind::TimedOut.into()))?
            .map_err(Error::Run)?;
        if status.success() { Ok(stdout) } else { Err(Error::Nft(complaint(&stderr))) }
    }
}

async fn read<R: AsyncRead + Unpin>(from: R, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// The first lines of what it complained about, in one.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|character| !character.is_control()).take(MAX_COMPLAINT).collect()
}

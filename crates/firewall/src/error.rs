//! Why the program could not do something.

use crate::guard::Refusal;
use crate::message::{Answer, FailureKind};
use std::io;
use std::path::PathBuf;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not one that we load.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// `nft` or `tc` could not be run, or did not end in time.
    #[error("run nft or tc: {0}")]
    Run(io::Error),
    /// `nft` or `tc` refused.
    #[error("the kernel refuses this: {0}")]
    Nft(String),
    /// The listing is not what `nft -j` writes.
    #[error("read nft's listing: {0}")]
    Listing(serde_json::Error),
    /// A netlink request failed.
    #[error("{what}: {source}")]
    Netlink {
        /// What was asked for.
        what: &'static str,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// A file of the state directory failed.
    #[error("{what} {path}: {source}", path = path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A file of the state directory is damaged.
    #[error("{path} is not as it was written: take it away, and load the policy anew", path = .0.display())]
    Damaged(PathBuf),
    /// The trial is over, or another one is going on.
    #[error("the trial {0} is over, or another policy is on trial: what was confirmed before holds")]
    Over(u64),
    /// There is nothing to repair from.
    #[error("no policy is confirmed, or one is on trial: load, confirm or revert one")]
    NoConfirmed,
    /// The loaded policy does not know such elements.
    #[error("no policy with the set {0} is loaded: load one that has it")]
    NoSet(&'static str),
    /// Too many pinholes or isolated addresses.
    #[error("{0} at once are the most: close some")]
    TooMany(usize),
    /// The request is not acceptable.
    #[error("{0}")]
    Request(String),
    /// Somebody follows already.
    #[error("somebody follows the records already")]
    Busy,
}

impl Error {
    /// As it is told to whoever asked.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let kind = match self {
            Self::Over(_) => FailureKind::Over,
            Self::Busy => FailureKind::Busy,
            Self::Run(_) | Self::Listing(_) | Self::Netlink { .. } | Self::File { .. } | Self::Damaged(_) => {
                FailureKind::Failed
            }
            _ => FailureKind::Refused,
        };
        Answer::Failed { kind, text: self.to_string() }
    }
}

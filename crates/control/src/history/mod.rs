//! What is kept of readings: what changed, the documents, and the latest of what moves.
//!
//! | module | what it does |
//! |---|---|
//! | [`arrived`] | a reading, packed while it waits to be written down; pure |
//! | [`bundles`] | which documents are packed together; pure |
//! | [`keep`] | what a reading adds to what is known; pure |
//! | [`changes`] | what changed over the fleet, grouped; pure |
//! | [`latest`] | sensors and traffic in memory, and what was learned of models |
//! | [`parts`] | the search for parts over the fleet |
//! | [`read`] | what an actor may see of all this |

pub(crate) mod arrived;
pub mod bundles;
pub mod changes;
pub(crate) mod keep;
pub(crate) mod latest;
pub mod parts;
pub mod read;

pub use changes::{FleetChanges, Group};
pub use parts::{FoundParts, PartCount, Parts};
pub use store::{PartQuery, PartRow, VersionRow};

/// A hash of what is kept: SHA-256.
pub type Hash = [u8; 32];

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut hash = [0; 32];
    // A SHA-256 digest has 32 bytes.
    hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

//! A reading, packed while it waits to be written down.

use super::{Hash, sha256};
use jiff::Timestamp;
use model::Inventory;
use model::components::{components, not_read};
use model::snapshot::Snapshot;
use store::Packed;

/// The hashes of what is kept of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Of its latest version.
    pub version: Option<Hash>,
    /// Of its latest documents.
    pub tree: Option<Hash>,
}

/// A reading that waits.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub taken_at: Timestamp,
    pub latest: Packed,
    /// What lasts of it; none where that is what is kept already.
    pub lasting: Option<Lasting>,
    pub documents: Waiting,
}

/// What the device is made of, less what moves.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    pub packed: Packed,
    /// Below these paths nothing is known.
    pub not_read: Vec<String>,
}

/// The documents of a reading that waits.
#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    /// They were not handed over, or there was no room for them.
    None,
    /// They are those that are kept.
    Same,
    /// They are these.
    New(Box<Snapshot>),
}

impl Arrived {
    /// Packs a reading; what is kept of it already is let go at once.
    pub(crate) fn new(
        inventory: &Inventory,
        snapshot: Option<Box<Snapshot>>,
        known: Known,
        now: Timestamp,
    ) -> Result<Self, store::error::Cause> {
        let all = components(inventory);
        let json = serde_json::to_vec(&all)?;
        let lost = not_read(inventory);
        let is_known = lost.is_empty() && known.version == Some(sha256(&json));
        let lasting = (!is_known)
            .then(|| Packed::new(&json).map(|packed| Lasting { packed, not_read: lost }))
            .transpose()?;
        let documents = match snapshot {
            None => Waiting::None,
            Some(snapshot) if known.tree == Some(snapshot.tree) => Waiting::Same,
            // They were those that were kept when they were read, and are no more.
            Some(snapshot) if snapshot.documents.is_empty() => Waiting::None,
            Some(snapshot) => Waiting::New(snapshot),
        };
        let taken_at = inventory.taken_at.unwrap_or(now);
        Ok(Self { taken_at, latest: Packed::json(inventory)?, lasting, documents })
    }

    /// How much memory it holds while it waits, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let lasting = self.lasting.as_ref().map_or(0, |lasting| lasting.packed.bytes.len());
        self.latest.bytes.len() + lasting + self.document_bytes()
    }

    fn document_bytes(&self) -> usize {
        match &self.documents {
            Waiting::None | Waiting::Same => 0,
            Waiting::New(snapshot) => {
                snapshot.documents.iter().map(|one| one.packed.len() + one.path.len() + 64).sum()
            }
        }
    }

    /// Lets the documents go; comes back with whether there were any.
    pub(crate) fn without_documents(&mut self) -> bool {
        matches!(std::mem::replace(&mut self.documents, Waiting::None), Waiting::New(_))
    }
}

//! Keeps the documents of a reading, canonical: packed at its end, or as soon as there is no room for them. If they turn out to be
//! those that are kept already, they need not be packed at all.

use super::{pack, still};
use crate::client::Room;
use crate::client::link::identity;
use model::snapshot::{Hash, RawDocument, Snapshot};
use ring::digest::{Context, SHA256, digest};
use serde_json::Value;
use std::collections::HashSet;
use tokio::sync::OwnedSemaphorePermit;

/// The documents of a reading under way.
#[derive(Debug, Default)]
pub struct Keeper {
    /// Those whose text waits have it in the place of what is packed.
    documents: Vec<RawDocument>,
    /// By their place among the documents, the room of those that wait.
    waiting: Vec<(usize, OwnedSemaphorePermit)>,
    kept: HashSet<String>,
    known: Option<Hash>,
    loose: Option<Room>,
}

impl Keeper {
    /// Nothing yet. `known`: the tree that is kept already; `loose`: room for texts that wait, shared with other readings.
    pub fn new(known: Option<Hash>, loose: Option<Room>) -> Self {
        Self { known, loose, ..Self::default() }
    }

    /// Keeps a document; one that is nothing but readings, or was kept before, is left out.
    pub fn keep(&mut self, path: &str, value: &Value) {
        if !still::is_kept(path, value) || !self.kept.insert(identity(path).to_owned()) {
            return;
        }
        let text = still::canonical(value);
        let Ok(length) = u32::try_from(text.len()) else { return };
        let (path, hash) = (identity(path).to_owned(), sha256(&text));
        let room = self.loose.as_ref().filter(|_| self.known.is_some());
        if let Some(room) = room.and_then(|room| room.take(text.capacity())) {
            self.waiting.push((self.documents.len(), room));
            self.documents.push(RawDocument { path, hash, length, packed: text });
        } else if let Ok(packed) = pack::pack_text(&text) {
            // Packing into memory does not fail; if it did, the document would be missing, and the tree differ.
            self.documents.push(RawDocument { path, hash, length, packed });
        }
    }

    /// What was kept: no documents where they are those that are known.
    pub fn finish(mut self) -> Snapshot {
        let tree = tree(&self.documents);
        if self.known == Some(tree) {
            return Snapshot { tree, documents: Vec::new() };
        }
        for (at, _room) in self.waiting.drain(..) {
            let Some(document) = self.documents.get_mut(at) else { continue };
            document.packed = pack::pack_text(&document.packed).unwrap_or_default();
        }
        Snapshot { tree, documents: self.documents }
    }
}

/// SHA-256 over each path and hash, by path: path, a zero byte, hash.
#[must_use]
pub fn tree(documents: &[RawDocument]) -> Hash {
    let mut ordered: Vec<&RawDocument> = documents.iter().collect();
    ordered.sort_by(|one, other| one.path.cmp(&other.path));
    let mut whole = Context::new(&SHA256);
    for document in ordered {
        whole.update(document.path.as_bytes());
        whole.update(&[0]);
        whole.update(&document.hash);
    }
    as_hash(whole.finish().as_ref())
}

fn sha256(bytes: &[u8]) -> Hash {
    as_hash(digest(&SHA256, bytes).as_ref())
}

fn as_hash(digest: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kept_once_and_unpacked_again() {
        let mut keeper = Keeper::default();
        keeper.keep("/s/1/", &json!({"Id": "1", "DateTime": "now"}));
        keeper.keep("/s/1", &json!({"Id": "other"}));
        keeper.keep("/c/1/Sensors/1", &json!({"@odata.type": "#Sensor.v1_0_0.Sensor"}));
        let snapshot = keeper.finish();
        assert_eq!(snapshot.documents.len(), 1);
        let document = &snapshot.documents[0];
        let bytes = zstd::bulk::decompress(&document.packed, document.length as usize).unwrap();
        assert_eq!((document.path.as_str(), bytes.as_slice()), ("/s/1", br#"{"Id":"1"}"#.as_slice()));
        assert_eq!(document.hash, sha256(&bytes));
    }

    #[test]
    fn what_is_known_is_not_packed_and_what_is_not_comes_out_the_same() {
        let of = |known, loose: Option<Room>, id: &str| {
            let mut keeper = Keeper::new(known, loose);
            keeper.keep("/s/1", &json!({"Id": "1"}));
            keeper.keep("/s/2", &json!({"Id": id}));
            keeper.finish()
        };
        let first = of(None, None, "2");
        let room = Room::new(100);
        assert_eq!(
            of(Some(first.tree), Some(room.clone()), "2"),
            Snapshot { tree: first.tree, documents: vec![] }
        );
        let other = of(None, None, "3");
        for loose in [Some(room.clone()), Some(Room::new(12)), Some(Room::new(0)), None] {
            assert_eq!(of(Some(first.tree), loose, "3"), other);
        }
        assert!(room.take(100).is_some(), "all of the room is given back");
    }

    #[test]
    fn the_tree_is_the_same_in_any_order_and_another_with_any_change() {
        let of = |documents: &[(&str, Value)]| {
            let mut keeper = Keeper::default();
            documents.iter().for_each(|(path, value)| keeper.keep(path, value));
            keeper.finish().tree
        };
        let (one, two) = (("/a", json!({"Id": "1"})), ("/b", json!({"Id": "2"})));
        let tree = of(&[one.clone(), two.clone()]);
        assert_eq!(tree, of(&[two.clone(), one.clone()]));
        assert_ne!(tree, of(&[one.clone(), ("/c", json!({"Id": "2"}))]));
        assert_ne!(tree, of(&[one.clone(), ("/b", json!({"Id": "3"}))]));
        assert_ne!(tree, of(&[one]));
    }
}

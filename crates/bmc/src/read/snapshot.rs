//! Keeps the documents of a reading, canonical and packed as soon as they are read.

use super::{pack, still};
use crate::client::link::identity;
use model::snapshot::{Hash, RawDocument, Snapshot};
use ring::digest::{Context, SHA256, digest};
use serde_json::Value;
use std::collections::HashSet;

/// The documents of a reading under way.
#[derive(Debug, Default)]
pub struct Keeper {
    documents: Vec<RawDocument>,
    kept: HashSet<String>,
}

impl Keeper {
    /// Keeps a document; one that is nothing but readings, or was kept before, is left out.
    pub fn keep(&mut self, path: &str, value: &Value) {
        if !still::is_kept(path, value) || !self.kept.insert(identity(path).to_owned()) {
            return;
        }
        // Packing into memory does not fail; if it did, the document would be missing, and the tree differ.
        let packed = pack::pack(&still::Still(value), |text| (sha256(text), u32::try_from(text.len())));
        if let Ok((packed, (hash, Ok(length)))) = packed {
            let path = identity(path).to_owned();
            self.documents.push(RawDocument { path, hash, length, packed });
        }
    }

    /// What was kept.
    pub fn finish(self) -> Snapshot {
        Snapshot { tree: tree(&self.documents), documents: self.documents }
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

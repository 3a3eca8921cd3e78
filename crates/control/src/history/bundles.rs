//! Which documents are packed together.
//!
//! Documents of one controller are alike, so they pack three times smaller together than each alone; but what
//! is packed together is written again when one of them changes. So the documents below each top of the tree
//! (`Systems`, `Chassis`, ...) make one bundle, and a large document (a registry) one of its own, which many
//! controllers share. A bundle is named by the hash of what is in it.

use super::{Hash, sha256};
use model::snapshot::RawDocument;
use std::collections::BTreeMap;
use store::Packed;
use store::error::Cause;

/// A document this long is a bundle of its own, in bytes.
const LARGE: u32 = 32 * 1024;
/// A document that says it is longer is not unpacked, in bytes.
const LONGEST: u32 = 64 << 20;

/// Documents that are packed together.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// The top of the tree that they are below, or the path of a large one.
    pub name: String,
    /// SHA-256 of their paths and hashes.
    pub hash: Hash,
    /// The documents, by path.
    pub documents: Vec<&'a RawDocument>,
}

/// Sorts documents into bundles.
#[must_use]
pub fn groups(documents: &[RawDocument]) -> Vec<Group<'_>> {
    let mut by_name: BTreeMap<String, BTreeMap<&str, &RawDocument>> = BTreeMap::new();
    for document in documents {
        let name =
            if document.length >= LARGE { document.path.clone() } else { top(&document.path).to_owned() };
        by_name.entry(name).or_default().insert(&document.path, document);
    }
    by_name.into_iter().map(|(name, documents)| group(name, documents.into_values().collect())).collect()
}

fn group(name: String, documents: Vec<&RawDocument>) -> Group<'_> {
    Group { name, hash: hash(&documents), documents }
}

/// `Systems` of `/redfish/v1/Systems/1`; empty for the root.
fn top(path: &str) -> &str {
    let rest = path.strip_prefix("/redfish/v1").unwrap_or(path).trim_start_matches('/');
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn hash(documents: &[&RawDocument]) -> Hash {
    let mut text = Vec::new();
    for document in documents {
        text.extend_from_slice(document.path.as_bytes());
        text.push(0);
        text.extend_from_slice(&document.hash);
    }
    sha256(&text)
}

/// Packs a group's documents: each as the lengths of path and bytes (32 bits, big-endian), path, bytes.
///
/// # Errors
/// If a document is damaged.
pub fn pack(group: &Group<'_>) -> Result<Packed, Cause> {
    let mut plain = Vec::new();
    for document in &group.documents {
        let one = Packed { length: document.length.min(LONGEST), bytes: document.packed.clone() };
        let bytes = one.open()?;
        for length in [document.path.len(), bytes.len()] {
            plain.extend_from_slice(&u32::try_from(length)?.to_be_bytes());
        }
        plain.extend_from_slice(document.path.as_bytes());
        plain.extend_from_slice(&bytes);
    }
    Packed::new(&plain)
}

/// The documents of a bundle, each with its path.
///
/// # Errors
/// If it is damaged.
pub fn unpack(packed: &Packed) -> Result<Vec<(String, Vec<u8>)>, Cause> {
    let plain = packed.open()?;
    let mut rest = plain.as_slice();
    let mut documents = Vec::new();
    while !rest.is_empty() {
        let path = number(&mut rest)?;
        let length = number(&mut rest)?;
        let path = String::from_utf8(take(&mut rest, path)?.to_vec())?;
        documents.push((path, take(&mut rest, length)?.to_vec()));
    }
    Ok(documents)
}

fn number(rest: &mut &[u8]) -> Result<usize, Cause> {
    let bytes: [u8; 4] = take(rest, 4)?.try_into()?;
    Ok(usize::try_from(u32::from_be_bytes(bytes))?)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Cause> {
    let (taken, left) = rest.split_at_checked(length).ok_or("a bundle of documents ends in the middle")?;
    *rest = left;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: &str, text: &str) -> RawDocument {
        let packed = Packed::new(text.as_bytes()).unwrap();
        RawDocument {
            path: path.into(),
            hash: sha256(text.as_bytes()),
            length: packed.length,
            packed: packed.bytes,
        }
    }

    #[test]
    fn documents_come_back_as_they_were() {
        let large = "x".repeat(40_000);
        let documents = [
            document("/redfish/v1/Systems/1", "{\"a\":1}"),
            document("/redfish/v1/Registries/Bios", &large),
            document("/redfish/v1/Systems?$expand=.", "{}"),
            document("/redfish/v1/", "root"),
        ];
        let groups = groups(&documents);
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["", "/redfish/v1/Registries/Bios", "Systems"]);
        let systems = unpack(&pack(&groups[2]).unwrap()).unwrap();
        assert_eq!(systems[0], ("/redfish/v1/Systems/1".to_owned(), b"{\"a\":1}".to_vec()));
        assert_eq!(systems[1].1, b"{}");
        assert_eq!(unpack(&pack(&groups[1]).unwrap()).unwrap()[0].1.len(), 40_000);
    }

    #[test]
    fn only_a_bundle_with_a_changed_document_is_another() {
        let before = [document("/redfish/v1/Systems/1", "a"), document("/redfish/v1/Chassis/1", "b")];
        let after = [document("/redfish/v1/Chassis/1", "b"), document("/redfish/v1/Systems/1", "c")];
        let hashes =
            |all: &[RawDocument]| -> Vec<Hash> { groups(all).iter().map(|group| group.hash).collect() };
        assert_eq!(hashes(&before)[0], hashes(&after)[0]);
        assert_ne!(hashes(&before)[1], hashes(&after)[1]);
    }

    #[test]
    fn a_damaged_bundle_or_document_is_an_error() {
        assert!(unpack(&Packed::new(&[0, 0, 0, 9, 0, 0, 0, 1, b'a']).unwrap()).is_err());
        assert!(unpack(&Packed::new(&[0, 0]).unwrap()).is_err());
        let mut spoilt = document("/redfish/v1/Systems/1", "a");
        spoilt.length = u32::MAX;
        let spoilt = [spoilt];
        assert!(pack(&groups(&spoilt)[0]).is_err());
    }
}

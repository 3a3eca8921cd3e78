//! What a reading adds to what is known.

use super::arrived::{Arrived, Lasting, Waiting};
use super::{Hash, bundles, sha256};
use model::DeviceId;
use model::components::{Component, carry_over};
use model::inventory_diff::diff;
use std::collections::BTreeSet;
use store::error::Cause;
use store::{Bundle, Documents, NewVersion, Packed, Reading};

/// So many changes stand in a version's summary.
const SUMMARY: usize = 2;

/// The hashes of all bundles that a reading's documents make.
pub(crate) fn bundle_hashes(arrived: &Arrived) -> Vec<Hash> {
    match &arrived.documents {
        Waiting::New(snapshot) => {
            bundles::groups(&snapshot.documents).into_iter().map(|group| group.hash).collect()
        }
        Waiting::None | Waiting::Same => Vec::new(),
    }
}

/// What a reading adds, given the components of the latest version and the bundles that the store has.
pub(crate) fn reading(
    device: &DeviceId,
    arrived: &Arrived,
    before: Option<&[Component]>,
    known: &BTreeSet<Hash>,
) -> Result<Reading, Cause> {
    let version = match &arrived.lasting {
        Some(lasting) => version(lasting, before)?,
        None => None,
    };
    Ok(Reading {
        device: device.clone(),
        taken_at: arrived.taken_at,
        latest: arrived.latest.clone(),
        version,
        documents: documents(&arrived.documents, known)?,
    })
}

/// The new version, unless with what could not be read taken over it is the one before.
fn version(lasting: &Lasting, before: Option<&[Component]>) -> Result<Option<NewVersion>, Cause> {
    let mut components: Vec<Component> = lasting.packed.value()?;
    if let Some(before) = before {
        carry_over(before, &mut components, &lasting.not_read);
        if components == before {
            return Ok(None);
        }
    }
    let json = serde_json::to_vec(&components)?;
    let changes = before.map(|before| diff(before, &components));
    let summary = match &changes {
        None => format!("first reading: {} components", components.len()),
        Some(changes) => {
            let first = changes.iter().take(SUMMARY);
            let said: Vec<String> =
                first.map(|change| format!("{}: {}", change.subject(), change.words())).collect();
            said.join("; ")
        }
    };
    let count = changes.map_or(0, |changes| changes.len());
    Ok(Some(NewVersion {
        hash: sha256(&json),
        packed: Packed::new(&json)?,
        components,
        changes: u32::try_from(count).unwrap_or(u32::MAX),
        summary,
    }))
}

fn documents(waiting: &Waiting, known: &BTreeSet<Hash>) -> Result<Documents, Cause> {
    let snapshot = match waiting {
        Waiting::None => return Ok(Documents::None),
        Waiting::Same => return Ok(Documents::Same),
        Waiting::New(snapshot) => snapshot,
    };
    let bundle = |group: bundles::Group<'_>| {
        let packed = (!known.contains(&group.hash)).then(|| bundles::pack(&group)).transpose()?;
        Ok(Bundle { hash: group.hash, packed, name: group.name })
    };
    let bundles =
        bundles::groups(&snapshot.documents).into_iter().map(bundle).collect::<Result<_, Cause>>()?;
    Ok(Documents::New { tree: snapshot.tree, bundles })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::arrived::Known;
    use jiff::Timestamp;
    use model::Inventory;
    use model::inventory::{Fault, FaultKind, MemoryModule, System};
    use model::snapshot::{RawDocument, Snapshot};

    fn inventory(serials: &[&str]) -> Inventory {
        let module = |(number, serial): (usize, &&str)| MemoryModule {
            path: format!("/redfish/v1/Systems/1/Memory/{number}"),
            id: number.to_string(),
            serial: Some((*serial).into()),
            ..MemoryModule::default()
        };
        let system = System {
            path: "/redfish/v1/Systems/1".into(),
            memory: serials.iter().enumerate().map(module).collect(),
            ..System::default()
        };
        Inventory { systems: vec![system], ..Inventory::default() }
    }

    fn arrive(inventory: &Inventory, known: Known) -> Arrived {
        Arrived::new(inventory, None, known, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn added(arrived: &Arrived, before: Option<&[Component]>) -> Option<NewVersion> {
        reading(&DeviceId("d-1".into()), arrived, before, &BTreeSet::new()).unwrap().version
    }

    #[test]
    fn the_first_reading_is_a_version_and_the_same_again_is_none() {
        let first = added(&arrive(&inventory(&["X", "Y"]), Known::default()), None).unwrap();
        assert_eq!((first.changes, first.components.len()), (0, 3));
        let known = Known { version: Some(first.hash), tree: None };
        assert!(arrive(&inventory(&["X", "Y"]), known).lasting.is_none());
        assert_eq!(
            added(&arrive(&inventory(&["X", "Y"]), Known::default()), Some(&first.components)).map(drop),
            None
        );
    }

    #[test]
    fn a_change_is_a_version_with_its_words() {
        let first = added(&arrive(&inventory(&["X", "Y"]), Known::default()), None).unwrap();
        let next =
            added(&arrive(&inventory(&["X", "Z"]), Known::default()), Some(&first.components)).unwrap();
        assert_eq!(
            (next.changes, next.summary.as_str()),
            (1, "memory module 1: replaced: serial number Y → Z")
        );
    }

    #[test]
    fn a_late_answer_is_no_change() {
        let first = added(&arrive(&inventory(&["X", "Y"]), Known::default()), None).unwrap();
        let mut late = inventory(&[]);
        late.faults.push(Fault {
            path: "/redfish/v1/Systems/1/Memory".into(),
            kind: FaultKind::NoAnswer,
            ..Fault::default()
        });
        let known = Known { version: Some(first.hash), tree: None };
        assert!(added(&arrive(&late, known), Some(&first.components)).is_none());
    }

    #[test]
    fn documents_that_are_known_are_not_packed_again() {
        let packed = Packed::new(b"{}").unwrap();
        let document = RawDocument {
            path: "/redfish/v1/Systems/1".into(),
            hash: sha256(b"{}"),
            length: packed.length,
            packed: packed.bytes,
        };
        let snapshot = Box::new(Snapshot { tree: [1; 32], documents: vec![document] });
        let same = Known { version: None, tree: Some([1; 32]) };
        let arrived =
            Arrived::new(&inventory(&[]), Some(snapshot.clone()), same, Timestamp::UNIX_EPOCH).unwrap();
        assert!(matches!(arrived.documents, Waiting::Same));
        let mut arrived =
            Arrived::new(&inventory(&[]), Some(snapshot), Known::default(), Timestamp::UNIX_EPOCH).unwrap();
        let hashes: BTreeSet<Hash> = bundle_hashes(&arrived).into_iter().collect();
        let bundles = |known: &BTreeSet<Hash>| match documents(&arrived.documents, known).unwrap() {
            Documents::New { bundles, .. } => bundles,
            other => panic!("{other:?}"),
        };
        assert!(bundles(&hashes)[0].packed.is_none());
        assert!(bundles(&BTreeSet::new())[0].packed.is_some());
        let before = arrived.bytes();
        assert!(arrived.without_documents() && arrived.bytes() < before);
    }
}

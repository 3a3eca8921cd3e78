//! Devices and what hangs on them, sweeps and findings: written, read back, changed, removed.

use crate::sample::{at, device, store};
use model::event::Finding;
use model::{DeviceId, Inventory};
use std::sync::Arc;
use store::{OpenSessionRow, Raised};

#[tokio::test]
async fn devices_are_kept_whole() {
    let (_folder, store) = store();
    let mut one = device(1);
    store.put_device(&one).await.unwrap();
    store.put_device(&device(2)).await.unwrap();
    assert_eq!(store.device(&one.id).await.unwrap(), Some(one.clone()));
    one.name = "renamed".into();
    store.put_device(&one).await.unwrap();
    assert_eq!(store.devices().await.unwrap(), [one, device(2)]);
    assert_eq!(store.count_devices().await.unwrap(), 2);
    assert!(store.delete_device(&device(2).id).await.unwrap());
    assert!(!store.delete_device(&device(2).id).await.unwrap());
    assert_eq!(store.device(&device(2).id).await.unwrap(), None);
}

#[tokio::test]
async fn names_are_unique_and_may_be_swapped() {
    let (_folder, store) = store();
    let (mut one, mut two) = (device(1), device(2));
    store.put_devices(vec![one.clone(), two.clone()]).await.unwrap();
    let taken = model::Device { id: DeviceId("other".into()), name: one.name.to_uppercase(), ..device(3) };
    let refused = store.put_device(&taken).await.unwrap_err();
    assert!(refused.is_duplicate());
    assert!(refused.to_string().starts_with("write device R0-U01 at 10.0.0.3: there is one"), "{refused}");
    assert!(store.put_devices(vec![device(4), taken]).await.unwrap_err().is_duplicate());
    assert_eq!(store.count_devices().await.unwrap(), 2, "all or none");

    std::mem::swap(&mut one.name, &mut two.name);
    store.put_devices(vec![Arc::new(one.clone()), Arc::new(two.clone())]).await.unwrap();
    assert_eq!(store.devices().await.unwrap(), [one, two]);
    for number in [5, 6] {
        store.put_device(&model::Device { name: String::new(), ..device(number) }).await.unwrap();
    }
}

#[tokio::test]
async fn a_credential_lives_and_dies_with_its_device() {
    let (_folder, store) = store();
    let id = device(1).id;
    assert!(store.put_credential(&id, &[1]).await.unwrap_err().is_missing());
    store.put_device_and_credential(&device(1), Some(vec![1, 0, 2])).await.unwrap();
    assert_eq!(store.credential(&id).await.unwrap(), Some(vec![1, 0, 2]));
    store.put_credential(&id, &[3]).await.unwrap();
    assert_eq!(store.credentials().await.unwrap(), [(id.clone(), vec![3])]);
    store.put_device_and_credential(&device(1), None).await.unwrap();
    assert_eq!(store.credential(&id).await.unwrap(), None);
    store.put_credential(&id, &[4]).await.unwrap();
    assert!(store.delete_credential(&id).await.unwrap());
    assert!(!store.delete_credential(&id).await.unwrap());
    store.put_credential(&id, &[5]).await.unwrap();
    store.delete_device(&id).await.unwrap();
    assert_eq!(store.credentials().await.unwrap(), []);
}

#[tokio::test]
async fn an_imported_credential_has_one_try_at_each_device() {
    let (_folder, store) = store();
    let entries = vec![("serial:SN1".to_owned(), vec![1]), ("mac:02:00".to_owned(), vec![2])];
    store.import_credentials(entries.clone()).await.unwrap();
    let (one, two) = (device(1).id, device(2).id);
    assert_eq!(store.take_untried("serial:SN1", &one).await.unwrap(), Some(vec![1]));
    assert_eq!(store.take_untried("serial:SN1", &one).await.unwrap(), None, "tried");
    assert_eq!(store.take_untried("serial:SN1", &two).await.unwrap(), Some(vec![1]), "another device");
    store.forget_tries(&one).await.unwrap();
    assert_eq!(store.take_untried("serial:SN1", &one).await.unwrap(), Some(vec![1]), "once more");
    assert_eq!(store.take_untried("serial:SN1", &two).await.unwrap(), None, "the other's try stays");
    assert_eq!(store.take_untried("serial:SN9", &one).await.unwrap(), None, "never imported");
    store.import_credentials(vec![("serial:SN1".to_owned(), vec![9])]).await.unwrap();
    assert_eq!(store.take_untried("serial:SN1", &one).await.unwrap(), Some(vec![9]), "a new one");
    assert_eq!(
        store.imported().await.unwrap(),
        [("mac:02:00".to_owned(), vec![2]), ("serial:SN1".to_owned(), vec![9])]
    );
    assert!(store.delete_imported("serial:SN1").await.unwrap());
    assert_eq!(store.take_untried("serial:SN1", &two).await.unwrap(), None);
}

#[tokio::test]
async fn the_latest_inventory_is_kept() {
    let (_folder, store) = store();
    let id = device(1).id;
    let inventory = Inventory { taken_at: Some(at(1)), requests: 7, ..Inventory::default() };
    assert!(store.put_inventory(&id, &inventory).await.unwrap_err().is_missing());
    store.put_device(&device(1)).await.unwrap();
    store.put_inventory(&id, &Inventory::default()).await.unwrap();
    store.put_inventory(&id, &inventory).await.unwrap();
    assert_eq!(store.inventory(&id).await.unwrap(), Some(inventory));
    assert_eq!(store.count_inventories().await.unwrap(), 1);
    store.delete_device(&id).await.unwrap();
    assert_eq!(store.inventory(&id).await.unwrap(), None);
}

#[tokio::test]
async fn open_sessions_outlive_their_device_and_are_crossed_out_one_by_one() {
    let (_folder, store) = store();
    let id = device(1).id;
    let asked =
        OpenSessionRow { device: id.clone(), asked_at: at(1), path: None, way_in: Some(b"account".to_vec()) };
    store.put_open_session(asked.clone()).await.unwrap();
    let path = Some("/redfish/v1/SessionService/Sessions/7".to_owned());
    let opened = OpenSessionRow { path, way_in: Some(b"token".to_vec()), ..asked.clone() };
    store.put_open_session(opened.clone()).await.unwrap();
    let other = OpenSessionRow { asked_at: at(2), way_in: None, ..asked };
    store.put_open_session(other.clone()).await.unwrap();
    store.put_device(&device(1)).await.unwrap();
    store.delete_device(&id).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), [opened, other.clone()]);
    assert!(store.delete_open_session(&id, at(1)).await.unwrap());
    assert!(!store.delete_open_session(&id, at(1)).await.unwrap(), "crossed out already");
    assert_eq!(store.open_sessions().await.unwrap(), [other]);
}

#[tokio::test]
async fn a_sweep_is_resumed_until_it_ended() {
    let (_folder, store) = store();
    let mut sweep = store.create_sweep("10.0.0.0/16", 443, 200, at(0)).await.unwrap();
    (sweep.cursor, sweep.asked, sweep.found) = (4000, 4010, 12);
    assert!(store.put_sweep(&sweep).await.unwrap());
    assert_eq!(store.sweep_to_resume("10.0.0.0/16", 443).await.unwrap(), Some(sweep.clone()));
    assert_eq!(store.sweep_to_resume("10.0.0.0/16", 8443).await.unwrap(), None);
    sweep.ended_at = Some(at(9));
    store.put_sweep(&sweep).await.unwrap();
    assert_eq!(store.sweep_to_resume("10.0.0.0/16", 443).await.unwrap(), None);
    let next = store.create_sweep("10.0.0.0/16", 443, 200, at(10)).await.unwrap();
    assert!(next.number > sweep.number);
    assert_eq!(store.sweeps(10).await.unwrap(), [next, sweep.clone()]);
    assert_eq!(store.sweep(sweep.number).await.unwrap(), Some(sweep));
}

#[tokio::test]
async fn the_same_finding_stands_once_until_somebody_looked() {
    let (_folder, store) = store();
    let finding =
        Finding { kind: "certificate_changed".into(), device: Some(device(1).id), text: "look at it".into() };
    let about_none = Finding { device: None, ..finding.clone() };
    let first = store.add_finding(at(1), &finding).await.unwrap();
    assert_eq!(store.add_finding(at(2), &finding).await.unwrap(), Raised { new: false, ..first });
    let second = store.add_finding(at(3), &about_none).await.unwrap();
    assert!(first.new && second.new && second.id > first.id);
    assert!(!store.add_finding(at(3), &about_none).await.unwrap().new);
    assert_eq!(store.count_open_findings().await.unwrap(), 2);

    assert!(store.acknowledge_finding(first.id, "mona", at(4)).await.unwrap());
    assert!(!store.acknowledge_finding(first.id, "adam", at(5)).await.unwrap());
    let row = store.finding(first.id).await.unwrap().unwrap();
    assert_eq!((row.at, &row.finding), (at(1), &finding));
    assert_eq!(row.acknowledged, Some(store::Acknowledged { by: "mona".into(), at: at(4) }));
    let open = store.open_findings(10).await.unwrap();
    assert_eq!(open.iter().map(|row| (row.id, &row.finding)).collect::<Vec<_>>(), [(second.id, &about_none)]);
    assert!(store.add_finding(at(6), &finding).await.unwrap().new, "it came again");
    assert_eq!(store.findings(2).await.unwrap().len(), 2);
    assert_eq!(store.prune_findings(at(5)).await.unwrap(), 1);
}

#[tokio::test]
async fn who_raises_findings_at_will_does_not_fill_the_disk() {
    let (_folder, store) = store();
    let of = |kind: &str, text: String| Finding { kind: kind.into(), device: Some(device(1).id), text };
    for n in 0..150 {
        // A controller that shows a certificate with another subject at each poll.
        store.add_finding(at(n), &of("certificate_changed", format!("subject {n}"))).await.unwrap();
    }
    let kept = store.findings(1000).await.unwrap();
    assert_eq!(kept.len(), 101);
    assert!(kept[0].finding.text.contains("no more are kept"), "{}", kept[0].finding.text);
    assert_eq!(kept[100].finding.text, "subject 0", "the first ones stay");
    assert!(
        store.add_finding(at(200), &of("device_returned", "x".into())).await.unwrap().new,
        "of another kind"
    );
    let other = Finding { device: Some(device(2).id), ..of("certificate_changed", "subject 1".into()) };
    assert!(store.add_finding(at(200), &other).await.unwrap().new, "about another device");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_devices() {
    let (folder, store) = store();
    let fleet: Vec<_> = (0..5000).map(device).collect();
    let start = std::time::Instant::now();
    store.put_devices(fleet.clone()).await.unwrap();
    let written = start.elapsed();
    drop(store);
    let start = std::time::Instant::now();
    let store = store::Store::open(folder.path().join("p.db").to_str().unwrap()).unwrap();
    let read = store.devices().await.unwrap();
    println!("5,000 devices: written in {written:?}, opened and read in {:?}", start.elapsed());
    assert_eq!(read, fleet);
}

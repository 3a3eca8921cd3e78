//! The policy: versions and what becomes of them, openings, quarantines.

use crate::sample::{at, store};
use model::DeviceId;
use model::enforcement::{Hole, Pinhole, Quarantine, Session, VersionState};
use store::{NewPolicy, PolicyTexts, RuleHits, Store, only_policy};

fn new(note: &str) -> NewPolicy {
    NewPolicy {
        at: at(1),
        by: "anna".into(),
        note: note.into(),
        texts: PolicyTexts { scenario: "# a remark\nid: x\nlater: {y: 1}\n".into(), site: "site".into() },
        sha256: ["a".into(), "b".into()],
    }
}

async fn states(store: &Store) -> Vec<(u64, VersionState)> {
    let all = store.policies().await.unwrap();
    all.iter().map(|version| (version.number, version.state)).collect()
}

#[tokio::test]
async fn a_version_is_kept_as_it_was_written_and_one_is_in_force() {
    use VersionState::{Candidate, Confirmed, Draft, Superseded};
    let (_folder, store) = store();
    for note in ["first", "second"] {
        store.add_policy(new(note), 10).await.unwrap();
    }
    let (version, texts) = store.policy(1).await.unwrap().unwrap();
    assert_eq!((version.note.as_str(), version.proposed_by.as_str()), ("first", "anna"));
    assert_eq!(texts, new("").texts);
    store.policy_applied(1, 7, at(2), "anna").await.unwrap();
    assert_eq!(states(&store).await, [(2, Draft), (1, Candidate)]);
    let confirmed = store.policy_confirmed(1, 7, at(3), "otto").await.unwrap();
    assert_eq!((confirmed.confirmed_by.as_deref(), confirmed.generation), (Some("otto"), Some(7)));
    store.policy_applied(2, 8, at(4), "anna").await.unwrap();
    store.policy_taken_back().await.unwrap();
    assert_eq!(states(&store).await, [(2, Draft), (1, Confirmed)]);
    store.policy_applied(2, 8, at(5), "anna").await.unwrap();
    store.policy_confirmed(2, 8, at(6), "anna").await.unwrap();
    assert_eq!(states(&store).await, [(2, Confirmed), (1, Superseded)]);
    // One that was in force is not a draft again when its second trial ends.
    store.policy_applied(1, 9, at(7), "anna").await.unwrap();
    store.policy_taken_back().await.unwrap();
    let all = store.policies().await.unwrap();
    assert_eq!(only_policy(&all, Confirmed).map(|version| version.number), Some(2));
    assert_eq!((all[1].state, all[1].generation), (Superseded, None));
    assert!(store.policy(3).await.unwrap().is_none());
}

#[tokio::test]
async fn of_drafts_only_the_newest_are_kept() {
    let (_folder, store) = store();
    store.add_policy(new("tried"), 2).await.unwrap();
    store.policy_applied(1, 1, at(2), "anna").await.unwrap();
    store.policy_taken_back().await.unwrap();
    for _ in 0..4 {
        store.add_policy(new("never tried"), 2).await.unwrap();
    }
    let kept: Vec<u64> = states(&store).await.iter().map(|(number, _)| *number).collect();
    assert_eq!(kept, [5, 4, 1]);
}

#[tokio::test]
async fn openings_and_quarantines_are_read_back_and_crossed_out() {
    let (_folder, store) = store();
    let device = DeviceId("d-1".into());
    let pinhole = |id: &str, until| Pinhole {
        id: id.into(),
        device: device.clone(),
        device_name: "r1-u07".into(),
        application: "bmc_management".into(),
        holes: vec![Hole { to: "fd00::7".parse().unwrap(), protocol: 6, port: 443 }],
        principal: "anna".into(),
        why: "a disk".into(),
        session: Some(Session::Token("0123".into())),
        opened_at: at(0),
        until,
    };
    store.put_pinhole(&pinhole("p-1", at(10)), at(0)).await.unwrap();
    store.put_pinhole(&pinhole("p-2", at(20)), at(0)).await.unwrap();
    assert_eq!(store.pinholes(at(5)).await.unwrap(), [pinhole("p-1", at(10)), pinhole("p-2", at(20))]);
    assert_eq!(store.pinholes(at(10)).await.unwrap().len(), 1, "the first one's time is over");
    store.delete_pinhole("p-2").await.unwrap();
    assert_eq!(store.pinholes(at(0)).await.unwrap().len(), 1);

    let mut quarantine = Quarantine {
        device: device.clone(),
        device_name: "r1-u07".into(),
        address: "10.20.0.7".parse().unwrap(),
        since: at(1),
        principal: "otto".into(),
        why: "it scans".into(),
    };
    store.put_quarantine(&quarantine).await.unwrap();
    quarantine.why = "it still scans".into();
    store.put_quarantine(&quarantine).await.unwrap();
    assert_eq!(store.quarantines().await.unwrap(), [quarantine]);
    store.delete_quarantine(&device).await.unwrap();
    assert!(store.quarantines().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_rules_have_counted_is_kept_by_scenario_and_rule() {
    let (_folder, store) = store();
    let row = |rule: &str, packets, last| RuleHits {
        scenario: "oob".into(),
        rule: rule.into(),
        packets,
        bytes: packets * 100,
        since: at(1),
        last,
        seen: (packets, 7),
    };
    store.put_rule_hits(vec![row("dns", 1, None), row("dns#2", 2, Some(at(2)))]).await.unwrap();
    store.put_rule_hits(vec![row("dns", 3, Some(at(3)))]).await.unwrap();
    assert_eq!(store.rule_hits().await.unwrap(), [row("dns", 3, Some(at(3))), row("dns#2", 2, Some(at(2)))]);
}

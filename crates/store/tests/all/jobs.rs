//! Jobs: written, changed by part, read back; old ones go.

use crate::sample::{at, store};
use model::DeviceId;
use model::job::{Item, Outcome};
use serde_json::json;

fn item(name: &str) -> Item {
    Item::new(DeviceId(name.into()), "r1".into())
}

#[tokio::test]
async fn a_job_is_kept_with_what_became_of_each_device() {
    let (_folder, store) = store();
    let number = store.add_job(json!({ "title": "on" }), vec![item("a"), item("b")], 10).await.unwrap();
    let done = Item { outcome: Outcome::Done, began_at: Some(at(1)), ended_at: Some(at(2)), ..item("b") };
    store.put_job_item(number, 1, &done).await.unwrap();
    store.put_job(number, json!({ "title": "on", "state": "ended" }), true).await.unwrap();
    let jobs = store.jobs().await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].record["state"], "ended");
    assert_eq!(jobs[0].items, [item("a"), done]);
}

#[tokio::test]
async fn of_those_that_ended_only_the_newest_are_kept_and_what_runs_always() {
    let (_folder, store) = store();
    let runs = store.add_job(json!({}), vec![item("a")], 2).await.unwrap();
    for _ in 0..5 {
        let number = store.add_job(json!({}), vec![item("a")], 2).await.unwrap();
        store.put_job(number, json!({}), true).await.unwrap();
    }
    let kept: Vec<u64> = store.jobs().await.unwrap().iter().map(|job| job.number).collect();
    assert_eq!(kept, [runs, runs + 3, runs + 4, runs + 5]);
}

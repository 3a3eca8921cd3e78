//! What `policy` renders is what this program takes.

use crate::ground::{Ground, THERE, permit};
use crate::pinholes::pinhole;
use firewall::guard;
use jiff::civil::date;
use policy::check::{Terms, files};
use policy::plan::Plan;
use policy::render::{Openings, candidate, confirmed};
use policy::shipped::{SCENARIO, SCENARIO_FILE, SITE, SITE_FILE};

pub fn plan() -> Plan {
    let terms = Terms::new(date(2026, 11, 20));
    let checked = files((SCENARIO.as_bytes(), SCENARIO_FILE), (SITE.as_bytes(), SITE_FILE), terms);
    checked.plan.expect("the shipped scenario can be bound")
}

/// The shipped policy on trial, and as it is confirmed.
pub fn shipped(before: Option<&Plan>, seconds: u32) -> (String, String) {
    let (plan, none) = (plan(), Openings::default());
    (candidate(before, &plan, seconds, &none), confirmed(&plan, &none))
}

#[test]
fn the_guard_lets_pass_what_is_rendered() {
    let plan = plan();
    let none = Openings::default();
    for text in [candidate(None, &plan, 60, &none), candidate(Some(&plan), &plan, 60, &none)] {
        let shape = guard::parse(text.as_bytes()).unwrap();
        assert!(shape.picks.len() == 3 && shape.picks.iter().all(|(_, ends)| *ends == Some(60)));
        assert!(["pinholes4", "isolated6"].iter().all(|set| shape.sets.contains(*set)));
    }
    guard::parse(confirmed(&plan, &none).as_bytes()).unwrap();
}

#[tokio::test]
async fn the_shipped_policy_is_loaded_confirmed_and_without_drift() {
    let Some(mut ground) = Ground::new("the_shipped_policy") else { return };
    ground.start();
    let mut client = ground.client().await;
    let plan = plan();
    for before in [None, Some(&plan)] {
        let (trial, settled) = shipped(before, 30);
        let generation = client.load(&permit(), trial, settled, 30).await.unwrap();
        assert_eq!(client.status().await.unwrap().drift, [""; 0]);
        client.confirm(&permit(), generation).await.unwrap();
        client.open(&permit(), pinhole("a", 443, 60)).await.unwrap();
        client.isolate(&permit(), THERE.parse().unwrap(), true).await.unwrap();
        let status = client.status().await.unwrap();
        assert!(
            status.counters.iter().any(|counter| counter.comment.contains("bmc_management")),
            "{status:?}"
        );
        assert_eq!((status.confirmed, status.drift), (Some(generation), vec![]));
    }
}

//! A policy on trial: confirmed, reverted, run out, and found again after a restart.

use crate::ground::{Ground, LOCKED, OPEN, PORT, failed, permit, policy};
use firewall::Client;
use firewall::message::FailureKind;
use std::time::{Duration, Instant};

/// Confirms a policy that lets the device in.
pub async fn confirm_open(client: &mut Client) -> u64 {
    let generation =
        client.load(&permit(), policy("accept", Some((OPEN, 30))), policy(OPEN, None), 30).await.unwrap();
    client.confirm(&permit(), generation).await.unwrap();
    generation
}

/// Puts a policy on trial that locks everybody out.
pub async fn try_locked(client: &mut Client, seconds: u32) -> u64 {
    client
        .load(&permit(), policy(OPEN, Some((LOCKED, seconds))), policy(LOCKED, None), seconds)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_confirmed_holds_and_what_is_not_is_taken_back_by_the_kernel() {
    let Some(mut ground) = Ground::new("what_is_confirmed_holds") else { return };
    ground.start();
    let mut client = ground.client().await;
    assert_eq!(client.status().await.unwrap().confirmed, None);
    assert_eq!(ground.table(), "", "nothing is enforced before the first policy");

    let first = confirm_open(&mut client).await;
    let _listener = ground.listen(PORT);
    assert!(ground.knock(PORT).is_some());
    let _other = ground.listen(PORT + 10);
    assert!(ground.knock(PORT + 10).is_none(), "what no rule allows is dropped");

    let second = try_locked(&mut client, 3).await;
    let begun = Instant::now();
    assert!(second > first && ground.knock(PORT).is_none());
    let status = client.status().await.unwrap();
    assert_eq!((status.confirmed, status.trial.map(|trial| trial.generation)), (Some(first), Some(second)));
    while ground.knock(PORT).is_none() {
        assert!(begun.elapsed() < Duration::from_secs(5), "the kernel has not fallen back");
    }
    let text = failed(client.confirm(&permit(), second).await, FailureKind::Over);
    assert!(text.contains("is over"), "{text}");
    while client.status().await.unwrap().trial.is_some() {
        assert!(begun.elapsed() < Duration::from_secs(9), "the program has not noticed");
    }
    assert!(!ground.table().contains("candidate_input"), "its chains are cleared away");
    assert_eq!(client.status().await.unwrap().drift, [""; 0]);
}

#[tokio::test]
async fn a_trial_is_reverted_at_once_and_a_confirmed_one_survives_a_reboot() {
    let Some(mut ground) = Ground::new("a_trial_is_reverted") else { return };
    ground.start();
    let mut client = ground.client().await;
    let first = confirm_open(&mut client).await;
    try_locked(&mut client, 60).await;
    client.revert(&permit()).await.unwrap();
    client.revert(&permit()).await.unwrap();
    let listener = ground.listen(PORT);
    assert!(ground.knock(PORT).is_some());
    drop((listener, client));

    let output = ground.reboot();
    assert!(output.status.success(), "{output:?}");
    assert!(ground.table().contains(&format!("generation_{first}_confirmed")), "{}", ground.table());
    ground.start();
    let status = ground.client().await.status().await.unwrap();
    assert_eq!((status.confirmed, status.trial, status.drift), (Some(first), None, vec![]));
}

#[tokio::test]
async fn a_killed_program_finds_the_trial_again_and_confirms_it() {
    let Some(mut ground) = Ground::new("a_killed_program_finds_the_trial") else { return };
    ground.start();
    let generation = {
        let mut client = ground.client().await;
        confirm_open(&mut client).await;
        try_locked(&mut client, 60).await
    };
    ground.kill();
    ground.start();
    let mut client = ground.client().await;
    let trial = client.status().await.unwrap().trial.expect("it goes on");
    assert_eq!(trial.generation, generation);
    assert!((50..=60).contains(&trial.seconds_left), "{trial:?}");
    client.confirm(&permit(), generation).await.unwrap();
    let _listener = ground.listen(PORT);
    assert!(ground.knock(PORT).is_none(), "it is the confirmed one now");
    let output = ground.reboot();
    assert!(output.status.success(), "{output:?}");
    assert!(ground.table().contains(&format!("generation_{generation}_confirmed")));
}

#[tokio::test]
async fn a_kill_between_the_kernels_yes_and_the_files_loses_nothing() {
    let Some(mut ground) = Ground::new("a_kill_between") else { return };
    ground.start();
    let generation = confirm_open(&mut ground.client().await).await;
    ground.kill();
    // As if the rename had not happened.
    std::fs::rename(ground.state().join("confirmed.nft"), ground.state().join("pending.nft")).unwrap();
    ground.start();
    assert_eq!(ground.client().await.status().await.unwrap().confirmed, Some(generation));
    assert!(ground.state().join("confirmed.nft").exists());
}

#[tokio::test]
async fn a_confirmed_policy_that_cannot_be_loaded_shuts_the_machine() {
    let Some(mut ground) = Ground::new("a_confirmed_policy_that_cannot_be_loaded") else { return };
    ground.start();
    confirm_open(&mut ground.client().await).await;
    let path = ground.state().join("confirmed.nft");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replace("tcp dport 8443", "tcp dport nonsense")).unwrap();
    let output = ground.reboot();
    assert!(!output.status.success() && !output.stderr.is_empty());
    let _listener = ground.listen(PORT);
    assert!(ground.knock(PORT).is_none(), "fail closed");
    ground.start();
    assert!(ground.client().await.status().await.unwrap().shut);
    ground.kill();
    std::fs::write(&path, good).unwrap();
    ground.start();
    assert!(!ground.client().await.status().await.unwrap().shut);
    assert!(ground.knock(PORT).is_some());
}

#[tokio::test]
async fn bad_rules_and_other_users_are_refused() {
    let Some(mut ground) = Ground::new("bad_rules_and_other_users") else { return };
    ground.start();
    let mut client = ground.client().await;
    let load = |trial: String, settled: String| (trial, settled);
    for (trial, settled) in [
        load("flush ruleset\n".to_owned(), policy(OPEN, None)),
        load(policy(OPEN, Some((OPEN, 5))), "table ip filter {\n}\n".to_owned()),
        load(policy("nonsense", Some((OPEN, 5))), policy(OPEN, None)),
        load(policy(OPEN, Some((OPEN, 5))), policy("nonsense", None)),
        load(policy(OPEN, None), policy(OPEN, None)),
        // A trial that would last longer than is said, and one that would be confirmed with its elements.
        load(policy(OPEN, Some((OPEN, 6))), policy(OPEN, None)),
        load(policy(OPEN, Some((OPEN, 5))), policy(OPEN, Some((OPEN, 5)))),
    ] {
        failed(client.load(&permit(), trial, settled, 5).await, FailureKind::Refused);
        assert_eq!(ground.table(), "");
    }
    failed(
        client.load(&permit(), policy(OPEN, Some((OPEN, 0))), policy(OPEN, None), 0).await,
        FailureKind::Refused,
    );
    ground.kill();
    ground.start_for("54321");
    let mut stranger = ground.client().await;
    assert!(stranger.status().await.is_err(), "root is not the appliance's user");
}

#[tokio::test]
async fn a_table_that_somebody_else_removes_is_loaded_anew_at_the_next_start() {
    let Some(mut ground) = Ground::new("a_table_that_somebody_else_removes") else { return };
    ground.start();
    let generation = confirm_open(&mut ground.client().await).await;
    ground.kill();
    ground.nft("delete table inet portcullis");
    ground.start();
    assert!(ground.table().contains(&format!("generation_{generation}_confirmed")));
}

//! Faults, seen by a client on the other side of a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in tests, also in their helpers, this is how they fail"
)]

mod counting;
mod documents;
mod support;
mod wire;

use lab::{Change, Kind, Lab, LabConfig, Mix};
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use support::{ask, certificate, log_in, plain, root};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_bmc_is_unavailable_and_recovers() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 10), Kind::Dell).await;
    assert_eq!(root(bmc.addr).await.unwrap(), 200);
    lab.set(bmc.addr, Change::Unavailable(true)).unwrap();
    let (status, answer) = ask(bmc.addr, "GET /redfish/v1 HTTP/1.1", "").await.unwrap();
    assert_eq!(status, 503);
    assert!(answer.to_lowercase().contains("retry-after: 30"));
    lab.set(bmc.addr, Change::Repair).unwrap();
    assert_eq!(root(bmc.addr).await.unwrap(), 200);
    lab.stop().await;
}

#[tokio::test]
async fn a_hanging_bmc_takes_a_request_and_says_nothing() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 20), Kind::Hpe).await;
    lab.set(bmc.addr, Change::Hang(true)).unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(300), root(bmc.addr)).await;
    assert!(waited.is_err(), "no answer, and no end of the connection either");
    lab.set(bmc.addr, Change::Hang(false)).unwrap();
    assert_eq!(root(bmc.addr).await.unwrap(), 200);
    lab.stop().await;
}

#[tokio::test]
async fn a_connection_is_reset() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 30), Kind::Lenovo).await;
    lab.set(bmc.addr, Change::Reset(true)).unwrap();
    let error = root(bmc.addr).await.unwrap_err();
    let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe, io::ErrorKind::UnexpectedEof];
    assert!(kinds.contains(&error.kind()), "{error:?}");
    lab.stop().await;
}

#[tokio::test]
async fn wrong_passwords_lock_even_the_right_one_out() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 40), Kind::Supermicro).await;
    let right = bmc.credential.password.expose();
    assert_eq!(log_in(&bmc, right).await, 201);
    for _ in 0..Kind::Supermicro.row().access.lock_after {
        assert_eq!(log_in(&bmc, "wrong").await, 401);
    }
    assert_eq!(log_in(&bmc, right).await, 401);
    assert_eq!(lab.open_sessions(bmc.addr).unwrap(), 1, "a lock ends no session");
    lab.stop().await;
}

#[tokio::test]
async fn sessions_run_out() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 50), Kind::Dell).await;
    let right = bmc.credential.password.expose();
    for _ in 0..Kind::Dell.row().access.sessions {
        assert_eq!(log_in(&bmc, right).await, 201);
    }
    assert_eq!(log_in(&bmc, right).await, 503);
    lab.set(bmc.addr, Change::RefuseLogins(true)).unwrap();
    assert_eq!(log_in(&bmc, right).await, 401);
    lab.stop().await;
}

#[tokio::test]
async fn a_restart_takes_the_sessions_and_the_bmc_away_for_a_while() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 60), Kind::Openbmc).await;
    assert_eq!(log_in(&bmc, bmc.credential.password.expose()).await, 201);
    lab.set(bmc.addr, Change::Restart).unwrap();
    assert_eq!(lab.open_sessions(bmc.addr).unwrap(), 0);
    assert!(root(bmc.addr).await.is_err());
    let back = async {
        while root(bmc.addr).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.expect("it comes back");
    lab.stop().await;
}

#[tokio::test]
async fn power_that_is_set_from_outside_is_seen_at_once() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 70), Kind::Openbmc).await;
    lab.set(bmc.addr, Change::Power(false)).unwrap();
    assert_eq!(lab.power_state(bmc.addr).unwrap(), "Off");
    lab.set(bmc.addr, Change::Power(true)).unwrap();
    lab.settled(bmc.addr).await.unwrap();
    assert_eq!(lab.power_state(bmc.addr).unwrap(), "On");
    lab.stop().await;
    assert!(TcpStream::connect(bmc.addr).await.is_err(), "a lab that stopped listens no more");
}

#[tokio::test]
async fn certificates_are_one_for_each_stay_over_restarts_and_change_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = |first| LabConfig {
        count: 3,
        first_addr: first,
        port: 0,
        state: Some(folder.path().to_owned()),
        mix: Mix::only(Kind::Supermicro),
        ..LabConfig::default()
    };
    let first = Ipv4Addr::new(127, 21, 5, 10);
    let lab = Lab::start(config(first)).await.unwrap();
    let bmcs = lab.bmcs();
    let mut before = Vec::new();
    for bmc in &bmcs {
        before.push(certificate(bmc.addr).await);
    }
    assert!(
        before[0] != before[1] && before[1] != before[2],
        "the subject is the same, the certificate is not"
    );
    lab.set(bmcs[2].addr, Change::Certificate).unwrap();
    let changed = certificate(bmcs[2].addr).await;
    assert_ne!(changed, before[2]);
    lab.stop().await;

    let lab = Lab::start(config(first)).await.unwrap();
    let bmcs = lab.bmcs();
    assert_eq!(certificate(bmcs[0].addr).await, before[0]);
    assert_eq!(certificate(bmcs[2].addr).await, changed);
    lab.stop().await;
}

#[tokio::test]
async fn what_cannot_be_listened_at_is_named() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 4, 80), Kind::Dell).await;
    let config = LabConfig {
        count: 1,
        first_addr: Ipv4Addr::new(127, 21, 4, 80),
        port: bmc.addr.port(),
        ..LabConfig::default()
    };
    let error = Lab::start(config).await.unwrap_err();
    assert!(error.to_string().contains(&bmc.addr.to_string()), "{error}");
    assert!(lab.set("127.21.4.81:1".parse().unwrap(), Change::Repair).is_err());
    lab.stop().await;
}

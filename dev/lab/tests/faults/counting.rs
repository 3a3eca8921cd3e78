//! What a BMC counts, and how many sessions it has.

use crate::support::{ask, body, log_in, plain, read, with};
use lab::{Change, FaultKind, Kind, LabConfig, Mix};
use std::net::Ipv4Addr;
use std::time::Duration;

#[tokio::test]
async fn requests_in_flight_and_sessions_are_counted() {
    let mix = Mix::only(Kind::Openbmc);
    let first_addr = Ipv4Addr::new(127, 21, 8, 10);
    let (lab, bmc) = with(LabConfig { mix, first_addr, log: 8, ..LabConfig::default() }).await;
    for _ in 0..2 {
        assert_eq!(log_in(&bmc, bmc.credential.password.expose()).await, 201);
    }
    assert_eq!(log_in(&bmc, "wrong").await, 401);
    lab.set(bmc.addr, Change::Break(FaultKind::Slow(Duration::from_millis(200)))).unwrap();
    let three = tokio::join!(
        read(&bmc, "/redfish/v1"),
        read(&bmc, "/redfish/v1/Systems?$top=1"),
        read(&bmc, "/redfish/v1/Nothing")
    );
    assert_eq!(three.2.unwrap().0, 404);
    let counts = lab.counts(bmc.addr).unwrap();
    assert_eq!((counts.of("POST"), counts.of("GET"), counts.requests()), (3, 3, 6));
    assert_eq!((counts.in_flight, counts.in_flight_most, counts.refused), (0, 3, 2));
    assert_eq!((counts.sessions, counts.sessions_most), (2, 2));
    assert_eq!((counts.logins, counts.logins_refused), (2, 1));
    assert_eq!((counts.connections_most, counts.connections_ever), (3, 6));

    let log = lab.log(bmc.addr).unwrap();
    assert_eq!(log.len(), 6);
    assert!(log.windows(2).all(|pair| pair[0].began <= pair[1].began));
    assert!(log.iter().any(|line| line.target == "/redfish/v1/Systems?$top=1" && line.status == Some(200)));
    assert_eq!(log.iter().map(|line| line.in_flight).max(), Some(3));
    let took = log[5].ended.unwrap() - log[5].began;
    assert!(took >= Duration::from_millis(200), "{took:?}");

    lab.forget_counts(bmc.addr).unwrap();
    let counts = lab.counts(bmc.addr).unwrap();
    assert_eq!((counts.requests(), counts.sessions_most, counts.logins), (0, 2, 2), "sessions stay");
    lab.stop().await;
}

#[tokio::test]
async fn a_request_that_its_client_gives_up_is_in_flight_no_more() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 8, 20), Kind::Dell).await;
    lab.set(bmc.addr, Change::Break(FaultKind::Hang)).unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), read(&bmc, "/redfish/v1")).await.is_err());
    let ended = async {
        while lab.counts(bmc.addr).unwrap().in_flight > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    assert_eq!(lab.counts(bmc.addr).unwrap().in_flight_most, 1);
    lab.stop().await;
}

#[tokio::test]
async fn each_maker_says_in_its_own_way_that_sessions_are_taken_and_they_run_out() {
    for (at, kind) in Kind::ALL.iter().enumerate() {
        let first_addr = Ipv4Addr::new(127, 21, 8, 30 + u8::try_from(at).unwrap());
        let mix = Mix::only(*kind);
        let limits = LabConfig { sessions: Some(2), session_timeout: Some(1), ..LabConfig::default() };
        let (lab, bmc) = with(LabConfig { mix, first_addr, ..limits }).await;
        let right = bmc.credential.password.expose();
        assert_eq!((log_in(&bmc, right).await, log_in(&bmc, right).await), (201, 201), "{kind}");
        let login = format!("{{\"UserName\":\"{}\",\"Password\":\"{right}\"}}", bmc.credential.username);
        let head = "POST /redfish/v1/SessionService/Sessions HTTP/1.1";
        let (status, answer) = ask(bmc.addr, head, &login).await.unwrap();
        let full = &kind.row().access.full;
        assert_eq!(status, full.status, "{kind}");
        assert!(body(&answer).contains(full.id), "{kind}: {answer}");
        assert_eq!(lab.counts(bmc.addr).unwrap().sessions_most, 2, "{kind}");
        if at == 0 {
            let ended = async {
                while lab.counts(bmc.addr).unwrap().sessions > 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
            assert_eq!(log_in(&bmc, right).await, 201, "{kind}");
        }
        lab.stop().await;
    }
}

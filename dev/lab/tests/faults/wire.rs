//! Faults of connections and of answers on their way.

use crate::support::{body, certificate, client, handshake, log_in, plain, read, root};
use lab::{Change, FaultKind, FaultRule, Kind, Lab, LabConfig, Mix};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_connection_is_taken_and_nothing_is_said() {
    let fault: FaultRule = "drop@all".parse().unwrap();
    let config = LabConfig {
        count: 1,
        first_addr: Ipv4Addr::new(127, 21, 7, 10),
        port: 0,
        faults: vec![fault],
        mix: Mix::only(Kind::Dell),
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let bmc = lab.bmcs().remove(0);
    let mut stream = TcpStream::connect(bmc.addr).await.unwrap();
    // The beginning of a TLS handshake, as any client sends it.
    stream.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_millis(300), stream.read_u8()).await;
    assert!(heard.is_err(), "no answer and no end");
    drop(stream);
    lab.set(bmc.addr, Change::Repair).unwrap();
    assert!(!certificate(bmc.addr).await.is_empty());
    lab.stop().await;
}

#[tokio::test]
async fn an_answer_ends_in_the_middle() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 7, 20), Kind::Hpe).await;
    lab.set(bmc.addr, Change::Break(FaultKind::Cut)).unwrap();
    let (status, answer) = read(&bmc, "/redfish/v1/Systems/1").await.unwrap();
    let head = answer.to_lowercase();
    let told: usize = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(status, 200);
    assert!(body(&answer).len() < told, "{} of {told}", body(&answer).len());
    lab.stop().await;
}

#[tokio::test]
async fn an_answer_does_not_end() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 7, 30), Kind::Openbmc).await;
    lab.set(bmc.addr, Change::Break(FaultKind::EndlessJson)).unwrap();
    let mut stream = TcpStream::connect(bmc.addr).await.unwrap();
    stream.write_all(b"GET /redfish/v1 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut piece = vec![0; 1 << 16];
    let mut read = 0;
    while read < 1 << 20 {
        let more = stream.read(&mut piece).await.unwrap();
        assert!(more > 0, "it ended after {read} bytes");
        read += more;
    }
    drop(stream);
    // Who goes away is not written to for ever.
    let gone = async {
        while lab.counts(bmc.addr).unwrap().connections > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    lab.stop().await;
}

#[tokio::test]
async fn a_bmc_restarts_in_the_middle_of_an_answer_and_comes_back_without_sessions() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 7, 40), Kind::Supermicro).await;
    assert_eq!(log_in(&bmc, bmc.credential.password.expose()).await, 201);
    lab.set(bmc.addr, Change::Break(FaultKind::Reboot)).unwrap();
    let (_, answer) = read(&bmc, "/redfish/v1/Systems/1").await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(body(&answer)).is_err(), "{answer}");
    assert!(root(bmc.addr).await.is_err());
    assert_eq!(lab.open_sessions(bmc.addr).unwrap(), 0);
    let back = async {
        while !read(&bmc, "/redfish/v1/Systems/1").await.is_ok_and(|(status, _)| status == 200) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.unwrap();
    let (_, answer) = read(&bmc, "/redfish/v1/Systems/1").await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(body(&answer)).is_ok(), "it does so once: {answer}");
    lab.stop().await;
}

#[tokio::test]
async fn a_slow_bmc_takes_longer_by_what_was_said() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 7, 50), Kind::Dell).await;
    lab.set(bmc.addr, Change::Break("slow=250".parse().unwrap())).unwrap();
    let begun = Instant::now();
    assert_eq!(root(bmc.addr).await.unwrap(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(250));
    lab.stop().await;
}

#[tokio::test]
async fn a_flaky_bmc_fails_in_three_ways_and_not_always() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 7, 60), Kind::Lenovo).await;
    lab.set(bmc.addr, Change::Break(FaultKind::Flaky(50))).unwrap();
    let (mut well, mut unavailable, mut cut, mut reset) = (0, 0, 0, 0);
    for _ in 0..100 {
        match read(&bmc, "/redfish/v1").await {
            Ok((200, answer)) if answer.ends_with('}') => well += 1,
            Ok((200, _)) => cut += 1,
            Ok(_) => unavailable += 1,
            Err(_) => reset += 1,
        }
    }
    assert!((25..75).contains(&well), "{well} went well");
    assert!(unavailable > 0 && cut > 0 && reset > 0, "{unavailable} {cut} {reset}");
    lab.stop().await;
}

#[tokio::test]
async fn a_certificate_changes_by_a_fault_too() {
    let config = LabConfig {
        count: 1,
        first_addr: Ipv4Addr::new(127, 21, 7, 70),
        port: 0,
        mix: Mix::only(Kind::Hpe),
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let addr = lab.bmcs()[0].addr;
    let client = client();
    let before = handshake(&client, addr).await;
    assert_eq!(handshake(&client, addr).await, before);
    assert_eq!(lab.counts(addr).unwrap().resumed, 1, "who comes back resumes the session");
    let mut open = TcpStream::connect(addr).await.unwrap();
    lab.set(addr, Change::Break(FaultKind::Certificate)).unwrap();
    assert!(
        matches!(open.read_u8().await, Err(error) if error.kind() != std::io::ErrorKind::WouldBlock),
        "it is ended"
    );
    let after = handshake(&client, addr).await;
    assert_ne!(before, after, "a ticket of the old certificate is worth nothing");
    assert_eq!(certificate(addr).await, after, "it stays changed");
    lab.stop().await;
}

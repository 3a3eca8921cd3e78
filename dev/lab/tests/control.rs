//! A lab that runs, told and asked over HTTP.
#![expect(clippy::unwrap_used, reason = "in tests, also in their helpers, this is how they fail")]

use lab::control::{ask, encode};
use lab::{Error, Kind, Lab, LabConfig, Mix};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};

async fn started(first_addr: Ipv4Addr) -> (Lab, SocketAddr) {
    let config = LabConfig {
        count: 3,
        first_addr,
        port: 0,
        tls: false,
        time_scale: 0.01,
        mix: Mix::only(Kind::Dell),
        log: 4,
        control: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let control = lab.control().unwrap();
    (lab, control)
}

async fn told(control: SocketAddr, method: &'static str, target: &str) -> Result<Value, Error> {
    let target = target.to_owned();
    tokio::task::spawn_blocking(move || ask(control, method, &target)).await.unwrap()
}

/// The status of the service root.
async fn root(addr: SocketAddr) -> u16 {
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        stream.write_all(b"GET /redfish/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    answer.await.unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn faults_are_set_and_mended_while_the_lab_runs() {
    let (lab, control) = started(Ipv4Addr::new(127, 21, 10, 10)).await;
    let bmcs = lab.bmcs();
    let said = told(control, "POST", "/fault?at=r1-u03&kind=unavailable").await.unwrap();
    assert_eq!(said, json!({ "changed": 1 }));
    told(control, "POST", &format!("/fault?at=r1-u03&kind={}", encode("flaky=0%"))).await.unwrap();
    assert_eq!((root(bmcs[0].addr).await, root(bmcs[1].addr).await), (200, 503));
    let seen = told(control, "GET", "/bmcs?at=r1-u03").await.unwrap();
    assert_eq!(seen[0]["faults"], json!(["unavailable", "flaky=0%"]));
    told(control, "POST", "/repair?at=r1-u03&kind=flaky=1").await.unwrap();
    assert_eq!(told(control, "GET", "/bmcs?at=r1-u03").await.unwrap()[0]["faults"], json!(["unavailable"]));
    assert_eq!(told(control, "POST", "/repair?at=all").await.unwrap(), json!({ "changed": 3 }));
    assert_eq!(root(bmcs[1].addr).await, 200);
    told(control, "POST", &format!("/power?at={}&on=false", bmcs[2].serial)).await.unwrap();
    assert_eq!(lab.power_state(bmcs[2].addr).unwrap(), "Off");
    lab.stop().await;
    assert!(told(control, "GET", "/bmcs").await.is_err(), "a lab that stopped is told nothing more");
}

#[tokio::test]
async fn counts_and_requests_are_told() {
    let (lab, control) = started(Ipv4Addr::new(127, 21, 10, 20)).await;
    for bmc in lab.bmcs() {
        root(bmc.addr).await;
    }
    root(lab.bmcs()[0].addr).await;
    let bmcs = told(control, "GET", "/bmcs").await.unwrap();
    assert_eq!(bmcs.as_array().unwrap().len(), 3);
    assert_eq!((&bmcs[0]["name"], &bmcs[0]["methods"]["GET"]), (&json!("r1-u01"), &json!(2)));
    let totals = told(control, "GET", "/totals").await.unwrap();
    assert_eq!(
        (&totals["bmcs"], &totals["requests"], &totals["in_flight_most"]),
        (&json!(3), &json!(4), &json!(1))
    );
    let log = told(control, "GET", "/log?at=r1-u01").await.unwrap();
    let lines = log[0]["requests"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["target"], &lines[1]["status"]), (&json!("/redfish/v1"), &json!(200)));
    told(control, "POST", "/forget").await.unwrap();
    assert_eq!(told(control, "GET", "/totals").await.unwrap()["requests"], json!(0));
    lab.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_in_words() {
    let (lab, control) = started(Ipv4Addr::new(127, 21, 10, 30)).await;
    for (method, target, why) in [
        ("POST", "/fault?kind=hang", "where"),
        ("POST", "/fault?at=all", "which"),
        ("POST", "/fault?at=all&kind=melt", "none of"),
        ("POST", "/fault?at=r9-u01&kind=hang", "no simulated BMC"),
        ("POST", "/power?at=all", "on=true"),
        ("GET", "/else", "there is no"),
        ("PUT", "/bmcs", "not known"),
    ] {
        let error = told(control, method, target).await.unwrap_err().to_string();
        assert!(error.contains(why), "{method} {target}: {error}");
    }
    lab.stop().await;
    let config =
        LabConfig { control: Some(SocketAddr::from(([192, 0, 2, 1], 9100))), ..LabConfig::default() };
    let config = LabConfig { count: 1, first_addr: Ipv4Addr::new(127, 21, 10, 40), port: 0, ..config };
    assert!(matches!(Lab::start(config).await, Err(Error::ControlNotLoopback(_))));
}

//! What a document and an idle BMC cost. The figures are printed; the bounds are wide enough for a slow machine
//! without optimisation, and still below what would be felt.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in tests this is how they fail")]

use jiff::Timestamp;
use lab::answer::{Body, Fate, Request};
use lab::machine::Machine;
use lab::unit::plan;
use lab::{Kind, Lab, LabConfig, Latency, Mix};
use model::Credential;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// The time for one answer written as text, and its length: the least of many, since others use the machine too.
fn cost(machine: &mut Machine, token: &str, path: &str, query: Option<&str>) -> (Duration, usize) {
    const ROUNDS: usize = 50;
    let (mut bytes, mut least) = (0, Duration::MAX);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let request = Request { method: "GET", path, query, token: Some(token), ..Request::default() };
        let Fate::Answer(answer) = machine.handle(&request, now()).fate else {
            panic!("{path} is not answered")
        };
        let Body::Json(doc) = &answer.body else { panic!("{path} is no document") };
        assert_eq!(answer.status, 200, "{path}");
        bytes = doc.to_string().len();
        least = least.min(begun.elapsed());
    }
    (least, bytes)
}

#[test]
fn a_document_is_made_in_microseconds() {
    for kind in Kind::ALL {
        let unit = plan(&LabConfig { count: 1, mix: Mix::only(*kind), ..LabConfig::default() }).remove(0);
        let credential = Credential { username: "root".into(), password: "right".into() };
        let mut machine = Machine::new(Arc::new(unit), credential, Latency::None, 1.0, now());
        let body = br#"{"UserName":"root","Password":"right"}"#;
        let path = "/redfish/v1/SessionService/Sessions";
        let Fate::Answer(answer) =
            machine.handle(&Request { method: "POST", path, body, ..Request::default() }, now()).fate
        else {
            panic!("{kind} does not let in")
        };
        let token = answer.headers.iter().find(|(name, _)| *name == "X-Auth-Token").unwrap().1.clone();
        let ids = &kind.row().ids;
        let system = format!("/redfish/v1/Systems/{}", ids.system);
        let chassis = format!("/redfish/v1/Chassis/{}", ids.chassis);
        for (path, query) in [
            ("/redfish/v1".to_owned(), None),
            (system.clone(), None),
            (chassis.clone(), None),
            (format!("{chassis}/PCIeDevices"), None),
            (format!("{system}/Memory"), Some("$expand=.($levels=1)")),
            (format!("{system}/{}", kind.row().layout.bios.0), None),
        ] {
            let (took, bytes) = cost(&mut machine, &token, &path, query);
            println!(
                "{kind:<10} {:>8} ns {bytes:>7} bytes  {path} {}",
                took.as_nanos(),
                query.unwrap_or_default()
            );
            assert!(took < Duration::from_millis(50), "{kind}: {path} takes {took:?}");
        }
    }
}

/// Pages of memory that are resident, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_bmc_takes_little_memory() {
    const COUNT: usize = 2000;
    let config = |count, first_addr| LabConfig { count, first_addr, port: 0, ..LabConfig::default() };
    // What all share is there before it is measured.
    let few = Lab::start(config(4, Ipv4Addr::new(127, 21, 5, 1))).await.unwrap();
    let before = resident();
    let lab = Lab::start(config(COUNT, Ipv4Addr::new(127, 22, 0, 1))).await.unwrap();
    let each = resident().saturating_sub(before) / COUNT;
    println!("an idle BMC takes {each} bytes");
    assert!(each < 20_000, "{each} bytes for an idle BMC");
    lab.stop().await;
    few.stop().await;
}

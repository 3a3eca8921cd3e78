//! Sweeps over 127.x addresses.

use crate::book::{TestBook, device};
use crate::fake::{Fake, credential};
use crate::{Running, config, permit};
use model::book::Observation;
use model::command::Part;
use model::command::bmc::{Discover, StopSweep};
use model::device::Endpoint;
use model::event::What;
use model::{Action, Failure, Kind, Stage};
use std::net::IpAddr;

async fn discover(running: &Running, range: &str, port: u16, rate: u32) -> Result<u64, Failure> {
    let command = Discover { range: range.parse().unwrap(), port, rate, near_only: false };
    running.fleet.perform(permit(Action::DeviceDiscover), command).await
}

async fn ended(running: &Running, number: u64) -> (u64, u64, u64) {
    running
        .book
        .until("the sweep's end", |records| {
            records.events.iter().find_map(|event| match event {
                What::SweepProgress { sweep, asked, total, found, ended: true } if *sweep == number => {
                    Some((*asked, *total, *found))
                }
                _ => None,
            })
        })
        .await
}

#[tokio::test]
async fn controllers_are_found_and_missing_ones_reported() {
    let fake = Fake::start_at("127.77.1.9:0".parse().unwrap()).await;
    let port = fake.endpoint.port;
    // A web server that is none, on another address of the range.
    let other = tokio::net::TcpListener::bind(("127.77.1.12", port)).await.unwrap();
    let gone = Endpoint { addr: IpAddr::from([127, 77, 1, 5]), port };
    let elsewhere = Endpoint { addr: IpAddr::from([127, 77, 2, 5]), port };
    let book = TestBook::with(vec![
        (device("gone", gone, None, Stage::Seen), credential()),
        (device("elsewhere", elsewhere, None, Stage::Seen), credential()),
    ]);
    let running = Running::start(book.clone(), bmc::Config { sweep_answer_timeout: 1, ..config() });
    let number = discover(&running, "127.77.1.0/28", port, 500).await.unwrap();
    assert_eq!(ended(&running, number).await, (14, 14, 1));
    drop(other);
    {
        let records = book.records.lock().unwrap();
        assert_eq!(records.observed.len(), 2, "{:?}", records.observed);
        for observation in &records.observed {
            match observation {
                Observation::Answered { endpoint, certificate, claim } => {
                    assert_eq!(*endpoint, fake.endpoint);
                    assert_eq!(
                        certificate.as_ref().unwrap().fingerprint,
                        fake.certificate.as_ref().unwrap().fingerprint
                    );
                    assert_eq!(claim.vendor.as_deref(), Some("Fake"));
                }
                Observation::Absent { endpoint } => assert_eq!(*endpoint, gone),
                other => panic!("{other:?}"),
            }
        }
        assert!(records.sweeps.last().unwrap().ended);
    }
    assert_eq!(fake.with(|state| state.log.clone()), ["GET /redfish/v1/"], "no credential, one request");
    running.stop().await;
}

#[tokio::test]
async fn a_stopped_sweep_goes_on_where_it_was() {
    let fake = Fake::start_at("127.77.3.200:0".parse().unwrap()).await;
    let port = fake.endpoint.port;
    let running = Running::start(TestBook::with(vec![]), config());
    let number = discover(&running, "127.77.3.0/24", port, 100).await.unwrap();
    let again = discover(&running, "127.77.3.0/24", port, 100).await.unwrap_err();
    assert_eq!(again.kind, Kind::Conflict);
    running
        .book
        .until("twenty asked", |records| {
            records
                .events
                .iter()
                .any(|event| matches!(event, What::SweepProgress { asked: 20.., .. }))
                .then_some(())
        })
        .await;
    running.fleet.perform(permit(Action::DeviceDiscover), StopSweep { sweep: number }).await.unwrap();
    let (asked, total, _) = ended(&running, number).await;
    assert!((20..254).contains(&asked), "{asked}");
    let stopped = running.book.records.lock().unwrap().sweeps.last().unwrap().clone();
    assert!(!stopped.ended && stopped.cursor >= 20);
    let gone = running.fleet.perform(permit(Action::DeviceDiscover), StopSweep { sweep: number }).await;
    assert_eq!(gone.unwrap_err().kind, Kind::NotFound);
    running.book.records.lock().unwrap().events.clear();
    let resumed = discover(&running, "127.77.3.77/24", port, 2000).await.unwrap();
    assert_eq!(resumed, number, "the same sweep, by any address of its range");
    let (asked, again_total, found) = ended(&running, number).await;
    assert_eq!((again_total, found), (total, 1));
    // What was under way when it was stopped is asked again; nothing is left out.
    assert!((254..254 + 128).contains(&asked), "{asked}");
    assert!(running.book.records.lock().unwrap().sweeps.last().unwrap().ended);
    running.stop().await;
}

#[tokio::test]
async fn sweeps_that_make_no_sense_are_refused() {
    let running = Running::start(TestBook::with(vec![]), config());
    for (range, port, rate) in [
        ("fd00::/64", 443, 10),
        ("10.0.0.0/4", 443, 10),
        ("224.0.0.0/8", 443, 10),
        ("ff02::/112", 443, 10),
        ("10.0.0.0/24", 0, 10),
        ("10.0.0.0/24", 443, 0),
        ("10.0.0.0/24", 443, 99_999),
    ] {
        let failure = discover(&running, range, port, rate).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Invalid, "{failure}");
    }
    running.stop().await;
}

#[tokio::test]
async fn the_rate_is_kept() {
    let running = Running::start(TestBook::with(vec![]), config());
    let before = tokio::time::Instant::now();
    let number = discover(&running, "127.77.4.0/26", 9, 40).await.unwrap();
    let (asked, ..) = ended(&running, number).await;
    let took = before.elapsed().as_secs_f64();
    assert_eq!(asked, 62);
    assert!((1.3..3.0).contains(&took), "62 addresses at 40 a second took {took} s");
    running.stop().await;
}

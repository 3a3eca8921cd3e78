//! Sweeps over a network that is made up, with a clock that only the sweep moves.

use super::*;
use crate::{Config, Fleet};
use model::book::{DeviceBook, OpenSession};
use model::command;
use model::device::{Certificate, Device, DeviceId};
use model::{Credential, Failure, Kind, Permit, SystemClock};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Remembers what a sweep wrote down, and nothing else.
#[derive(Default)]
struct Notes(Mutex<Vec<SweepRecord>>);

fn none<T>() -> command::BoxFuture<'static, Result<T, Failure>> {
    Box::pin(async { Err(Failure::new(Kind::NotFound, "ask", "the notes", "a sweep asks for nothing")) })
}

impl DeviceBook for Notes {
    fn device(&self, _id: &DeviceId) -> Option<Arc<Device>> {
        None
    }

    fn devices(&self) -> Vec<Arc<Device>> {
        Vec::new()
    }

    fn observe(&self, _observation: Observation) -> Option<DeviceId> {
        None
    }

    fn progress(&self, _event: What) {}

    fn credential<'a>(&'a self, _id: &'a DeviceId) -> command::BoxFuture<'a, Result<Credential, Failure>> {
        none()
    }

    fn adopted<'a>(
        &'a self,
        _permit: &'a Permit,
        _id: &'a DeviceId,
        _credential: Credential,
        _certificate: Option<Certificate>,
    ) -> command::BoxFuture<'a, Result<(), Failure>> {
        none()
    }

    fn credentials_by_rule<'a>(
        &'a self,
        _id: &'a DeviceId,
        _shown: &'a Certificate,
    ) -> command::BoxFuture<'a, Result<Vec<Credential>, Failure>> {
        none()
    }

    fn session_opened(&self, _session: OpenSession) -> command::BoxFuture<'_, Result<(), Failure>> {
        none()
    }

    fn session_closed<'a>(
        &'a self,
        _session: &'a OpenSession,
    ) -> command::BoxFuture<'a, Result<(), Failure>> {
        none()
    }

    fn sessions_left(&self) -> command::BoxFuture<'_, Result<Vec<OpenSession>, Failure>> {
        none()
    }

    fn sweep_progress(&self, sweep: SweepRecord) -> command::BoxFuture<'_, Result<(), Failure>> {
        self.0.lock().unwrap().push(sweep);
        Box::pin(async { Ok(()) })
    }
}

/// A network behind a router.
fn far(dial: Dial) -> Surroundings {
    let (links, neighbours) = (Links::default(), Neighbours::default());
    Surroundings { dial, links, neighbours, wave: Wave::new(1024, 0) }
}

/// Sweeps with so many places and at this rate; the last record, how long it took, and what was written down.
async fn swept(range: &str, sockets: usize, rate: u32, dial: Dial) -> (SweepRecord, Duration, usize) {
    swept_within(far(dial), range, sockets, rate, false).await
}

async fn swept_within(
    around: Surroundings,
    range: &str,
    sockets: usize,
    rate: u32,
    near_only: bool,
) -> (SweepRecord, Duration, usize) {
    let config = Config { sweep_sockets: sockets, ..Config::default() };
    let notes = Arc::new(Notes::default());
    let fleet = Fleet::new(notes.clone(), Arc::new(SystemClock), config).unwrap();
    let range = range.parse().unwrap();
    let record =
        SweepRecord { number: 1, range, port: 443, rate, cursor: 0, asked: 0, found: 0, ended: false };
    let began = Instant::now();
    let task = Task { record, walk: Walk::over(range).unwrap(), near_only };
    let record = within(around, fleet.shared(), task, CancellationToken::new()).await;
    let written = notes.0.lock().unwrap().len();
    (record, began.elapsed(), written)
}

/// 198.18.0.0/16 is attached (RFC 2544: no network that exists), and the kernel knows two who are in it.
fn near(dial: Dial) -> Surroundings {
    let number = |addr: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(addr));
    let row = format!(
        "eth1\t{}\t00000000\t0001\t0\t0\t0\t{}\t0\t0\t0\n",
        number([198, 18, 0, 0]),
        number([255, 255, 0, 0])
    );
    let table = "IP address HW type Flags HW address Mask Device\n\
        198.18.0.200 0x1 0x2 02:00:00:00:00:01 * eth1\n\
        198.18.0.100 0x1 0x2 02:00:00:00:00:02 * eth1\n\
        198.18.0.50 0x1 0x0 00:00:00:00:00:00 * eth1\n";
    let links = neighbours::parse_routes(&format!("Iface\n{row}"));
    Surroundings { dial, links, neighbours: neighbours::parse_arp(table), wave: Wave::new(1024, 24) }
}

#[tokio::test(start_paused = true)]
async fn an_attached_network_is_asked_in_waves() {
    let (record, took, _) = swept_within(near(silence), "198.18.0.0/18", 2000, 10_000, false).await;
    assert_eq!((record.asked, record.ended), (16_382, true));
    // No more than 500 at the same time, half of what is free in the table, however many places there are.
    assert!((16.3..17.5).contains(&took.as_secs_f64()), "{took:?}");
}

/// Whoever is asked, and in which order.
fn remembered(endpoint: Endpoint, _patience: Duration) -> BoxFuture<'static, Tried> {
    ASKED.lock().unwrap().push(endpoint.addr.to_string());
    Box::pin(async { Tried::Nothing })
}

static ASKED: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[tokio::test(start_paused = true)]
async fn who_is_known_to_be_there_is_asked_first_or_alone() {
    let (record, ..) = swept_within(near(remembered), "198.18.0.0/24", 10, 10_000, false).await;
    assert_eq!((record.asked, record.cursor, record.ended), (254, 254, true));
    let mut first = std::mem::take(&mut *ASKED.lock().unwrap());
    assert_eq!(first.len(), 254, "each once");
    first.truncate(3);
    first[..2].sort();
    assert_eq!(first, ["198.18.0.100", "198.18.0.200", "198.18.0.1"]);
    let (record, _, written) = swept_within(near(remembered), "198.18.0.0/24", 10, 10_000, true).await;
    assert_eq!((record.asked, record.cursor, record.ended, written), (2, 0, true, 1));
    let mut alone = std::mem::take(&mut *ASKED.lock().unwrap());
    alone.sort();
    assert_eq!(alone, ["198.18.0.100", "198.18.0.200"]);
}

/// Every address drops packets.
fn silence(_endpoint: Endpoint, patience: Duration) -> BoxFuture<'static, Tried> {
    Box::pin(async move {
        sleep(patience).await;
        Tried::Nothing
    })
}

#[tokio::test(start_paused = true)]
async fn all_places_are_kept_busy() {
    let (record, took, written) = swept("10.77.0.0/16", 2000, 10_000, silence).await;
    assert_eq!((record.asked, record.cursor, record.ended), (65_534, 65_534, true));
    // 65,534 x 0.5 s / 2,000, and what the clock's millisecond adds to each time-out.
    assert!((16.3..17.2).contains(&took.as_secs_f64()), "{took:?}");
    assert!(written >= 3, "the cursor was written down {written} times");
}

#[tokio::test(start_paused = true)]
async fn a_set_pace_is_kept() {
    let (record, took, _) = swept("10.77.0.0/19", 2000, 1000, silence).await;
    assert_eq!(record.asked, 8190);
    // The last one is begun after 8.189 s and waited for.
    assert!((8.6..8.8).contains(&took.as_secs_f64()), "{took:?}");
}

/// Only ten addresses can be tried at the same time: the rest of the appliance needs all other files.
fn crowded(endpoint: Endpoint, patience: Duration) -> BoxFuture<'static, Tried> {
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    static REFUSED: AtomicUsize = AtomicUsize::new(0);
    Box::pin(async move {
        if OPEN.fetch_add(1, Ordering::SeqCst) >= 10 {
            OPEN.fetch_sub(1, Ordering::SeqCst);
            REFUSED.fetch_add(1, Ordering::SeqCst);
            return Tried::Short(io::Error::from_raw_os_error(24));
        }
        let tried = silence(endpoint, patience).await;
        OPEN.fetch_sub(1, Ordering::SeqCst);
        if endpoint.addr.to_string() == "10.77.0.254" {
            assert!(REFUSED.load(Ordering::SeqCst) > 0, "it never ran short");
        }
        tried
    })
}

#[tokio::test(start_paused = true)]
async fn a_shortage_slows_the_sweep_down_and_leaves_no_address_out() {
    let (record, took, _) = swept("10.77.0.0/24", 200, 10_000, crowded).await;
    assert_eq!((record.asked, record.cursor, record.ended), (254, 254, true));
    // 254 x 0.5 s / 10 is the least; half of the places are given up each time it runs short.
    assert!((12.0..40.0).contains(&took.as_secs_f64()), "{took:?}");
}

/// Nothing can be opened at all.
fn hopeless(_endpoint: Endpoint, _patience: Duration) -> BoxFuture<'static, Tried> {
    Box::pin(async { Tried::Short(io::Error::from_raw_os_error(24)) })
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_cannot_open_anything_breaks_off_where_it_is() {
    let (record, took, _) = swept("10.77.0.0/24", 200, 10_000, hopeless).await;
    assert_eq!((record.asked, record.cursor, record.ended), (0, 0, false));
    assert!((30.0..32.0).contains(&took.as_secs_f64()), "{took:?}");
}

//! The kernel's log with exact losses, and the sinkhole.

use crate::ground::{Ground, HERE, THERE, inside, permit, policy};
use archive::firewall::Log;
use firewall::message::Record;
use firewall::{Client, Records};
use model::Clock as _;
use model::firewall_log::{Bars, Entry, Loss, Query, Verdict, Why};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Logs what comes to a UDP port, and redirects a TCP port to the sinkhole.
const LOGGED: &str = "udp dport 7000 counter log prefix \"pc:i:3:test_app:drop\" group 71 drop\n    tcp dport 9000 accept\n    ct state established accept";

async fn confirm_logged(client: &mut Client) {
    let redirect = "  chain sink {\n    type nat hook prerouting priority dstnat\n    tcp dport 1234 redirect to :9000\n  }\n}\n";
    let with = |text: String| text.trim_end().trim_end_matches('}').to_owned() + redirect;
    let trial = with(policy("accept", Some((LOGGED, 30))));
    let generation = client.load(&permit(), trial, with(policy(LOGGED, None)), 30).await.unwrap();
    client.confirm(&permit(), generation).await.unwrap();
}

/// Reads records until so many packets were seen or lost, and says how many of each.
async fn count(records: &mut Records, wanted: u64) -> (u64, u64) {
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < wanted {
        let next = timeout(Duration::from_secs(10), records.next()).await;
        for record in next.unwrap_or_else(|_| panic!("{seen} seen, {lost} lost of {wanted}")).unwrap() {
            tally(&record, &mut seen, &mut lost);
        }
    }
    (seen, lost)
}

fn tally(record: &Record, seen: &mut u64, lost: &mut u64) {
    match record {
        Record::Packet(_) => *seen += 1,
        Record::Lost { records } => *lost += records,
        _ => {}
    }
}

#[tokio::test]
async fn a_logged_packet_and_an_arrival_at_the_sinkhole_are_told() {
    let Some(mut ground) = Ground::new("a_logged_packet") else { return };
    ground.start();
    let mut client = ground.client().await;
    confirm_logged(&mut client).await;
    let mut records = ground.client().await.follow().await.unwrap();
    assert!(ground.client().await.follow().await.is_err(), "one at a time");
    let source = ground.there(|| {
        let socket = UdpSocket::bind((THERE, 0)).unwrap();
        socket.send_to(b"hello", (HERE, 7000)).unwrap();
        socket.local_addr().unwrap().port()
    });
    let records_of = timeout(Duration::from_secs(5), records.next()).await.unwrap().unwrap();
    let [Record::Packet(packet)] = records_of.as_slice() else { panic!("{records_of:?}") };
    assert_eq!(packet.prefix, "pc:i:3:test_app:drop");
    assert_eq!((packet.from, packet.to), (THERE.parse().ok(), HERE.parse().ok()));
    assert_eq!((packet.protocol, packet.source, packet.port), (17, source, 7000));
    // The interface's name is the one in the reader's namespace, which is another one here.
    assert!(packet.arrived.is_some() && packet.leaves.is_none());
    assert_eq!((packet.bytes, packet.first.as_str()), (33, "68656c6c6f"));
    assert!(packet.at > 1_700_000_000_000_000);

    let mut stream = ground.there(|| TcpStream::connect((HERE, 1234)).unwrap());
    stream.write_all(b"GET / HTTP/1.1").unwrap();
    let port = stream.local_addr().unwrap().port();
    drop(stream);
    let arrival = timeout(Duration::from_secs(5), records.next()).await.unwrap().unwrap();
    let [Record::Arrival { from, source, to, port: wanted, first, .. }] = arrival.as_slice() else {
        panic!("{arrival:?}")
    };
    assert_eq!((from.to_string().as_str(), *source, to.to_string().as_str()), (THERE, port, HERE));
    assert_eq!((*wanted, first.as_str()), (1234, "474554202f20485454502f312e31"));
}

/// While nobody follows the kernel's queue fills; whoever follows then is told exactly what is missing.
#[tokio::test]
async fn every_packet_is_seen_or_counted_as_lost() {
    let Some(mut ground) = Ground::new("every_packet_is_seen_or_counted") else { return };
    ground.start();
    let mut client = ground.client().await;
    confirm_logged(&mut client).await;
    let sent = send(&ground.device, 250_000);
    let mut records = ground.client().await.follow().await.unwrap();
    let (mut seen, mut lost) = (0, 0);
    // Until the queue is empty; what was lost at its end is told with the first packet that follows.
    while let Ok(next) = timeout(Duration::from_secs(1), records.next()).await {
        for record in next.unwrap() {
            tally(&record, &mut seen, &mut lost);
        }
    }
    let sent = sent + send(&ground.device, 1000);
    let rest = count(&mut records, sent - seen - lost).await;
    let (seen, lost) = (seen + rest.0, lost + rest.1);
    println!("{sent} packets, most while nobody followed: {seen} seen, {lost} lost and counted");
    assert_eq!(seen + lost, sent);
    assert!(lost > 0, "the queue was to run over");
    let log = records.log();
    assert_eq!((log.read, log.lost), (seen, lost));
}

/// How many records a second come through, generator included.
#[tokio::test]
async fn records_come_fast() {
    let Some(mut ground) = Ground::new("records_come_fast") else { return };
    ground.start();
    let mut client = ground.client().await;
    confirm_logged(&mut client).await;
    let mut records = ground.client().await.follow().await.unwrap();
    let begun = Instant::now();
    let number = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
    let device = ground.device.clone();
    let sender = std::thread::spawn(move || send(&device, number));
    let (seen, lost) = count(&mut records, number).await;
    let sent = sender.join().unwrap();
    let rate = seen as f64 / begun.elapsed().as_secs_f64();
    println!("{sent} packets: {seen} records read, {lost} lost and counted, {rate:.0} records/s");
    assert_eq!(seen + lost, sent);
}

/// From the kernel to Parquet on disk, generator included: what was written and what was counted as lost is what the kernel logged.
#[tokio::test]
async fn every_record_is_on_disk_or_counted_as_lost() {
    let Some(mut ground) = Ground::new("every_record_is_on_disk") else { return };
    ground.start();
    let mut client = ground.client().await;
    confirm_logged(&mut client).await;
    let directory = tempfile::TempDir::new().unwrap();
    let config = archive::Config { spare_megabytes: 0, ..archive::Config::default() };
    let open = || {
        let clock = Arc::new(model::SystemClock);
        Arc::new(Log::open(directory.path(), config.clone(), clock, |_| {}).unwrap())
    };
    let log = open();
    let (writer, tidier) = (log.clone(), log.clone());
    let threads = [std::thread::spawn(move || writer.write()), std::thread::spawn(move || tidier.tidy())];
    let mut records = ground.client().await.follow().await.unwrap();
    let number = if cfg!(debug_assertions) { 50_000 } else { 2_000_000 };
    let device = ground.device.clone();
    let begun = Instant::now();
    let sender = std::thread::spawn(move || send(&device, number));
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < number {
        let batch = timeout(Duration::from_secs(10), records.next()).await;
        let batch = batch.unwrap_or_else(|_| panic!("{seen} seen, {lost} lost of {number}")).unwrap();
        let now = model::SystemClock.now();
        let missing = lost;
        batch.iter().for_each(|record| tally(record, &mut seen, &mut lost));
        if lost > missing {
            log.lose(Loss { from: now, to: now, why: Why::Kernel, count: Some(lost - missing) });
        }
        log.keep(batch.into_iter().filter_map(entry).collect());
    }
    let sent = sender.join().unwrap();
    log.stop();
    for thread in threads {
        thread.join().unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    drop(log);
    let table = ground.table();
    let rule = table.lines().find(|line| line.contains("dport 7000 counter")).unwrap();
    let logged: u64 = rule.split_once("packets ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    let log = open();
    let query = Query { limit: 1, ..Query::default() };
    let bars = Bars {
        begin: jiff::Timestamp::UNIX_EPOCH,
        step: jiff::SignedDuration::from_hours(1_000_000),
        number: 1,
    };
    let counts = log.count(&query, bars, Duration::from_secs(120));
    assert_eq!(counts.cut_at, None);
    let written: u64 = counts.bars[0].iter().sum();
    let missing: u64 =
        log.find(&query, Duration::from_secs(60)).missing.iter().filter_map(|loss| loss.count).sum();
    let bytes: u64 = std::fs::read_dir(directory.path().join("open"))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    println!(
        "{logged} packets logged by the kernel: {written} on disk, {missing} lost and counted; {:.0} records/s until all was on disk, {:.1} bytes each",
        written as f64 / seconds,
        bytes as f64 / written as f64
    );
    assert_eq!((sent, written + missing), (logged, logged));
}

/// As the appliance keeps it; its names are shared there too.
fn entry(record: Record) -> Option<Entry> {
    thread_local!(static NAMES: RefCell<HashMap<String, Arc<str>>> = RefCell::default());
    let name = |text: &str| {
        NAMES.with_borrow_mut(|names| match names.get(text) {
            Some(name) => Arc::clone(name),
            None => names.entry(text.to_owned()).or_insert_with(|| text.into()).clone(),
        })
    };
    let Record::Packet(packet) = record else { return None };
    let mut prefix = packet.prefix.split(':').skip(2);
    Some(Entry {
        at: jiff::Timestamp::from_microsecond(packet.at).unwrap(),
        source: None,
        verdict: Verdict::Drop,
        rule: prefix.next().map(name),
        app: prefix.next().map(name),
        from: packet.from,
        to: packet.to,
        protocol: Some(packet.protocol),
        source_port: Some(packet.source),
        port: Some(packet.port),
        arrived: packet.arrived.as_deref().map(name),
        leaves: packet.leaves.as_deref().map(name),
        bytes: Some(packet.bytes),
        message: None,
    })
}

/// Sends small packets as fast as it can.
fn send(device: &str, number: u64) -> u64 {
    inside(device, || {
        let socket = UdpSocket::bind((THERE, 0)).unwrap();
        socket.connect((HERE, 7000)).unwrap();
        (0..number).filter(|_| socket.send(b"x").is_ok()).count() as u64
    })
}

//! Loads one after the other while connections that stay allowed are busy and forbidden packets come in.
//!
//! `PORTCULLIS_RELOAD_SECONDS=30 cargo test -p firewall --test kernel reload -- --nocapture` goes on for so long, and says
//! what it has measured.

use crate::ground::{Ground, HERE, PORT, THERE, permit};
use crate::rendered::plan;
use policy::plan::Plan;
use policy::render::{Openings, candidate, confirmed};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Connections that are busy.
const CONNECTIONS: usize = 8;
/// Networks of the device's zone, so that the sets are as large as a big site's.
const NETWORKS: usize = 250;
/// Rounds in the short form: each loads a trial, confirms it, and repairs so many times.
const ROUNDS: u32 = 2;
const REPAIRS: u32 = 3;
/// A connection that is silent for so long has been lost without a reset.
const SILENCE: Duration = Duration::from_secs(30);

/// Between two questions of a connection in the short form: two cores that do nothing but answer leave the kernel no time to load.
const PAUSE: Duration = Duration::from_millis(1);

/// What the threads count.
#[derive(Default)]
struct Counts {
    pause: Duration,
    is_over: AtomicBool,
    echoes: AtomicU64,
    forbidden: AtomicU64,
}

/// Ends the load, also when a test fails: what goes on asking would spoil the tests after it.
struct Load(Arc<Counts>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.is_over.store(true, Relaxed);
    }
}

/// The device may come to [`PORT`], or to nothing at all.
fn site(lets_in: bool) -> Plan {
    let mut plan = plan();
    plan.zones.truncate(2);
    plan.home = 1;
    plan.own = vec![HERE.parse().unwrap()];
    (plan.routed, plan.limits, plan.links) = (vec![], vec![], vec![]);
    let many = (0..NETWORKS).map(|number| format!("10.{}.{}.0/25", 20 + number / 250, number % 250));
    let networks = many.chain(["10.9.0.0/24".to_owned()]).map(|net| net.parse().unwrap()).collect();
    (plan.zones[0].interfaces, plan.zones[0].networks) = (vec!["w0".to_owned()], networks);
    (plan.zones[1].interfaces, plan.zones[1].networks) =
        (vec!["w1".to_owned()], vec!["10.8.0.0/16".parse().unwrap()]);
    plan.rules.truncate(usize::from(lets_in));
    for rule in &mut plan.rules {
        (rule.from, rule.to, rule.sources) = (vec![0], 1, None);
        rule.services = vec![format!("tcp/{PORT}").parse().unwrap()];
    }
    plan
}

/// Sends back what comes, until the other end goes.
fn echo(mut stream: TcpStream) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        if stream.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
}

/// Asks and awaits the echo, again and again and once more after the last load; says what went wrong. Beside each question goes a
/// packet that no policy here allows.
fn ask(mut stream: TcpStream, trespasser: &UdpSocket, counts: &Counts) -> Result<(), ErrorKind> {
    let mut number = 0_u64;
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    loop {
        let is_last = counts.is_over.load(Relaxed);
        let said: Vec<u8> = (0..64).flat_map(|place| (number + place).to_be_bytes()).collect();
        let mut heard = vec![0; said.len()];
        let sent = trespasser.send_to(b"forbidden", (HERE, PORT + 1));
        counts.forbidden.fetch_add(u64::from(sent.is_ok()), Relaxed);
        stream.write_all(&said).map_err(|error| error.kind())?;
        stream.read_exact(&mut heard).map_err(|error| error.kind())?;
        if heard != said {
            return Err(ErrorKind::InvalidData);
        }
        counts.echoes.fetch_add(1, Relaxed);
        number += 1;
        if !counts.pause.is_zero() {
            std::thread::sleep(counts.pause);
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Connections that are allowed, and what became of each.
fn connect(
    ground: &Ground,
    listener: &TcpListener,
    counts: &Arc<Counts>,
) -> Vec<JoinHandle<Result<(), ErrorKind>>> {
    let start = |_| {
        let stream = ground.knock(PORT).expect("it is allowed");
        let (other, _) = listener.accept().unwrap();
        let trespasser = ground.there(|| UdpSocket::bind((THERE, 0)).unwrap());
        let counts = counts.clone();
        std::thread::spawn(move || echo(other));
        std::thread::spawn(move || ask(stream, &trespasser, &counts))
    };
    (0..CONNECTIONS).map(start).collect()
}

#[tokio::test]
async fn reloads_under_load_lose_no_connection_and_leak_no_packet() {
    let Some(mut ground) = Ground::new("reloads_under_load") else { return };
    ground.start();
    let mut client = ground.client().await;
    // What a trial falls back to lets nobody in: a packet that is judged by it by mistake is told apart.
    let (open, shut, none) = (site(true), site(false), Openings::default());
    let (trial, settled) = (candidate(Some(&shut), &open, 60, &none), confirmed(&open, &none));
    let generation = client.load(&permit(), trial.clone(), settled.clone(), 60).await.unwrap();
    client.confirm(&permit(), generation).await.unwrap();

    let seconds = std::env::var("PORTCULLIS_RELOAD_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    let pause = if seconds.is_some() { Duration::ZERO } else { PAUSE };
    let counts = Arc::new(Counts { pause, ..Counts::default() });
    let load = Load(counts.clone());
    let listener = ground.listen(PORT);
    let open_door = ground.here(|| UdpSocket::bind((HERE, PORT + 1)).unwrap());
    open_door.set_nonblocking(true).unwrap();
    let asking = connect(&ground, &listener, &counts);

    let (begun, mut loads) = (Instant::now(), 0);
    while seconds
        .map_or(loads < ROUNDS * (2 + REPAIRS), |seconds| begun.elapsed() < Duration::from_secs(seconds))
    {
        let generation = client.load(&permit(), trial.clone(), settled.clone(), 60).await.unwrap();
        client.confirm(&permit(), generation).await.unwrap();
        for _ in 0..REPAIRS {
            client.repair(&permit()).await.unwrap();
        }
        loads += 2 + REPAIRS;
    }
    let took = begun.elapsed();
    drop(load);
    let lost: Vec<ErrorKind> = asking.into_iter().filter_map(|thread| thread.join().unwrap().err()).collect();
    let mut leaked = 0;
    while open_door.recv_from(&mut [0; 64]).is_ok() {
        leaked += 1;
    }
    let (echoes, forbidden) = (counts.echoes.load(Relaxed), counts.forbidden.load(Relaxed));
    println!(
        "{} loads in {took:.1?} ({:.1} a second), {CONNECTIONS} connections, {echoes} echoes, {forbidden} forbidden packets: \
         {} connections lost, {leaked} packets leaked",
        loads,
        f64::from(loads) / took.as_secs_f64(),
        lost.len(),
    );
    assert_eq!((lost, leaked), (vec![], 0));
    assert!(echoes > 0 && forbidden > 0);
}

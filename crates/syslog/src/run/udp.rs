//! Datagrams: each is a message (RFC 5426).

use super::batch::Batches;
use super::kernel::Drops;
use crate::metrics as names;
use crate::sources::Sources;
use jiff::Timestamp;
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// How often the kernel is asked what it dropped.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// So many datagrams are read before the others that wait for a turn get theirs.
const TURN: u32 = 512;
/// After an error of the socket, before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// Receives until told to stop.
pub async fn run(socket: UdpSocket, sources: Arc<Sources>, mut batches: Batches, stop: CancellationToken) {
    // The largest datagram; what is longer than a message may be is cut when it is read.
    let mut buffer = vec![0; 64 * 1024];
    let (mut drops, mut looked) = (Drops::of(&socket), batches.now());
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => break,
            _ = looks.tick() => {
                looked = tell(&mut drops, &batches, looked);
                continue;
            }
            received = socket.recv_from(&mut buffer) => received,
        };
        let (mut next, mut left) = (received, TURN);
        loop {
            match next {
                Ok((length, sender)) if sources.has(sender.ip()) => {
                    batches.add(buffer.get(..length).unwrap_or_default(), sender.ip());
                }
                Ok(_) => counter!(names::REFUSED, "cause" => "source").increment(1),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    tracing::warn!(%error, "receive a datagram of syslog");
                    tokio::time::sleep(PAUSE).await;
                    break;
                }
            }
            left -= 1;
            if left == 0 {
                break;
            }
            next = socket.try_recv_from(&mut buffer);
        }
        batches.give();
    }
    tell(&mut drops, &batches, looked);
}

/// Tells what the kernel dropped since `looked`, and when it was asked.
fn tell(drops: &mut Drops, batches: &Batches, looked: Timestamp) -> Timestamp {
    let new = drops.look();
    if new > 0 {
        batches.lose(looked, new);
        tracing::warn!(
            messages = new,
            "the kernel dropped syslog messages: they came faster than they are read"
        );
    }
    batches.now()
}

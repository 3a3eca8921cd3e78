//! The firewall's program as whoever stands before the kernel: each request over a connection of its own, each bounded in time.

use crate::config::Firewall;
use firewall::message::{FailureKind, Link, Pinhole, Record as Told, Status, Transport};
use firewall::{Client, ClientError, Records as Stream};
use model::command::BoxFuture;
use model::enforcement::{Connection, Enforcer, Hole, KernelState, LoggedPacket, Record, Records};
use model::{Failure, Kind, Permit};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// An answer that is not there by then is given up; loading the policy of a large site takes a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kernel behind the firewall's program.
pub struct Kernel {
    socket: PathBuf,
}

impl Kernel {
    /// The one whose program listens at the configured socket.
    pub fn new(config: &Firewall) -> Self {
        Self { socket: config.socket.clone() }
    }

    async fn client(&self) -> Result<Client, Failure> {
        let connected = timeout(PATIENCE, Client::connect(&self.socket)).await;
        let socket = self.socket.display();
        match connected {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => {
                let cause = format!("no firewall program listens at {socket}: {}", in_full(&error));
                Err(Failure::new(Kind::Unavailable, "reach", "the firewall", cause)
                    .hint("is portcullis-firewall running, and is `[firewall] socket` right?"))
            }
            Err(_elapsed) => Err(late()),
        }
    }

    fn failed(operation: &str, error: &ClientError) -> Failure {
        let kind = match error {
            ClientError::Failed { kind: FailureKind::Refused | FailureKind::Over, .. } => Kind::Conflict,
            ClientError::Failed { kind: FailureKind::Busy, .. } => Kind::Busy,
            ClientError::Answer => Kind::BadAnswer,
            _ => Kind::Unavailable,
        };
        Failure::new(kind, operation, "the firewall's rules", in_full(error))
    }
}

fn late() -> Failure {
    let cause = format!("the firewall's program did not answer within {} s", PATIENCE.as_secs());
    Failure::new(Kind::Unavailable, "reach", "the firewall", cause)
        .hint("nothing is known of whether it was done; `portcullis policy status` asks again")
}

fn in_full(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// One request over a new connection, bounded in time.
macro_rules! ask {
    ($this:ident, $operation:literal, |$client:ident| $request:expr) => {
        Box::pin(async move {
            let mut $client = $this.client().await?;
            let answer = timeout(PATIENCE, async { $request }).await;
            answer.map_err(|_elapsed| late())?.map_err(|error| Kernel::failed($operation, &error))
        })
    };
}

impl Enforcer for Kernel {
    fn load<'a>(
        &'a self,
        permit: &'a Permit,
        trial: String,
        settled: String,
        seconds: u32,
    ) -> BoxFuture<'a, Result<u64, Failure>> {
        ask!(self, "load", |client| client.load(permit, trial, settled, seconds).await)
    }

    fn confirm<'a>(&'a self, permit: &'a Permit, generation: u64) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "confirm", |client| client.confirm(permit, generation).await)
    }

    fn revert<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "take back", |client| client.revert(permit).await)
    }

    fn repair<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "repair", |client| client.repair(permit).await)
    }

    fn open<'a>(
        &'a self,
        permit: &'a Permit,
        holes: Vec<(String, Hole, u32)>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "open in", |client| {
            for (id, Hole { to, protocol, port }, seconds) in holes {
                let protocol = if protocol == 17 { Transport::Udp } else { Transport::Tcp };
                client.open(permit, Pinhole { id, to, protocol, port, seconds }).await?;
            }
            Ok(())
        })
    }

    fn close<'a>(&'a self, permit: &'a Permit, names: Vec<String>) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "close in", |client| {
            for id in names {
                client.close(permit, id).await?;
            }
            Ok(())
        })
    }

    fn isolate<'a>(
        &'a self,
        permit: &'a Permit,
        address: IpAddr,
        on: bool,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "isolate in", |client| client.isolate(permit, address, on).await)
    }

    fn share<'a>(
        &'a self,
        permit: &'a Permit,
        lines: Vec<(String, u32)>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        ask!(self, "share lines by", |client| {
            let links = lines.into_iter().map(|(interface, mbit)| Link { interface, mbit });
            client.links(permit, links.collect()).await
        })
    }

    fn connections(&self) -> BoxFuture<'_, Result<(Vec<Connection>, bool), Failure>> {
        ask!(self, "list connections by", |client| client.connections().await)
    }

    fn end<'a>(
        &'a self,
        permit: &'a Permit,
        connections: Vec<Connection>,
    ) -> BoxFuture<'a, Result<u32, Failure>> {
        ask!(self, "end connections by", |client| {
            client.end(permit, connections).await.map(|(tracked, _)| tracked)
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<KernelState, Failure>> {
        ask!(self, "ask", |client| client.status().await.map(state))
    }

    fn follow(&self) -> BoxFuture<'_, Result<Box<dyn Records>, Failure>> {
        Box::pin(async move {
            let client = self.client().await?;
            let stream = timeout(PATIENCE, client.follow()).await.map_err(|_elapsed| late())?;
            let stream = stream.map_err(|error| Self::failed("follow", &error))?;
            Ok(Box::new(News(stream)) as Box<dyn Records>)
        })
    }
}

fn state(status: Status) -> KernelState {
    let open =
        |it: Pinhole| (it.id, Hole { to: it.to, protocol: it.protocol.number(), port: it.port }, it.seconds);
    KernelState {
        confirmed: status.confirmed,
        trial: status.trial.map(|trial| (trial.generation, trial.seconds_left)),
        shut: status.shut,
        open: status.pinholes.into_iter().map(open).collect(),
        isolated: status.isolated,
        counters: status.counters,
        drift: status.drift,
        earlier: status.earlier,
    }
}

/// The stream of news, in the appliance's words.
struct News(Stream);

impl Records for News {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Record>, Failure>> {
        Box::pin(async move {
            let told = self.0.next().await.map_err(|error| Kernel::failed("follow", &error))?;
            Ok(told.into_iter().map(record).collect())
        })
    }
}

fn record(told: Told) -> Record {
    match told {
        Told::Packet(packet) => Record::Packet(LoggedPacket {
            at: packet.at,
            prefix: packet.prefix,
            from: packet.from,
            to: packet.to,
            protocol: packet.protocol,
            source: packet.source,
            port: packet.port,
            arrived: packet.arrived,
            leaves: packet.leaves,
            bytes: packet.bytes,
        }),
        Told::Lost { records } => Record::Lost(records),
        Told::Drift { differences } => Record::Drift(differences),
        Told::Arrival { from, to, port, .. } => Record::Arrival { from, to, port },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_program_it_is_said_where_it_was_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let kernel = Kernel::new(&Firewall { socket: dir.path().join("none") });
        let failure = kernel.state().await.unwrap_err();
        assert_eq!(failure.kind, Kind::Unavailable);
        assert!(failure.cause.starts_with("no firewall program listens at "), "{failure}");
        assert!(failure.cause.contains("none"), "{failure}");
    }
}

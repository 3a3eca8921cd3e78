//! Connections, with TLS and without.

use super::batch::Batches;
use crate::framing::Frames;
use crate::metrics as names;
use crate::sources::{Place, Refusal, Sources};
use metrics::{counter, gauge};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// A sender that has not finished its TLS handshake by then is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A sender that was silent for so long is dropped: firewalls say something in an hour, and one that was switched off never
/// says that it is gone.
const IDLE: Duration = Duration::from_secs(3600);
/// After an error of `accept` (mostly: no file descriptors left), before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Read at once.
const PIECE: usize = 16 * 1024;

/// What connections are served with.
pub struct Hall {
    tls: Option<TlsAcceptor>,
    sources: Arc<Sources>,
    batches: Batches,
}

impl Hall {
    /// Connections with TLS if there is an acceptor.
    pub fn new(tls: Option<TlsAcceptor>, sources: Arc<Sources>, batches: Batches) -> Self {
        Self { tls, sources, batches }
    }

    /// Accepts until told to stop, then lets each connection give on what it has read.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            gauge!(names::CONNECTIONS).set(self.sources.open() as f64);
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                Some(_ended) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => {
                    if let Some(place) = self.admit(peer) {
                        let connection =
                            Connection { place, sender: peer.ip(), batches: self.batches.beside() };
                        connections.spawn(connection.serve(socket, self.tls.clone(), stop.clone()));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "accept a connection for syslog");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    fn admit(&self, peer: SocketAddr) -> Option<Place> {
        let cause = match self.sources.admit(peer.ip()) {
            Ok(place) => return Some(place),
            Err(Refusal::Source) => "source",
            Err(Refusal::Connections) => "connections",
        };
        counter!(names::REFUSED, "cause" => cause).increment(1);
        tracing::debug!(%peer, cause, "a connection for syslog is refused");
        None
    }
}

/// A connection that was accepted.
struct Connection {
    place: Place,
    sender: IpAddr,
    batches: Batches,
}

impl Connection {
    async fn serve(self, socket: TcpStream, tls: Option<TlsAcceptor>, stop: CancellationToken) {
        let Some(tls) = tls else { return self.read(socket, stop).await };
        let handshake = tokio::time::timeout(HANDSHAKE, tls.accept(socket));
        match stop.run_until_cancelled(handshake).await {
            None => {}
            Some(Ok(Ok(stream))) => self.read(stream, stop).await,
            Some(Ok(Err(error))) => self.refused("handshake", &error),
            Some(Err(late)) => self.refused("handshake", &late),
        }
    }

    /// Reads messages until the sender ends or is silent for too long.
    async fn read(mut self, mut stream: impl AsyncRead + Unpin, stop: CancellationToken) {
        let (mut frames, mut piece) = (Frames::default(), vec![0; PIECE]);
        loop {
            let next = tokio::time::timeout(IDLE, stream.read(&mut piece));
            let length = match stop.run_until_cancelled(next).await {
                Some(Ok(Ok(length))) if length > 0 => length,
                _ => break,
            };
            let bytes = piece.get(..length).unwrap_or_default();
            let taken = frames.take(bytes, |message| self.batches.add(message, self.sender));
            self.batches.give();
            if let Err(error) = taken {
                return self.refused("framing", &error);
            }
        }
        frames.finish(|message| self.batches.add(message, self.sender));
        self.batches.give();
        drop(self.place);
    }

    fn refused(&self, cause: &'static str, error: &dyn std::fmt::Display) {
        counter!(names::REFUSED, "cause" => cause).increment(1);
        tracing::info!(sender = %self.sender, cause, %error, "a connection for syslog is ended");
    }
}

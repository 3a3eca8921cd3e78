//! Sockets, TLS handshakes and connections around a router.

use crate::config::Web;
use crate::error::Error;
use crate::tls::LiveCertificate;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// A client that has not finished its TLS handshake by then is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A client that has not sent its request's head by then is dropped.
const REQUEST_HEAD: Duration = Duration::from_secs(15);
/// What running requests get to end in after the server was told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// After an error of `accept` (mostly: no file descriptors left), before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The address that a request came from; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// When the connection of a request was accepted; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Accepted(pub std::time::Instant);

/// Sockets that listen and a certificate that was read: what is left to do cannot fail.
pub struct Server {
    listeners: Vec<TcpListener>,
    certificate: Arc<LiveCertificate>,
    tls: TlsAcceptor,
    router: Router,
    seats: Arc<Semaphore>,
    /// Changes when the connections that are there are to end after what they are at.
    farewell: watch::Receiver<u64>,
}

impl Server {
    /// Opens the configured addresses, takes `given` sockets over (systemd's), reads the certificate.
    ///
    /// # Errors
    /// If an address or socket cannot be used, or certificate and key cannot.
    pub fn bind(config: &Web, given: Vec<std::net::TcpListener>, router: Router) -> Result<Self, Error> {
        let mut listeners = Vec::new();
        for (number, socket) in given.into_iter().enumerate() {
            let taken = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
            listeners.push(taken.map_err(|source| Error::Socket { number, source })?);
        }
        for address in &config.listen {
            listeners.push(listen(*address)?);
        }
        if listeners.is_empty() {
            return Err(Error::NothingToListenOn);
        }
        let certificate = Arc::new(LiveCertificate::load(config)?);
        let tls = TlsAcceptor::from(certificate.server()?);
        let seats = Arc::new(Semaphore::new(config.connections));
        let never = watch::Sender::new(0).subscribe();
        Ok(Self { listeners, certificate, tls, router, seats, farewell: never })
    }

    /// Ends the connections that are there, each after what it is at, whenever this changes: so that the next request
    /// comes over a new one.
    #[must_use]
    pub fn parting(mut self, farewell: watch::Receiver<u64>) -> Self {
        self.farewell = farewell;
        self
    }

    /// The addresses that it listens on, with the ports that the kernel chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// The certificate that it shows, as it is read again; what else the appliance serves over TLS shows it too.
    #[must_use]
    pub fn certificate(&self) -> Arc<LiveCertificate> {
        Arc::clone(&self.certificate)
    }

    /// Serves until cancelled, then lets running requests end.
    pub async fn run(self, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.certificate.watch(cancel.clone()));
        for listener in self.listeners {
            let hall = Hall {
                tls: self.tls.clone(),
                router: self.router.clone(),
                seats: Arc::clone(&self.seats),
                farewell: self.farewell.clone(),
            };
            tasks.spawn(hall.accept(listener, cancel.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a listening task of the HTTPS server died; the server stops");
                cancel.cancel();
            }
        }
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let at = |source| Error::Listen { address, source };
    let socket = std::net::TcpListener::bind(address).map_err(at)?;
    socket.set_nonblocking(true).map_err(at)?;
    TcpListener::from_std(socket).map_err(at)
}

/// What connections are served with.
struct Hall {
    tls: TlsAcceptor,
    router: Router,
    seats: Arc<Semaphore>,
    farewell: watch::Receiver<u64>,
}

impl Hall {
    /// Accepts until cancelled. A connection takes a seat before it is accepted, so that the backlog,
    /// not memory, holds what is too many.
    async fn accept(mut self, listener: TcpListener, cancel: CancellationToken) {
        let mut graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let next = async {
                let seat = Arc::clone(&self.seats).acquire_owned().await.ok()?;
                Some((listener.accept().await, seat))
            };
            let accepted = tokio::select! {
                () = cancel.cancelled() => break,
                Ok(()) = self.farewell.changed() => {
                    let old = std::mem::replace(&mut graceful, GracefulShutdown::new());
                    connections.spawn(old.shutdown());
                    continue;
                }
                accepted = next => accepted,
            };
            match accepted {
                None => break,
                Some((Ok((socket, peer)), seat)) => {
                    let since = Accepted(tokio::time::Instant::now().into_std());
                    let guest = Guest { socket, peer, since, _seat: seat };
                    connections.spawn(guest.serve(self.tls.clone(), self.router.clone(), graceful.watcher()));
                }
                Some((Err(error), _seat)) => {
                    metrics::counter!(crate::metrics::ACCEPTS).increment(1);
                    tracing::warn!(%error, "accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        let _ended_or_not = tokio::time::timeout(GRACE, graceful.shutdown()).await;
        connections.shutdown().await;
    }
}

/// A connection that was accepted.
struct Guest {
    socket: TcpStream,
    peer: SocketAddr,
    since: Accepted,
    _seat: OwnedSemaphorePermit,
}

impl Guest {
    async fn serve(self, tls: TlsAcceptor, router: Router, watcher: hyper_util::server::graceful::Watcher) {
        let (peer, since) = (Peer(self.peer), self.since);
        let _without_delay = self.socket.set_nodelay(true);
        let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(self.socket)).await else {
            metrics::counter!(crate::metrics::HANDSHAKES).increment(1);
            return;
        };
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(since);
            TowerToHyperService::new(router.clone()).call(request)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(REQUEST_HEAD).max_buf_size(64 * 1024);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(32).max_header_list_size(64 * 1024);
        builder
            .http2()
            .keep_alive_interval(Some(Duration::from_secs(60)))
            .keep_alive_timeout(Duration::from_secs(20));
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, peer = %self.peer, "connection ended");
        }
    }
}

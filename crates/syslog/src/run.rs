//! Sockets: opened in one step that can fail, served in one that cannot.

mod batch;
mod kernel;
mod stream;
mod tls;
mod udp;

use crate::config::Config;
use crate::error::Error;
use crate::reader::Reader;
use crate::sources::Sources;
use batch::Batches;
pub use batch::Sink;
use jiff::tz::TimeZone;
use model::Clock;
use rustls::server::ResolvesServerCert;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Sockets that somebody else has opened: ports below 1024 come from systemd.
#[derive(Debug, Default)]
pub struct Given {
    /// Datagrams.
    pub udp: Vec<std::net::UdpSocket>,
    /// Connections without TLS.
    pub tcp: Vec<std::net::TcpListener>,
}

/// Open sockets, and what is needed to serve them.
pub struct Listeners {
    udp: Vec<UdpSocket>,
    tcp: Vec<TcpListener>,
    tls: Option<(TcpListener, TlsAcceptor)>,
    sources: Arc<Sources>,
    zone: TimeZone,
    names: Arc<BTreeMap<IpAddr, String>>,
}

impl Listeners {
    /// Opens the configured addresses and takes the given sockets over. TLS is served with `certificate`.
    ///
    /// # Errors
    /// If an address, a socket, the authorities of senders or the time zone cannot be used.
    pub fn bind(
        config: &Config,
        given: Given,
        certificate: Arc<dyn ResolvesServerCert>,
    ) -> Result<Self, Error> {
        let (mut udp, mut tcp) = (Vec::new(), Vec::new());
        for (number, socket) in given.udp.into_iter().enumerate() {
            udp.push(taken_udp(socket).map_err(|source| Error::Socket { number, source })?);
        }
        for (number, socket) in given.tcp.into_iter().enumerate() {
            tcp.push(taken_tcp(socket).map_err(|source| Error::Socket { number, source })?);
        }
        if let Some(address) = config.udp {
            let opened = std::net::UdpSocket::bind(address).and_then(taken_udp);
            udp.push(opened.map_err(|source| Error::Listen { address, transport: "udp", source })?);
        }
        if let Some(address) = config.tcp {
            tcp.push(listen(address, "tcp")?);
        }
        let tls = match config.tls {
            None => None,
            Some(address) => {
                let acceptor = TlsAcceptor::from(tls::server(certificate, config.client_ca.as_deref())?);
                Some((listen(address, "tls")?, acceptor))
            }
        };
        let sources = Sources::new(&config.from, config.connections, config.connections_per_source);
        Ok(Self { udp, tcp, tls, sources, zone: config.zone()?, names: Arc::new(config.names.clone()) })
    }

    /// Where they listen, with the ports that the kernel chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let udp = self.udp.iter().map(|socket| ("udp", socket.local_addr()));
        let tcp = self.tcp.iter().map(|socket| ("tcp", socket.local_addr()));
        let tls = self.tls.iter().map(|(socket, _)| ("tls", socket.local_addr()));
        udp.chain(tcp).chain(tls).filter_map(|(name, address)| Some((name, address.ok()?))).collect()
    }

    /// Serves until told to stop; then what has come is given on.
    pub async fn run(self, clock: Arc<dyn Clock>, sink: Arc<dyn Sink>, stop: CancellationToken) {
        crate::metrics::describe();
        let mut tasks = JoinSet::new();
        let batches = |transport| {
            let reader = Reader::new(self.zone.clone(), Arc::clone(&self.names));
            Batches::new(transport, reader, Arc::clone(&clock), Arc::clone(&sink))
        };
        for socket in self.udp {
            tasks.spawn(udp::run(socket, Arc::clone(&self.sources), batches("udp"), stop.clone()));
        }
        let plain = self.tcp.into_iter().map(|listener| (listener, None));
        let tls = self.tls.into_iter().map(|(listener, acceptor)| (listener, Some(acceptor)));
        for (listener, acceptor) in plain.chain(tls) {
            let transport = if acceptor.is_some() { "tls" } else { "tcp" };
            let hall = stream::Hall::new(acceptor, Arc::clone(&self.sources), batches(transport));
            tasks.spawn(hall.run(listener, stop.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a listening task for syslog died; the others stop");
                stop.cancel();
            }
        }
        stop.cancelled().await;
    }
}

fn taken_udp(socket: std::net::UdpSocket) -> std::io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    kernel::widen(&socket);
    UdpSocket::from_std(socket)
}

fn taken_tcp(socket: std::net::TcpListener) -> std::io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

fn listen(address: SocketAddr, transport: &'static str) -> Result<TcpListener, Error> {
    let opened = std::net::TcpListener::bind(address).and_then(taken_tcp);
    opened.map_err(|source| Error::Listen { address, transport, source })
}

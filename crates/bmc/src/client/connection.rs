//! One HTTP/1.1 connection to one controller.

use super::tls::{self, Expected};
use super::{Limits, Scheme, Target};
use crate::error::Error;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use model::device::{Certificate, Endpoint};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The most bytes that are read ahead of what was taken, and so of an answer's head: nobody's has more than 4 KiB. A
/// connection keeps a buffer as large as it ever needed, also when nothing is asked.
const READ_AHEAD: usize = 16 * 1024;

/// An open connection. Dropping it closes it: the set owns the task that moves its bytes.
#[derive(Debug)]
pub struct Connection {
    /// Where requests go in.
    pub sender: SendRequest<Full<Bytes>>,
    /// Whether an answer came over it already.
    pub used: bool,
    _driver: JoinSet<()>,
}

/// Opens a connection; over HTTPS with the certificate that was shown, unless it is the one that is known.
///
/// # Errors
/// [`Error::Connect`], [`Error::TimedOut`], [`Error::Tls`], [`Error::CertificateChanged`].
pub async fn open(
    target: &Target,
    limits: &Limits,
    expected: Expected,
    operation: &str,
) -> Result<(Connection, Option<Certificate>), Error> {
    let endpoint = target.endpoint;
    let connect = TcpStream::connect(SocketAddr::from(endpoint));
    let stream = match timeout(limits.connect, connect).await {
        Err(_) => return Err(timed_out(operation, endpoint, "connection", limits.connect)),
        Ok(Err(source)) => {
            return Err(Error::Connect { operation: operation.into(), endpoint, source: source.into() });
        }
        Ok(Ok(stream)) => stream,
    };
    over(stream, target, limits, expected, operation).await
}

/// The same over a TCP connection that is open already.
///
/// # Errors
/// [`Error::TimedOut`], [`Error::Tls`], [`Error::CertificateChanged`].
pub async fn over(
    stream: TcpStream,
    target: &Target,
    limits: &Limits,
    expected: Expected,
    operation: &str,
) -> Result<(Connection, Option<Certificate>), Error> {
    let endpoint = target.endpoint;
    // Requests are small and wait for their answer: Nagle's algorithm would only delay them.
    drop(stream.set_nodelay(true));
    match target.scheme {
        Scheme::PlainHttp => Ok((start(stream, operation, endpoint).await?, None)),
        Scheme::Https => {
            let (stream, certificate) = secure(stream, target, limits, expected, operation).await?;
            Ok((start(Abrupt(stream), operation, endpoint).await?, certificate))
        }
    }
}

async fn secure(
    stream: TcpStream,
    target: &Target,
    limits: &Limits,
    expected: Expected,
    operation: &str,
) -> Result<(tokio_rustls::client::TlsStream<TcpStream>, Option<Certificate>), Error> {
    let endpoint = target.endpoint;
    let names = target.names();
    let name = names.first().cloned().unwrap_or(ServerName::IpAddress(endpoint.addr.into()));
    let shown = tls::Shown::default();
    let config = tls::config(&target.trust, expected, names, shown.clone()).map_err(|error| Error::Tls {
        operation: operation.into(),
        endpoint,
        hint: None,
        source: std::io::Error::other(error).into(),
    })?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let result = match timeout(limits.handshake, handshake).await {
        Err(_) => return Err(timed_out(operation, endpoint, "TLS handshake", limits.handshake)),
        Ok(result) => result,
    };
    let certificate = shown.take();
    match (result, expected.must_show, certificate) {
        (Ok(stream), _, certificate) => Ok((stream, certificate)),
        (Err(_), Some(pinned), Some(presented)) if presented.fingerprint != pinned => {
            let presented = Box::new(presented);
            Err(Error::CertificateChanged { operation: operation.into(), endpoint, pinned, presented })
        }
        (Err(source), ..) => {
            let hint = tls::hint(&source);
            Err(Error::Tls { operation: operation.into(), endpoint, hint, source: source.into() })
        }
    }
}

/// A TLS stream whose other end may hang up without a farewell, as many controllers' web servers do.
///
/// Nothing is lost by it: a body with a length is still known to be cut short, and one without is a JSON
/// object, which cut short is none.
struct Abrupt<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Abrupt<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match Pin::new(&mut self.get_mut().0).poll_read(cx, buffer) {
            Poll::Ready(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Abrupt<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

async fn start<S>(stream: S, operation: &str, endpoint: Endpoint) -> Result<Connection, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Controllers' web servers are old and home-made; what can be understood is understood.
    let mut builder = http1::Builder::new();
    builder
        .title_case_headers(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .max_buf_size(READ_AHEAD);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|source| Error::Exchange { operation: operation.into(), endpoint, source: source.into() })?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Its error reaches the request that waits for an answer.
        drop(connection.await);
    });
    Ok(Connection { sender, used: false, _driver: driver })
}

pub fn timed_out(
    operation: &str,
    endpoint: Endpoint,
    awaited: &'static str,
    limit: std::time::Duration,
) -> Error {
    Error::TimedOut { operation: operation.into(), endpoint, awaited, limit }
}

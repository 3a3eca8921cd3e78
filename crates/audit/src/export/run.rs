//! Every record to a syslog collector over TLS: connects, sends, and begins again where the collector may have
//! lost something. Syslog has no acknowledgement, so a record counts as received when the connection has stood
//! for a while after it was sent; what is sent twice carries the same number.

use super::cursor::Cursor;
use super::follow::Follow;
use crate::config::Syslog;
use crate::syslog::{frame, message};
use crate::{Error, Log, metrics as names};
use metrics::{counter, gauge};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const CONNECT: Duration = Duration::from_secs(10);
const WRITE: Duration = Duration::from_secs(30);
/// How long a connection must stand after a record was sent until the record counts as received.
const SETTLED: Duration = Duration::from_secs(5);
/// How long the collector may take to close the connection when the log is stopped.
const GOODBYE: Duration = Duration::from_secs(5);
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LAST_BACKOFF: Duration = Duration::from_secs(60);

/// Sends every record of `log` to the collector, until the log is stopped. The cursor is kept beside the log.
pub async fn syslog(log: Log, config: Syslog) {
    let mut cursor = Cursor::load(log.dir().join("syslog.cursor"));
    let mut durable = log.durable();
    let mut backoff = FIRST_BACKOFF;
    loop {
        let before = cursor.seq;
        match Session::open(&log, &config, &cursor).await {
            Ok(mut session) => match session.run(&mut cursor, &mut durable).await {
                Ok(()) => return,
                Err(why) => failed(&config, &why),
            },
            Err(why) => failed(&config, &why),
        }
        gauge!(names::EXPORT_LAG, "exporter" => "syslog")
            .set(durable.borrow().saturating_sub(cursor.seq) as f64);
        backoff = if cursor.seq > before { FIRST_BACKOFF } else { backoff };
        if !wait(&mut durable, backoff).await {
            return;
        }
        backoff = (backoff * 2).min(LAST_BACKOFF);
    }
}

fn failed(config: &Syslog, why: &Error) {
    counter!(names::EXPORT_FAILURES, "exporter" => "syslog").increment(1);
    tracing::warn!(collector = %config.address, %why, "audit records are not being exported; trying again");
}

/// Waits; false when the log was stopped meanwhile.
async fn wait(durable: &mut watch::Receiver<u64>, how_long: Duration) -> bool {
    let until = Instant::now() + how_long;
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            changed = durable.changed() => if changed.is_err() { return false },
        }
    }
}

/// One connection.
struct Session {
    address: String,
    hostname: String,
    follow: Option<Follow>,
    reader: ReadHalf<TlsStream<TcpStream>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
    sent: u64,
    /// A record, and when it will count as received.
    mark: Option<(u64, Instant)>,
}

impl Session {
    async fn open(log: &Log, config: &Syslog, cursor: &Cursor) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Syslog { address: config.address.clone(), problem };
        let tls = tls(config).map_err(wrong)?;
        let name = ServerName::try_from(config.server_name.clone()).map_err(|why| wrong(why.to_string()))?;
        let connect = async {
            let tcp = TcpStream::connect(&config.address).await?;
            TlsConnector::from(Arc::new(tls)).connect(name, tcp).await
        };
        let stream = timeout(CONNECT, connect)
            .await
            .map_err(|_| wrong(format!("no connection within {CONNECT:?}")))?;
        let (reader, writer) = tokio::io::split(stream.map_err(|why| wrong(why.to_string()))?);
        let (dir, after) = (log.dir().to_owned(), cursor.seq);
        let follow = blocking(&config.address, move || Follow::after(&dir, after)).await?;
        let (address, hostname) = (config.address.clone(), config.hostname.clone());
        Ok(Self { address, hostname, follow: Some(follow), reader, writer, sent: cursor.seq, mark: None })
    }

    /// Sends until the log is stopped (then all was sent) or the connection ends.
    async fn run(&mut self, cursor: &mut Cursor, durable: &mut watch::Receiver<u64>) -> Result<(), Error> {
        loop {
            let last = *durable.borrow_and_update();
            if self.sent < last {
                self.send(last).await?;
            }
            self.confirm(cursor);
            gauge!(names::EXPORT_LAG, "exporter" => "syslog").set(last.saturating_sub(self.sent) as f64);
            if self.sent < last {
                continue;
            }
            let mut byte = [0; 1];
            let settled = self.mark.map_or_else(|| Instant::now() + WRITE, |(_, at)| at);
            tokio::select! {
                changed = durable.changed() => if changed.is_err() {
                    return self.goodbye(cursor).await;
                },
                read = self.reader.read(&mut byte) => match read {
                    Ok(0) => return Err(self.wrong("the collector closed the connection".into())),
                    Ok(_) => {} // Syslog has no answers; whatever it is, it is ignored.
                    Err(why) => return Err(self.wrong(why.to_string())),
                },
                () = sleep_until(settled) => {}
            }
        }
    }

    async fn send(&mut self, last: u64) -> Result<(), Error> {
        let Some(mut follow) = self.follow.take() else {
            return Err(self.wrong("the log cannot be read along any more".into()));
        };
        let (follow, records) = blocking(&self.address, move || {
            let records = follow.read(last)?;
            Ok((follow, records))
        })
        .await?;
        self.follow = Some(follow);
        for record in records {
            let frame = frame(&message(&self.hostname, &record.hash, &record.record, &record.json));
            self.write(&frame).await?;
            self.sent = record.record.seq;
        }
        let flushed = timeout(WRITE, self.writer.flush()).await;
        flushed
            .map_err(|_| self.wrong(format!("nothing was taken for {WRITE:?}")))?
            .map_err(|why| self.wrong(why.to_string()))?;
        self.mark.get_or_insert((self.sent, Instant::now() + SETTLED));
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = timeout(WRITE, self.writer.write_all(bytes)).await;
        let written = written.map_err(|_| self.wrong(format!("nothing was taken for {WRITE:?}")))?;
        written.map_err(|why| self.wrong(why.to_string()))
    }

    /// The mark's record counts as received when its time has come; then the next mark is set.
    fn confirm(&mut self, cursor: &mut Cursor) {
        if let Some((seq, _)) = self.mark.take_if(|(_, at)| *at <= Instant::now()) {
            cursor.advance(seq);
            if self.sent > seq {
                self.mark = Some((self.sent, Instant::now() + SETTLED));
            }
        }
    }

    /// Closes the connection. A collector that closes it in answer has read everything; one that closes without a
    /// TLS alert has too, since TCP would otherwise say that it was reset.
    async fn goodbye(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        let closed = async {
            self.writer.shutdown().await?;
            let mut rest = [0; 256];
            loop {
                match self.reader.read(&mut rest).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(why) if why.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
                    Err(why) => return Err(why),
                }
            }
        };
        if matches!(timeout(GOODBYE, closed).await, Ok(Ok(()))) {
            cursor.advance(self.sent);
        }
        Ok(())
    }

    fn wrong(&self, problem: String) -> Error {
        Error::Syslog { address: self.address.clone(), problem }
    }
}

/// Who is believed, and what is shown when asked; read anew for each connection, so that renewed files are seen.
fn tls(config: &Syslog) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let path = config.ca_file.display();
    for certificate in
        CertificateDer::pem_file_iter(&config.ca_file).map_err(|why| format!("{path}: {why}"))?
    {
        let certificate = certificate.map_err(|why| format!("{path}: {why}"))?;
        roots.add(certificate).map_err(|why| format!("{path}: {why}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|why| why.to_string())?.with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|why| format!("{}: {why}", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|why| format!("{}: {why}", key.display()))?;
    builder.with_client_auth_cert(chain, key).map_err(|why| why.to_string())
}

async fn blocking<T, F>(address: &str, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|why| Err(Error::Syslog { address: address.into(), problem: why.to_string() }))
}

//! What accepted a connection: its certificate, its service root. No credential is ever sent here.

use super::claim;
use super::neighbours::neighbours;
use crate::client::{Client, Limits, ROOT, Target, Trust};
use crate::config::Config;
use crate::error::Error;
use model::book::Claim;
use model::device::{Certificate, Endpoint};
use rustls::RootCertStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// The largest service root that is read, in bytes; the largest known has 12 KiB.
const LARGEST_ROOT: usize = 256 * 1024;

/// What was found where something took a connection.
#[derive(Debug)]
pub enum Found {
    /// It is no Redfish service, or it could not be asked.
    Other,
    /// A Redfish service.
    Redfish {
        /// Its certificate; none over plain HTTP.
        certificate: Option<Certificate>,
        /// What it says it is.
        claim: Box<Claim>,
    },
}

/// Asks over a connection that was just made.
pub async fn ask(
    stream: TcpStream,
    endpoint: Endpoint,
    config: &Config,
    authorities: Option<Arc<RootCertStore>>,
) -> Found {
    let target = Target::https(endpoint, Trust::Look { authorities });
    let mut client = Client::new(target, limits(config));
    match client.connect_over(stream).await {
        Ok(_) => root(client).await,
        Err(Error::Tls { .. }) if config.plain_http => {
            root(Client::new(Target::plain_http(endpoint), limits(config))).await
        }
        Err(error) => {
            tracing::debug!(%endpoint, cause = error.cause(), "not asked for its service root");
            Found::Other
        }
    }
}

async fn root(mut client: Client) -> Found {
    let endpoint = client.target().endpoint;
    let root = match client.get(ROOT).await {
        Ok(root) => root,
        Err(error) => {
            tracing::debug!(%endpoint, cause = error.cause(), "no service root");
            return Found::Other;
        }
    };
    let Some(mut claim) = claim::of_root(&root.value) else { return Found::Other };
    let certificate = client.certificate().cloned();
    let subject = certificate.as_ref().map(|certificate| certificate.subject.as_str());
    claim.serial = claim.serial.or_else(|| claim::serial_in_subject(subject?));
    // A connection was just open, so the kernel knows the neighbour if it is one.
    claim.mac = neighbours().mac(endpoint.addr).map(Into::into);
    Found::Redfish { certificate, claim: Box::new(claim) }
}

fn limits(config: &Config) -> Limits {
    let answer = Duration::from_secs(config.sweep_answer_timeout.max(1));
    Limits {
        connect: Duration::from_millis(config.sweep_connect_timeout_ms.max(1)),
        handshake: answer,
        first_byte: answer,
        whole: answer,
        body: LARGEST_ROOT,
    }
}

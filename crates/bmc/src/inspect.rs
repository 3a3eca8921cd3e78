//! Reads one controller once, without the rest of the appliance, and logs out.

use crate::client::{Client, Document, Get, Limits, Scheme, Target, Trust};
use crate::error::Error;
use crate::read::{self, Bounds, How};
use jiff::Timestamp;
use model::device::Certificate;
use model::inventory::Inventory;
use model::secret::Credential;
use serde_json::Value;
use std::collections::BTreeMap;

/// What to inspect, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The controller.
    pub target: Target,
    /// As whom; nobody is let in to more than the root by most controllers.
    pub credential: Option<Credential>,
    /// For each request.
    pub limits: Limits,
    /// For the reading as a whole.
    pub bounds: Bounds,
    /// Whether every document is kept as it came.
    pub want_raw: bool,
    /// Whether collections may be asked for with their members in (`$expand`), where that is offered.
    pub expand: bool,
}

impl Options {
    /// Inspects `target` within the usual bounds.
    #[must_use]
    pub fn new(target: Target, credential: Option<Credential>) -> Self {
        let (limits, bounds) = (Limits::default(), Bounds::default());
        Self { target, credential, limits, bounds, want_raw: false, expand: true }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What the controller says.
    pub inventory: Inventory,
    /// The certificate that it showed; none over plain HTTP.
    pub certificate: Option<Certificate>,
    /// Every document by its path, where that was wanted.
    pub raw: Option<BTreeMap<String, Value>>,
    /// Why nothing but the root could be read, where that is so.
    pub nothing_because: Option<String>,
    /// Why logging out failed, if it did: a session is left open on the controller until it ends by itself.
    pub logout_error: Option<String>,
}

/// Connects, logs in (with every request where the controller takes no sessions), reads, logs out.
///
/// # Errors
/// Those of [`Client::sign_in`] and of [`read::reading_within`].
pub async fn inspect(options: Options, now: Timestamp) -> Result<Inspection, Error> {
    let mut client = Client::new(options.target, options.limits);
    client.connect().await?;
    if let Some(credential) = &options.credential {
        client.sign_in(credential).await?;
    }
    let raw = options.want_raw.then(BTreeMap::new);
    let mut recorder = Recorder { client: &mut client, raw };
    let how = How { bounds: options.bounds, expand: options.expand, ..How::default() };
    let result = read::reading_within(&mut recorder, how, now).await;
    let raw = recorder.raw;
    // Whatever came of the reading, no session is left behind.
    let logout_error = client.logout().await.err().map(|error| error.cause());
    let read::Reading { inventory, nothing_because, .. } = result?;
    let nothing_because = nothing_because.map(|error| error.cause());
    let certificate = client.certificate().cloned();
    Ok(Inspection { inventory, certificate, raw, nothing_because, logout_error })
}

/// Reads a URL such as `https://10.0.3.7`, `bmc.example:8443` or `http://127.0.0.1:8000`.
///
/// Gives the scheme (HTTPS where none is written), the host without brackets, and the port.
///
/// # Errors
/// What is wrong with the URL, in one line.
pub fn parse_url(url: &str) -> Result<(Scheme, String, u16), String> {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (scheme, default) = match scheme.to_ascii_lowercase().as_str() {
        "https" => (Scheme::Https, 443),
        "http" => (Scheme::PlainHttp, 80),
        other => return Err(format!("URL {url:?}: the scheme is {other:?}; use https or http")),
    };
    let bad = |problem: &str| format!("URL {url:?}: {problem}; write https://HOST or https://HOST:PORT");
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !matches!(path.trim_matches('/'), "" | "redfish" | "redfish/v1") {
        return Err(bad("a path other than /redfish/v1 stands after the host"));
    }
    if authority.contains('@') {
        return Err(bad("no user name or password may stand in it"));
    }
    let bracketed = authority
        .strip_prefix('[')
        .map(|rest| rest.split_once(']').ok_or_else(|| bad("a bracket is not closed")));
    let (host, port) = match bracketed.transpose()? {
        Some((host, port)) => {
            host.parse::<std::net::Ipv6Addr>().map_err(|_| bad("between the brackets is no IPv6 address"))?;
            (host, port.strip_prefix(':'))
        }
        None if authority.parse::<std::net::Ipv6Addr>().is_ok() => (authority, None),
        None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None => default,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| bad("the port is no number from 1 to 65535"))?,
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(legal) {
        return Err(bad("the host is no name or address"));
    }
    Ok((scheme, host.to_owned(), port))
}

/// Finds the controller that a URL names; a host name is looked up, and its first address taken.
///
/// # Errors
/// What is wrong, in one line: an unreadable URL, plain HTTP that was not asked for, an unknown name.
pub async fn locate(url: &str, insecure_plain_http: bool, trust: Trust) -> Result<Target, String> {
    let (scheme, host, port) = parse_url(url)?;
    if scheme == Scheme::PlainHttp && !insecure_plain_http {
        return Err(format!(
            "URL {url:?} is plain HTTP, which shows the password to everybody on the way; use https, or say --insecure-plain-http"
        ));
    }
    let (addr, name) = match host.parse() {
        Ok(addr) => (addr, None),
        Err(_) => {
            let mut found = tokio::net::lookup_host((host.as_str(), port))
                .await
                .map_err(|error| format!("URL {url:?}: no address is known for {host}: {error}"))?;
            let first = found.next().ok_or_else(|| format!("URL {url:?}: no address is known for {host}"))?;
            (first.ip(), Some(host.clone()))
        }
    };
    Ok(Target { endpoint: model::Endpoint { addr, port }, host: name, scheme, trust })
}

/// Keeps every document that passes, where that was wanted.
struct Recorder<'a> {
    client: &'a mut Client,
    raw: Option<BTreeMap<String, Value>>,
}

impl Get for Recorder<'_> {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        let document = self.client.get(path).await?;
        if let Some(raw) = &mut self.raw {
            raw.insert(document.path.clone(), document.value.clone());
        }
        Ok(document)
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        Get::resolve(&*self.client, link)
    }

    fn soon(&mut self, paths: &[String]) {
        Get::soon(&mut *self.client, paths);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, expected) in [
            ("https://10.0.3.7", (Scheme::Https, "10.0.3.7", 443)),
            ("10.0.3.7", (Scheme::Https, "10.0.3.7", 443)),
            ("bmc.example:8443", (Scheme::Https, "bmc.example", 8443)),
            ("http://127.0.0.1:8000/redfish/v1/", (Scheme::PlainHttp, "127.0.0.1", 8000)),
            ("https://[fd00::1]:8443/", (Scheme::Https, "fd00::1", 8443)),
            ("fd00::1", (Scheme::Https, "fd00::1", 443)),
        ] {
            let (scheme, host, port) = parse_url(url).unwrap();
            assert_eq!((scheme, host.as_str(), port), expected, "{url}");
        }
        for url in [
            "",
            "ftp://x",
            "https://",
            "https://root:calvin@10.0.3.7",
            "https://x:0",
            "https://x:99999",
            "https://[x]",
            "https://[::1",
            "https://x/ui",
            "https://a b",
        ] {
            assert!(parse_url(url).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn plain_http_must_be_asked_for() {
        let look = || Trust::Look { authorities: None };
        assert!(locate("http://127.0.0.1", false, look()).await.unwrap_err().contains("plain HTTP"));
        assert_eq!(locate("http://127.0.0.1", true, look()).await.unwrap().endpoint.port, 80);
    }
}

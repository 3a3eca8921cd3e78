//! Telling a lab that runs: a tiny HTTP interface on loopback, and its client.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /bmcs[?at=WHERE]` | every BMC with its faults and counts, as a JSON list |
//! | `GET /totals[?at=WHERE]` | the sums and the greatest of those |
//! | `GET /log?at=WHERE` | the last requests of each, if the lab keeps them |
//! | `POST /fault?at=WHERE&kind=KIND` | breaks something |
//! | `POST /repair?at=WHERE[&kind=KIND]` | mends it, or everything |
//! | `POST /power?at=WHERE&on=true` | switches servers on or off from outside |
//! | `POST /forget[?at=WHERE]` | counts anew |

use crate::document::query::decode;
use crate::error::Error;
use crate::fault::{Change, FaultKind, Whose};
use crate::fleet::Fleet;
use crate::run::Bmc;
use crate::tally::Counts;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// The longest answer that the client takes: 64 MiB are some fifty thousand BMCs.
const MOST: u64 = 64 << 20;
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// Listens until the lab stops.
pub(crate) async fn serve(fleet: Arc<Fleet>, listener: TcpListener) {
    let stop = fleet.site.stop.clone();
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (told, owner) = (Arc::clone(&fleet), fleet.site.tasks.clone());
                    owner.spawn(async move {
                        let stop = told.site.stop.clone();
                        stop.run_until_cancelled(connection(told, stream)).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a control connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await;
}

async fn connection(fleet: Arc<Fleet>, stream: tokio::net::TcpStream) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let query = request.uri().query().unwrap_or_default();
        let answered = answer(&fleet, request.method().as_str(), request.uri().path(), query);
        let (status, body) = match answered {
            Ok(body) => (200, body),
            Err((status, message)) => (status, json!({ "error": message })),
        };
        let mut response = hyper::Response::new(Full::new(Bytes::from(body.to_string())));
        *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
        response
            .headers_mut()
            .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a control connection ended early");
    }
}

type Refused = (u16, String);

fn answer(fleet: &Fleet, method: &str, path: &str, query: &str) -> Result<Value, Refused> {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decode(value))
    };
    let bad = |message: String| (400, message);
    let whose = match (value("at"), method) {
        (Some(at), _) => at.parse::<Whose>().map_err(bad)?,
        (None, "POST") if path != "/forget" => return Err(bad("say where, such as ?at=r1-u05".to_owned())),
        (None, _) => Whose::All,
    };
    let kind = value("kind").map(|kind| kind.parse::<FaultKind>()).transpose().map_err(bad)?;
    let at: Vec<&Arc<Bmc>> = fleet.bmcs.values().filter(|bmc| whose.covers(&bmc.unit)).collect();
    if at.is_empty() {
        return Err((404, "no simulated BMC is there".to_owned()));
    }
    let change = match (method, path) {
        ("GET", "/bmcs") => return Ok(at.into_iter().map(|bmc| described(bmc)).collect()),
        ("GET", "/totals") => return Ok(totals(&at)),
        ("GET", "/log") => return Ok(at.into_iter().map(|bmc| logged(bmc)).collect()),
        ("POST", "/forget") => {
            at.iter().for_each(|bmc| bmc.tally().forget());
            return Ok(json!({ "changed": at.len() }));
        }
        ("POST", "/fault") => {
            Change::Break(kind.ok_or_else(|| bad("say which, such as kind=hang".to_owned()))?)
        }
        ("POST", "/repair") => kind.map_or(Change::Repair, Change::Mend),
        ("POST", "/power") => match value("on").as_deref() {
            Some("true") => Change::Power(true),
            Some("false") => Change::Power(false),
            _ => return Err(bad("say on=true or on=false".to_owned())),
        },
        ("GET" | "POST", _) => return Err((404, format!("there is no {method} {path}"))),
        _ => return Err((405, format!("the method {method} is not known here"))),
    };
    for bmc in &at {
        fleet.tell(bmc, change.clone()).map_err(|error| (500, error.to_string()))?;
    }
    Ok(json!({ "changed": at.len() }))
}

fn described(bmc: &Bmc) -> Value {
    bmc.look();
    let (faults, power) = {
        let mut machine = bmc.machine();
        let faults: Vec<String> = machine.faults().all().iter().map(ToString::to_string).collect();
        (faults, machine.power_state(SystemClock.now()))
    };
    let unit = &bmc.unit;
    let mut doc = counted(bmc.tally().counts());
    if let Some(doc) = doc.as_object_mut() {
        let told = [
            ("name", json!(unit.name())),
            ("addr", json!(unit.addr)),
            ("flavour", json!(unit.kind.to_string())),
            ("replay", json!(unit.replay.as_ref().map(|tree| tree.name()))),
            ("serial", json!(unit.serial)),
            ("faults", json!(faults)),
            ("power", json!(power)),
        ];
        doc.extend(told.map(|(name, value)| (name.to_owned(), value)));
    }
    doc
}

fn counted(counts: &Counts) -> Value {
    let methods: serde_json::Map<String, Value> =
        counts.methods.iter().map(|(method, count)| ((*method).to_owned(), json!(count))).collect();
    json!({
        "requests": counts.requests(),
        "methods": methods,
        "refused": counts.refused,
        "in_flight": counts.in_flight,
        "in_flight_most": counts.in_flight_most,
        "connections": counts.connections,
        "connections_most": counts.connections_most,
        "connections_ever": counts.connections_ever,
        "resumed": counts.resumed,
        "sessions": counts.sessions,
        "sessions_most": counts.sessions_most,
        "logins": counts.logins,
        "logins_refused": counts.logins_refused,
    })
}

/// Sums, and for what is counted at once, the greatest of any BMC.
fn totals(bmcs: &[&Arc<Bmc>]) -> Value {
    let mut sums = serde_json::Map::new();
    for bmc in bmcs {
        bmc.look();
        let counted = counted(bmc.tally().counts());
        for (name, value) in counted.as_object().into_iter().flatten() {
            let (Some(value), was) = (value.as_u64(), sums.get(name).and_then(Value::as_u64).unwrap_or(0))
            else {
                continue;
            };
            let sum = if name.ends_with("_most") { was.max(value) } else { was + value };
            sums.insert(name.clone(), json!(sum));
        }
    }
    sums.insert("bmcs".to_owned(), json!(bmcs.len()));
    Value::Object(sums)
}

fn logged(bmc: &Bmc) -> Value {
    let now = Instant::now();
    let ago = |at: Instant| now.saturating_duration_since(at).as_secs_f64();
    let lines = bmc.tally().lines();
    let line = |line: &crate::tally::Line| {
        json!({
            "began_seconds_ago": ago(line.began),
            "took_seconds": line.ended.map(|ended| ended.saturating_duration_since(line.began).as_secs_f64()),
            "in_flight": line.in_flight,
            "method": line.method,
            "target": line.target,
            "status": line.status,
        })
    };
    json!({ "name": bmc.unit.name(), "requests": lines.iter().map(line).collect::<Vec<_>>() })
}

/// Where a lab is told things: `ADDR:PORT`, also written `http://ADDR:PORT`.
///
/// # Errors
/// If it is not that.
pub fn parse_control(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    bare.parse().map_err(|_| format!("{text:?} is not ADDR:PORT, such as 127.0.0.1:9100"))
}

/// Asks a lab that runs, and waits for the answer. `target` is path and query, such as `/fault?at=all&kind=hang`.
///
/// # Errors
/// If it cannot be reached, or refuses.
pub fn ask(control: SocketAddr, method: &str, target: &str) -> Result<Value, Error> {
    let failed = |source| Error::Control { addr: control, source };
    let text = exchange(control, method, target).map_err(failed)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let doc: Value = serde_json::from_str(body).map_err(|error| failed(error.into()))?;
    match (head.split(' ').nth(1), doc.get("error").and_then(Value::as_str)) {
        (Some("200"), _) => Ok(doc),
        (_, message) => Err(Error::Refused(message.unwrap_or(head).to_owned())),
    }
}

fn exchange(control: SocketAddr, method: &str, target: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&control, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {control}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer)?;
    Ok(answer)
}

/// Percent-encodes what stands in a query.
#[must_use]
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_query_comes_back() {
        for text in ["r1-u05", "5%", "flaky=5%", "redirect=127.0.0.1:9", "größe&a b"] {
            assert_eq!(decode(&encode(text)), text);
        }
    }

    #[test]
    fn a_control_address_may_be_written_as_a_url() {
        let addr = parse_control("http://127.0.0.1:9100/").unwrap();
        assert_eq!(addr, parse_control("127.0.0.1:9100").unwrap());
        assert!(parse_control("localhost").is_err());
    }
}

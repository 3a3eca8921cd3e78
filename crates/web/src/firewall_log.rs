//! The firewalls' log as API, page and exports ask for it and show it.

use crate::api::refusal::Refusal;
use crate::app::App;
use crate::{export, since};
use ::api::firewall_log::{LogQuery, LoggedEntry, MissingEntries};
use ::api::inventory::ExportFormat;
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use ipnet::IpNet;
use jiff::Timestamp;
use model::firewall_log::{Found, Line, Loss, Position, Query, Verdict, Whose};
use model::table::{Cell, Table, Type};
use model::{Actor, Failure, Kind};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// Networks in one query at most.
const MOST_NETS: usize = 64;
/// Entries that are read at once for an export.
const PAGE: usize = 5000;
/// Entries that are made into one Parquet file at most: some 60 MB while it is made. The log's own files have no limit.
const MOST_WHOLE: usize = 100_000;

/// The columns of every form, in their order: those of the log's own files.
const COLUMNS: [(&str, Type); 16] = [
    ("at", Type::Time),
    ("received", Type::Time),
    ("source", Type::Text),
    ("verdict", Type::Text),
    ("rule", Type::Text),
    ("app", Type::Text),
    ("from", Type::Text),
    ("to", Type::Text),
    ("protocol", Type::Int),
    ("source_port", Type::Int),
    ("port", Type::Int),
    ("arrived", Type::Text),
    ("leaves", Type::Text),
    ("bytes", Type::Int),
    ("message", Type::Text),
    ("position", Type::Text),
];

/// What the log is asked; the device is the actor's to name.
pub(crate) fn asked(query: &LogQuery, now: Timestamp) -> Result<Query, Refusal> {
    let moment = |field: &str, text: &Option<String>| {
        let wrong = || {
            Refusal::invalid(
                field,
                "it is neither a moment by RFC 3339, nor a date, nor a span such as 2h, 30m or 7d",
            )
        };
        given(text).map(|text| since::before(text, now).ok_or_else(wrong)).transpose()
    };
    let place = |field: &str, text: &Option<String>| {
        given(text)
            .map(str::parse::<Position>)
            .transpose()
            .map_err(|error| Refusal::invalid(field, error.to_string()))
    };
    let text = |text: &Option<String>| given(text).map(str::to_owned);
    let verdict = |name: &str| {
        let known = || Verdict::ALL.map(Verdict::name).join(", ");
        Verdict::named(name)
            .ok_or_else(|| Refusal::invalid("verdict", format!("{name:?} is none of {}", known())))
    };
    Ok(Query {
        since: moment("since", &query.since)?,
        until: moment("until", &query.until)?,
        either: nets("address", &query.address)?,
        from: nets("from", &query.from)?,
        to: nets("to", &query.to)?,
        rule: text(&query.rule),
        app: text(&query.app),
        verdicts: listed(&query.verdict).map(verdict).collect::<Result<_, _>>()?,
        protocol: given(&query.protocol).map(protocol).transpose()?,
        port: query.port,
        whose: match given(&query.source) {
            None => Whose::All,
            Some("own") => Whose::Ours,
            Some(name) => Whose::Of(name.to_owned()),
        },
        before: place("before", &query.before)?,
        after: place("after", &query.after)?,
        limit: query.limit,
    })
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn listed(text: &Option<String>) -> impl Iterator<Item = &str> {
    given(text).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn nets(field: &str, text: &Option<String>) -> Result<Vec<IpNet>, Refusal> {
    let net = |item: &str| {
        let address = || IpAddr::from_str(item).map(IpNet::from);
        let wrong = |_| {
            Refusal::invalid(
                field,
                format!("{item:?} is neither an address nor a network such as 10.20.0.0/16"),
            )
        };
        IpNet::from_str(item).or_else(|_no_net| address()).map_err(wrong)
    };
    let all = listed(text).take(MOST_NETS + 1).map(net).collect::<Result<Vec<_>, _>>()?;
    if all.len() > MOST_NETS {
        return Err(Refusal::invalid(field, format!("there are more than {MOST_NETS} networks")));
    }
    Ok(all)
}

fn protocol(text: &str) -> Result<u8, Refusal> {
    match text.to_ascii_lowercase().as_str() {
        "icmp" => Ok(1),
        "tcp" => Ok(6),
        "udp" => Ok(17),
        "icmpv6" => Ok(58),
        number => number.parse().map_err(|_no_number| {
            Refusal::invalid(
                "protocol",
                format!("{text:?} is neither tcp, udp, icmp, icmpv6 nor a number up to 255"),
            )
        }),
    }
}

/// The names of the devices that the actor may see, by their addresses.
pub(crate) fn names(app: &App, actor: &Actor) -> HashMap<IpAddr, String> {
    let devices = app.door.devices(actor);
    devices.iter().map(|device| (device.endpoint.addr.to_canonical(), device.name.clone())).collect()
}

/// An entry as API and page show it.
pub(crate) fn shown(line: Line, names: &HashMap<IpAddr, String>) -> LoggedEntry {
    let Line { position, received, entry } = line;
    let name = |address: Option<IpAddr>| address.and_then(|it| names.get(&it.to_canonical()).cloned());
    LoggedEntry {
        position: position.to_string(),
        at: entry.at,
        received,
        source: entry.source.map(|it| it.to_string()),
        verdict: entry.verdict.name().to_owned(),
        rule: entry.rule.map(|it| it.to_string()),
        app: entry.app.map(|it| it.to_string()),
        from: entry.from.map(|it| it.to_string()),
        to: entry.to.map(|it| it.to_string()),
        from_device: name(entry.from),
        to_device: name(entry.to),
        protocol: entry.protocol,
        source_port: entry.source_port,
        port: entry.port,
        arrived: entry.arrived.map(|it| it.to_string()),
        leaves: entry.leaves.map(|it| it.to_string()),
        bytes: entry.bytes,
        message: entry.message.map(Into::into),
    }
}

/// What is missing, as the API shows it.
pub(crate) fn missing(loss: &Loss) -> MissingEntries {
    MissingEntries {
        from: loss.from,
        to: loss.to,
        why: loss.why.name().to_owned(),
        meaning: loss.why.meaning().to_owned(),
        count: loss.count,
    }
}

fn add(table: &mut Table, lines: Vec<Line>) {
    let text = |it: Option<Arc<str>>| Cell::from(it.map(|it| it.to_string()));
    let number = |it: Option<u64>| Cell::from(it);
    table.rows.extend(lines.into_iter().map(|Line { position, received, entry }| {
        vec![
            entry.at.into(),
            received.into(),
            text(entry.source),
            entry.verdict.name().into(),
            text(entry.rule),
            text(entry.app),
            entry.from.map(|it| it.to_string()).into(),
            entry.to.map(|it| it.to_string()).into(),
            number(entry.protocol.map(Into::into)),
            number(entry.source_port.map(Into::into)),
            number(entry.port.map(Into::into)),
            text(entry.arrived),
            text(entry.leaves),
            number(entry.bytes.map(Into::into)),
            entry.message.map(String::from).into(),
            position.to_string().into(),
        ]
    }));
}

/// How far an export is.
struct Export {
    app: App,
    actor: Actor,
    query: Query,
    device: Option<String>,
    format: ExportFormat,
    pieces: export::Pieces,
    ended: bool,
}

impl Export {
    /// The next page; empty at the end, and now and then before it.
    async fn page(&mut self) -> Result<Vec<Line>, Failure> {
        let query = Query { limit: PAGE, ..self.query.clone() };
        let Found { lines, next, .. } =
            self.app.policies.find_logged(&self.actor, query, self.device.as_deref()).await?;
        self.ended = next.is_none();
        self.query.before = next;
        Ok(lines)
    }

    async fn text(&mut self) -> io::Result<Option<String>> {
        if self.ended {
            return Ok(None);
        }
        let mut table = Table::new(&COLUMNS);
        add(&mut table, self.page().await.map_err(io::Error::other)?);
        Ok(Some(self.pieces.next(&table, self.format, self.ended)))
    }
}

/// Everything that is found, as a file that a browser keeps.
pub(crate) async fn file(
    app: &App,
    actor: &Actor,
    query: Query,
    device: Option<String>,
    format: ExportFormat,
) -> Result<Response, Failure> {
    // Whether they may is told before anything is sent.
    let first = Query { limit: 1, ..query.clone() };
    app.policies.find_logged(actor, first, device.as_deref()).await?;
    let (app, actor, pieces) = (app.clone(), actor.clone(), export::Pieces::default());
    let parquet = Arc::clone(&app.parquet);
    let mut export = Export { app, actor, query, device, format, pieces, ended: false };
    let body = if format == ExportFormat::Parquet {
        let mut table = Table::new(&COLUMNS);
        while !export.ended {
            add(&mut table, export.page().await?);
            if table.rows.len() > MOST_WHOLE {
                let cause = format!("there are more than {MOST_WHOLE}, and Parquet is made whole");
                return Err(Failure::new(Kind::Invalid, "export", "the firewalls' log", cause).hint(
                    "ask for a shorter time; or export CSV or JSON, which have no limit; or read the archive's own files",
                ));
            }
        }
        let made = parquet(&table);
        Body::from(
            made.map_err(|cause| Failure::new(Kind::Unavailable, "export", "the firewalls' log", cause))?,
        )
    } else {
        Body::from_stream(stream::unfold(Some(export), |export| async {
            let mut export = export?;
            match export.text().await {
                Ok(Some(text)) => Some((Ok(Bytes::from(text)), Some(export))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    };
    Ok(export::kept(body, format, "portcullis-firewall-log"))
}

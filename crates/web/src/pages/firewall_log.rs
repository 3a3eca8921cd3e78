//! The firewalls' log: filters, how much of what when, what is missing, and the entries.

use super::policy::Looked;
use crate::answer::{Answer, page};
use crate::app::App;
use crate::firewall_log::{asked, file, names, shown};
use crate::session::Session;
use crate::view::firewall_log::{Chart, Gap, Row, gaps, row};
use crate::view::frame::{Area, Frame};
use ::api::firewall_log::LogQuery;
use ::api::inventory::ExportFormat;
use askama::Template;
use axum::extract::{Query as Asked, State};
use control::policy::Which;
use jiff::{SignedDuration, Timestamp};
use model::firewall_log::{Bars, Query, Verdict};
use serde::Deserialize;

/// Entries on a page.
const PAGE: usize = 200;
/// Bars of the picture.
const BARS: usize = 60;
/// What is shown when nobody says since when.
const SINCE: &str = "24h";
/// The spans that are offered.
const SPANS: [(&str, &str); 6] = [
    ("15m", "15 minutes"),
    ("2h", "2 hours"),
    ("24h", "24 hours"),
    ("7d", "7 days"),
    ("30d", "30 days"),
    ("365d", "a year"),
];

#[derive(Template)]
#[template(path = "firewall_log.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    wanted: Wanted,
    spans: [(&'static str, &'static str); 6],
    verdicts: [&'static str; 6],
    /// Since when is asked that is none of the spans.
    is_other_span: bool,
    is_filtered: bool,
    wrong: Option<String>,
    chart: Option<Chart>,
    gaps: Vec<Gap>,
    more_gaps: usize,
    rows: Vec<Row>,
    is_cut: bool,
    searched: u64,
    older: Option<String>,
    csv: String,
    json: String,
    parquet: String,
}

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    since: String,
    until: String,
    device: String,
    address: String,
    rule: String,
    app: String,
    verdict: String,
    port: String,
    source: String,
    before: String,
    format: ExportFormat,
}

impl Wanted {
    fn fields(&self) -> [(&'static str, &str); 9] {
        [
            ("since", &self.since),
            ("until", &self.until),
            ("device", &self.device),
            ("address", &self.address),
            ("rule", &self.rule),
            ("app", &self.app),
            ("verdict", &self.verdict),
            ("port", &self.port),
            ("source", &self.source),
        ]
    }

    fn is_filtered(&self) -> bool {
        self.fields()
            .iter()
            .any(|(name, value)| !value.trim().is_empty() && (*name != "since" || *value != SINCE))
    }

    /// The same question with something added, at this address.
    fn link(&self, path: &str, name: &str, value: &str) -> String {
        let mut link = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
        for (name, value) in self.fields().into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            link.append_pair(name, value.trim());
        }
        link.append_pair(name, value).finish()
    }

    fn device(&self) -> Option<String> {
        text(&self.device)
    }

    /// The question as the API asks it; or what is wrong with it.
    fn query(&self, now: Timestamp) -> Result<Query, String> {
        let port = text(&self.port).map(|port| port.parse::<u16>());
        let query = LogQuery {
            since: text(&self.since),
            until: text(&self.until),
            address: text(&self.address),
            rule: text(&self.rule),
            app: text(&self.app),
            verdict: text(&self.verdict),
            port: port.transpose().map_err(|_no_port| "the port is no number up to 65,535".to_owned())?,
            source: text(&self.source),
            before: text(&self.before),
            limit: PAGE,
            ..LogQuery::default()
        };
        asked(&query, now).map_err(|refusal| {
            let failure = refusal.failure();
            format!("{}: {}", failure.subject, failure.cause)
        })
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// `GET /firewall-log`.
pub(crate) async fn show(
    State(app): State<App>,
    session: Session,
    Asked(mut wanted): Asked<Wanted>,
) -> Answer {
    let (actor, now) = (&session.actor, app.now());
    if wanted.since.trim().is_empty() && wanted.until.trim().is_empty() {
        wanted.since = SINCE.into();
    }
    // What cannot be understood is told, and the rest of the page is there.
    let (query, wrong) = match wanted.query(now) {
        Ok(query) => (query, None),
        Err(wrong) => {
            (Query { since: Some(hours_before(now, 24)), limit: PAGE, ..Query::default() }, Some(wrong))
        }
    };
    let device = wanted.device();
    let found = app.policies.find_logged(actor, query.clone(), device.as_deref()).await?;
    let bars = bars(&query, now);
    // Pages behind the first have the picture of the first.
    let counted = Query { before: None, ..query };
    let counts = app.policies.count_logged(actor, counted, device.as_deref(), bars).await?;
    let names = names(&app, actor);
    let (gaps, more_gaps) = gaps(&found.missing);
    page(&Page {
        frame: app.frame(&session, "Firewall log", Area::Policy),
        tab: "log",
        looked: Looked::new("", Which::Current, None),
        spans: SPANS,
        verdicts: Verdict::ALL.map(Verdict::name),
        is_other_span: SPANS.iter().all(|(span, _)| wanted.since != *span),
        is_filtered: wanted.is_filtered(),
        wrong,
        chart: Chart::new(&counts, bars),
        gaps,
        more_gaps,
        rows: found.lines.into_iter().map(|line| row(shown(line, &names))).collect(),
        is_cut: found.is_cut,
        searched: found.searched,
        older: found.next.map(|next| wanted.link("/firewall-log", "before", &next.to_string())),
        csv: wanted.link("/firewall-log/export", "format", "csv"),
        json: wanted.link("/firewall-log/export", "format", "json"),
        parquet: wanted.link("/firewall-log/export", "format", "parquet"),
        wanted,
    })
}

fn hours_before(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now)
}

/// Spans of whole seconds that cover what is asked about.
fn bars(query: &Query, now: Timestamp) -> Bars {
    let end = query.until.unwrap_or(now);
    let begin = query.since.unwrap_or_else(|| hours_before(end, 24)).min(end);
    let number = i64::try_from(BARS).unwrap_or(1);
    let seconds = end.duration_since(begin).as_secs().max(0) / number + 1;
    Bars { begin, step: SignedDuration::from_secs(seconds), number: BARS }
}

/// `GET /firewall-log/export`.
pub(crate) async fn export(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let query = wanted
        .query(app.now())
        .map_err(|cause| model::Failure::new(model::Kind::Invalid, "export", "the firewalls' log", cause))?;
    Ok(file(&app, &session.actor, query, wanted.device(), wanted.format).await?)
}

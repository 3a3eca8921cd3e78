//! How a device is asked: lanes, limit, breaker, latency, and what its readings cost.

use super::audit::Fact;
use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::Time;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use crate::view::traffic::{Slow, Spark, bytes, duration, query_words, slow};
use askama::Template;
use axum::extract::{Path, State};
use jiff::Timestamp;
use model::DeviceId;
use model::traffic::{Breaker, Cost, Lane, Traffic};

#[derive(Template)]
#[template(path = "device_traffic.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    id: DeviceId,
    name: String,
    link: String,
    shown: Option<Shown>,
}

/// All of it, in words.
struct Shown {
    model: String,
    breaker: BreakerWords,
    facts: Vec<Fact>,
    lanes: Vec<LaneRow>,
    costs: Vec<CostRow>,
    spark: Option<Spark>,
    errors: Vec<(String, u64)>,
    learned: Vec<Fact>,
    slow: Vec<Slow>,
}

struct BreakerWords {
    word: &'static str,
    tone: &'static str,
    icon: &'static str,
    detail: String,
}

struct LaneRow {
    name: &'static str,
    meaning: &'static str,
    waiting: u32,
    sent: u64,
    failed: u64,
}

struct CostRow {
    name: &'static str,
    at: Option<Time>,
    requests: u32,
    bytes: String,
    elapsed: String,
    share: String,
}

/// `GET /devices/{name}/traffic`.
pub(crate) async fn show(State(app): State<App>, session: Session, Path(name): Path<String>) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let traffic = app.door.traffic(&session.actor, &device.id.0)?;
    page(&Page {
        frame: app.frame(&session, &format!("Traffic: {}", device.name), Area::Fleet),
        tab: "traffic",
        id: device.id.clone(),
        name: device.name.clone(),
        link: link(&device.name),
        shown: traffic.map(|traffic| shown(&traffic, app.now())),
    })
}

fn shown(traffic: &Traffic, now: Timestamp) -> Shown {
    let learned = &traffic.learned;
    let mut known = vec![Fact::new("$expand", query_words(learned.expand))];
    if !learned.expand_fails_at.is_empty() {
        known.push(Fact::mono("Not at", learned.expand_fails_at.join(", ")));
    }
    known.push(Fact::new("$select", learned.select.map_or("not known yet", query_words)));
    let etags = match learned.etags_work {
        Some(true) => "honoured",
        Some(false) => "not honoured",
        None => "not tried yet",
    };
    known.push(Fact::new("Entity tags", etags));
    if learned.in_flight > 0 {
        known.push(Fact::new("Best at once", learned.in_flight.to_string()));
    }
    if learned.inventory_requests > 0 {
        known.push(Fact::new("Full reading, requests", learned.inventory_requests.to_string()));
    }
    Shown {
        model: traffic.model.to_string(),
        breaker: breaker(&traffic.breaker),
        facts: facts(traffic),
        lanes: traffic.lanes.iter().map(lane).collect(),
        costs: [
            ("State", &traffic.state),
            ("Full reading", &traffic.inventory),
            ("Sensors", &traffic.telemetry),
        ]
        .into_iter()
        .filter_map(|(name, one)| one.as_ref().map(|one| cost(name, one, now)))
        .collect(),
        spark: Spark::new(&traffic.recent_ms),
        errors: traffic.errors.clone(),
        learned: known,
        slow: slow(&learned.paths, 12),
    }
}

fn facts(traffic: &Traffic) -> Vec<Fact> {
    let ms = |ms: u32| duration(ms.into());
    vec![
        Fact::new("Under way", format!("{} of at most {}", traffic.in_flight, traffic.limit)),
        Fact::new("Half within", ms(traffic.p50_ms)),
        Fact::new("95 of 100 within", ms(traffic.p95_ms)),
        Fact::new("Longest", ms(traffic.worst_ms)),
        Fact::new("Shared answers", traffic.shared.to_string()),
        Fact::new("Sent again", traffic.repeated.to_string()),
    ]
}

fn breaker(breaker: &Breaker) -> BreakerWords {
    match breaker {
        Breaker::Closed => BreakerWords { word: "asked", tone: "ok", icon: "h-ok", detail: String::new() },
        Breaker::Open { until, cause } => BreakerWords {
            word: "left alone",
            tone: "critical",
            icon: "h-critical",
            detail: format!(
                "It failed too often in a row and is left alone until {} UTC; an act of a person still goes through. Last: {cause}",
                crate::view::shown(*until)
            ),
        },
        Breaker::Probing => BreakerWords {
            word: "being tried",
            tone: "warning",
            icon: "h-warning",
            detail: "One request tries whether it is back.".into(),
        },
    }
}

fn lane(lane: &model::traffic::LaneTraffic) -> LaneRow {
    let (name, meaning) = match lane.lane {
        Lane::Control => ("Control", "acts, and what they must read"),
        Lane::Person => ("Person", "what people look at or wait for"),
        Lane::Inventory => ("Inventory", "full readings by the clock"),
        Lane::Telemetry => ("Telemetry", "sensors"),
    };
    LaneRow { name, meaning, waiting: lane.waiting, sent: lane.sent, failed: lane.failed }
}

fn cost(name: &'static str, cost: &Cost, now: Timestamp) -> CostRow {
    let each = cost.elapsed_ms.checked_div(cost.requests.into());
    CostRow {
        name,
        at: cost.at.map(|at| Time::new(at, now)),
        requests: cost.requests,
        bytes: bytes(cost.bytes),
        elapsed: duration(cost.elapsed_ms),
        share: each.map_or_else(|| "–".to_owned(), duration),
    }
}

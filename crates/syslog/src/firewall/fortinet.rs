//! FortiGate: traffic logs in the default format, `name=value`.

use super::Told;
use super::fields::{ip, pairs, protocol, some, sum};
use crate::message::{Context, Message, of_date_and_time};
use jiff::Timestamp;
use model::firewall_log::Verdict;

pub(super) fn read<'a>(message: &'a Message, context: &Context) -> Option<Told<'a>> {
    let text = message.text();
    (text.contains("type=\"traffic\"") || text.contains("type=traffic")).then_some(())?;
    let (mut told, mut rest) = (Told::default(), Rest::default());
    for (name, value) in pairs(text) {
        match name {
            "srcip" => told.from = ip(value),
            "dstip" => told.to = ip(value),
            "srcport" => told.source_port = value.parse().ok(),
            "dstport" => told.port = value.parse().ok(),
            "proto" => told.protocol = protocol(value),
            "srcintf" => told.arrived = some(value),
            "dstintf" => told.leaves = some(value),
            "devname" => told.host = some(value),
            "action" => told.verdict = verdict(value),
            "policyname" => rest.policy = some(value),
            "policyid" => rest.policy_id = some(value),
            "app" => rest.app = some(value),
            "service" => rest.service = some(value),
            "sentbyte" => rest.sent = Some(value),
            "rcvdbyte" => rest.received = Some(value),
            "eventtime" => rest.moment = since_epoch(value),
            "date" => rest.date = Some(value),
            "time" => rest.time = Some(value),
            "tz" => rest.zone = Some(value),
            _ => {}
        }
    }
    (told.from.is_some() || told.to.is_some()).then_some(())?;
    told.rule = rest.policy.or(rest.policy_id);
    told.app = rest.app.or(rest.service);
    told.bytes = sum(rest.sent, rest.received);
    told.at = rest.moment.or_else(|| of_date_and_time(rest.date?, rest.time?, rest.zone, context));
    Some(told)
}

/// What is put together from several fields.
#[derive(Default)]
struct Rest<'a> {
    policy: Option<&'a str>,
    policy_id: Option<&'a str>,
    app: Option<&'a str>,
    service: Option<&'a str>,
    sent: Option<&'a str>,
    received: Option<&'a str>,
    moment: Option<Timestamp>,
    date: Option<&'a str>,
    time: Option<&'a str>,
    zone: Option<&'a str>,
}

/// `deny` was stopped; everything else was let through, and the word tells how it ended.
fn verdict(action: &str) -> Verdict {
    match action {
        "" => Verdict::Unknown,
        "deny" | "block" | "blocked" | "dropped" => Verdict::Drop,
        _ => Verdict::Accept,
    }
}

/// Seconds, or parts of them in later releases: the number of digits tells which.
fn since_epoch(digits: &str) -> Option<Timestamp> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        ..=11 => Timestamp::from_second(number).ok(),
        12..=14 => Timestamp::from_millisecond(number).ok(),
        15..=17 => Timestamp::from_microsecond(number).ok(),
        _ => Some(Timestamp::from_nanosecond(number.into()).ok()?),
    }
}

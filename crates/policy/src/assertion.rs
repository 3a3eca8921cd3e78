//! The site's tests: what must hold, held against the evaluator before every apply.

use crate::document::site::Assertion;
use crate::document::words::Action;
use crate::evaluate::{Asked, Evaluator, Family, Judgement};
use crate::explain::{Explanation, explain};
use crate::names::{Hosts, resolve};
use crate::packet::Packet;
use crate::region::{parts, speaker};
use crate::service::Service;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// So many pairs of addresses are asked for one test: more than that is a mistake, or an attack on the time that a check takes.
pub const MOST_PAIRS: usize = 10_000;
/// And so many packets: pairs of addresses times the parts of a range of ports that rules tell apart.
pub const MOST_PACKETS: usize = 10 * MOST_PAIRS;

/// What came of one assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its place among the site's tests, counted from 0.
    pub test: usize,
    /// What was asked, in words.
    pub question: String,
    /// Of how many pairs of addresses it was asked; the first that fails is the last.
    pub asked: usize,
    /// Why it does not hold; `null` where it does.
    pub failure: Option<String>,
    /// What is said of the pair that fails.
    pub explanation: Option<Explanation>,
}

impl Outcome {
    /// Whether it holds.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// Asks all of a site's tests. A name that stands for several addresses is asked with each of them, a zone that is a source
/// with one of each part that rules tell apart, and each must hold.
#[must_use]
pub fn run(evaluator: &Evaluator, tests: &[Assertion], hosts: &Hosts) -> Vec<Outcome> {
    let mut sources = Sources { evaluator, hosts, known: BTreeMap::new() };
    tests.iter().enumerate().map(|(place, test)| ask(evaluator, place, test, hosts, &mut sources)).collect()
}

fn ask<'a>(
    evaluator: &Evaluator,
    place: usize,
    test: &'a Assertion,
    hosts: &Hosts,
    sources: &mut Sources<'a>,
) -> Outcome {
    let mut outcome = Outcome {
        test: place,
        question: format!("{} -> {} on {}: {}", test.from, test.to, test.service, word(test.expect)),
        asked: 0,
        failure: None,
        explanation: None,
    };
    match pairs(evaluator, test, hosts, sources) {
        Ok(pairs) => hold(evaluator, test, &pairs, &mut outcome),
        Err(failure) => outcome.failure = Some(failure),
    }
    outcome
}

/// Asks pair after pair; only the one that fails is explained, which costs far more than to judge it.
fn hold(evaluator: &Evaluator, test: &Assertion, pairs: &[(IpAddr, IpAddr)], outcome: &mut Outcome) {
    let asked = Asked::default();
    let parts = parts(evaluator, test.service);
    let count = pairs.len().saturating_mul(parts.len());
    if count > MOST_PACKETS {
        let (from, to, service) = (&test.from, &test.to, test.service);
        outcome.failure = Some(format!(
            "{service} from {from} to {to} is {count} questions, because rules tell its ports apart, and {MOST_PACKETS} are asked"
        ));
        return;
    }
    for (from, to) in pairs.iter().copied() {
        outcome.asked += 1;
        for part in parts.iter().copied() {
            let packet = Packet { from, to, payload: speaker(part, Family::of(from)), interface: None };
            if !holds(evaluator, test, &evaluator.judge(&packet, &asked)) {
                let explanation = explain(evaluator, &packet, &asked, "en");
                outcome.failure = Some(failure(test, part, &explanation));
                outcome.explanation = Some(explanation);
                return;
            }
        }
    }
}

fn holds(evaluator: &Evaluator, test: &Assertion, judgement: &Judgement) -> bool {
    let by = judgement.rule.and_then(|place| evaluator.rule(place)).map(|rule| &rule.app_id);
    judgement.verdict == test.expect && test.app_id.as_ref().is_none_or(|wanted| by == Some(wanted))
}

/// The addresses that names stand for as sources; those of a zone take time, and many tests name the same.
struct Sources<'a> {
    evaluator: &'a Evaluator,
    hosts: &'a Hosts,
    known: BTreeMap<&'a str, Vec<IpAddr>>,
}

impl<'a> Sources<'a> {
    fn of(&mut self, name: &'a str) -> Result<Vec<IpAddr>, String> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let subject = resolve(name, self.evaluator, self.hosts).map_err(|error| error.to_string())?;
        let found = subject.sources(self.evaluator);
        self.known.insert(name, found.clone());
        Ok(found)
    }
}

fn pairs<'a>(
    evaluator: &Evaluator,
    test: &'a Assertion,
    hosts: &Hosts,
    sources: &mut Sources<'a>,
) -> Result<Vec<(IpAddr, IpAddr)>, String> {
    let addresses = |name: &str| {
        let subject = resolve(name, evaluator, hosts).map_err(|error| error.to_string())?;
        Ok::<Vec<IpAddr>, String>(subject.addresses(evaluator))
    };
    let (from, to) = (sources.of(&test.from)?, addresses(&test.to)?);
    let count = from.len().saturating_mul(to.len());
    if count > MOST_PAIRS {
        return Err(format!(
            "{} and {} are {count} pairs of addresses, and {MOST_PAIRS} are asked",
            test.from, test.to
        ));
    }
    let asks = |family: Family| match test.service {
        Service::Icmp(_) => family == Family::V4,
        Service::Icmp6(_) => family == Family::V6,
        _ => true,
    };
    let all = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
    let pairs: Vec<_> =
        all.filter(|(from, to)| Family::of(*from) == Family::of(*to) && asks(Family::of(*from))).collect();
    if pairs.is_empty() {
        return Err(format!(
            "{} and {} have no addresses of one family that this could be asked of",
            test.from, test.to
        ));
    }
    Ok(pairs)
}

/// Why a test does not hold of an explanation's packet.
fn failure(test: &Assertion, part: Service, explanation: &Explanation) -> String {
    let Explanation { verdict, app_id, from, to, why, .. } = explanation;
    let on = if part == test.service { String::new() } else { format!(" on {part}") };
    let pair = format!("{} -> {}{on}", from.address, to.address);
    match &test.app_id {
        Some(wanted) if *verdict == test.expect => {
            let by = app_id.as_deref().unwrap_or("no rule");
            format!("{pair} is decided by {by}, not by {wanted}: {why}")
        }
        _ => format!("{pair} is {}: {why}", past(*verdict)),
    }
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Drop => "drop",
        Action::Reject => "reject",
    }
}

const fn past(action: Action) -> &'static str {
    match action {
        Action::Allow => "allowed",
        Action::Drop => "dropped",
        Action::Reject => "rejected",
    }
}

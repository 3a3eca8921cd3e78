//! The site's tests: what must hold, held against the evaluator before every apply.

use crate::document::site::Assertion;
use crate::evaluate::{Asked, Evaluator, Family};
use crate::explain::{Explanation, explain};
use crate::names::{Hosts, resolve};
use crate::packet::Packet;
use crate::region::speaker;
use serde::Serialize;
use std::net::IpAddr;

/// What came of one assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its place among the site's tests, counted from 0.
    pub test: usize,
    /// Whether it holds.
    pub passed: bool,
    /// What was asked, in words.
    pub question: String,
    /// Why it does not hold; empty where it does.
    pub failure: String,
    /// What was said of each pair of addresses that was asked.
    pub explanations: Vec<Explanation>,
}

/// Asks all of a site's tests. A name that stands for several addresses is asked with each of them, and each must hold.
#[must_use]
pub fn run(evaluator: &Evaluator, tests: &[Assertion], hosts: &Hosts) -> Vec<Outcome> {
    tests.iter().enumerate().map(|(place, test)| ask(evaluator, place, test, hosts)).collect()
}

fn ask(evaluator: &Evaluator, place: usize, test: &Assertion, hosts: &Hosts) -> Outcome {
    let question = format!("{} -> {} on {}: {}", test.from, test.to, test.service, word(test.expect));
    let outcome = |failure: String, explanations: Vec<Explanation>| Outcome {
        test: place,
        passed: failure.is_empty(),
        question: question.clone(),
        failure,
        explanations,
    };
    let pairs = match pairs(evaluator, test, hosts) {
        Ok(pairs) => pairs,
        Err(failure) => return outcome(failure, Vec::new()),
    };
    let explanations: Vec<Explanation> = pairs
        .into_iter()
        .map(|(from, to)| {
            let payload = speaker(test.service, Family::of(from));
            explain(evaluator, &Packet { from, to, payload, interface: None }, &Asked::default(), "en")
        })
        .collect();
    let failure = explanations.iter().find_map(|explanation| failure(test, explanation)).unwrap_or_default();
    outcome(failure, explanations)
}

fn pairs(evaluator: &Evaluator, test: &Assertion, hosts: &Hosts) -> Result<Vec<(IpAddr, IpAddr)>, String> {
    let addresses = |name: &str| {
        let subject = resolve(name, evaluator, hosts).map_err(|error| error.to_string())?;
        Ok::<Vec<IpAddr>, String>(subject.addresses(evaluator))
    };
    let (from, to) = (addresses(&test.from)?, addresses(&test.to)?);
    let all = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
    let asks = |family: Family| match test.service {
        crate::service::Service::Icmp(_) => family == Family::V4,
        crate::service::Service::Icmp6(_) => family == Family::V6,
        _ => true,
    };
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

fn failure(test: &Assertion, explanation: &Explanation) -> Option<String> {
    let Explanation { verdict, app_id, from, to, why, .. } = explanation;
    let pair = format!("{} -> {}", from.address, to.address);
    if *verdict != test.expect {
        return Some(format!("{pair} is {}: {why}", past(*verdict)));
    }
    let wanted = test.app_id.as_ref()?;
    let by = app_id.as_deref().unwrap_or("no rule");
    (app_id.as_ref() != Some(wanted)).then(|| format!("{pair} is decided by {by}, not by {wanted}: {why}"))
}

const fn word(action: crate::document::words::Action) -> &'static str {
    use crate::document::words::Action;
    match action {
        Action::Allow => "allow",
        Action::Drop => "drop",
        Action::Reject => "reject",
    }
}

const fn past(action: crate::document::words::Action) -> &'static str {
    use crate::document::words::Action;
    match action {
        Action::Allow => "allowed",
        Action::Drop => "dropped",
        Action::Reject => "rejected",
    }
}

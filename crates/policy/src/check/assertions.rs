//! What must hold: the site's own tests, asked of the evaluator.

use super::{Found, Look};
use crate::assertion;
use crate::diagnostic::{Code, steps};
use crate::document::site::Assertion;
use crate::evaluate::Evaluator;
use crate::near;
use crate::plan::Plan;
use std::net::IpAddr;

pub fn look(look: &Look<'_>, found: &mut Found) {
    let tests = &look.site.tests;
    if tests.is_empty() {
        let hint = "add what must hold, first of all that administrators reach the appliance:\ntests:\n  - {from: 10.1.5.10, to: appliance, service: tcp/443, expect: allow}";
        found.site(Code::NoTests, steps!["tests"], "nothing is said of what must hold", hint);
        return;
    }
    let mut is_askable = true;
    for (at, test) in tests.iter().enumerate() {
        for (field, end) in [("from", &test.from), ("to", &test.to)] {
            if !is_end(look, end) {
                is_askable = false;
                let known = look.site.hosts.keys().chain(look.site.zones.keys()).map(String::as_str);
                let otherwise = "write an address, a name of `hosts`, a zone or `appliance`";
                let hint = near::hint(end, known.chain(["appliance"]), otherwise);
                found.site(
                    Code::UnknownEnd,
                    steps!["tests", at, field],
                    format!("{end:?} is nobody here"),
                    hint,
                );
            }
        }
    }
    if let Ok(plan) = Plan::bind(look.scenario, look.site)
        && is_askable
    {
        ask(look, &plan, tests, found);
    }
}

fn is_end(look: &Look<'_>, end: &str) -> bool {
    end == "appliance"
        || end.trim().parse::<IpAddr>().is_ok()
        || look.site.hosts.contains_key(end)
        || look.zone(end).is_some()
}

fn ask(look: &Look<'_>, plan: &Plan, tests: &[Assertion], found: &mut Found) {
    for outcome in assertion::run(&Evaluator::new(plan), tests, &look.site.hosts) {
        if let Some(failure) = outcome.failure {
            let what = format!("{}, but {failure}", outcome.question);
            let hint = "correct the rules, or what is expected of them";
            found.site(Code::FailedTest, steps!["tests", outcome.test, "expect"], what, hint);
        }
    }
}

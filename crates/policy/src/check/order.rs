//! Rules that never decide, and rules that decide only because they come first.

use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::Rule;
use crate::document::words::Action;
use crate::service::Service;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Ports, or kinds of message, of one protocol: its number (IANA), the first and the last.
type Span = (u8, u32, u32);

/// A rule as what it matches.
struct Reach<'a> {
    from: BTreeSet<&'a str>,
    to: &'a str,
    spans: Vec<Span>,
    /// The least and the greatest of each protocol's spans: most pairs of rules are told apart by it.
    hull: BTreeMap<u8, (u32, u32)>,
    groups: &'a [IpAddr],
    /// `None`: from everywhere in its zones.
    sources: Option<&'a [IpNet]>,
    action: Action,
    /// It lets the packet go on to the following rules.
    is_shadow: bool,
}

pub fn look(look: &Look<'_>, found: &mut Found) {
    let rules: Vec<(usize, &Rule, Reach<'_>)> =
        look.rules().map(|(index, rule)| (index, rule, reach(look, rule))).collect();
    for (at, (index, rule, later)) in rules.iter().enumerate() {
        let earlier = rules.get(..at).unwrap_or_default();
        let path = steps!["rules", *index, "application", "app_id"];
        if let Some(coverers) = covered(later, earlier) {
            let names: Vec<String> = coverers.iter().map(|(index, rule, _)| named(*index, rule)).collect();
            let what = format!(
                "{} never decides: all of it is decided by {}",
                named(*index, rule),
                names.join(", ")
            );
            if coverers.iter().all(|(_, _, earlier)| earlier.action == later.action) {
                found.scenario(
                    Code::UnreachableRule,
                    path,
                    what,
                    "delete it, or make the earlier rule narrower",
                );
            } else {
                found.scenario(Code::ShadowedRule, path, what, "move it before them, or make them narrower");
            }
            continue;
        }
        for (other, before, earlier) in earlier {
            let common = overlap(earlier, later);
            if (earlier.action == Action::Allow) != (later.action == Action::Allow) && !common.is_empty() {
                let what = format!(
                    "{} {}s some of what {} {}s: {}",
                    named(*index, rule),
                    verb(later.action),
                    named(*other, before),
                    verb(earlier.action),
                    common.join(", ")
                );
                let hint = format!(
                    "{} decides, as it comes first; take the common part out of one of them",
                    named(*other, before)
                );
                found.scenario(Code::OverlappingRules, path.clone(), what, hint);
            }
        }
    }
}

/// Whether they may have a span in common.
fn may_meet(a: &Reach<'_>, b: &Reach<'_>) -> bool {
    a.hull.iter().any(|(protocol, (first, last))| {
        b.hull.get(protocol).is_some_and(|(from, to)| first <= to && from <= last)
    })
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Drop => "drop",
        Action::Reject => "reject",
    }
}

fn reach<'a>(look: &Look<'a>, rule: &'a Rule) -> Reach<'a> {
    let app_id = &rule.application.app_id;
    let application = look.application(app_id);
    let group = rule.identity.as_ref().and_then(|identity| identity.user_group.as_ref());
    let spans: Vec<Span> = look.services(app_id).iter().flat_map(|&service| spans(service)).collect();
    let mut hull = BTreeMap::new();
    for &(protocol, first, last) in &spans {
        let of = hull.entry(protocol).or_insert((first, last));
        *of = (first.min(of.0), last.max(of.1));
    }
    Reach {
        from: rule.zones.from.iter().map(String::as_str).collect(),
        to: &rule.zones.to,
        spans,
        hull,
        groups: application.map(|application| application.multicast.as_slice()).unwrap_or_default(),
        sources: group.map(|group| look.site.groups.get(group).map(Vec::as_slice).unwrap_or_default()),
        action: rule.action,
        is_shadow: rule.action != Action::Allow && look.site.shadow.contains(app_id),
    }
}

fn spans(service: Service) -> Vec<Span> {
    match service {
        Service::Tcp(ports) => vec![(6, ports.first().into(), ports.last().into())],
        Service::Udp(ports) => vec![(17, ports.first().into(), ports.last().into())],
        Service::Icmp(kind) => vec![(1, kind.into(), kind.into())],
        Service::Icmp6(kind) => vec![(58, kind.into(), kind.into())],
        Service::Echo => vec![
            (1, Service::ECHO.into(), Service::ECHO.into()),
            (58, Service::ECHO6.into(), Service::ECHO6.into()),
        ],
    }
}

type Known<'r, 'a> = (usize, &'r Rule, Reach<'a>);

/// The earlier rules that together decide all that the later one matches; `None` if something is left to it.
fn covered<'k, 'r, 'a>(later: &Reach<'_>, earlier: &'k [Known<'r, 'a>]) -> Option<Vec<&'k Known<'r, 'a>>> {
    if later.spans.is_empty() || later.from.is_empty() {
        return None;
    }
    let able: Vec<&Known<'_, '_>> = earlier
        .iter()
        .filter(|(_, _, earlier)| {
            !earlier.is_shadow
                && may_meet(earlier, later)
                && earlier.to == later.to
                && holds(earlier.sources, later.sources)
        })
        .collect();
    let mut used = BTreeSet::new();
    for zone in &later.from {
        let mut left = later.spans.clone();
        let mut groups: BTreeSet<&IpAddr> = later.groups.iter().collect();
        for known in able.iter().filter(|(_, _, earlier)| earlier.from.contains(zone)) {
            let before = (left.clone(), groups.len());
            left = known.2.spans.iter().fold(left, |left, span| without(&left, *span));
            known.2.groups.iter().for_each(|group| {
                groups.remove(group);
            });
            if before != (left.clone(), groups.len()) {
                used.insert(known.0);
            }
        }
        if !left.is_empty() || !groups.is_empty() {
            return None;
        }
    }
    Some(able.into_iter().filter(|known| used.contains(&known.0)).collect())
}

/// Whether every source of these is one of those too.
fn holds(outer: Option<&[IpNet]>, inner: Option<&[IpNet]>) -> bool {
    match (outer, inner) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(outer), Some(inner)) => {
            !inner.is_empty() && inner.iter().all(|network| outer.iter().any(|outer| outer.contains(network)))
        }
    }
}

/// What is left of these without that one.
fn without(spans: &[Span], (protocol, first, last): Span) -> Vec<Span> {
    let mut left = Vec::new();
    for &(of, from, to) in spans {
        if of != protocol || to < first || last < from {
            left.push((of, from, to));
            continue;
        }
        if from < first {
            left.push((of, from, first - 1));
        }
        if last < to {
            left.push((of, last + 1, to));
        }
    }
    left
}

/// What two rules both match, in words.
fn overlap(a: &Reach<'_>, b: &Reach<'_>) -> Vec<String> {
    let is_apart = match (a.sources, b.sources) {
        (Some(these), Some(those)) => {
            !these.iter().any(|this| those.iter().any(|that| this.contains(that) || that.contains(this)))
        }
        (Some(these), None) | (None, Some(these)) => these.is_empty(),
        (None, None) => false,
    };
    if a.to != b.to || is_apart || !may_meet(a, b) || a.from.is_disjoint(&b.from) {
        return Vec::new();
    }
    let mut common = Vec::new();
    for &(protocol, first, last) in &a.spans {
        for &(of, from, to) in &b.spans {
            if of == protocol && first <= to && from <= last {
                common.push(written(protocol, first.max(from), last.min(to)));
            }
        }
    }
    common
}

fn written(protocol: u8, first: u32, last: u32) -> String {
    let name = match protocol {
        6 => "tcp",
        17 => "udp",
        1 => "icmp",
        _ => "icmp6",
    };
    if first == last { format!("{name}/{first}") } else { format!("{name}/{first}-{last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_taken_out_of_others() {
        assert_eq!(without(&[(6, 1, 100)], (6, 10, 20)), [(6, 1, 9), (6, 21, 100)]);
        assert_eq!(without(&[(6, 10, 20)], (6, 1, 15)), [(6, 16, 20)]);
        assert_eq!(without(&[(6, 10, 20), (17, 10, 20)], (6, 0, 65_535)), [(17, 10, 20)]);
        assert_eq!(without(&[(6, 10, 20)], (6, 21, 30)), [(6, 10, 20)]);
    }

    #[test]
    fn sources_hold_each_other() {
        let wide: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let narrow: Vec<IpNet> = vec!["10.1.0.0/16".parse().unwrap()];
        assert!(holds(None, None) && holds(None, Some(&wide)) && holds(Some(&wide), Some(&narrow)));
        assert!(
            !holds(Some(&wide), None) && !holds(Some(&narrow), Some(&wide)) && !holds(Some(&wide), Some(&[]))
        );
    }
}

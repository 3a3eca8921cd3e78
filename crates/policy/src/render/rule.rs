//! One rule: the lines by which it is recognised, and the chain of what happens then.

use super::classes::mark;
use super::prefix::{Prefix, Reason, Said};
use super::script::{Script, comment, digit, interface, ip, list, range};
use super::{LOG_BYTES, LOG_GROUP, LOG_RATE};
use crate::document::words::Action;
use crate::evaluate::asked::ANSWER_SECONDS;
use crate::evaluate::{Family, merge, places};
use crate::plan::{Log, Plan, Rule};
use crate::service::Service;

/// Where a rule stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Site {
    /// To the appliance.
    Input,
    /// From the appliance to one host.
    Output,
    /// From the appliance to a group of hosts.
    Request,
    /// From one zone to another, or within one.
    Forward,
    /// The same, where the document allows it but nothing is routed.
    NotRouted,
}

impl Site {
    pub(super) const fn letter(self) -> char {
        match self {
            Self::Input => 'i',
            Self::Output | Self::Request => 'o',
            Self::Forward | Self::NotRouted => 'f',
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Input => "in",
            Self::Output => "out",
            Self::Request => "request",
            Self::Forward => "forward",
            Self::NotRouted => "unrouted",
        }
    }
}

/// The name of the chain that says what happens.
pub(super) fn chain(generation: &str, place: usize, site: Site) -> String {
    format!("{generation}_rule_{place}_{}", site.word())
}

/// `scenario/version/rule/application`.
pub(super) fn origin(plan: &Plan, rule: &str, app_id: &str) -> String {
    comment(&format!("{}/{rule}/{app_id}", plan.scenario.replace(' ', "/")))
}

/// A rule that only logs goes on to the next; any other ends there.
const fn only_logs(rule: &Rule) -> bool {
    rule.is_shadow && !matches!(rule.action, Action::Allow)
}

/// The lines by which a rule is recognised.
pub(super) fn recognise(
    script: &mut Script,
    generation: &str,
    plan: &Plan,
    place: usize,
    site: Site,
    groups: bool,
) {
    let Some(rule) = plan.rules.get(place) else { return };
    let verb = if only_logs(rule) { "jump" } else { "goto" };
    let target = format!("{verb} {}", chain(generation, place, site));
    let origin = origin(plan, &rule.index.to_string(), &rule.app_id);
    let leaves_by = leaves_by(plan, rule, site);
    for service in services(&rule.services) {
        for ends in ends(rule, groups) {
            script.line(format_args!("{leaves_by}{ends}{service} {target} comment \"{origin}\""));
        }
    }
}

/// A request to a group has the zone of the interface that it leaves by.
fn leaves_by(plan: &Plan, rule: &Rule, site: Site) -> String {
    let interfaces = plan.zones.get(rule.to).map_or(&[][..], |zone| &zone.interfaces);
    if site != Site::Request || interfaces.is_empty() {
        return String::new();
    }
    let names: Vec<String> = interfaces.iter().map(|name| interface(name)).collect();
    format!("oifname {} ", list(&names))
}

/// What is asked of the addresses, once for each family that it can be asked of; nothing where nobody is meant.
fn ends(rule: &Rule, groups: bool) -> Vec<String> {
    if rule.sources.is_none() && !groups {
        return vec![String::new()];
    }
    let of_family = |family: Family| {
        let ip = ip(family);
        let mut text = String::new();
        if let Some(sources) = &rule.sources {
            let nets = sources.iter().filter(|net| Family::of(net.addr()) == family).map(places::ends);
            let nets = merge(nets.collect());
            let nets: Vec<String> =
                nets.into_iter().map(|(first, last)| range(family, first, last)).collect();
            if nets.is_empty() {
                return None;
            }
            text = format!("ct original {ip} saddr {} ", list(&nets));
        }
        if groups {
            let mut wanted: Vec<_> =
                rule.multicast.iter().filter(|group| Family::of(**group) == family).collect();
            wanted.sort();
            wanted.dedup();
            if wanted.is_empty() {
                return None;
            }
            let wanted: Vec<String> = wanted.into_iter().map(ToString::to_string).collect();
            text = format!("{text}ct original {ip} daddr {} ", list(&wanted));
        }
        Some(text)
    };
    Family::BOTH.into_iter().filter_map(of_family).collect()
}

/// What is asked of the service: a line for each protocol. An ICMP error is judged by the connection that it is about, so
/// the packet's own protocol may be ICMP; it is named because nft needs one before it reads `proto-dst`.
pub(super) fn services(services: &[Service]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |protocol: &str, ports: Vec<(u16, u16)>| {
        if ports.is_empty() {
            return;
        }
        let own = if protocol.ends_with("icmp") { String::new() } else { format!("{protocol}, ") };
        let ports: Vec<String> = merge(ports).into_iter().map(port_range).collect();
        let ports = list(&ports);
        lines.push(format!(
            "meta l4proto {{ {own}icmp, ipv6-icmp }} ct original protocol {protocol} ct original proto-dst {ports}"
        ));
    };
    let of = |pick: &dyn Fn(&Service) -> Option<(u16, u16)>| services.iter().filter_map(pick).collect();
    add(
        "tcp",
        of(&|service| {
            if let Service::Tcp(ports) = service { Some((ports.first(), ports.last())) } else { None }
        }),
    );
    add(
        "udp",
        of(&|service| {
            if let Service::Udp(ports) = service { Some((ports.first(), ports.last())) } else { None }
        }),
    );
    add("icmp", of(&|service| message(*service, Family::V4)));
    add("ipv6-icmp", of(&|service| message(*service, Family::V6)));
    lines
}

fn port_range((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// The kernel keeps an ICMP message's type and code where a connection has its destination port: any code of this type.
fn message(service: Service, family: Family) -> Option<(u16, u16)> {
    let kind = match (service, family) {
        (Service::Icmp(kind), Family::V4) | (Service::Icmp6(kind), Family::V6) => kind,
        (Service::Echo, Family::V4) => Service::ECHO,
        (Service::Echo, Family::V6) => Service::ECHO6,
        _ => return None,
    };
    let first = u16::from(kind) << 8;
    Some((first, first | 0xff))
}

/// The chain of what happens to what a rule recognised.
pub(super) fn act(script: &mut Script, generation: &str, plan: &Plan, place: usize, site: Site) {
    let Some(rule) = plan.rules.get(place) else { return };
    let origin = origin(plan, &rule.index.to_string(), &rule.app_id);
    let said = match (rule.action, only_logs(rule)) {
        (Action::Allow, _) if site == Site::NotRouted => Said::Drop,
        (Action::Allow, _) => Said::Allow,
        (Action::Drop, false) => Said::Drop,
        (Action::Reject, false) => Said::Reject,
        (Action::Drop, true) => Said::WouldDrop,
        (Action::Reject, true) => Said::WouldReject,
    };
    let prefix =
        Prefix { path: site.letter(), reason: Reason::Rule(rule.index), app_id: rule.app_id.clone(), said };
    let is_logged = rule.log.at_start || rule.log.is_high || only_logs(rule) || site == Site::NotRouted;
    let chain = chain(generation, place, site);
    if is_logged {
        log(script, &chain, &prefix, rate(rule.log), &origin);
    }
    script.open(format_args!("chain {chain}"));
    script.line(format_args!("counter comment \"{origin}\""));
    if is_logged {
        // Of what passes, and of what would not have, only the beginning is written down.
        let new = if matches!(said, Said::Drop | Said::Reject) { "" } else { "ct state new " };
        script.line(format_args!("{new}jump {chain}_log comment \"{origin}\""));
    }
    if site == Site::Request && said == Said::Allow {
        await_answers(script, generation, rule, &origin);
    }
    if let Some(mark) = mark(plan, rule.class).filter(|_| said == Said::Allow) {
        script.line(format_args!("{mark} comment \"{origin}\""));
    }
    end(script, said, &origin);
    script.close();
}

fn rate(log: Log) -> u32 {
    log.per_second.unwrap_or(LOG_RATE).max(1)
}

/// The chain that writes a record, if not too many were written; the others are counted.
pub(super) fn log(script: &mut Script, chain: &str, prefix: &Prefix, rate: u32, origin: &str) {
    let burst = rate.saturating_mul(2);
    script.open(format_args!("chain {chain}_log"));
    script.line(format_args!(
        "limit rate {rate}/second burst {burst} packets log prefix \"{prefix}\" group {LOG_GROUP} snaplen {LOG_BYTES} return \
         comment \"{origin}\""
    ));
    script.line(format_args!("counter comment \"{}\"", comment(&format!("unlogged/{origin}"))));
    script.close();
}

/// The kernel notes who asked, so that answers by unicast are let in for a while.
fn await_answers(script: &mut Script, generation: &str, rule: &Rule, origin: &str) {
    for family in Family::BOTH {
        if rule.multicast.iter().any(|group| Family::of(*group) == family) {
            let (ip, digit, to) = (ip(family), digit(family), rule.to);
            script.line(format_args!(
                "ct direction original meta l4proto udp update @{generation}_answers{digit}_{to} \
                 {{ {ip} saddr . udp sport . udp dport timeout {ANSWER_SECONDS}s }} comment \"{origin}\""
            ));
        }
    }
}

/// The last lines of a chain. A TCP connection that was alive is reset, so that both ends learn of it.
pub(super) fn end(script: &mut Script, said: Said, origin: &str) {
    match said {
        Said::Allow => script.line(format_args!("accept comment \"{origin}\"")),
        Said::WouldDrop | Said::WouldReject => {}
        Said::Drop => {
            script.line(format_args!(
                "meta l4proto tcp ct state established reject with tcp reset comment \"{origin}\""
            ));
            script.line(format_args!("drop comment \"{origin}\""));
        }
        Said::Reject => {
            script.line(format_args!("meta l4proto tcp reject with tcp reset comment \"{origin}\""));
            script.line(format_args!("reject with icmpx type admin-prohibited comment \"{origin}\""));
        }
    }
}

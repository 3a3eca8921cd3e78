//! The sets and chains of one plan. Their names begin with the generation's, so that two plans stand side by side.

use super::prefix::{Prefix, Reason, Said};
use super::rule::{Site, act, end, log, origin, recognise};
use super::script::{Script, address_type, digit, interface, ip, list, range};
use super::{LOG_RATE, rule};
use crate::document::words::Action;
use crate::evaluate::{Evaluator, Family, Place};
use crate::packet::Path;
use crate::plan::{Plan, ZoneIndex};
use std::collections::BTreeSet;

/// One plan under one name.
pub(super) struct Generation<'a> {
    pub(super) name: &'static str,
    pub(super) plan: &'a Plan,
    evaluator: Evaluator,
    /// The rules that are recognised somewhere, and where.
    used: BTreeSet<(usize, Site)>,
}

/// The paths of what no rule decides, as their letters.
const LETTERS: [char; 3] = ['i', 'o', 'f'];

impl<'a> Generation<'a> {
    pub(super) fn new(name: &'static str, plan: &'a Plan) -> Self {
        Self { name, plan, evaluator: Evaluator::new(plan), used: BTreeSet::new() }
    }

    pub(super) fn write(mut self, script: &mut Script) {
        let pairs = self.forwarded();
        for family in Family::BOTH {
            self.sets(script, family, &pairs);
        }
        self.buckets(script);
        self.limit_chains(script);
        for letter in LETTERS {
            self.without_rule(script, letter, Reason::Default);
            self.without_rule(script, letter, Reason::Spoofed);
        }
        for letter in ['i', 'f'] {
            self.without_rule(script, letter, Reason::Quarantined);
        }
        let mut body = Script::nested();
        self.local(&mut body);
        for zone in 0..self.plan.zones.len() {
            self.zone_in(&mut body, zone);
            self.zone_out(&mut body, zone);
            self.heard_in_zone(&mut body, zone);
        }
        self.requests(&mut body);
        self.forward(&mut body, &pairs);
        for (place, site) in &self.used {
            act(script, self.name, self.plan, *place, *site);
        }
        script.append(body);
    }

    /// The pairs of zones between which a packet that passes through may meet a rule.
    fn forwarded(&self) -> Vec<(ZoneIndex, ZoneIndex)> {
        let count = self.plan.zones.len();
        let all = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let sees = |zone: ZoneIndex| self.plan.zones.get(zone).is_some_and(|zone| zone.is_choke_point);
        let meets = |from, to| self.plan.rules.iter().any(|rule| rule.to == to && rule.from.contains(&from));
        all.filter(|(from, to)| (from != to || sees(*from)) && meets(*from, *to)).collect()
    }

    fn sets(&self, script: &mut Script, family: Family, pairs: &[(ZoneIndex, ZoneIndex)]) {
        let (name, digit, kind) = (self.name, digit(family), address_type(family));
        let own: BTreeSet<_> =
            self.plan.own.iter().filter(|address| Family::of(**address) == family).collect();
        let own: Vec<String> = own.into_iter().map(ToString::to_string).collect();
        script.set(format_args!("set {name}_own{digit}"), &[&format!("type {kind}")], &own);
        for role in ["in", "out"] {
            let map = format!("{role}{digit}");
            self.zone_map(script, &map, family, &|zone| Some(format!("{name}_{role}_{zone}")));
        }
        let hears = |zone| (!self.heard_from(zone).is_empty()).then(|| format!("{name}_heard_{zone}"));
        self.zone_map(script, &format!("heard{digit}"), family, &hears);
        let from: BTreeSet<ZoneIndex> = pairs.iter().map(|(from, _)| *from).collect();
        let target = |zone| from.contains(&zone).then(|| format!("{name}_forward_{zone}"));
        self.zone_map(script, &format!("forward{digit}"), family, &target);
        for source in &from {
            let target =
                |zone| pairs.contains(&(*source, zone)).then(|| format!("{name}_forward_{source}_{zone}"));
            self.zone_map(script, &format!("forward{digit}_{source}"), family, &target);
        }
        for zone in self.asked_zones() {
            let kind = format!("type {kind} . inet_service . inet_service");
            let lines = [&*kind, "size 65535", "flags dynamic,timeout"];
            script.set(format_args!("set {name}_answers{digit}_{zone}"), &lines, &[]);
        }
    }

    /// Addresses by zone, as disjoint ranges, each leading to a chain.
    fn zone_map(
        &self,
        script: &mut Script,
        map: &str,
        family: Family,
        target: &dyn Fn(ZoneIndex) -> Option<String>,
    ) {
        let ranges = self.evaluator.places().ranges(family).iter();
        let elements = ranges.filter_map(|found| {
            let Place::Zone(zone) = found.place else { return None };
            Some(format!("{} : goto {}", range(family, found.first, found.last), target(zone)?))
        });
        let elements: Vec<String> = elements.collect();
        let kind = format!("type {} : verdict", address_type(family));
        script.set(format_args!("map {}_{map}", self.name), &[&kind, "flags interval"], &elements);
    }

    /// The zones that the appliance asks by multicast.
    fn asked_zones(&self) -> BTreeSet<ZoneIndex> {
        let asks = self.plan.rules.iter().filter(|rule| {
            rule.action == Action::Allow && !rule.multicast.is_empty() && rule.from.contains(&self.plan.home)
        });
        asks.map(|rule| rule.to).collect()
    }

    /// What falls without a rule.
    fn without_rule(&self, script: &mut Script, letter: char, reason: Reason) {
        let chain = format!("{}_{reason}_{letter}", self.name);
        let origin = origin(self.plan, &reason.to_string(), "-");
        let prefix = Prefix { path: letter, reason, app_id: "-".into(), said: Said::Drop };
        log(script, &chain, &prefix, LOG_RATE, &origin);
        script.open(format_args!("chain {chain}"));
        script.line(format_args!("counter comment \"{origin}\""));
        script.line(format_args!("jump {chain}_log comment \"{origin}\""));
        end(script, Said::Drop, &origin);
        script.close();
    }

    pub(super) fn line(&self, script: &mut Script, text: &str, what: &str) {
        script.line(format_args!("{text} comment \"{}\"", origin(self.plan, what, "-")));
    }

    /// Where packets to and from the appliance begin: by the connection's original tuple, whichever way this packet goes.
    fn local(&self, script: &mut Script) {
        let name = self.name;
        for (hook, interface) in [("input", "iifname"), ("output", "oifname")] {
            script.open(format_args!("chain {name}_{hook}"));
            self.keep_link_working(script, interface);
            for family in Family::BOTH {
                let (ip, own) = (ip(family), format!("{name}_own{}", digit(family)));
                if hook == "input" {
                    let forged =
                        format!("ct direction original ct original {ip} saddr @{own} goto {name}_spoofed_i");
                    self.line(script, &forged, "spoofed");
                }
                self.line(
                    script,
                    &format!("ct original {ip} saddr @{own} goto {name}_out"),
                    "from the appliance",
                );
            }
            self.line(script, &format!("goto {name}_in"), "to the appliance");
            script.close();
        }
        self.way_in(script);
        self.way_out(script);
    }

    /// Neighbour discovery cannot have been routed: its hop limit is 255 (RFC 4861, section 6.1.1).
    fn keep_link_working(&self, script: &mut Script, direction: &str) {
        let interfaces = self.bound_interfaces();
        let by = interfaces.map(|names| format!("{direction} {} ", list(&names))).unwrap_or_default();
        self.line(script, &format!("{by}icmpv6 type {{ 133-136 }} ip6 hoplimit 255 counter accept"), "link");
        self.line(script, &format!("{by}icmpv6 type {{ 130-132, 143 }} counter accept"), "link");
        self.line(script, &format!("{by}ip protocol igmp counter accept"), "link");
    }

    /// The interfaces of all zones; `None` if a zone takes any.
    fn bound_interfaces(&self) -> Option<Vec<String>> {
        if self.plan.zones.iter().any(|zone| zone.interfaces.is_empty()) {
            return None;
        }
        let all: BTreeSet<&String> = self.plan.zones.iter().flat_map(|zone| &zone.interfaces).collect();
        Some(all.into_iter().map(|name| interface(name)).collect())
    }

    fn way_in(&self, script: &mut Script) {
        let name = self.name;
        script.open(format_args!("chain {name}_in"));
        for family in Family::BOTH {
            let (ip, digit) = (ip(family), digit(family));
            let isolated = format!("ct original {ip} saddr @isolated{digit} goto {name}_quarantined_i");
            self.line(script, &isolated, "quarantined");
        }
        for family in Family::BOTH {
            let (ip, digit) = (ip(family), digit(family));
            let own = format!(
                "ct original {ip} daddr @{name}_own{digit} ct original {ip} saddr vmap @{name}_in{digit}"
            );
            self.line(script, &own, "zone");
            let groups = groups(family);
            let heard =
                format!("ct original {ip} daddr {groups} ct original {ip} saddr vmap @{name}_heard{digit}");
            self.line(script, &heard, "zone");
        }
        self.line(script, &format!("goto {name}_default_i"), "default");
        script.close();
    }

    fn way_out(&self, script: &mut Script) {
        let name = self.name;
        script.open(format_args!("chain {name}_out"));
        for family in Family::BOTH {
            let (ip, digit) = (ip(family), digit(family));
            let groups = groups(family);
            self.line(script, &format!("ct original {ip} daddr {groups} goto {name}_request"), "group");
            self.line(script, &format!("ct original {ip} daddr vmap @{name}_out{digit}"), "zone");
        }
        self.line(script, &format!("goto {name}_default_o"), "default");
        script.close();
    }

    /// A packet whose interface does not lead to the remote end's zone is forged. The kernel gives the interface that a packet
    /// does not have at this hook as an empty name, so that one line serves both.
    fn gate(&self, script: &mut Script, zone: ZoneIndex, letter: char) {
        if let Some(names) = self.names_of(zone) {
            let gate = format!("iifname != {names} oifname != {names} goto {}_spoofed_{letter}", self.name);
            self.line(script, &gate, "spoofed");
        }
    }

    /// The interfaces of a zone; `None` if it takes any.
    fn names_of(&self, zone: ZoneIndex) -> Option<String> {
        let interfaces = self.plan.zones.get(zone).map(|zone| &zone.interfaces)?;
        let names: BTreeSet<String> = interfaces.iter().map(|name| interface(name)).collect();
        (!names.is_empty()).then(|| list(&names.into_iter().collect::<Vec<_>>()))
    }

    fn rules(&mut self, script: &mut Script, places: &[usize], site: Site, groups: bool) {
        for place in places {
            recognise(script, self.name, self.plan, *place, site, groups);
            self.used.insert((*place, site));
        }
    }

    fn between(&self, from: ZoneIndex, to: ZoneIndex) -> Vec<usize> {
        let rules = self.plan.rules.iter().enumerate();
        let meets = rules.filter(|(_, rule)| rule.to == to && rule.from.contains(&from));
        meets.map(|(place, _)| place).collect()
    }

    fn zone_in(&mut self, script: &mut Script, zone: ZoneIndex) {
        let name = self.name;
        script.open(format_args!("chain {name}_in_{zone}"));
        self.gate(script, zone, 'i');
        self.limited(script, zone, self.plan.home);
        if self.asked_zones().contains(&zone) {
            for family in Family::BOTH {
                let (ip, digit) = (ip(family), digit(family));
                let answer = format!(
                    "meta l4proto {{ udp, icmp, ipv6-icmp }} ct original protocol udp \
                     ct original {ip} daddr . ct original proto-dst . ct original proto-src @{name}_answers{digit}_{zone} \
                     counter accept"
                );
                self.line(script, &answer, "answer");
            }
        }
        let places = self.between(zone, self.plan.home);
        self.rules(script, &places, Site::Input, false);
        self.line(script, &format!("goto {name}_default_i"), "default");
        script.close();
    }

    fn zone_out(&mut self, script: &mut Script, zone: ZoneIndex) {
        let name = self.name;
        script.open(format_args!("chain {name}_out_{zone}"));
        self.gate(script, zone, 'o');
        self.limited(script, self.plan.home, zone);
        self.urgent(script);
        for family in Family::BOTH {
            let (ip, digit) = (ip(family), digit(family));
            let pinhole = format!(
                "meta l4proto {{ tcp, udp, icmp, ipv6-icmp }} \
                 ct original {ip} daddr . ct original protocol . ct original proto-dst @pinholes{digit} counter accept"
            );
            self.line(script, &pinhole, "pinhole");
        }
        let places = self.between(self.plan.home, zone);
        self.rules(script, &places, Site::Output, false);
        self.line(script, &format!("goto {name}_default_o"), "default");
        script.close();
    }

    /// The rules about what a zone's hosts send to a group.
    fn heard_from(&self, zone: ZoneIndex) -> Vec<usize> {
        let lists_groups =
            |place: &usize| self.plan.rules.get(*place).is_some_and(|rule| !rule.multicast.is_empty());
        self.between(zone, zone).into_iter().filter(lists_groups).collect()
    }

    /// What a zone's hosts send to a group, where the appliance hears it.
    fn heard_in_zone(&mut self, script: &mut Script, zone: ZoneIndex) {
        let places = self.heard_from(zone);
        if places.is_empty() {
            return;
        }
        script.open(format_args!("chain {}_heard_{zone}", self.name));
        self.gate(script, zone, 'i');
        self.rules(script, &places, Site::Input, true);
        self.line(script, &format!("goto {}_default_i", self.name), "default");
        script.close();
    }

    /// What the appliance sends to a group.
    fn requests(&mut self, script: &mut Script) {
        script.open(format_args!("chain {}_request", self.name));
        let rules = self.plan.rules.iter().enumerate();
        let asks =
            rules.filter(|(_, rule)| !rule.multicast.is_empty() && rule.from.contains(&self.plan.home));
        let places: Vec<usize> = asks.map(|(place, _)| place).collect();
        self.rules(script, &places, Site::Request, true);
        self.line(script, &format!("goto {}_default_o", self.name), "default");
        script.close();
    }

    fn forward(&mut self, script: &mut Script, pairs: &[(ZoneIndex, ZoneIndex)]) {
        let name = self.name;
        script.open(format_args!("chain {name}_forward"));
        for family in Family::BOTH {
            let (ip, digit) = (ip(family), digit(family));
            for end in ["saddr", "daddr"] {
                let isolated = format!("ct original {ip} {end} @isolated{digit} goto {name}_quarantined_f");
                self.line(script, &isolated, "quarantined");
            }
            self.line(script, &format!("ct original {ip} saddr vmap @{name}_forward{digit}"), "zone");
        }
        self.line(script, &format!("goto {name}_default_f"), "default");
        script.close();
        for from in pairs.iter().map(|(from, _)| *from).collect::<BTreeSet<_>>() {
            script.open(format_args!("chain {name}_forward_{from}"));
            for family in Family::BOTH {
                let (ip, digit) = (ip(family), digit(family));
                self.line(
                    script,
                    &format!("ct original {ip} daddr vmap @{name}_forward{digit}_{from}"),
                    "zone",
                );
            }
            self.line(script, &format!("goto {name}_default_f"), "default");
            script.close();
        }
        for (from, to) in pairs {
            self.forward_pair(script, *from, *to);
        }
    }

    fn forward_pair(&mut self, script: &mut Script, from: ZoneIndex, to: ZoneIndex) {
        let name = self.name;
        script.open(format_args!("chain {name}_forward_{from}_{to}"));
        for (direction, into, out) in [("original", from, to), ("reply", to, from)] {
            for (side, zone) in [("iifname", into), ("oifname", out)] {
                if let Some(names) = self.names_of(zone) {
                    let gate = format!("ct direction {direction} {side} != {names} goto {name}_spoofed_f");
                    self.line(script, &gate, "spoofed");
                }
            }
        }
        self.limited(script, from, to);
        for place in self.between(from, to) {
            let site = self.forward_site(from, to, place);
            self.rules(script, &[place], site, false);
        }
        self.line(script, &format!("goto {name}_default_f"), "default");
        script.close();
    }

    fn forward_site(&self, from: ZoneIndex, to: ZoneIndex, place: usize) -> Site {
        let path = if from == to { Path::Inside } else { Path::Forward };
        let allows = self.plan.rules.get(place).is_some_and(|rule| rule.action == Action::Allow);
        let is_routed = path == Path::Inside || self.plan.routed.contains(&(from, to, place));
        if allows && !is_routed { Site::NotRouted } else { rule::Site::Forward }
    }
}

/// Addresses that name many at once.
const fn groups(family: Family) -> &'static str {
    match family {
        Family::V4 => "{ 224.0.0.0/4, 255.255.255.255 }",
        Family::V6 => "ff00::/8",
    }
}

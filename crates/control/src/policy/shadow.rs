//! What the rules that only log would have cost: how much they met, by the kernel's counters, and between whom, by its log.

use super::hits::Hits;
use super::{Policies, Verdict};
use ::policy::render::{Prefix, Reason, Said};
use jiff::Timestamp;
use model::enforcement::LoggedPacket;
use model::{Action, Actor};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// So many pairs are remembered; what does not fit is counted. Who sends from forged addresses must not fill memory.
const MOST_REMEMBERED: usize = 4096;
/// So many pairs of a rule are told, those that met it most.
const MOST_TOLD: usize = 20;

/// What a rule that only logs would have cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// What the kernel counted.
    pub hits: Hits,
    /// What it would do.
    pub would: Verdict,
    /// Between whom, as far as the kernel's log tells: it has a rate, and of each connection it tells the beginning.
    pub pairs: Vec<Pair>,
    /// Records of the log about other pairs than these.
    pub others: u64,
}

/// Who would have been held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Who asked.
    pub from: Met,
    /// Whom.
    pub to: Met,
    /// On what: `tcp/23`.
    pub service: String,
    /// Records of the log.
    pub records: u64,
    /// The last of them.
    pub last: Timestamp,
}

/// One end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Its address.
    pub address: IpAddr,
    /// The device there, if there is one that the reader may see.
    pub device: Option<String>,
}

/// A rule by its place and application, as the log's prefix has it: long names are cut there.
type Rule = (usize, String);
/// From where, to where, protocol and port.
type Flow = (IpAddr, IpAddr, u8, u16);

/// What the log has told of rules that only log, since they were loaded or the appliance started.
#[derive(Debug, Default)]
pub(super) struct Shadows {
    told: BTreeMap<Rule, HashMap<Flow, (u64, Timestamp)>>,
    /// Records that there was no room for.
    lost: BTreeMap<Rule, u64>,
    remembered: usize,
}

impl Shadows {
    /// Takes a record of the kernel's log in, if it is about such a rule.
    pub(super) fn hear(&mut self, packet: &LoggedPacket, now: Timestamp) {
        let Ok(Prefix { reason: Reason::Rule(index), app_id, said, .. }) = packet.prefix.parse() else {
            return;
        };
        let (Said::WouldDrop | Said::WouldReject, Some(from), Some(to)) = (said, packet.from, packet.to)
        else {
            return;
        };
        let rule = (index, app_id);
        let flow = (from, to, packet.protocol, packet.port);
        let flows = self.told.entry(rule.clone()).or_default();
        if let Some((records, last)) = flows.get_mut(&flow) {
            *records = records.saturating_add(1);
            *last = now;
        } else if self.remembered < MOST_REMEMBERED {
            flows.insert(flow, (1, now));
            self.remembered += 1;
        } else {
            let lost = self.lost.entry(rule).or_default();
            *lost = lost.saturating_add(1);
        }
    }

    /// Other rules are loaded.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The flows that met a rule most, and how many records are about others.
    fn of(&self, rule: &Rule) -> (Vec<(Flow, u64, Timestamp)>, u64) {
        let flows = self.told.get(rule).into_iter().flatten();
        let mut flows: Vec<_> = flows.map(|(flow, (records, last))| (*flow, *records, *last)).collect();
        flows.sort_by_key(|(flow, records, _)| (Reverse(*records), *flow));
        let rest = flows.split_off(MOST_TOLD.min(flows.len()));
        let rest: u64 = rest.iter().map(|(_, records, _)| records).sum();
        (flows, rest.saturating_add(self.lost.get(rule).copied().unwrap_or_default()))
    }
}

impl Policies {
    /// What each rule of the loaded policy that only logs would have cost.
    pub(super) async fn costs(&self, actor: &Actor, hits: &[Hits]) -> Vec<Cost> {
        let Ok(Some((_, bound))) = self.loaded().await else { return Vec::new() };
        let is_shadow = |rule: &&super::Rule| rule.is_shadow && rule.action != Verdict::Allow;
        let mut costs = Vec::new();
        for rule in bound.plan().rules.iter().filter(is_shadow) {
            let is_its = |hits: &&Hits| hits.rule == Some(rule.index) && hits.app_id == rule.app_id;
            let Some(hits) = hits.iter().find(is_its) else { continue };
            let prefix = Prefix {
                path: 'i',
                reason: Reason::Rule(rule.index),
                app_id: rule.app_id.clone(),
                said: Said::WouldReject,
            };
            let app_id =
                prefix.to_string().parse().map_or_else(|_| rule.app_id.clone(), |it: Prefix| it.app_id);
            let (flows, others) = self.memory().shadows.of(&(rule.index, app_id));
            let pairs = flows.into_iter().map(|((from, to, protocol, port), records, last)| Pair {
                from: self.met(actor, from),
                to: self.met(actor, to),
                service: service(protocol, port),
                records,
                last,
            });
            costs.push(Cost { hits: hits.clone(), would: rule.action, pairs: pairs.collect(), others });
        }
        costs
    }

    fn met(&self, actor: &Actor, address: IpAddr) -> Met {
        let address = address.to_canonical();
        let registry = self.book().registry();
        let device = registry.all().find(|device| device.endpoint.addr.to_canonical() == address);
        let seen = device.filter(|it| self.door.may(actor, Action::DeviceView, &it.object()).allowed);
        Met { address, device: seen.map(|device| device.name.clone()) }
    }
}

fn service(protocol: u8, port: u16) -> String {
    match protocol {
        6 => format!("tcp/{port}"),
        17 => format!("udp/{port}"),
        1 => "icmp".to_owned(),
        58 => "icmp6".to_owned(),
        other => format!("protocol {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(prefix: &str, from: [u8; 4], port: u16) -> LoggedPacket {
        let (from, to) = (Some(from.into()), Some([10, 20, 0, 7].into()));
        LoggedPacket { prefix: prefix.into(), from, to, protocol: 6, port, ..LoggedPacket::default() }
    }

    #[test]
    fn what_would_have_been_dropped_is_remembered_by_pair_and_bounded() {
        let now = Timestamp::new(1_780_000_000, 0).unwrap();
        let mut shadows = Shadows::default();
        for prefix in
            ["pc:i:6:clear:would_drop", "pc:i:6:clear:drop", "pc:i:1:bmc:allow", "pc:i:6:clear:would_drop"]
        {
            shadows.hear(&packet(prefix, [10, 1, 5, 10], 23), now);
        }
        shadows.hear(&packet("pc:i:6:clear:would_drop", [10, 1, 5, 11], 80), now);
        let (flows, others) = shadows.of(&(6, "clear".into()));
        let told: Vec<_> =
            flows.iter().map(|(flow, records, _)| (flow.0.to_string(), flow.3, *records)).collect();
        assert_eq!((told, others), (vec![("10.1.5.10".into(), 23, 2), ("10.1.5.11".into(), 80, 1)], 0));
        for n in 0..10_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            shadows.hear(&packet("pc:i:6:clear:would_drop", [11, a, b, c], 23), now);
        }
        let (flows, others) = shadows.of(&(6, "clear".into()));
        assert_eq!((flows.len(), shadows.remembered), (MOST_TOLD, MOST_REMEMBERED));
        let told: u64 = flows.iter().map(|(_, records, _)| records).sum();
        assert_eq!(told + others, 10_003, "none is lost in silence");
        shadows.forget();
        assert!(shadows.of(&(6, "clear".into())).0.is_empty());
    }
}

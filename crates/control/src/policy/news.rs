//! What the kernel tells, as findings and for the log. Reading must keep up with the kernel, so nothing here waits: what is seen often is
//! told once an hour, and findings wait for the disk in a bounded place that counts what it loses.

use super::entries::Entries;
use super::{Bound, Policies};
use crate::metrics;
use ::policy::render::Said;
use jiff::{SignedDuration, Timestamp};
use model::DeviceId;
use model::enforcement::{LoggedPacket, Record};
use model::event::{Finding, PolicyStep};
use model::firewall_log::{Loss, Verdict, Why};
use std::collections::HashMap;
use std::net::IpAddr;

/// The same is told once in so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// So much of what was told is remembered; past that nothing is told until some of it is an hour old. Who sends from forged
/// addresses must not fill memory or disk.
const MOST_TOLD: usize = 4096;
/// So many differences are told in a finding.
const MOST_DIFFERENCES: usize = 5;

/// What was told, and when.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<(IpAddr, IpAddr, u8, u16), Timestamp>);

impl Told {
    /// Whether it is to be told now.
    fn is_due(&mut self, what: (IpAddr, IpAddr, u8, u16), now: Timestamp) -> bool {
        let is_fresh = |at: &Timestamp| now.duration_since(*at) < AGAIN;
        if self.0.get(&what).is_some_and(is_fresh) {
            return false;
        }
        if self.0.len() >= MOST_TOLD {
            self.0.retain(|_, at| is_fresh(at));
        }
        if self.0.len() >= MOST_TOLD {
            metrics::records_untold();
            return false;
        }
        self.0.insert(what, now);
        true
    }
}

/// What is remembered while the kernel is listened to.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    told: Told,
    entries: Entries,
    /// When something was heard last: what is missing is missing since then.
    last: Option<Timestamp>,
    /// Since when nobody listens.
    pub(super) gone: Option<Timestamp>,
}

impl Hearing {
    /// Another policy is in force.
    pub(super) fn forget(&mut self) {
        self.entries.forget();
    }
}

impl Policies {
    /// Takes a batch of the kernel's news in.
    pub(super) fn hear(&self, records: Vec<Record>, bound: Option<&Bound>, hearing: &mut Hearing) {
        let now = self.book().now();
        // Batches are as large as what the kernel hands over at once: some hundred records.
        let (mut entries, mut lost) = (Vec::with_capacity(records.len()), 0_u64);
        for record in records {
            match record {
                Record::Packet(packet) => {
                    let (entry, loud) = hearing.entries.read(&packet, bound, now);
                    if matches!(entry.verdict, Verdict::WouldDrop | Verdict::WouldReject) {
                        self.memory().shadows.hear(&packet, now);
                    }
                    if let Some((index, said)) = loud {
                        self.clear_text(&packet, (index, said), bound, &mut hearing.told, now);
                    }
                    entries.push(entry);
                }
                Record::Lost(count) => lost = lost.saturating_add(count),
                Record::Drift(differences) => self.drifted(differences),
                Record::Arrival { from, to, port } => self.arrived(from, to, port, &mut hearing.told, now),
            }
        }
        let read = u64::try_from(entries.len()).unwrap_or_default();
        metrics::logged(read, lost);
        if read > 0 || lost > 0 {
            let log = &mut self.memory().log;
            *log = (log.0.saturating_add(read), log.1.saturating_add(lost));
        }
        if let Some(log) = &self.log {
            if lost > 0 {
                let from = hearing.last.unwrap_or(now).min(now);
                log.lose(Loss { from, to: now, why: Why::Kernel, count: Some(lost) });
            }
            if read > 0 {
                log.keep(entries);
            }
        }
        hearing.last = Some(now);
    }

    fn arrived(&self, from: IpAddr, to: IpAddr, port: u16, told: &mut Told, now: Timestamp) {
        metrics::arrived();
        if !told.is_due((from, to, 6, port), now) {
            return;
        }
        let device = self.at(from);
        let who = name(device.as_ref().map(|it| it.1.as_str()), from);
        let text = format!(
            "{who} tried to reach {to} on tcp/{port}, which has no legitimate destination here; find out what on it wants that"
        );
        let device = device.map(|it| it.0);
        self.book().raise(Finding { kind: "sinkhole_arrival".into(), device, text });
    }

    fn clear_text(
        &self,
        packet: &LoggedPacket,
        (index, said): (usize, Said),
        bound: Option<&Bound>,
        told: &mut Told,
        now: Timestamp,
    ) {
        let (Some(from), Some(to)) = (packet.from, packet.to) else { return };
        if !told.is_due((from, to, packet.protocol, packet.port), now) {
            return;
        }
        let rules = bound.map(|bound| bound.plan().rules.as_slice()).unwrap_or_default();
        let app_id = rules.iter().find(|rule| rule.index == index).map_or("", |rule| rule.app_id.as_str());
        // The device is the end that is one: mostly the one that was asked.
        let (asked, asking) = (self.at(to), self.at(from));
        let protocol = protocol(packet.protocol, packet.port);
        let who = name(asking.as_ref().map(|it| it.1.as_str()), from);
        let whom = name(asked.as_ref().map(|it| it.1.as_str()), to);
        let what = match said {
            Said::WouldDrop | Said::WouldReject => "it passed, because its rule is only on trial",
            _ => "it was dropped",
        };
        let off = switch_off(packet.protocol, packet.port);
        let text = format!(
            "{who} tried {protocol} to {whom}: it carries secrets in clear text, and {what} (rule {index}, {app_id}); {off}"
        );
        let device = asked.or(asking).map(|it| it.0);
        self.book().raise(Finding { kind: "clear_text_attempt".into(), device, text });
    }

    fn drifted(&self, differences: Vec<String>) {
        metrics::drift_told();
        let is_new = {
            let mut memory = self.memory();
            let is_new = differences.iter().any(|line| !memory.drift.contains(line));
            memory.drift.clone_from(&differences);
            is_new
        };
        metrics::drift(differences.len());
        if is_new {
            let told: Vec<&str> = differences.iter().take(MOST_DIFFERENCES).map(String::as_str).collect();
            let more = match differences.len().saturating_sub(MOST_DIFFERENCES) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let text = format!(
                "somebody else changed the firewall's rules: {}{more}; find out who, then `portcullis policy drift --repair` loads the confirmed policy anew",
                told.join("; ")
            );
            self.book().raise(Finding { kind: "firewall_drift".into(), device: None, text });
        }
        self.tell(PolicyStep::Drift, None);
    }

    /// The device at an address, by identifier and name.
    fn at(&self, address: IpAddr) -> Option<(DeviceId, String)> {
        let address = address.to_canonical();
        let registry = self.book().registry();
        let found = registry.all().find(|device| device.endpoint.addr.to_canonical() == address);
        found.map(|device| (device.id.clone(), device.name.clone()))
    }
}

fn name(device: Option<&str>, address: IpAddr) -> String {
    device.map_or_else(|| address.to_string(), |device| format!("{device} ({address})"))
}

fn protocol(protocol: u8, port: u16) -> String {
    let name = match (protocol, port) {
        (6, 21) => "FTP",
        (6, 23) => "telnet",
        (6, 80) => "HTTP",
        (6, 115) => "simple file transfer",
        (6, 5988) => "CIM-HTTP",
        (17, 69) => "TFTP",
        (17, 161 | 162) => "SNMP",
        (17, 623) => "IPMI",
        (6, port) => return format!("tcp/{port}"),
        (17, port) => return format!("udp/{port}"),
        (other, _) => return format!("protocol {other}"),
    };
    let of = if protocol == 6 { "tcp" } else { "udp" };
    format!("{name} ({of}/{port})")
}

/// How it is switched off at a controller.
const fn switch_off(protocol: u8, port: u16) -> &'static str {
    match (protocol, port) {
        (6, 80) => {
            "let who asks use HTTPS, and switch HTTP off in the controller's network services (Redfish: ManagerNetworkProtocol, HTTP)"
        }
        (6, 23) => {
            "switch telnet off in the controller's network services (Redfish: ManagerNetworkProtocol, Telnet), and use SSH"
        }
        (17, 623) => {
            "switch IPMI over LAN off at the controller (Redfish: ManagerNetworkProtocol, IPMI), and use Redfish"
        }
        (17, 161 | 162) => {
            "switch SNMP off at the controller (Redfish: ManagerNetworkProtocol, SNMP), or use version 3"
        }
        (6, 5988) => "let who asks use CIM-HTTPS on tcp/5989, and switch CIM-HTTP off at the controller",
        (6, 21) | (6, 115) | (17, 69) => {
            "let who asks use HTTPS or SFTP, and switch the file service off at the controller"
        }
        _ => "let who asks use an encrypted protocol, and switch this one off at the controller",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_an_hour_and_what_is_remembered_is_bounded() {
        let at = |second: i64| Timestamp::new(1_780_000_000 + second, 0).unwrap();
        let of = |n: u32| (IpAddr::from(n.to_be_bytes()), IpAddr::from([10, 0, 0, 1]), 6, 80);
        let mut told = Told::default();
        assert!(told.is_due(of(1), at(0)) && !told.is_due(of(1), at(3599)) && told.is_due(of(1), at(3600)));
        for n in 2..10_000 {
            told.is_due(of(n), at(3600));
        }
        assert_eq!(told.0.len(), MOST_TOLD);
        assert!(!told.is_due(of(20_000), at(3700)));
        assert!(told.is_due(of(20_000), at(9000)), "an hour later there is room again");
    }
}

//! What the kernel tells, as findings. Reading must keep up with the kernel, so nothing here waits: what is seen often is
//! told once an hour, and findings wait for the disk in a bounded place that counts what it loses.

use super::{Bound, Policies};
use crate::metrics;
use ::policy::document::words::Action;
use ::policy::render::{Prefix, Reason, Said};
use jiff::{SignedDuration, Timestamp};
use model::DeviceId;
use model::enforcement::{LoggedPacket, Record};
use model::event::{Finding, PolicyStep};
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

impl Policies {
    /// Takes one piece of the kernel's news in.
    pub(super) fn hear(&self, record: Record, bound: Option<&Bound>, told: &mut Told) {
        metrics::record(&record);
        match record {
            Record::Packet(packet) => {
                let now = self.book().now();
                {
                    let mut memory = self.memory();
                    memory.log.0 += 1;
                    memory.shadows.hear(&packet, now);
                }
                self.logged(&packet, bound, told);
            }
            Record::Lost(count) => {
                let log = &mut self.memory().log;
                log.1 = log.1.saturating_add(count);
            }
            Record::Drift(differences) => self.drifted(differences),
            Record::Arrival { from, to, port } => {
                if told.is_due((from, to, 6, port), self.book().now()) {
                    let device = self.at(from);
                    let who = name(device.as_ref().map(|it| it.1.as_str()), from);
                    let text = format!(
                        "{who} tried to reach {to} on tcp/{port}, which has no legitimate destination here; find out what on it wants that"
                    );
                    let device = device.map(|it| it.0);
                    self.book().raise(Finding { kind: "sinkhole_arrival".into(), device, text });
                }
            }
        }
    }

    fn logged(&self, packet: &LoggedPacket, bound: Option<&Bound>, told: &mut Told) {
        let (Some(from), Some(to)) = (packet.from, packet.to) else { return };
        let Ok(prefix) = packet.prefix.parse::<Prefix>() else { return };
        let Reason::Rule(index) = prefix.reason else { return };
        let rules = bound.map(|bound| bound.plan().rules.as_slice()).unwrap_or_default();
        let rule = rules.iter().find(|rule| rule.index == index);
        let Some(rule) = rule.filter(|rule| rule.is_clear_text && rule.action != Action::Allow) else {
            return;
        };
        if !told.is_due((from, to, packet.protocol, packet.port), self.book().now()) {
            return;
        }
        // The device is the end that is one: mostly the one that was asked.
        let (asked, asking) = (self.at(to), self.at(from));
        let protocol = protocol(packet.protocol, packet.port);
        let who = name(asking.as_ref().map(|it| it.1.as_str()), from);
        let whom = name(asked.as_ref().map(|it| it.1.as_str()), to);
        let what = match prefix.said {
            Said::WouldDrop | Said::WouldReject => "it passed, because its rule is only on trial",
            _ => "it was dropped",
        };
        let off = switch_off(packet.protocol, packet.port);
        let text = format!(
            "{who} tried {protocol} to {whom}: it carries secrets in clear text, and {what} (rule {}, {}); {off}",
            rule.index, rule.app_id
        );
        let device = asked.or(asking).map(|it| it.0);
        self.book().raise(Finding { kind: "clear_text_attempt".into(), device, text });
    }

    fn drifted(&self, differences: Vec<String>) {
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

//! The kernel's records as entries of the firewalls' log. A hundred thousand come in a second, and few different prefixes among
//! them: what a prefix says is read once.

use super::Bound;
use ::policy::document::words::Action;
use ::policy::render::{Prefix, Reason, Said};
use jiff::Timestamp;
use model::enforcement::LoggedPacket;
use model::firewall_log::{Entry, Verdict};
use std::collections::HashMap;
use std::sync::Arc;

/// So many prefixes, and so many interfaces, are remembered: more than policies and machines have.
const MOST: usize = 4096;

/// What a prefix says.
#[derive(Clone, Debug, Default)]
struct Meaning {
    verdict: Verdict,
    rule: Option<Arc<str>>,
    app: Option<Arc<str>>,
    /// The prefix itself, where it is none of ours.
    message: Option<Box<str>>,
    /// The rule's place and what it says it did, if it is about secrets in clear text.
    loud: Option<(usize, Said)>,
}

/// What is remembered of prefixes and names.
#[derive(Debug, Default)]
pub(super) struct Entries {
    prefixes: HashMap<String, Meaning>,
    names: HashMap<String, Arc<str>>,
}

impl Entries {
    /// Another policy is in force: what a rule's number means is looked up anew.
    pub(super) fn forget(&mut self) {
        self.prefixes.clear();
    }

    /// The packet as an entry; and its rule, if that drops secrets in clear text and the attempt is worth a finding.
    pub(super) fn read(
        &mut self,
        packet: &LoggedPacket,
        bound: Option<&Bound>,
        now: Timestamp,
    ) -> (Entry, Option<(usize, Said)>) {
        let (arrived, leaves) = (self.name(packet.arrived.as_ref()), self.name(packet.leaves.as_ref()));
        let meaning = self.meaning(&packet.prefix, bound);
        // RFC 792, RFC 4443: type and code; TCP, UDP, SCTP and UDP-Lite have ports.
        let has_ports = matches!(packet.protocol, 1 | 58 | 6 | 17 | 132 | 136) && packet.from.is_some();
        let entry = Entry {
            at: Timestamp::from_microsecond(packet.at).ok().filter(|_| packet.at > 0).unwrap_or(now),
            source: None,
            verdict: meaning.verdict,
            rule: meaning.rule,
            app: meaning.app,
            from: packet.from,
            to: packet.to,
            protocol: packet.from.map(|_| packet.protocol),
            source_port: has_ports.then_some(packet.source),
            port: has_ports.then_some(packet.port),
            arrived,
            leaves,
            bytes: Some(packet.bytes).filter(|bytes| *bytes > 0),
            message: meaning.message,
        };
        (entry, meaning.loud)
    }

    fn meaning(&mut self, prefix: &str, bound: Option<&Bound>) -> Meaning {
        if let Some(known) = self.prefixes.get(prefix) {
            return known.clone();
        }
        if self.prefixes.len() >= MOST {
            self.prefixes.clear();
        }
        let meaning = Meaning::of(prefix, bound);
        self.prefixes.insert(prefix.to_owned(), meaning.clone());
        meaning
    }

    fn name(&mut self, name: Option<&String>) -> Option<Arc<str>> {
        let name = name?;
        if let Some(known) = self.names.get(name) {
            return Some(Arc::clone(known));
        }
        if self.names.len() >= MOST {
            self.names.clear();
        }
        let shared: Arc<str> = name.as_str().into();
        self.names.insert(name.clone(), Arc::clone(&shared));
        Some(shared)
    }
}

impl Meaning {
    fn of(text: &str, bound: Option<&Bound>) -> Self {
        let Ok(prefix) = text.parse::<Prefix>() else {
            return Self { message: Some(text.into()), ..Self::default() };
        };
        let verdict = match prefix.said {
            Said::Allow => Verdict::Accept,
            Said::Drop => Verdict::Drop,
            Said::Reject => Verdict::Reject,
            Said::WouldDrop => Verdict::WouldDrop,
            Said::WouldReject => Verdict::WouldReject,
        };
        let rules = bound.map(|bound| bound.plan().rules.as_slice()).unwrap_or_default();
        let loud = match prefix.reason {
            Reason::Rule(index) => rules.iter().find(|rule| rule.index == index),
            _ => None,
        };
        let loud = loud.filter(|rule| rule.is_clear_text && rule.action != Action::Allow);
        Self {
            verdict,
            rule: Some(prefix.reason.to_string().into()),
            app: Some(prefix.app_id.as_str()).filter(|app| *app != "-").map(Into::into),
            message: None,
            loud: loud.map(|rule| (rule.index, prefix.said)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(prefix: &str) -> LoggedPacket {
        LoggedPacket {
            at: 1_800_000_000_000_001,
            prefix: prefix.into(),
            from: "10.1.5.10".parse().ok(),
            to: "10.20.0.7".parse().ok(),
            protocol: 6,
            source: 4000,
            port: 23,
            arrived: Some("trust0".into()),
            leaves: None,
            bytes: 60,
        }
    }

    fn read(packet: &LoggedPacket) -> Entry {
        Entries::default().read(packet, None, Timestamp::UNIX_EPOCH).0
    }

    #[test]
    fn a_prefix_says_rule_application_and_verdict() {
        let entry = read(&packet("pc:f:6:clear_text_mgmt:would_drop"));
        assert_eq!(entry.verdict, Verdict::WouldDrop);
        assert_eq!((entry.rule.as_deref(), entry.app.as_deref()), (Some("6"), Some("clear_text_mgmt")));
        assert_eq!((entry.source_port, entry.port, entry.bytes), (Some(4000), Some(23), Some(60)));
        assert_eq!((entry.arrived.as_deref(), entry.leaves), (Some("trust0"), None));
        assert_eq!(entry.at.as_microsecond(), 1_800_000_000_000_001);
        let entry = read(&packet("pc:i:default:-:drop"));
        assert_eq!((entry.rule.as_deref(), entry.app), (Some("default"), None));
    }

    #[test]
    fn what_is_none_of_ours_is_kept_as_it_is() {
        let strange = LoggedPacket { protocol: 47, at: 0, ..packet("IN-DROP ") };
        let entry = read(&strange);
        assert_eq!((entry.verdict, entry.message.as_deref()), (Verdict::Unknown, Some("IN-DROP ")));
        assert_eq!((entry.rule, entry.port, entry.at), (None, None, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn names_are_shared_and_bounded() {
        let mut entries = Entries::default();
        let one = entries.read(&packet("pc:f:6:a:drop"), None, Timestamp::UNIX_EPOCH).0;
        let other = entries.read(&packet("pc:f:6:a:drop"), None, Timestamp::UNIX_EPOCH).0;
        assert!(Arc::ptr_eq(one.rule.as_ref().unwrap(), other.rule.as_ref().unwrap()));
        assert!(Arc::ptr_eq(one.arrived.as_ref().unwrap(), other.arrived.as_ref().unwrap()));
        for number in 0..10_000 {
            entries.read(&packet(&format!("pc:f:{number}:a:drop")), None, Timestamp::UNIX_EPOCH);
        }
        assert!(entries.prefixes.len() <= MOST);
    }
}

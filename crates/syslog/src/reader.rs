//! The bytes of a sender as a line of the firewall's log.

use crate::firewall;
use crate::message::{self, Context};
use crate::names::Names;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::firewall_log::Entry;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The format of a message that no row of [`firewall::FORMATS`] recognises, as it is counted.
pub const UNKNOWN: &str = "unknown";

/// Reads messages.
#[derive(Debug)]
pub struct Reader {
    zone: TimeZone,
    given: Arc<BTreeMap<IpAddr, String>>,
    names: Names,
}

impl Reader {
    /// One that takes times without a zone to be of `zone`, and calls the senders at these addresses by these names.
    #[must_use]
    pub fn new(zone: TimeZone, given: Arc<BTreeMap<IpAddr, String>>) -> Self {
        Self { zone, given, names: Names::default() }
    }

    /// Another with names of its own, for another connection.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::new(self.zone.clone(), Arc::clone(&self.given))
    }

    /// The line that a message is, and the name of its format. It came from `sender` at `received`.
    ///
    /// The firewall's name is the one that the configuration gives its address, or else the one that it gives itself, or
    /// else its address.
    pub fn read(&mut self, bytes: &[u8], sender: IpAddr, received: Timestamp) -> (Entry, &'static str) {
        let context = Context { received, zone: self.zone.clone() };
        let message = message::parse(bytes, &context);
        let (format, told) =
            firewall::read(&message, &context).unwrap_or((UNKNOWN, firewall::Told::default()));
        let sender = sender.to_canonical();
        let itself = told.host.or(message.host.as_deref());
        let source = match self.given.get(&sender).map(String::as_str).or(itself) {
            Some(name) => self.names.get(name),
            None => self.names.get(&sender.to_string()),
        };
        let mut shared = |name: Option<&str>| name.map(|name| self.names.get(name));
        let entry = Entry {
            at: told.at.or(message.at).unwrap_or(received),
            source: Some(source),
            verdict: told.verdict,
            rule: shared(told.rule),
            app: shared(told.app),
            from: told.from,
            to: told.to,
            protocol: told.protocol,
            source_port: told.source_port,
            port: told.port,
            arrived: shared(told.arrived),
            leaves: shared(told.leaves),
            bytes: told.bytes,
            message: None,
        };
        let mut line = message.line;
        if message.is_cut {
            line.push('…');
        }
        (Entry { message: Some(line.into_boxed_str()), ..entry }, format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::firewall_log::Verdict;

    fn reader(given: &[(&str, &str)]) -> Reader {
        let given = given.iter().map(|(at, name)| (at.parse().unwrap(), (*name).to_owned())).collect();
        Reader::new(TimeZone::UTC, Arc::new(given))
    }

    fn read(reader: &mut Reader, line: &str) -> (Entry, &'static str) {
        reader.read(
            line.as_bytes(),
            "::ffff:192.0.2.9".parse().unwrap(),
            "2026-11-20T20:00:00Z".parse().unwrap(),
        )
    }

    #[test]
    fn a_line_that_nothing_recognises_is_kept() {
        for line in ["<13>Nov 20 19:00:00 fw1 sshd[1]: nonsense", "\u{1b}[31m", "<999>", "x"] {
            let (entry, format) = read(&mut reader(&[]), line);
            assert_eq!((format, entry.verdict, entry.from), (UNKNOWN, Verdict::Unknown, None));
            assert_eq!(entry.message.as_deref(), Some(line.replace('\u{1b}', "\u{fffd}").as_str()));
        }
    }

    #[test]
    fn a_firewall_has_the_name_given_to_it_or_its_own_or_its_address() {
        let line = "<13>Nov 20 19:00:00 fw1 x: y";
        let source = |reader: &mut Reader, line: &str| read(reader, line).0.source.unwrap().to_string();
        assert_eq!(source(&mut reader(&[]), line), "fw1");
        assert_eq!(source(&mut reader(&[]), "no header"), "192.0.2.9");
        assert_eq!(source(&mut reader(&[("192.0.2.9", "edge")]), line), "edge");
    }

    #[test]
    fn a_long_line_is_cut_and_marked() {
        let (entry, _) = read(&mut reader(&[]), &"ü".repeat(message::MOST));
        let kept = entry.message.unwrap();
        assert!(kept.ends_with('…') && kept.len() <= message::MOST + '…'.len_utf8(), "{}", kept.len());
    }
}

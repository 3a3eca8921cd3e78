//! Logs: services and their entries. What is in them follows from the server's ailment and from when it was switched on.

use super::{Place, View, link, set, status};
use crate::flavour::layout::{Log, Owner};
use crate::hardware::Ailment;
use crate::random::Dice;
use jiff::SignedDuration;
use model::device::Health;
use serde_json::{Value, json};

/// What stands in logs: message, severity.
const USUAL: &[(&str, &str)] = &[
    ("System is turning on.", "OK"),
    ("The chassis is open while the power is off.", "Warning"),
    ("The chassis is closed while the power is off.", "OK"),
    ("A user logged in through Redfish.", "OK"),
    ("The power supplies are redundant.", "OK"),
    ("System is performing a power cycle.", "OK"),
    ("Log cleared.", "OK"),
];

impl View<'_> {
    /// The log services of `owner`, and what is in them.
    pub(super) fn logs(&self, owner: Owner, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let logs = || self.row.layout.logs.iter().filter(|log| log.owner == owner);
        let [id, rest @ ..] = path else {
            let ids: Vec<String> = logs().map(|log| log.id.to_owned()).collect();
            return (!ids.is_empty())
                .then(|| self.collection(base, "LogServiceCollection", "Log Service Collection", &ids));
        };
        let log = logs().find(|log| log.id == *id)?;
        let base = format!("{base}/{id}");
        match rest {
            [] => Some((Place::LogService, self.log_service(&base, log))),
            ["Entries", rest @ ..] => self.log_entries(&format!("{base}/Entries"), log, rest),
            _ => None,
        }
    }

    /// Puts the link to the logs into a document, where there are some.
    pub(super) fn logs_link(&self, owner: Owner, base: &str, doc: &mut Value) {
        if self.row.layout.logs.iter().any(|log| log.owner == owner) {
            set(doc, "LogServices", link(&format!("{base}/LogServices")));
        }
    }

    fn log_service(&self, path: &str, log: &Log) -> Value {
        let mut doc = json!({
            "Name": format!("{} Log Service", log.id),
            "Description": "Log Service",
            "ServiceEnabled": true,
            "LogEntryType": "OEM",
            "MaxNumberOfRecords": 1024,
            "OverWritePolicy": "WrapsWhenFull",
            "DateTime": self.time(self.now),
            "DateTimeLocalOffset": "+00:00",
            "Entries": link(&format!("{path}/Entries")),
            "Status": status(Health::Ok),
        });
        self.head(&mut doc, "LogService", path, log.id);
        doc
    }

    fn log_entries(&self, base: &str, log: &Log, path: &[&str]) -> Option<(Place, Value)> {
        match path {
            // The members of this one collection are always inside of it (DSP2046, LogEntryCollection).
            [] => {
                let ids: Vec<String> = (1..=log.entries).map(|number| number.to_string()).collect();
                let (place, mut doc) =
                    self.collection(base, "LogEntryCollection", "Log Entry Collection", &ids);
                let entries = (1..=log.entries).map(|number| self.log_entry(base, log, number)).collect();
                set(&mut doc, "Members", Value::Array(entries));
                Some((place, doc))
            }
            [id] => {
                let number = (1..=log.entries).find(|number| number.to_string() == *id)?;
                Some((Place::LogEntry, self.log_entry(base, log, number)))
            }
            _ => None,
        }
    }

    fn log_entry(&self, base: &str, log: &Log, number: usize) -> Value {
        let (message, severity) = self.entry(log, number);
        // The newest is of when the power was last switched, the others are hours older each.
        let age = SignedDuration::from_hours(i64::try_from(log.entries - number).unwrap_or(0) * 7);
        let created = self.power.last_reset().checked_sub(age).unwrap_or(self.now);
        let mut doc = json!({
            "Name": format!("Log Entry {number}"),
            "Description": format!("Log Entry {number}"),
            "EntryType": "Oem",
            "OemRecordFormat": self.row.manufacturer,
            "Created": self.time(created),
            "Severity": severity,
            "Message": message,
            "MessageId": format!("Lab.1.0.{number:04}"),
            "MessageArgs": [],
        });
        self.head(&mut doc, "LogEntry", &format!("{base}/{number}"), &number.to_string());
        doc
    }

    /// What an entry says: the last one tells the ailment, where there is one.
    fn entry(&self, log: &Log, number: usize) -> (String, &'static str) {
        let told = self.hardware.ailment.filter(|_| number == log.entries);
        match told {
            Some(Ailment::Dimm) => {
                ("Correctable memory error rate exceeded for the third module.".to_owned(), "Warning")
            }
            Some(Ailment::Drive) => {
                ("A predictive failure of the third drive was reported.".to_owned(), "Critical")
            }
            Some(Ailment::Psu) => ("The power input for power supply 2 is lost.".to_owned(), "Critical"),
            Some(Ailment::Fan) => {
                ("Fan 4 RPM is less than the lower warning threshold.".to_owned(), "Warning")
            }
            None => {
                let seed = self.unit.seed.wrapping_add(u64::try_from(number).unwrap_or(0));
                let (message, severity) = Dice::new(seed, log.id).pick(USUAL);
                (message.to_owned(), severity)
            }
        }
    }
}

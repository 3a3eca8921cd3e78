//! `portcullis lab fault`, `repair`, `bmcs`: a lab that runs is told, and asked.

use crate::exit::Exit;
use crate::output::{show, table};
use clap::{Args, Subcommand};
use lab::{FaultKind, FaultRule, Whose};
use serde_json::Value;
use std::net::SocketAddr;

/// What a lab that runs is told.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Break something, such as `hang@r1-u05` or `slow=20000@10%`; `portcullis lab --help` lists the kinds.
    Fault {
        #[arg(value_name = "KIND@WHERE")]
        rule: FaultRule,
        #[command(flatten)]
        at: Control,
    },
    /// Mend everything, or one kind of fault.
    Repair {
        /// all, 5%, an address, rack and unit such as r1-u05, or a serial number.
        #[arg(value_name = "WHERE")]
        whose: Whose,
        /// Only this.
        #[arg(long)]
        kind: Option<FaultKind>,
        #[command(flatten)]
        at: Control,
    },
    /// Show every controller with its faults, requests, connections and sessions.
    Bmcs {
        /// all, 5%, an address, rack and unit such as r1-u05, or a serial number.
        #[arg(value_name = "WHERE", default_value = "all")]
        whose: Whose,
        #[command(flatten)]
        at: Control,
    },
}

/// Where the lab is.
#[derive(Debug, Args)]
pub struct Control {
    /// The address that the lab was started with.
    #[arg(long, value_name = "ADDR:PORT", value_parser = lab::control::parse_control)]
    pub control: SocketAddr,
}

/// Asks, and shows the answer.
pub fn run(verb: &Verb, json: bool) -> Result<(), Exit> {
    let encode = |text: &dyn ToString| lab::control::encode(&text.to_string());
    let (control, method, target) = match verb {
        Verb::Fault { rule, at } => {
            let target = format!("/fault?at={}&kind={}", encode(&rule.at), encode(&rule.kind));
            (at.control, "POST", target)
        }
        Verb::Repair { whose, kind, at } => {
            let kind = kind.map(|kind| format!("&kind={}", encode(&kind))).unwrap_or_default();
            (at.control, "POST", format!("/repair?at={}{kind}", encode(whose)))
        }
        Verb::Bmcs { whose, at } => (at.control, "GET", format!("/bmcs?at={}", encode(whose))),
    };
    let answer = lab::control::ask(control, method, &target).map_err(anyhow::Error::from)?;
    Ok(show(json, &answer, human)?)
}

fn human(answer: &Value) -> String {
    let Some(bmcs) = answer.as_array() else {
        return match answer.get("changed").and_then(Value::as_u64) {
            Some(1) => "1 controller was told".to_owned(),
            changed => format!("{} controllers were told", changed.unwrap_or_default()),
        };
    };
    let columns = [
        "name",
        "addr",
        "faults",
        "power",
        "requests",
        "in_flight",
        "in_flight_most",
        "sessions",
        "sessions_most",
    ];
    let cell = |bmc: &Value, column: &str| match bmc.get(column) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let rows: Vec<Vec<String>> =
        bmcs.iter().map(|bmc| columns.iter().map(|column| cell(bmc, column)).collect()).collect();
    let head =
        ["name", "address", "faults", "power", "requests", "in flight", "at most", "sessions", "at most"];
    table(&head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb as Top};
    use clap::Parser as _;

    #[test]
    fn a_lab_is_started_or_told() {
        let said = |words: &str| Cli::try_parse_from(words.split(' ')).map(|cli| cli.verb);
        let told = said("portcullis lab fault slow=20000@5% --control http://127.0.0.1:9100/").unwrap();
        let Top::Lab(options) = told else { panic!("it is the lab's") };
        let Some(Verb::Fault { rule, at }) = options.verb else { panic!("it is a fault") };
        assert_eq!((rule.kind.to_string(), rule.at.to_string()), ("slow=20000".into(), "5%".into()));
        assert_eq!(at.control.port(), 9100);
        assert!(matches!(said("portcullis lab --count 5"), Ok(Top::Lab(options)) if options.verb.is_none()));
        assert!(said("portcullis lab fault melt@all --control 127.0.0.1:9100").is_err());
        assert!(said("portcullis lab repair all").is_err(), "it must be said which lab");
    }

    #[test]
    fn counts_are_a_table_and_changes_a_line() {
        assert_eq!(human(&serde_json::json!({ "changed": 3 })), "3 controllers were told");
        let bmcs = serde_json::json!([{ "name": "r1-u01", "faults": ["hang", "lies"], "requests": 7 }]);
        assert!(human(&bmcs).contains("hang lies"));
    }
}

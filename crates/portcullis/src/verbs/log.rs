//! `portcullis log`: what the rules logged, and what other firewalls sent.

use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{harmless, or_dash, show, table};
use crate::remote;
use api::Client;
use api::firewall_log::{LogQuery, LoggedEntries, LoggedEntry};
use clap::Args;
use std::io::Write as _;
use std::time::Duration;

/// With `--follow` the appliance is asked this often.
const EVERY: Duration = Duration::from_secs(1);
/// And for so many entries at once.
const AT_ONCE: usize = 5000;

/// Options of `log`: all that is said must hold.
#[derive(Debug, Args)]
pub struct Log {
    /// From this moment on: by RFC 3339, a date, or a span before now such as `2h` or `7d`.
    #[arg(long, default_value = "24h")]
    since: String,
    /// Before this moment.
    #[arg(long)]
    until: Option<String>,
    /// About this device, by name, identifier or address.
    #[arg(long)]
    device: Option<String>,
    /// One end is this address or lies in this network; several are parted by commas.
    #[arg(long, value_name = "NETWORK")]
    address: Option<String>,
    /// It came from this address or network.
    #[arg(long, value_name = "NETWORK")]
    from: Option<String>,
    /// It went to this address or network.
    #[arg(long, value_name = "NETWORK")]
    to: Option<String>,
    /// The rule that decided: its number, `default`, `spoofed`, `quarantined`, or what another firewall calls it.
    #[arg(long)]
    rule: Option<String>,
    /// The application.
    #[arg(long)]
    app: Option<String>,
    /// What became of it: `accept`, `drop`, `reject`, `would-drop`, `would-reject`, `unknown`; several are parted by commas.
    #[arg(long)]
    verdict: Option<String>,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, or a number.
    #[arg(long)]
    protocol: Option<String>,
    /// To this port.
    #[arg(long)]
    port: Option<u16>,
    /// Whose entries: `own`, or another firewall by name or address.
    #[arg(long)]
    source: Option<String>,
    /// How many, at most 10,000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Go on with what comes, until interrupted; with `--json` one object a line.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Runs the verb.
pub fn run(log: Log, json: bool) -> Result<(), Exit> {
    let client = remote::client(&log.remote)?;
    let query = LogQuery {
        since: Some(log.since),
        until: log.until,
        device: log.device,
        address: log.address,
        from: log.from,
        to: log.to,
        rule: log.rule,
        app: log.app,
        verdict: log.verdict,
        protocol: log.protocol,
        port: log.port,
        source: log.source,
        limit: log.limit,
        ..LogQuery::default()
    };
    let found = client.firewall_log(&query)?;
    if log.follow {
        return follow(&client, query, found, json);
    }
    Ok(show(json, &found, told)?)
}

/// The oldest first, then what comes.
fn follow(client: &Client, mut query: LogQuery, found: LoggedEntries, json: bool) -> Result<(), Exit> {
    let mut entries = found.entries;
    query.limit = AT_ONCE;
    loop {
        if let Some(newest) = entries.first() {
            query.after = Some(newest.position.clone());
        }
        let mut out = std::io::stdout().lock();
        for entry in entries.iter().rev() {
            let line = if json {
                serde_json::to_string(entry).map_err(anyhow::Error::from)?
            } else {
                row(entry).join("  ")
            };
            if writeln!(out, "{}", harmless(&line)).and_then(|()| out.flush()).is_err() {
                // Whoever reads has seen enough.
                return Ok(());
            }
        }
        drop(out);
        std::thread::sleep(EVERY);
        let found = client.firewall_log(&query)?;
        if found.next.is_some() {
            eprintln!("more than {AT_ONCE} entries came within a second: only the last of them are shown");
        }
        entries = found.entries;
    }
}

fn told(found: &LoggedEntries) -> String {
    let head = ["when", "verdict", "from", "to", "service", "rule", "application", "source"];
    let mut text = table(&head, &found.entries.iter().map(|entry| row(entry).to_vec()).collect::<Vec<_>>());
    if found.entries.is_empty() {
        text.push_str("\nno entry matches");
    }
    if let Some(next) = &found.next {
        let why = if found.is_cut { "the time was over" } else { "there are more" };
        text.push_str(&format!(
            "\n\n{why}: ask for a shorter time, or with more --limit (the API goes on before={next})"
        ));
    }
    for missing in &found.missing {
        let count =
            missing.count.map_or_else(|| "nobody knows how many".to_owned(), |count| count.to_string());
        text.push_str(&format!(
            "\nmissing, {:.0} to {:.0}: {count}, {}",
            missing.from, missing.to, missing.meaning
        ));
    }
    text
}

fn row(entry: &LoggedEntry) -> [String; 8] {
    let end = |device: &Option<String>, address: &Option<String>| match (device, address) {
        (Some(device), Some(address)) => format!("{device} ({address})"),
        _ => or_dash(address.as_ref()),
    };
    let port = |name: &str| entry.port.map_or_else(|| name.to_owned(), |port| format!("{name}/{port}"));
    let service = match entry.protocol {
        None => "-".to_owned(),
        Some(6) => port("tcp"),
        Some(17) => port("udp"),
        Some(1) => "icmp".into(),
        Some(58) => "icmpv6".into(),
        Some(other) => format!("protocol {other}"),
    };
    [
        format!("{:.3}", entry.at),
        entry.verdict.clone(),
        end(&entry.from_device, &entry.from),
        end(&entry.to_device, &entry.to),
        service,
        or_dash(entry.rule.as_ref()),
        or_dash(entry.app.as_ref()),
        entry.source.clone().unwrap_or_else(|| "own".into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_line_and_what_is_missing_is_told() {
        let at = "2026-11-20T20:00:00.123456Z".parse().unwrap();
        let entry = LoggedEntry {
            at,
            verdict: "drop".into(),
            from: Some("10.1.5.10".into()),
            to: Some("10.20.0.7".into()),
            to_device: Some("r1-u07".into()),
            protocol: Some(6),
            port: Some(23),
            rule: Some("6".into()),
            ..LoggedEntry::default()
        };
        let line = row(&entry).join(" ");
        assert_eq!(line, "2026-11-20T20:00:00.123Z drop 10.1.5.10 r1-u07 (10.20.0.7) tcp/23 6 - own");
        let missing = api::firewall_log::MissingEntries {
            from: at,
            to: at,
            why: "kernel".into(),
            meaning: "the kernel had more to tell than it could keep".into(),
            count: Some(7),
        };
        let found = LoggedEntries { missing: vec![missing], ..LoggedEntries::default() };
        let text = told(&found);
        assert!(text.contains("no entry matches") && text.contains(": 7, the kernel had more"), "{text}");
    }
}

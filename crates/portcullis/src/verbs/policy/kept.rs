//! `portcullis policy …`: the verbs that need the appliance, which keeps the policy's versions and has them enforced.

use super::files::Files;
use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use crate::verbs::device::done;
use api::policy::{Applied, Apply as Trial, ConfirmQuery, Cost, Hits, Met, NewVersion, Pair, PolicyState};
use clap::{Args, Subcommand};
use model::enforcement::{Enforced, Version, VersionState};
use model::{Failure, Kind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// After so long without an answer it is asked over a new connection whether a trial has begun.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Beside the trial's time, for the load.
const PATIENCE: Duration = Duration::from_secs(30);

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say what the kernel enforces, what is on trial, and what each rule has counted.
    Status {
        #[command(flatten)]
        remote: Remote,
    },
    /// Have the appliance check two files and keep them as a new version; nothing is enforced by it.
    Propose(Propose),
    /// Put a version on trial: the kernel takes it back by itself unless it is confirmed in time.
    Apply(Box<Apply>),
    /// Confirm the version on trial, over the new connection that this makes.
    Confirm {
        /// The version, so that nobody confirms another than they have seen; by default the one on trial.
        #[arg(id = "number", value_name = "VERSION")]
        version: Option<u64>,
        #[command(flatten)]
        local: Local,
        #[command(flatten)]
        remote: Remote,
    },
    /// Take the version on trial back before its time is over.
    Revert {
        #[command(flatten)]
        remote: Remote,
    },
    /// Say where the kernel differs from what was loaded; exit code 1 if it does.
    Drift {
        /// Load the confirmed version anew.
        #[arg(long)]
        repair: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the versions, newest first; or print the documents of one.
    History {
        /// Print this version's documents: a number, `current` or `shipped`.
        #[arg(id = "which", value_name = "VERSION")]
        version: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Options of `policy propose`.
#[derive(Debug, Args)]
pub struct Propose {
    #[command(flatten)]
    files: Files,
    /// What for; it stands in the history.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    remote: Remote,
}

/// Options of `policy apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The version; without one both files are proposed, and that version is applied.
    #[arg(id = "number", value_name = "VERSION", conflicts_with_all = ["policy", "site", "note"])]
    version: Option<u64>,
    /// The kernel takes it back after so many seconds.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u32,
    /// Confirm it at once, over a new connection: it is taken back if that one cannot be made.
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    propose: Propose,
}

/// From where it is confirmed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Local {
    /// Confirm from the appliance itself: no rule locks that out, so it proves nothing.
    #[arg(long)]
    local: bool,
}

/// Runs a verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::Status { remote } => Ok(show(json, &remote::client(&remote)?.policy()?, status)?),
        Verb::Propose(options) => {
            let version = propose(&options)?;
            Ok(show(json, &version, |version| {
                format!("version {} is kept; `portcullis policy apply {0}` puts it on trial", version.number)
            })?)
        }
        Verb::Apply(options) => apply(&options, json),
        Verb::Confirm { version, local, remote } => confirm(version, local, &remote, json),
        Verb::Revert { remote } => done(json, remote::client(&remote)?.revert_policy()),
        Verb::Drift { repair, remote } => drift(repair, &remote, json),
        Verb::History { version: Some(version), remote } => {
            let documents = remote::client(&remote)?.policy_documents(&version)?;
            Ok(show(json, &documents, |it| format!("{}\n---\n{}", it.scenario.trim_end(), it.site))?)
        }
        Verb::History { version: None, remote } => {
            Ok(show(json, &remote::client(&remote)?.policy_versions()?, |all| history(all))?)
        }
    }
}

fn propose(options: &Propose) -> Result<Version, Exit> {
    let text = |bytes: Vec<u8>, name: String| {
        String::from_utf8(bytes).map_err(|_not_utf8| {
            super::refused("read", &name, "it is not UTF-8", "`portcullis policy check` shows where")
        })
    };
    let (scenario, site) = (options.files.scenario()?, options.files.site.content()?);
    let new = NewVersion {
        scenario: Some(text(scenario.bytes, scenario.name)?),
        site: Some(text(site.bytes, site.name)?),
        note: options.note.clone(),
    };
    Ok(remote::client(&options.remote)?.propose_policy(&new)?)
}

fn apply(options: &Apply, json: bool) -> Result<(), Exit> {
    let remote = &options.propose.remote;
    let version = match options.version {
        Some(version) => version,
        None => propose(&options.propose)?.number,
    };
    let applied = put_on_trial(remote, version, options.seconds)?;
    if options.confirm {
        return confirm(Some(version), options.local, remote, json);
    }
    Ok(show(json, &applied, |it| {
        let ended = match it.ended {
            0 => String::new(),
            1 => "; 1 connection was ended".to_owned(),
            ended => format!("; {ended} connections were ended"),
        };
        format!(
            "version {} is on trial for {} s{ended}\n`portcullis policy confirm {0}` keeps it; otherwise the kernel takes it back",
            it.version, it.seconds
        )
    })?)
}

/// Asks for the trial. The answer may be lost: a policy can cut off the connection that it was asked for over, and before the
/// first one the kernel knew no connections. So a new connection asks from time to time whether it has begun.
fn put_on_trial(remote: &Remote, version: u64, seconds: u32) -> Result<Applied, Exit> {
    let client = remote::client(remote)?;
    // One answer is all that comes.
    let (sender, answer) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let outcome = client.apply_policy(version, &Trial { seconds: Some(seconds) });
        // Whoever waited may have learned it over another connection.
        let _ = sender.send(outcome);
    });
    let began = Instant::now();
    let longest = Duration::from_secs(seconds.into()) + PATIENCE;
    let mut broken = None;
    loop {
        match answer.recv_timeout(ASK_AGAIN) {
            Ok(Err(failure)) if failure.kind == Kind::Unreachable => broken = Some(failure),
            Ok(outcome) => return Ok(outcome?),
            Err(_nothing_yet) if began.elapsed() > longest => break,
            Err(_nothing_yet) => {}
        }
        let state = remote::client(remote)?.policy();
        if let Some(trial) = state.ok().and_then(|state| state.trial)
            && trial.version.number == version
        {
            let generation = trial.version.generation.unwrap_or_default();
            return Ok(Applied { version, generation, seconds: trial.seconds_left, ended: 0, more: false });
        }
        if let Some(failure) = broken {
            return Err(Exit::Failure(failure));
        }
    }
    let cause =
        "the appliance did not answer: the policy may have locked this machine out, and is taken back by now";
    Err(Exit::Failure(Failure::new(
        Kind::Unreachable,
        "apply",
        format!("version {version} of the policy"),
        cause,
    )))
}

/// A new client is a new connection, which is what a confirmation proves.
fn confirm(version: Option<u64>, local: Local, remote: &Remote, json: bool) -> Result<(), Exit> {
    let client = remote::client(remote)?;
    let version = match version {
        Some(version) => version,
        None => on_trial(&client.policy()?)?,
    };
    let query = ConfirmQuery { local: local.local };
    let confirmed = match client.confirm_policy(version, query) {
        Err(failure) if failure.kind == Kind::Unreachable => confirmed_unheard(remote, version, query)?,
        heard => heard?,
    };
    Ok(show(json, &confirmed, |it| format!("version {} is in force", it.number))?)
}

/// The connection broke while the rules were loaded: whether they were is asked over another one.
fn confirmed_unheard(remote: &Remote, version: u64, query: ConfirmQuery) -> Result<Version, Exit> {
    let confirmed = remote::client(remote)?.policy()?.confirmed;
    match confirmed.filter(|confirmed| confirmed.number == version) {
        Some(confirmed) => Ok(confirmed),
        None => Ok(remote::client(remote)?.confirm_policy(version, query)?),
    }
}

fn on_trial(state: &PolicyState) -> Result<u64, Failure> {
    state.trial.as_ref().map(|trial| trial.version.number).ok_or_else(|| {
        Failure::new(Kind::Conflict, "confirm", "the policy", "no version is on trial")
            .hint("`portcullis policy apply` puts one on trial")
    })
}

fn drift(repair: bool, remote: &Remote, json: bool) -> Result<(), Exit> {
    let client = remote::client(remote)?;
    if repair {
        match client.repair_policy() {
            // The connection broke while the rules were loaded; to load them twice does no harm.
            Err(failure) if failure.kind == Kind::Unreachable => remote::client(remote)?.repair_policy()?,
            heard => heard?,
        }
    }
    let state = client.policy()?;
    if let Some(why) = state.program {
        return Err(Exit::Failure(
            Failure::new(Kind::Unavailable, "ask", "the firewall's program", why)
                .hint("is portcullis-firewall running, and is `[firewall] socket` right?"),
        ));
    }
    let answer = serde_json::json!({ "drift": state.drift, "earlier": state.earlier });
    show(json, &answer, |_| {
        let earlier = state.earlier.iter().map(|line| format!("before ours: {line}"));
        let all: Vec<String> = state.drift.iter().cloned().chain(earlier).collect();
        if all.is_empty() { "the kernel holds what was loaded".to_owned() } else { all.join("\n") }
    })?;
    match state.drift.len() {
        0 => Ok(()),
        1 => {
            Err(Exit::Failed(anyhow::anyhow!("1 difference; `policy drift --repair` loads the policy anew")))
        }
        more => Err(Exit::Failed(anyhow::anyhow!(
            "{more} differences; `policy drift --repair` loads the policy anew"
        ))),
    }
}

fn status(state: &PolicyState) -> String {
    let mut lines = vec![match state.enforced {
        Enforced::Nothing => "nothing is enforced: no policy was confirmed yet".to_owned(),
        Enforced::Confirmed => "enforced: the confirmed policy".to_owned(),
        Enforced::Trial => "enforced: a policy on trial".to_owned(),
        Enforced::Shut => "nothing passes: the confirmed policy could not be loaded".to_owned(),
        Enforced::Unknown => "it is not known what is enforced".to_owned(),
    }];
    lines.extend(state.program.as_ref().map(|why| format!("no answer: {why}")));
    let named = |version: &Version| match version.note.as_str() {
        "" => format!("version {} by {}", version.number, version.proposed_by),
        note => format!("version {} by {} ({note})", version.number, version.proposed_by),
    };
    lines.extend(state.confirmed.as_ref().map(|version| format!("confirmed: {}", named(version))));
    lines.extend(
        state
            .trial
            .as_ref()
            .map(|it| format!("on trial for {} s more: {}", it.seconds_left, named(&it.version))),
    );
    lines.extend(state.disagreement.clone());
    lines.extend(state.drift.iter().map(|line| format!("changed by somebody else: {line}")));
    lines.extend(state.earlier.iter().map(|line| format!("before ours: {line}")));
    lines.extend(state.strange.iter().map(|address| {
        format!(
            "{address} is cut off and nobody knows why: `portcullis quarantine off {address}` lets it back"
        )
    }));
    lines.push(format!(
        "openings: {}; controllers kept reachable: {}; cut off: {}; log records: {} read, {} lost",
        state.pinholes, state.polled, state.quarantined, state.log.read, state.log.lost
    ));
    lines.extend(state.shadow.iter().map(cost));
    if !state.hits.is_empty() {
        lines.push(hits(&state.hits));
    }
    lines.join("\n")
}

fn hits(all: &[Hits]) -> String {
    let row = |hits: &Hits| {
        let rule = hits.rule.map_or_else(|| "-".to_owned(), |rule| rule.to_string());
        let last = hits.last.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
        let since = format!("{:.0}", hits.since);
        vec![rule, hits.app_id.clone(), hits.packets.to_string(), hits.bytes.to_string(), since, last]
    };
    let head = ["rule", "application", "packets", "bytes", "counted since", "last seen to count"];
    table(&head, &all.iter().map(row).collect::<Vec<_>>())
}

/// What a rule that only logs would have cost, and whom.
fn cost(it: &Cost) -> String {
    let Hits { rule, app_id, packets, bytes, since, .. } = &it.hits;
    let rule = rule.map(|rule| rule.to_string()).unwrap_or_default();
    let would = &it.would;
    let mut text = format!(
        "shadow: rule {rule} ({app_id}) would {would} {packets} packets, {bytes} bytes since {since:.0}"
    );
    let name = |it: &Met| match &it.device {
        Some(device) => format!("{device} ({})", it.address),
        None => it.address.to_string(),
    };
    for Pair { from, to, service, records, .. } in &it.pairs {
        text.push_str(&format!("\n  {} -> {} on {service}: {records} logged", name(from), name(to)));
    }
    if it.others > 0 {
        text.push_str(&format!("\n  others: {} logged", it.others));
    }
    text
}

fn history(all: &[Version]) -> String {
    if all.is_empty() {
        return "no version was proposed yet; `policy history shipped` prints what ships with the product"
            .to_owned();
    }
    let row = |version: &Version| {
        let by = match version.state {
            VersionState::Confirmed | VersionState::Superseded => &version.confirmed_by,
            _ => &version.applied_by,
        };
        vec![
            version.number.to_string(),
            version.state.to_string(),
            format!("{:.0}", version.proposed_at),
            version.proposed_by.clone(),
            by.clone().unwrap_or_else(|| "-".to_owned()),
            version.note.clone(),
        ]
    };
    let head = ["version", "state", "proposed", "by", "applied or confirmed by", "note"];
    table(&head, &all.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_first_what_is_enforced() {
        let since = jiff::Timestamp::UNIX_EPOCH;
        let hits = Hits { rule: Some(1), app_id: "dns".into(), packets: 2, bytes: 3, since, last: None };
        let met = |address: &str, device: Option<&str>| Met {
            address: address.parse().unwrap(),
            device: device.map(str::to_owned),
        };
        let (from, to) = (met("10.1.5.10", None), met("10.20.0.7", Some("r1-u07")));
        let pair = Pair { from, to, service: "tcp/23".into(), records: 4, last: since };
        let state = PolicyState {
            enforced: Enforced::Unknown,
            program: Some("no firewall program listens at /run/x".into()),
            confirmed: None,
            trial: None,
            disagreement: None,
            drift: vec!["a rule was added".into()],
            earlier: Vec::new(),
            hits: vec![hits.clone()],
            shadow: vec![Cost { hits, would: "drop".into(), pairs: vec![pair], others: 2 }],
            pinholes: 1,
            polled: 2,
            quarantined: 0,
            strange: vec!["10.20.0.9".parse().unwrap()],
            log: api::policy::LogCount::default(),
        };
        let text = status(&state);
        assert!(
            text.starts_with("it is not known what is enforced\nno answer: no firewall program"),
            "{text}"
        );
        assert!(
            text.contains(
                "changed by somebody else: a rule was added\n10.20.0.9 is cut off and nobody knows why"
            ),
            "{text}"
        );
        let cost = "rule 1 (dns) would drop 2 packets, 3 bytes since 1970-01-01T00:00:00Z\n  10.1.5.10 -> r1-u07 (10.20.0.7) on tcp/23: 4 logged\n  others: 2 logged";
        assert!(text.contains(cost), "{text}");
        assert!(text.ends_with("1     dns          2        3      1970-01-01T00:00:00Z  -"), "{text}");
        assert_eq!(on_trial(&state).unwrap_err().kind, Kind::Conflict);
    }
}

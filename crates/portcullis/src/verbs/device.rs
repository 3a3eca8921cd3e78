//! `portcullis device`: find, see, adopt and switch.

use super::job::{self, Pace};
use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{or_dash, show, table};
use crate::{files, remote};
use api::Client;
use api::device::{DeviceQuery, Devices, EditDevice, MoveDevice, NewJob, NewSweep, Sweep};
use clap::{Args, Subcommand};
use model::device::{Reach, Reset, Stage};
use model::job::Act;
use model::{Credential, Device, Failure, Fingerprint, Kind};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How often a sweep's or a job's progress is asked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Sweep an address range for controllers.
    Discover(Discover),
    /// List devices.
    List {
        /// Words to look for, and `power:off`, `health:critical`, `stage:seen`, `zone:NAME`.
        filter: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Show one device, and what it is made of.
    Show {
        /// Its name or identifier.
        device: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Which controller is behind this server? By any of its addresses, MACs, names, or its serial number.
    Find {
        /// What is known of the server.
        needle: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Take a controller over.
    Adopt(Adopt),
    /// Decommission a device and destroy its credential.
    Forget {
        /// Its name or identifier.
        device: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Switch servers: on, force_off, graceful_shutdown, power_cycle, ...
    Power {
        /// How.
        reset: Reset,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        pace: Pace,
        #[command(flatten)]
        remote: Remote,
    },
    /// Read devices in full, now.
    Refresh {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        remote: Remote,
    },
    /// Change a device's name or labels.
    Edit {
        /// Its name or identifier.
        device: String,
        /// Its new name.
        #[arg(long)]
        name: Option<String>,
        /// A label, KEY=VALUE; all labels of the device are replaced by those given.
        #[arg(long = "label", value_name = "KEY=VALUE")]
        labels: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Put an adopted device in_service or into maintenance.
    Stage {
        /// Its name or identifier.
        device: String,
        /// `in_service` or `maintenance`.
        stage: Stage,
        #[command(flatten)]
        remote: Remote,
    },
    /// Approve the certificate that a device shows instead of the pinned one.
    Approve {
        /// Its name or identifier.
        device: String,
        /// The certificate's SHA-256 fingerprint, as you compared it.
        fingerprint: Fingerprint,
        #[command(flatten)]
        remote: Remote,
    },
    /// Import credentials for adoption by rule, from CSV: `serial|mac|trusted,VALUE,USER,PASSWORD`.
    Credentials {
        /// The CSV file.
        file: PathBuf,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Options of `device discover`.
#[derive(Debug, Args)]
pub struct Discover {
    /// The range, such as 10.20.0.0/22.
    #[arg(required_unless_present = "resume")]
    range: Option<String>,
    /// Go on with every sweep that did not come to its end: stopped, or broken off with the appliance.
    #[arg(long, conflicts_with_all = ["range", "port", "rate", "near_only"])]
    resume: bool,
    /// Ask only those addresses that the kernel knows as neighbours.
    #[arg(long)]
    near_only: bool,
    /// The TCP port to ask at.
    #[arg(long)]
    port: Option<u16>,
    /// At most so many new addresses a second.
    #[arg(long)]
    rate: Option<u32>,
    /// Come back at once instead of when the sweep ended.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Options of `device adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// Its name or identifier.
    device: String,
    /// By hand: the account on the controller.
    #[arg(long, requires_all = ["password_file", "fingerprint"])]
    user: Option<String>,
    /// By hand: a file that holds the account's password.
    #[arg(long, requires = "user", value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// By hand: the certificate's SHA-256 fingerprint, as you compared it; `device show` tells it.
    #[arg(long, requires = "user", value_name = "SHA256")]
    fingerprint: Option<Fingerprint>,
    #[command(flatten)]
    remote: Remote,
}

/// One device, some, or all that match a filter.
#[derive(Debug, Args)]
pub struct Which {
    /// Which, by name or identifier.
    // A required group would be shown before all other arguments, also those that come before it.
    #[arg(required_unless_present = "matching")]
    devices: Vec<String>,
    /// All that match a filter, as the fleet's page takes it: `--matching 'rack:r1 power:off'`.
    #[arg(long, value_name = "FILTER", conflicts_with = "devices")]
    matching: Option<String>,
}

impl Which {
    fn find(self, client: &Client) -> Result<Vec<String>, Exit> {
        let Some(filter) = self.matching else { return Ok(self.devices) };
        if filter.trim().is_empty() {
            let failure =
                Failure::new(Kind::Invalid, "find", "devices", "an empty filter matches every device");
            return Err(failure.hint("say what to match, such as --matching stage:in_service").into());
        }
        let query = DeviceQuery { q: Some(filter.clone()), offset: 0, limit: 5000 };
        Ok(all_of(filter, client.devices(&query)?)?)
    }
}

/// All devices that match a filter: some of them alone are never acted on.
fn all_of(filter: String, Devices { devices, total }: Devices) -> Result<Vec<String>, Failure> {
    if devices.is_empty() {
        return Err(Failure::new(Kind::NotFound, "find", filter, "no device matches the filter"));
    }
    if devices.len() < total {
        let cause = format!("{total} devices match, and one job takes {}", devices.len());
        let failure = Failure::new(Kind::Invalid, "find", filter, cause);
        return Err(failure.hint("match fewer, rack by rack or zone by zone"));
    }
    Ok(devices.into_iter().map(|device| device.id.0).collect())
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::Discover(options) => discover(&options, json),
        Verb::List { filter, remote } => {
            let query = DeviceQuery { q: Some(filter.join(" ")), offset: 0, limit: 5000 };
            Ok(show(json, &remote::client(&remote)?.devices(&query)?, list)?)
        }
        Verb::Find { needle, remote } => {
            let found = remote::client(&remote)?.find(&needle)?;
            if found.devices.is_empty() {
                let cause = "no device is known by this address, MAC, name or serial number";
                return Err(Failure::new(Kind::NotFound, "find", needle, cause).into());
            }
            Ok(show(json, &found, list)?)
        }
        Verb::Show { device, remote } => describe(&remote::client(&remote)?, &device, json),
        Verb::Adopt(options) => adopt(&options, json),
        Verb::Forget { device, remote } => done(json, remote::client(&remote)?.forget(&device)),
        Verb::Power { reset, which, pace, remote } => {
            let client = remote::client(&remote)?;
            power(&client, reset, which.find(&client)?, pace, json)
        }
        Verb::Refresh { which, remote } => {
            let client = remote::client(&remote)?;
            refresh(&client, which.find(&client)?, json)
        }
        Verb::Edit { device, name, labels, remote } => {
            let edit = EditDevice { name, labels: parse_labels(&labels)? };
            done(json, remote::client(&remote)?.edit(&device, &edit))
        }
        Verb::Stage { device, stage, remote } => {
            done(json, remote::client(&remote)?.set_stage(&device, &MoveDevice { stage }))
        }
        Verb::Approve { device, fingerprint, remote } => {
            done(json, remote::client(&remote)?.approve(&device, fingerprint))
        }
        Verb::Credentials { file, remote } => import(&remote::client(&remote)?, &file, json),
    }
}

/// Says that it worked.
pub fn done(json: bool, answer: Result<(), Failure>) -> Result<(), Exit> {
    answer?;
    Ok(show(json, &serde_json::json!({ "done": true }), |_| "done".to_owned())?)
}

fn list(found: &Devices) -> String {
    let rows: Vec<Vec<String>> = found.devices.iter().map(row).collect();
    table(&["name", "stage", "power", "health", "vendor", "model", "serial", "address", "zone"], &rows)
}

fn row(device: &Device) -> Vec<String> {
    let identity = &device.identity;
    vec![
        device.name.clone(),
        device.stage.to_string(),
        device.state.power.to_string(),
        device.state.health.to_string(),
        or_dash(identity.vendor.as_ref()),
        or_dash(identity.model.as_ref()),
        or_dash(identity.serial.as_ref()),
        device.endpoint.to_string(),
        device.zone.clone(),
    ]
}

fn describe(client: &Client, key: &str, json: bool) -> Result<(), Exit> {
    let device = client.device(key)?;
    let inventory = client.inventory(key)?;
    let both = serde_json::json!({ "device": device, "inventory": inventory });
    Ok(show(json, &both, |_| {
        let mut text = facts(&device);
        if let Some(inventory) = &inventory {
            text.push_str("\n\n");
            text.push_str(&super::inventory::human(inventory));
        }
        text
    })?)
}

fn facts(device: &Device) -> String {
    let reach = match &device.state.reach {
        Reach::NotAsked => "not asked yet".to_owned(),
        Reach::Online => "online".to_owned(),
        Reach::Offline { since, cause } => format!("offline since {since:.0}: {cause}"),
    };
    let labels: Vec<String> = device.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let resets: Vec<&str> = device.resets.iter().map(|reset| reset.word()).collect();
    let mut facts = vec![
        ("name", device.name.clone()),
        ("id", device.id.to_string()),
        ("address", device.endpoint.to_string()),
        ("zone", device.zone.clone()),
        ("stage", format!("{} ({})", device.stage, device.presence)),
        ("power", device.state.power.to_string()),
        ("health", device.state.health.to_string()),
        ("controller", reach),
        ("labels", labels.join(" ")),
        ("resets", resets.join(" ")),
    ];
    let certificates = [("pinned", &device.pinned), ("presented", &device.presented)];
    for (name, certificate) in certificates {
        if let Some(certificate) = certificate {
            facts.push((name, format!("{} ({})", certificate.fingerprint, certificate.subject)));
        }
    }
    let lines: Vec<String> = facts.iter().map(|(name, value)| format!("{name:<11}{value}")).collect();
    lines.join("\n")
}

fn discover(options: &Discover, json: bool) -> Result<(), Exit> {
    let client = remote::client(&options.remote)?;
    let new = match &options.range {
        Some(range) => {
            let near_only = options.near_only;
            vec![NewSweep { range: range.clone(), port: options.port, rate: options.rate, near_only }]
        }
        None => unfinished(&client)?,
    };
    let mut numbers = Vec::new();
    for sweep in &new {
        numbers.push(client.sweep(sweep)?.sweep);
    }
    loop {
        let all = client.sweeps()?;
        let found: Vec<Sweep> = all.into_iter().filter(|sweep| numbers.contains(&sweep.sweep)).collect();
        if found.len() == numbers.len() && (options.no_wait || found.iter().all(|sweep| sweep.ended)) {
            return swept(json, &found, options.resume);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// What goes on with the sweeps that did not come to their end.
fn unfinished(client: &Client) -> Result<Vec<NewSweep>, Failure> {
    let again = |sweep: Sweep| {
        let (port, rate) = (Some(sweep.port), Some(sweep.rate));
        Some(NewSweep { range: sweep.range?, port, rate, near_only: false })
    };
    Ok(client.sweeps()?.into_iter().filter(|sweep| sweep.unfinished).filter_map(again).collect())
}

fn swept(json: bool, found: &[Sweep], many: bool) -> Result<(), Exit> {
    let line = |sweep: &Sweep| {
        let Sweep { sweep: number, asked, total, found, .. } = sweep;
        let end = if sweep.unfinished { "; unfinished" } else { "" };
        format!("sweep {number}: {asked} of {total} addresses asked, {found} controllers{end}")
    };
    match found {
        [one] if !many => Ok(show(json, one, line)?),
        all => Ok(show(json, &all, |all| match all {
            [] => "no sweep is unfinished".to_owned(),
            all => all.iter().map(line).collect::<Vec<_>>().join("\n"),
        })?),
    }
}

fn adopt(options: &Adopt, json: bool) -> Result<(), Exit> {
    let client = remote::client(&options.remote)?;
    let (Some(user), Some(file)) = (&options.user, &options.password_file) else {
        return done(json, client.adopt_by_rule(&options.device));
    };
    let credential = Credential { username: user.clone(), password: files::secret(file)? };
    done(json, client.adopt(&options.device, &credential, options.fingerprint))
}

fn power(client: &Client, reset: Reset, devices: Vec<String>, pace: Pace, json: bool) -> Result<(), Exit> {
    if let [device] = &devices[..] {
        let switched = client.switch(device, reset)?;
        return Ok(show(json, &switched, |switched| format!("{device}: {}", switched.power))?);
    }
    let act = Act::Power { reset };
    let number = client.start_job(&NewJob { devices, act, pacing: Some(pace.over(act)) })?.job;
    job::wait(client, number, json)
}

fn refresh(client: &Client, devices: Vec<String>, json: bool) -> Result<(), Exit> {
    if let [device] = &devices[..] {
        return done(json, client.refresh(device));
    }
    let number = client.start_job(&NewJob { devices, act: Act::Refresh, pacing: None })?.job;
    job::wait(client, number, json)
}

fn parse_labels(labels: &[String]) -> Result<Option<BTreeMap<String, String>>, Exit> {
    let wrong = |label: &String| Exit::Wrong(vec![format!("label {label:?} is not KEY=VALUE")]);
    let pair = |label: &String| {
        label
            .split_once('=')
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .ok_or_else(|| wrong(label))
    };
    if labels.is_empty() {
        return Ok(None);
    }
    labels.iter().map(pair).collect::<Result<_, _>>().map(Some)
}

fn import(client: &Client, file: &std::path::Path, json: bool) -> Result<(), Exit> {
    let text = files::secret(file)?;
    let mut entries = Vec::new();
    let lines = text
        .expose()
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    for (number, line) in lines {
        let fields: Vec<&str> = line.splitn(4, ',').map(str::trim).collect();
        let &[kind, value, username, password] = &fields[..] else {
            let what = format!(
                "{}:{}:1: a line is `serial|mac|trusted,VALUE,USER,PASSWORD`",
                file.display(),
                number + 1
            );
            return Err(Exit::Wrong(vec![what]));
        };
        let meant = match kind {
            "serial" | "mac" => serde_json::json!({ (kind): value }),
            "trusted" => serde_json::json!({ "trusted": true }),
            other => {
                let what =
                    format!("{}:{}:1: {other:?} is not serial, mac or trusted", file.display(), number + 1);
                return Err(Exit::Wrong(vec![what]));
            }
        };
        let mut entry = serde_json::json!({ "username": username, "password": password });
        if let (Some(entry), Some(meant)) = (entry.as_object_mut(), meant.as_object()) {
            entry.extend(meant.clone());
        }
        entries.push(entry);
    }
    let imported = client.import_credentials(&serde_json::Value::Array(entries))?;
    Ok(show(json, &imported, |imported| format!("{} credentials imported", imported.imported))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb as Top};
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_help_shows_arguments_in_the_order_in_which_they_are_written() {
        let mut cli = Cli::command();
        let mut usage = |verb: &str| {
            let device = cli.find_subcommand_mut("device").unwrap();
            let help = device.find_subcommand_mut(verb).unwrap().render_help().to_string();
            help.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap().to_owned()
        };
        assert_eq!(usage("power"), "power [OPTIONS] <RESET> [DEVICES]...");
        assert_eq!(usage("refresh"), "refresh [OPTIONS] [DEVICES]...");
    }

    #[test]
    fn a_filter_that_matches_more_than_one_job_takes_acts_on_none() {
        let endpoint = model::Endpoint { addr: std::net::Ipv4Addr::LOCALHOST.into(), port: 443 };
        let device =
            model::Device::seen(model::DeviceId("d-1".into()), endpoint, jiff::Timestamp::UNIX_EPOCH);
        let found = |total| Devices { devices: vec![device.clone(); 2], total };
        assert_eq!(all_of("rack:r1".into(), found(2)).unwrap().len(), 2);
        let failure = all_of("rack:r1".into(), found(3)).unwrap_err();
        assert_eq!(failure.to_string(), "find rack:r1: 3 devices match, and one job takes 2");
        let nothing = Devices { devices: Vec::new(), total: 0 };
        assert_eq!(all_of("rack:r9".into(), nothing).unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn servers_are_named_or_matched_and_not_both_or_neither() {
        let parse = |words: &str| {
            let said = format!("portcullis device {words}");
            match Cli::try_parse_from(said.split(' '))?.verb {
                Top::Device(Verb::Power { which, .. } | Verb::Refresh { which, .. }) => Ok(which),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(parse("power force_off r1-u07 r1-u08").unwrap().devices, ["r1-u07", "r1-u08"]);
        assert_eq!(parse("power on --matching rack:r1").unwrap().matching.as_deref(), Some("rack:r1"));
        assert_eq!(parse("refresh r1-u07").unwrap().devices, ["r1-u07"]);
        for wrong in ["power on", "power on r1-u07 --matching rack:r1", "refresh", "power r1-u07 on"] {
            let error: clap::Error = parse(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong}");
        }
    }
}

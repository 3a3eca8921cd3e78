//! `portcullis bmc inspect`: one controller, read once, without an appliance.

use crate::cli::Inspect;
use crate::exit::Exit;
use crate::files;
use crate::output::{or_dash, show, table};
use bmc::Trust;
use bmc::inspect::{Options, inspect, locate};
use model::{Clock as _, Credential, Failure, Inventory, Kind, SystemClock};
use std::time::Duration;

/// Runs the verb.
pub fn run(options: &Inspect, json: bool) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let credential = match (&options.user, &options.password_file) {
        (Some(user), Some(file)) => {
            Some(Credential { username: user.clone(), password: files::secret(file)? })
        }
        _ => None,
    };
    let inspection = runtime.block_on(async {
        let trust = options.fingerprint.map_or(Trust::Look { authorities: None }, Trust::Pinned);
        let target = locate(&options.url, options.insecure_plain_http, trust).await;
        let target = target.map_err(|what| Exit::Wrong(vec![what]))?;
        let mut read = Options::new(target, credential);
        read.want_raw = options.raw;
        let reading =
            tokio::time::timeout(Duration::from_secs(options.timeout), inspect(read, SystemClock.now()));
        let late = || {
            let cause = format!("the reading was not complete after {} s", options.timeout);
            Failure::new(Kind::TimedOut, "inspect", &options.url, cause).hint("give it more --timeout")
        };
        let read = reading.await.map_err(|_elapsed| late())?;
        read.map_err(|error| Exit::Failure(error.into()))
    })?;
    if let Some(error) = &inspection.logout_error {
        eprintln!("portcullis: the session on {} could not be closed: {error}", options.url);
    }
    let mut answer = serde_json::to_value(&inspection.inventory)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("certificate".into(), serde_json::to_value(&inspection.certificate)?);
        if let Some(raw) = &inspection.raw {
            answer.insert("raw".into(), serde_json::to_value(raw)?);
        }
    }
    Ok(show(json, &answer, |_| human(&inspection.inventory))?)
}

/// An inventory as tables.
pub fn human(inventory: &Inventory) -> String {
    let identity = inventory.identity();
    let mut text = format!(
        "{} {}, serial {}, power {}, health {}; {} requests in {:.1} s\n",
        or_dash(identity.vendor.as_ref()),
        or_dash(identity.model.as_ref()),
        or_dash(identity.serial.as_ref()),
        inventory.power(),
        inventory.health(),
        inventory.requests,
        inventory.elapsed_ms as f64 / 1000.0,
    );
    let mut part = |title: &str, head: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            text.push_str(&format!("\n{title} ({})\n{}\n", rows.len(), table(head, &rows)));
        }
    };
    let systems = || inventory.systems.iter();
    part(
        "processors",
        &["id", "model", "cores", "serial", "health"],
        systems()
            .flat_map(|system| &system.processors)
            .map(|cpu| {
                vec![
                    cpu.id.clone(),
                    or_dash(cpu.model.as_ref()),
                    cpu.cores.map_or_else(|| "-".into(), |cores| cores.to_string()),
                    or_dash(cpu.serial.as_ref()),
                    cpu.health.0.to_string(),
                ]
            })
            .collect(),
    );
    part(
        "memory",
        &["id", "MiB", "part", "serial", "health"],
        systems()
            .flat_map(|system| &system.memory)
            .map(|module| {
                vec![
                    module.id.clone(),
                    module.capacity_mib.map_or_else(|| "-".into(), |mib| mib.to_string()),
                    or_dash(module.part_number.as_ref()),
                    or_dash(module.serial.as_ref()),
                    module.health.0.to_string(),
                ]
            })
            .collect(),
    );
    let chassis_drives = inventory.chassis.iter().flat_map(|chassis| &chassis.drives);
    part(
        "drives",
        &["id", "model", "GB", "serial", "firmware", "health"],
        systems()
            .flat_map(|system| &system.drives)
            .chain(chassis_drives)
            .map(|drive| {
                vec![
                    drive.id.clone(),
                    or_dash(drive.model.as_ref()),
                    drive
                        .capacity_bytes
                        .map_or_else(|| "-".into(), |bytes| (bytes / 1_000_000_000).to_string()),
                    or_dash(drive.serial.as_ref()),
                    or_dash(drive.firmware.as_ref()),
                    drive.health.0.to_string(),
                ]
            })
            .collect(),
    );
    let controllers =
        inventory.managers.iter().flat_map(|manager| &manager.nics).map(|nic| ("controller", nic));
    part(
        "network interfaces",
        &["of", "id", "MAC", "addresses"],
        systems()
            .flat_map(|system| &system.nics)
            .map(|nic| ("server", nic))
            .chain(controllers)
            .map(|(of, nic)| {
                vec![
                    of.to_owned(),
                    nic.id.clone(),
                    or_dash(nic.mac.as_ref().or(nic.permanent_mac.as_ref())),
                    nic.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                ]
            })
            .collect(),
    );
    part(
        "firmware",
        &["id", "name", "version"],
        inventory
            .firmware
            .iter()
            .map(|firmware| {
                vec![firmware.id.clone(), or_dash(firmware.name.as_ref()), or_dash(firmware.version.as_ref())]
            })
            .collect(),
    );
    part(
        "faults",
        &["kind", "path", "field", "problem"],
        inventory
            .faults
            .iter()
            .map(|fault| {
                vec![fault.kind.to_string(), fault.path.clone(), fault.field.clone(), fault.problem.clone()]
            })
            .collect(),
    );
    text
}

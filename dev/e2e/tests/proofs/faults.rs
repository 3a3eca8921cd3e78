//! Every fault that a simulated controller can have, each at one of them and all at the same time: the sick one is
//! named with its cause, the others are as before, nothing is restarted, and the memory stays flat.

use crate::figures::{Hall, Process, is_bench, megabytes};
use crate::report::section;
use anyhow::{Context as _, ensure};
use model::device::{Device, Reach};
use std::fmt::Write as _;
use std::thread;

/// How a fault shows when the controller is read in full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// The reading fails, and says why.
    Fails,
    /// Not at all: it is lived with.
    Not,
    /// By chance one or the other.
    Either,
}

const KINDS: &[(&str, Shows)] = &[
    ("hang", Shows::Fails),
    // What is asked over the kept connection is answered.
    ("drop", Shows::Either),
    ("reset", Shows::Fails),
    ("unavailable", Shows::Fails),
    ("slow=20000", Shows::Fails),
    ("flaky=20%", Shows::Either),
    ("refuse-logins", Shows::Fails),
    ("sessions-full", Shows::Either),
    ("lies", Shows::Not),
    ("null-members", Shows::Either),
    ("invalid-json", Shows::Fails),
    ("endless-json", Shows::Fails),
    ("deep-nesting", Shows::Fails),
    ("cut", Shows::Fails),
    ("redirect", Shows::Fails),
    ("moved", Shows::Not),
    ("conflict", Shows::Not),
    ("wrong-clock", Shows::Not),
    ("reboot", Shows::Either),
    ("restart", Shows::Either),
    ("certificate", Shows::Fails),
];
/// So many healthy ones stand among them.
const HEALTHY: usize = 9;

/// What was seen of one sick controller.
struct Seen {
    kind: &'static str,
    failure: Option<String>,
    faults: usize,
    first_fault: Option<String>,
}

#[test]
fn figures_faults() -> anyhow::Result<()> {
    let count = KINDS.len() + HEALTHY;
    let hall = Hall::seen_hasty(count)?;
    hall.adopt(count)?;
    let simulated = hall.lab.all()?;
    let mut devices = hall.devices()?;
    devices.sort_by_key(|device| device.endpoint);
    let (sick, healthy) = devices.split_at(KINDS.len());
    let before = hall.process()?;
    for ((kind, _), device) in KINDS.iter().zip(sick) {
        let one =
            simulated.iter().find(|one| one.addr == device.endpoint.into()).context("not of the lab")?;
        let kind = if *kind == "redirect" { "redirect=127.0.0.1:1" } else { kind };
        hall.lab.tell("POST", &format!("/fault?at={}&kind={}", one.name, kind.replace('%', "%25")))?;
    }
    let seen = read_each(&hall, sick)?;
    let after = hall.process()?;
    for device in healthy {
        let now = hall.admin.device(&device.id.0)?;
        ensure!(now.state.reach == Reach::Online, "{} suffers: {:?}", now.subject(), now.state.reach);
        hall.admin.refresh(&device.id.0).with_context(|| device.subject())?;
    }
    ensure!(!hall.appliance.log().contains("panicked"), "a task panicked: {}", hall.appliance.log());
    section("faults", &table(&seen, &before, &after)?)?;
    for (seen, (kind, shows)) in seen.iter().zip(KINDS) {
        let as_it_should = match shows {
            Shows::Fails => seen.failure.is_some(),
            Shows::Not => seen.failure.is_none(),
            Shows::Either => true,
        };
        ensure!(as_it_should, "{kind}: {:?}, {} faults", seen.failure, seen.faults);
    }
    let grown = after.resident.saturating_sub(before.resident);
    ensure!(grown < 60_000_000, "the memory grew by {:.1} MB", megabytes(grown));
    Ok(())
}

/// Reads all sick ones in full at the same time.
fn read_each(hall: &Hall, sick: &[Device]) -> anyhow::Result<Vec<Seen>> {
    thread::scope(|scope| {
        let readings: Vec<_> = sick
            .iter()
            .zip(KINDS)
            .map(|(device, (kind, _))| {
                scope.spawn(move || {
                    let failure = hall.admin.refresh(&device.id.0).err();
                    let inventory = hall.admin.inventory(&device.id.0)?;
                    let faults = inventory.map(|inventory| inventory.faults).unwrap_or_default();
                    Ok::<_, anyhow::Error>(Seen {
                        kind,
                        failure: failure.map(|failure| failure.to_string()),
                        faults: faults.len(),
                        first_fault: faults.first().map(|fault| format!("{}: {}", fault.path, fault.problem)),
                    })
                })
            })
            .collect();
        readings.into_iter().map(|reading| reading.join().ok().context("a reader panicked")?).collect()
    })
}

fn table(seen: &[Seen], before: &Process, after: &Process) -> anyhow::Result<String> {
    let mut text = String::from("| fault | what is told of the sick one |\n|---|---|\n");
    for one in seen {
        let told =
            one.failure.clone().or_else(|| one.first_fault.clone()).unwrap_or_else(|| "it is read".into());
        writeln!(text, "| `{}` | {} |", one.kind, told.replace('|', "\\|"))?;
    }
    writeln!(text, "\nThe {HEALTHY} healthy ones among them stayed online and were read meanwhile.")?;
    if is_bench() {
        let (from, to) = (megabytes(before.resident), megabytes(after.resident));
        writeln!(text, "Resident memory {from:.1} MB before, {to:.1} MB after.")?;
    }
    Ok(text)
}

//! The disk that holds the appliance's data is full: ordinary acts are refused and nothing is done,
//! switching off works, pages answer; and with space again everything works.

use crate::ground::Ground;
use crate::report;
use anyhow::{Context as _, bail, ensure};
use api::device::{DeviceQuery, EditDevice};
use api::record::AuditQuery;
use e2e::appliance::section;
use e2e::operator::Session;
use e2e::wait;
use model::device::{Power, Reset};
use model::{Device, Kind};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const TEST: &str = "disk_full";

/// A small filesystem in memory, gone when this is.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> anyhow::Result<Option<Self>> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs"]).arg(at);
        let Ok(output) = mount.output() else { return Ok(None) };
        if !output.status.success() {
            println!(
                "SKIPPED {TEST}: a tmpfs cannot be mounted here: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
            return Ok(None);
        }
        Ok(Some(Self(at.to_owned())))
    }

    /// Takes what is left.
    fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::options().create(true).append(true).open(self.0.join("ballast"))?;
        for block in [1 << 20, 1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; block]).is_ok() {}
        }
        Ok(())
    }

    fn free(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.0.join("ballast"))?)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn disk_full() -> anyhow::Result<()> {
    let mut ground = Ground::adopted(3, |config| {
        // The smallest reserve that is still enough for what is tried below.
        section(config, "audit").insert("reserve_bytes".into(), (128 * 1024).into());
    })?;
    ground.stop()?;
    let (data, aside) = (ground.appliance.data(), ground.appliance.scratch().join("aside"));
    fs::rename(&data, &aside)?;
    fs::create_dir(&data)?;
    let Some(small) = Small::mount(&data)? else { return Ok(()) };
    let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(&data).status()?;
    ensure!(copied.success(), "the data could not be copied");
    ground.appliance.start()?;
    let devices = ground.devices()?;
    let [first, second, third] = devices.as_slice() else { bail!("three devices") };
    for device in &devices {
        on(&ground, device)?;
    }

    let session = ground.operator.sign_in(&ground.appliance)?;

    small.fill()?;
    ordinary_acts_are_refused(&ground, first)?;
    let switched = ground.admin.switch(&second.id.0, Reset::ForceOff)?;
    ensure!(switched.power == Power::Off, "it is {}", switched.power);
    ensure!(power(&ground, second)? == "Off", "the controller was not told");
    reads_answer(&ground, second)?;
    pages_answer(&session, second)?;
    let on_a_full_disk = ground.operator.sign_in(&ground.appliance)?;
    pages_answer(&on_a_full_disk, second)?;
    killed_and_started_on_a_full_disk(&mut ground, third)?;

    small.free()?;
    on(&ground, second)?;
    edit(&ground, first, "space again")?;
    reads_answer(&ground, second)?;
    let state = ground.admin.audit_state()?;
    ensure!(state.sound, "{state:?}");
    ground.stop()?;
    crate::kill::none_open(&ground.rack)?;
    report::verified(&ground.appliance, None)?;
    drop(ground.appliance);
    drop(small);
    Ok(())
}

fn power(ground: &Ground, device: &Device) -> anyhow::Result<&'static str> {
    Ok(ground.rack.lab().power_state(device.endpoint.into())?)
}

fn on(ground: &Ground, device: &Device) -> anyhow::Result<()> {
    let switched = ground.admin.switch(&device.id.0, Reset::On)?;
    ensure!(switched.power == Power::On, "it is {}", switched.power);
    Ok(())
}

fn edit(ground: &Ground, device: &Device, mark: &str) -> Result<(), model::Failure> {
    let labels = Some(BTreeMap::from([("disk".to_owned(), mark.to_owned())]));
    ground.admin.edit(&device.id.0, &EditDevice { name: None, labels })
}

fn ordinary_acts_are_refused(ground: &Ground, device: &Device) -> anyhow::Result<()> {
    // The log may have a little room left beyond its reserve.
    let full = wait::until("an ordinary act is refused", Duration::from_secs(60), || {
        Ok(ground.admin.switch(&device.id.0, Reset::On).err())
    })?;
    ensure!(edit(ground, device, "full").is_err(), "an edit was done");
    println!("refused: {full}; hint: {:?}", full.hint);
    ensure!(full.kind == Kind::Unavailable, "{full:?}");
    ensure!(full.hint.as_deref().is_some_and(|hint| hint.contains("free space")), "{full:?}");
    let before = power(ground, device)?;
    for reset in [Reset::PowerCycle, Reset::ForceRestart, Reset::GracefulRestart] {
        let Err(failure) = ground.admin.switch(&device.id.0, reset) else { bail!("{reset} was done") };
        ensure!(failure.kind == Kind::Unavailable, "{failure:?}");
    }
    ensure!(ground.admin.refresh(&device.id.0).is_err(), "a refresh was done");
    ensure!(power(ground, device)? == before && before == "On", "the controller was told something");
    Ok(())
}

fn reads_answer(ground: &Ground, off: &Device) -> anyhow::Result<()> {
    let agent = ground.appliance.agent()?;
    for path in ["/healthz", "/readyz", "/sign-in"] {
        let status = agent.get(ground.appliance.at(path)).call()?.status();
        ensure!(status == 200, "{path} is answered with {status}");
    }
    ensure!(ground.admin.devices(&DeviceQuery::default())?.total == 3, "devices are gone");
    ground.admin.inventory(&off.id.0)?;
    ground.admin.findings()?;
    let acts = ground.admin.audit(&AuditQuery { limit: 200, ..AuditQuery::default() })?;
    let act = acts.iter().find(|entry| entry.object.as_deref() == Some(&format!("device {}", off.name)));
    let act = act.context("the act that switched it off is not in the log")?;
    ensure!(act.outcome.as_deref() == Some("done"), "{act:?}");
    Ok(())
}

/// Who is signed in sees the pages, and is not signed out.
fn pages_answer(session: &Session, device: &Device) -> anyhow::Result<()> {
    for path in ["/", "/racks", "/audit", &format!("/devices/{}", device.id)] {
        let page = session.get(path)?;
        ensure!(page.status == 200, "{path} is answered with {}", page.status);
    }
    Ok(())
}

/// It starts without any space, and switches off.
fn killed_and_started_on_a_full_disk(ground: &mut Ground, device: &Device) -> anyhow::Result<()> {
    ground.appliance.kill9()?;
    ground.appliance.start()?;
    let switched = ground.admin.switch(&device.id.0, Reset::ForceOff)?;
    ensure!(switched.power == Power::Off, "it is {}", switched.power);
    reads_answer(ground, device)
}

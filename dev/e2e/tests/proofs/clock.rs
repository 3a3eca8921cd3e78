//! The wall clock is set back by hours, by hand or by a dying battery, while the appliance is down and
//! while it runs: what it writes down stays a chain, acts go on, and sessions end as the manual says.

use crate::ground::Ground;
use crate::kill::configure;
use crate::report;
use anyhow::{Context as _, ensure};
use api::device::EditDevice;
use e2e::{peers, wait};
use model::device::Reset;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// libfaketime, which shifts a process's wall clock.
fn library() -> Option<PathBuf> {
    let machine = std::env::consts::ARCH;
    let places = [
        format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1"),
        "/usr/lib/faketime/libfaketime.so.1".into(),
    ];
    places.into_iter().map(PathBuf::from).find(|path| path.is_file())
}

#[test]
fn clock_set_back() -> anyhow::Result<()> {
    let Some(library) = library() else {
        peers::missing("clock_set_back", "libfaketime");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let (anchor, shift) = (folder.path().join("anchor.jsonl"), folder.path().join("shift"));
    let mut ground = Ground::adopted(2, |config| configure(config, &anchor))?;
    let session = ground.operator.sign_in(&ground.appliance)?;
    ground.stop()?;

    // While it was down the clock was set back by three hours; while it runs, by one more.
    fs::write(&shift, "-3h")?;
    for (name, value) in [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", shift.display().to_string()),
        ("FAKETIME_CACHE_DURATION", "1".into()),
        ("DONT_FAKE_MONOTONIC", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
    ] {
        ground.appliance.set_env(name, &value);
    }
    ground.appliance.start()?;
    act(&ground, "three hours back")?;
    fs::write(&shift, "-4h")?;
    wait::until("the clock is set back while it runs", Duration::from_secs(30), || {
        act(&ground, "four hours back")?;
        Ok((ground.admin.audit_state()?.clock_set_back >= 2).then_some(()))
    })?;
    // A session from the future has an unknown age and ends; a token, which has an end of its own, goes on.
    let page = session.get("/account")?;
    ensure!(page.status == 303, "a session from the future still stands: {}", page.status);
    // And forward again, to where it was.
    fs::write(&shift, "+0")?;
    act(&ground, "right again")?;
    let state = ground.admin.audit_state()?;
    ensure!(state.sound && state.clock_set_back >= 2, "{state:?}");
    ground.stop()?;
    let report = report::verified(&ground.appliance, Some(&anchor))?;
    ensure!(report.get("unanchored").context("unanchored")? == 1, "{report}");
    Ok(())
}

fn act(ground: &Ground, mark: &str) -> anyhow::Result<()> {
    for device in ground.devices()? {
        let labels = Some(BTreeMap::from([("clock".to_owned(), mark.to_owned())]));
        ground.admin.edit(&device.id.0, &EditDevice { name: None, labels })?;
        ground.admin.switch(&device.id.0, Reset::ForceOff)?;
    }
    Ok(())
}

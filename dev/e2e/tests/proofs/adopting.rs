//! `kill -9` while controllers are taken over: what was begun is finished or begun again, and no session
//! stays open on a controller that the appliance does not know as its own yet.

use crate::ground::Ground;
use crate::kill::{configure, none_open, sessions};
use crate::report;
use anyhow::ensure;
use e2e::wait;
use lab::random::Dice;
use model::Stage;
use serde_json::json;
use std::thread;
use std::time::Duration;

/// Everything is to be as it should within this time after a restart.
const CLEAN: Duration = Duration::from_secs(90);

#[test]
fn kill_nine_while_controllers_are_adopted_by_rule() -> anyhow::Result<()> {
    let rounds = report::wanted("PORTCULLIS_PROVE_KILLS", 6).div_ceil(6);
    let seed = report::wanted("PORTCULLIS_PROVE_SEED", 20_261_120) as u64;
    let mut dice = Dice::new(seed, "death while adopting");
    for round in 0..rounds {
        let folder = tempfile::tempdir()?;
        let anchor = folder.path().join("anchor.jsonl");
        let mut ground = Ground::seen(10, |config| configure(config, &anchor))?;
        import(&ground)?;
        for _kill in 0..3 {
            thread::sleep(Duration::from_millis(dice.below(700)));
            ground.appliance.kill9()?;
            ground.appliance.start()?;
        }
        // What only a sign-in can tell its serial number is adopted by hand, and so is what a rule tried once.
        let known = |ground: &Ground| {
            let all = ground.devices()?;
            let busy =
                all.iter().filter(|device| device.stage == Stage::Seen && device.identity.serial.is_some());
            Ok::<_, anyhow::Error>((all.len(), busy.count()))
        };
        thread::sleep(Duration::from_secs(2));
        let (all, seen) = known(&ground)?;
        ensure!(all == 10, "round {round}: {all} devices are known");
        println!("round {round}: {seen} that tell their serial number are left to people");
        in_order(&ground)?;
        ground.adopt_seen()?;
        wait::until("all are in service", CLEAN, || {
            let done = ground.devices()?.iter().filter(|device| device.state.read_at.is_some()).count();
            Ok((done == 10).then_some(()))
        })?;
        sessions(&ground.rack, 1, CLEAN)?;
        ground.stop()?;
        none_open(&ground.rack)?;
        report::verified(&ground.appliance, Some(&anchor))?;
    }
    Ok(())
}

fn import(ground: &Ground) -> anyhow::Result<()> {
    let bmcs = ground.rack.bmcs();
    let entry = |bmc: &lab::BmcInfo| json!({ "serial": bmc.serial, "username": bmc.credential.username, "password": bmc.credential.password.expose() });
    ground.admin.import_credentials(&bmcs.iter().map(entry).collect())?;
    Ok(())
}

/// Controllers that are not in service have no session of ours, and the others at most one.
fn in_order(ground: &Ground) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    let waited = wait::until("sessions are in order", CLEAN, || {
        wrong.clear();
        for device in ground.devices()? {
            let open = ground.rack.lab().open_sessions(device.endpoint.into())?;
            if open > usize::from(device.is_adopted()) {
                wrong.push(format!("{} ({}): {open}", device.subject(), device.stage));
            }
        }
        Ok(wrong.is_empty().then_some(()))
    });
    waited.map_err(|error| error.context(format!("LEFT OPEN: {}", wrong.join(", "))))
}

//! `kill -9` while controllers are taken over and forgotten: what was begun is finished or begun again, and no
//! session stays open on a controller that the appliance does not know as its own, yet or any more.

use crate::ground::Ground;
use crate::kill::{configure, none_open, sessions};
use crate::report;
use anyhow::{Context as _, ensure};
use api::Client;
use api::device::DeviceQuery;
use e2e::wait;
use lab::random::Dice;
use model::Stage;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
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

#[test]
fn kill_nine_while_controllers_come_and_go() -> anyhow::Result<()> {
    let kills = report::wanted("PORTCULLIS_PROVE_KILLS", 6);
    let seed = report::wanted("PORTCULLIS_PROVE_SEED", 20_261_120) as u64;
    let mut dice = Dice::new(seed, "death while controllers come and go");
    let folder = tempfile::tempdir()?;
    let anchor = folder.path().join("anchor.jsonl");
    let mut ground = Ground::seen(8, |config| configure(config, &anchor))?;
    let mut broken = Broken::default();
    // As many as wanted, and on until a kill has fallen into each kind of act.
    let mut fallen = 0;
    while fallen < kills || fallen < 10 * kills && (broken.adoptions == 0 || broken.forgets == 0) {
        fallen += 1;
        let life = Duration::from_millis(200 + dice.below(1200));
        broken.add(come_and_go(&mut ground, life)?);
        ground.appliance.start()?;
        in_order(&ground)?;
    }
    println!("{fallen} kills; {broken:?}");
    ensure!(broken.adoptions > 0 && broken.forgets > 0, "no kill fell into an act: {broken:?}");
    for device in ground.devices()? {
        // Retired, and then gone.
        let times = if device.is_adopted() { 2 } else { 1 };
        (0..times).try_for_each(|_| ground.admin.forget(&device.id.0))?;
    }
    ground.sweep()?;
    ground.adopt_seen()?;
    sessions(&ground.rack, 1, CLEAN)?;
    ground.stop()?;
    none_open(&ground.rack)?;
    report::verified(&ground.appliance, Some(&anchor))?;
    Ok(())
}

/// Acts that got no answer, because the appliance was killed in the middle; and forgets after whose answer there
/// was no time to close the session.
#[derive(Clone, Copy, Debug, Default)]
struct Broken {
    adoptions: usize,
    forgets: usize,
    just_forgotten: usize,
}

impl Broken {
    const fn add(&mut self, other: Self) {
        self.adoptions += other.adoptions;
        self.forgets += other.forgets;
        self.just_forgotten += other.just_forgotten;
    }
}

/// Adopts by hand what is seen and forgets what is adopted, all at once, until the appliance is killed.
fn come_and_go(ground: &mut Ground, life: Duration) -> anyhow::Result<Broken> {
    ground.sweep()?;
    let Ground { appliance, rack, admin, .. } = ground;
    let bmcs = rack.bmcs();
    let killed = AtomicBool::new(false);
    thread::scope(|scope| {
        let workers: Vec<_> = bmcs
            .iter()
            .map(|bmc| {
                let (admin, killed) = (&*admin, &killed);
                scope.spawn(move || keep_turning(admin, bmc, killed))
            })
            .collect();
        thread::sleep(life);
        let death = appliance.kill9();
        killed.store(true, Ordering::Relaxed);
        let mut broken = Broken::default();
        for worker in workers {
            broken.add(worker.join().ok().context("a worker panicked")?);
        }
        death.map(|()| broken)
    })
}

/// One controller, adopted and forgotten by turns. An act without an answer is the last.
fn keep_turning(admin: &Client, bmc: &lab::BmcInfo, killed: &AtomicBool) -> Broken {
    let mut broken = Broken::default();
    while !killed.load(Ordering::Relaxed) {
        let Ok(all) = admin.devices(&DeviceQuery { limit: 5000, ..DeviceQuery::default() }) else { break };
        let Some(device) = all.devices.into_iter().find(|device| bmc.addr == device.endpoint.into()) else {
            break;
        };
        broken.just_forgotten = 0;
        if device.stage == Stage::Seen {
            let print = device.presented.as_ref().map(|certificate| certificate.fingerprint);
            let outcome = admin.adopt(&device.id.0, &bmc.credential, print);
            broken.adoptions += usize::from(outcome.is_err());
        } else {
            match admin.forget(&device.id.0) {
                Ok(()) => broken.just_forgotten = 1,
                Err(_) => broken.forgets += 1,
            }
            // Its owner is told within two seconds; a record that is gone is found by the next life's sweep.
            thread::sleep(Duration::from_millis(100));
        }
    }
    broken
}

fn import(ground: &Ground) -> anyhow::Result<()> {
    let bmcs = ground.rack.bmcs();
    let entry = |bmc: &lab::BmcInfo| json!({ "serial": bmc.serial, "username": bmc.credential.username, "password": bmc.credential.password.expose() });
    ground.admin.import_credentials(&bmcs.iter().map(entry).collect())?;
    Ok(())
}

/// Controllers that are not in service, known or not, have no session of ours, and the others at most one.
fn in_order(ground: &Ground) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    let waited = wait::until("sessions are in order", CLEAN, || {
        wrong.clear();
        let devices = ground.devices()?;
        for bmc in ground.rack.bmcs() {
            let device = devices.iter().find(|device| bmc.addr == device.endpoint.into());
            let open = ground.rack.lab().open_sessions(bmc.addr)?;
            if open > usize::from(device.is_some_and(model::Device::is_adopted)) {
                let stage = device.map_or_else(|| "unknown".into(), |device| device.stage.to_string());
                wrong.push(format!("{} ({stage}): {open}", bmc.name));
            }
        }
        Ok(wrong.is_empty().then_some(()))
    });
    waited.map_err(|error| error.context(format!("LEFT OPEN: {}", wrong.join(", "))))
}

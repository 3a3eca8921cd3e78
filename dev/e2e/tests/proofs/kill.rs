//! `kill -9` at random moments under load: nothing that was acknowledged is lost, the audit log's chain
//! holds, and no session stays open on a controller.

use crate::ground::Ground;
use crate::load::Load;
use crate::report;
use anyhow::{Context as _, ensure};
use e2e::appliance::section;
use e2e::rack::Rack;
use e2e::wait;
use lab::random::Dice;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

/// For the appliance to close what an earlier life left open.
pub const CLEAN: Duration = Duration::from_secs(90);

/// When it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Serving,
    Starting,
    Stopping,
    Never,
}

impl Moment {
    fn pick(dice: &mut Dice) -> Self {
        match dice.below(20) {
            0..=11 => Self::Serving,
            12..=15 => Self::Starting,
            16..=18 => Self::Stopping,
            _ => Self::Never,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Serving => "killed while it served",
            Self::Starting => "killed while it started",
            Self::Stopping => "killed while it stopped",
            Self::Never => "stopped in good order, under load",
        }
    }
}

#[derive(Default)]
struct Tally {
    moments: BTreeMap<Moment, usize>,
    slowest_start: Duration,
    slowest_clean: Duration,
    answers: u64,
}

#[test]
fn kill_nine_at_random_under_load() -> anyhow::Result<()> {
    let kills = report::wanted("PORTCULLIS_PROVE_KILLS", 6);
    let seed = report::wanted("PORTCULLIS_PROVE_SEED", 20_261_120) as u64;
    let folder = tempfile::tempdir()?;
    let anchor = folder.path().join("anchor.jsonl");
    let mut site = Ground::adopted(12, |config| configure(config, &anchor))?;
    let load = Load::start(&site.appliance, &site.admin, seed)?;
    let mut dice = Dice::new(seed, "moments of death");
    let mut tally = Tally::default();
    let mut done = 0;
    while done < kills {
        let moment = Moment::pick(&mut dice);
        end(&mut site, moment, &mut dice)?;
        *tally.moments.entry(moment).or_default() += 1;
        done += usize::from(moment != Moment::Never);
        let began = Instant::now();
        site.appliance.start()?;
        tally.slowest_start = tally.slowest_start.max(began.elapsed());
        let began = Instant::now();
        clean_again(&site)?;
        tally.slowest_clean = tally.slowest_clean.max(began.elapsed());
        let answers = load.check(&site.admin)?;
        ensure!(done % 25 != 0 || answers > 0, "the load does nothing");
        if done % 25 == 0 {
            println!("{done} kills, {answers} answers found again");
        }
    }
    let kept = load.stop()?;
    tally.answers = kept.check(&site.admin)?;
    clean_again(&site)?;
    site.stop()?;
    none_open(&site.rack)?;
    let verified = report::verified(&site.appliance, Some(&anchor))?;
    tell(&tally, &verified, kills, seed)
}

/// Small enough that whatever happens once in a while happens in each life.
pub fn configure(config: &mut toml::Table, anchor: &std::path::Path) {
    let bmc = section(config, "bmc");
    bmc.insert("backoff_limit".into(), 5.into());
    bmc.insert("inventory_interval".into(), 60.into());
    // These servers are back before anybody has looked; a restart is not watched for long.
    bmc.insert("power_restart_watch".into(), 2.into());
    let audit = section(config, "audit");
    audit.insert("anchor".into(), anchor.display().to_string().into());
    audit.insert("checkpoint_records".into(), 40.into());
    audit.insert("segment_bytes".into(), 300_000.into());
}

fn end(site: &mut Ground, moment: Moment, dice: &mut Dice) -> anyhow::Result<()> {
    let wait = |millis: u64, dice: &mut Dice| thread::sleep(Duration::from_millis(dice.below(millis)));
    match moment {
        Moment::Serving => {
            wait(1500, dice);
            site.appliance.kill9()
        }
        Moment::Starting => {
            wait(500, dice);
            site.appliance.kill9()?;
            site.appliance.launch()?;
            wait(600, dice);
            site.appliance.kill9()
        }
        Moment::Stopping => {
            wait(1000, dice);
            site.appliance.terminate()?;
            wait(300, dice);
            site.appliance.kill9()
        }
        Moment::Never => {
            wait(1000, dice);
            site.stop()?;
            none_open(&site.rack)
        }
    }
}

/// Waits until this life of the appliance has signed in at every controller, and none has more than one session.
fn clean_again(site: &Ground) -> anyhow::Result<()> {
    wait::until("every controller has answered", CLEAN, || {
        let asked = site.devices()?.iter().filter(|device| device.state.read_at.is_some()).count();
        Ok((asked == site.rack.bmcs().len()).then_some(()))
    })?;
    sessions(&site.rack, 1, CLEAN)
}

/// After a stop in good order there is none.
pub fn none_open(rack: &Rack) -> anyhow::Result<()> {
    sessions(rack, 0, Duration::ZERO)
}

/// Waits until no controller has more than so many sessions.
pub fn sessions(rack: &Rack, most: usize, within: Duration) -> anyhow::Result<()> {
    let mut open = Vec::new();
    let waited = wait::until(&format!("no controller has more than {most} sessions"), within, || {
        open.clear();
        for bmc in rack.bmcs() {
            let count = rack.lab().open_sessions(bmc.addr)?;
            if count > most {
                open.push(format!("{} ({}): {count}", bmc.name, bmc.flavour));
            }
        }
        Ok(open.is_empty().then_some(()))
    });
    waited.with_context(|| format!("LEFT OPEN: {}", open.join(", ")))
}

fn tell(tally: &Tally, verified: &serde_json::Value, kills: usize, seed: u64) -> anyhow::Result<()> {
    let mut text = String::from("| what | how often |\n|---|---|\n");
    for (moment, count) in &tally.moments {
        writeln!(text, "| {} | {count} |", moment.name())?;
    }
    writeln!(
        text,
        "| answers to acts and edits that were compared with the audit log, under load | {} |",
        tally.answers
    )?;
    writeln!(text, "| of these lost | 0 |")?;
    let number = |name: &str| verified.get(name).map_or_else(|| "?".to_owned(), ToString::to_string);
    writeln!(text, "| audit records, all verified | {} |", number("last"))?;
    writeln!(text, "| of these covered by the anchor file | {} |", number("anchored"))?;
    writeln!(text, "| controllers with more than one session after a restart, or any after a stop | 0 |")?;
    writeln!(
        text,
        "\nSlowest start: {} ms. Longest until every controller had at most one session again: {} ms. Seed {seed}.",
        tally.slowest_start.as_millis(),
        tally.slowest_clean.as_millis()
    )?;
    ensure!(tally.answers as usize >= kills, "only {} answers under load", tally.answers);
    report::section("kill", &text)
}

//! The appliance stops in good order, under load.

use crate::ground::Ground;
use crate::kill::{configure, none_open};
use crate::load::Load;
use crate::report;
use anyhow::{Context as _, ensure};
use api::record::AuditQuery;
use e2e::wait;
use std::thread;
use std::time::{Duration, Instant};

/// Acts may go on for half a minute, closing all sessions may take twenty seconds.
const GRACE: Duration = Duration::from_secs(55);

#[test]
fn told_to_stop_under_load_it_closes_every_session_and_says_so() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let anchor = folder.path().join("anchor.jsonl");
    let mut ground = Ground::adopted(6, |config| configure(config, &anchor))?;
    let load = Load::start(&ground.appliance, &ground.admin, 7)?;
    for twice in [false, true] {
        thread::sleep(Duration::from_millis(700));
        let began = Instant::now();
        ground.appliance.terminate()?;
        if twice {
            // Whoever is impatient does no harm.
            ground.appliance.terminate()?;
        }
        let status = wait::until("it has stopped", GRACE, || ground.appliance.ended())?;
        ensure!(status.success(), "it stopped with {status}");
        println!("stopped under load in {} ms", began.elapsed().as_millis());
        none_open(&ground.rack)?;
        let report = report::verified(&ground.appliance, Some(&anchor))?;
        // The last record is the checkpoint itself.
        ensure!(report.get("unanchored").context("unanchored")? == 1, "not all is anchored: {report}");
        ground.appliance.start()?;
        load.check(&ground.admin)?;
        let last = ground.admin.audit(&AuditQuery { limit: 1000, ..AuditQuery::default() })?;
        let notes: Vec<_> =
            last.iter().filter(|entry| entry.kind != "act").map(|entry| entry.kind.as_str()).collect();
        ensure!(notes.starts_with(&["start", "stop"]), "the log's notes are {notes:?}");
        let open = last
            .iter()
            .skip_while(|entry| entry.kind != "stop")
            .find(|entry| entry.outcome.as_deref() == Some("pending"));
        ensure!(open.is_none(), "an act was left open: {open:?}");
    }
    load.stop()?.check(&ground.admin)?;
    ground.stop()?;
    none_open(&ground.rack)
}

//! A filesystem that is really full: essential acts go on, others are refused, and it heals.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests themselves")]

mod common;

use audit::{Config, Error, Note, Outcome, Status};
use common::{Place, large};
use model::Actor;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A small filesystem of its own.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new(bytes: u64) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|why| why.to_string())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "audit-test"]).arg(dir.path());
        let output = mount.output().map_err(|why| why.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        Ok(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let chunk = [1; 4096];
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        while std::io::Write::write_all(&mut file, &chunk).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(self.0.path()).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.0.path().display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn essential_acts_go_on_when_the_disk_is_full() {
    let mounted = match Mounted::new(4 * 1024 * 1024) {
        Ok(mounted) => mounted,
        Err(why) => {
            println!(
                "SKIPPED essential_acts_go_on_when_the_disk_is_full: no small filesystem can be mounted: {why}"
            );
            return;
        }
    };
    let place = Place::with_dir(&mounted.path().join("audit"));
    let config = Config { reserve_bytes: 256 * 1024, segment_bytes: 300_000, ..Config::default() };
    let log = place.open(config.clone());
    let before_full = log.begin(large(100, false)).await.unwrap();
    mounted.fill();

    // What is behind the reserve is used up first; then ordinary acts are refused, with a hint.
    let refused = loop {
        match log.begin(large(4000, false)).await {
            Ok(record) => drop(log.complete(record, Outcome::Ok, Value::Null).await.unwrap()),
            Err(why) => break why,
        }
    };
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused}");
    assert!(refused.to_string().contains("free some space"), "{refused}");
    // A stranger's failed sign-ins end at the reserve as well: what they find is less than one step of it.
    let mut tries = 0;
    while log.note(Note::SignInFailed, Actor::system("test"), Value::Null).await.is_ok() {
        tries += 1;
        assert!(tries < 500, "a stranger can use up the reserve");
    }

    // Signing in and essential acts go on, and what was begun before can be completed.
    log.note(Note::SignIn, Actor::user("ada", "web", None), Value::Null).await.unwrap();
    log.complete(before_full, Outcome::Ok, Value::Null).await.unwrap();
    let mut essential = 0;
    let used_up = loop {
        match log.begin(large(1000, true)).await {
            Ok(record) => {
                essential += 1;
                if log.complete(record, Outcome::Ok, Value::Null).await.is_err() {
                    break Error::ReserveUsed { dir: place.dir.clone() };
                }
            }
            Err(why) => break why,
        }
    };
    assert!(matches!(used_up, Error::ReserveUsed { .. }), "{used_up}");
    assert!(essential > 100, "only {essential} essential acts fitted into 256 KiB");

    // It is full when it starts again, too.
    log.stop().await;
    let report = place.verify(None);
    assert!(report.is_sound() && report.torn.is_none(), "{report}");

    // It heals by itself.
    mounted.free();
    let log = place.open(config);
    for _ in 0..10 {
        let record = log.begin(large(4000, false)).await.unwrap();
        log.complete(record, Outcome::Ok, Value::Null).await.unwrap();
    }
    mounted.fill();
    loop {
        if log.begin(large(4000, false)).await.is_err() {
            break;
        }
    }
    mounted.free();
    log.begin(large(4000, false)).await.expect("space is back, without a restart");
    let all = log.list(audit::Query { limit: 1000, ..audit::Query::default() }).await.unwrap();
    assert_eq!(all.last().unwrap().status, Status::Ok, "the act begun before the disk was full");
    log.stop().await;
    let report = place.verify(None);
    assert!(report.is_sound(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_does_not_keep_the_log_from_opening() {
    let mounted = match Mounted::new(2 * 1024 * 1024) {
        Ok(mounted) => mounted,
        Err(why) => {
            println!(
                "SKIPPED a_full_disk_does_not_keep_the_log_from_opening: no small filesystem can be mounted: {why}"
            );
            return;
        }
    };
    let place = Place::with_dir(&mounted.path().join("audit"));
    let config = Config { reserve_bytes: 256 * 1024, ..Config::default() };
    let log = place.open(config.clone());
    log.begin(large(100, true)).await.unwrap();
    mounted.fill();
    log.stop().await;
    let log = place.open(config);
    log.note(Note::SignIn, Actor::user("ada", "web", None), Value::Null).await.unwrap();
    log.begin(large(100, true)).await.unwrap();
    log.stop().await;
    let report = place.verify(None);
    assert!(report.is_sound(), "{report}");
}

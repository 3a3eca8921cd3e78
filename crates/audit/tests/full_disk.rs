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
struct Mounted {
    dir: tempfile::TempDir,
    _image: Option<tempfile::NamedTempFile>,
}

impl Mounted {
    /// `tmpfs` and `ext4` can allocate behind a file's end; `ext2` cannot, so that the reserve lies apart.
    fn new(kind: &str, bytes: u64) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|why| why.to_string())?;
        let mut mount = Command::new("mount");
        let image = if kind == "tmpfs" {
            mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "audit-test"]);
            None
        } else {
            let image = tempfile::NamedTempFile::new().map_err(|why| why.to_string())?;
            image.as_file().set_len(bytes).map_err(|why| why.to_string())?;
            run(Command::new(format!("mkfs.{kind}")).args(["-q", "-F", "-m", "0"]).arg(image.path()))?;
            mount.args(["-o", "loop"]).arg(image.path());
            Some(image)
        };
        run(mount.arg(dir.path()))?;
        Ok(Self { dir, _image: image })
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        for size in [65_536, 4096, 1024, 1] {
            while std::io::Write::write_all(&mut file, &vec![1; size]).is_ok() {}
        }
        let _ = file.sync_all();
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(self.dir.path()).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.dir.path().display());
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}

/// Runs a test on each kind of filesystem that can be mounted here.
async fn on_each<F: AsyncFn(&Mounted)>(name: &str, test: F) {
    for kind in ["tmpfs", "ext4", "ext2"] {
        match Mounted::new(kind, 8 * 1024 * 1024) {
            Ok(mounted) => {
                println!("{name} on {kind}");
                test(&mounted).await;
            }
            Err(why) => println!("SKIPPED {name} on {kind}: no small filesystem can be mounted: {why}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn essential_acts_go_on_when_the_disk_is_full() {
    on_each("essential_acts_go_on_when_the_disk_is_full", essential_acts_go_on).await;
}

async fn essential_acts_go_on(mounted: &Mounted) {
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
    log.begin(large(4000, false)).await.unwrap(); // Space is back, without a restart.
    let all = log.list(audit::Query { limit: 1000, ..audit::Query::default() }).await.unwrap();
    assert_eq!(all.last().unwrap().status, Status::Ok, "the act begun before the disk was full");
    log.stop().await;
    let report = place.verify(None);
    assert!(report.is_sound(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_does_not_keep_the_log_from_opening() {
    on_each("a_full_disk_does_not_keep_the_log_from_opening", opens_when_full).await;
}

async fn opens_when_full(mounted: &Mounted) {
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

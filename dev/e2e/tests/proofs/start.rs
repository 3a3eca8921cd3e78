//! What keeps the appliance from starting is said at once, in one line, with a documented exit code.

use anyhow::{Context as _, ensure};
use e2e::appliance::Appliance;
use e2e::{peers, wait};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A debug program on a busy machine; by itself it takes some milliseconds.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Starts it, which must fail; what it said.
fn refused(appliance: &Appliance, what: &str, words: &[&str]) -> anyhow::Result<()> {
    let mut command = appliance.verb(&["serve"])?;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let ended = wait::until(&format!("it refuses {what}"), AT_ONCE, || Ok(child.try_wait()?));
    if ended.is_err() {
        child.kill()?;
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("{what}: {}", said.trim_end());
    let code = ended?.code();
    ensure!(matches!(code, Some(1 | 2)), "{what}: exit code {code:?}");
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("portcullis: ")).collect();
    ensure!(lines.len() == 1, "{what}: it says {said:?}");
    for word in words {
        ensure!(said.contains(word), "{what}: {word:?} is not in {said:?}");
    }
    ensure!(!said.contains("panicked"), "{what}: {said}");
    Ok(())
}

/// Replaces a file for the time of one try.
fn with(
    appliance: &Appliance,
    name: &str,
    what: &str,
    words: &[&str],
    spoil: impl FnOnce(&[u8]) -> Vec<u8>,
) -> anyhow::Result<()> {
    let file = appliance.data().join(name);
    let good = fs::read(&file).with_context(|| file.display().to_string())?;
    fs::write(&file, spoil(&good))?;
    let refused = refused(appliance, what, words);
    fs::write(&file, good)?;
    refused
}

/// As a later version would have left it.
fn newer_database(appliance: &Appliance) -> anyhow::Result<()> {
    let what = "a newer database";
    let Some(python) = peers::find("python3") else {
        peers::missing(what, "python3");
        return Ok(());
    };
    with(appliance, "portcullis.db", what, &["portcullis.db", "newer"], |database| {
        let script = "import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); base.execute('UPDATE schema_version SET version = 9999'); base.commit(); base.close()";
        let file = appliance.scratch().join("newer.db");
        let changed = fs::write(&file, database)
            .and_then(|()| Command::new(python).args(["-c", script]).arg(&file).status())
            .and_then(|_status| fs::read(&file));
        changed.unwrap_or_default()
    })
}

#[test]
fn what_keeps_it_from_starting_is_said_in_one_line() -> anyhow::Result<()> {
    let mut appliance = Appliance::fresh()?;
    refused(&appliance, "a second one on the same data", &["another portcullis works on"])?;
    appliance.stop()?;

    let port: u16 = appliance.url().rsplit(':').next().context("port")?.parse()?;
    let taken = TcpListener::bind(("127.0.0.1", port))?;
    refused(&appliance, "a taken port", &["listen", &port.to_string()])?;
    drop(taken);

    with(&appliance, "tls/key.pem", "a spoilt TLS key", &["key.pem"], |_| b"no key".to_vec())?;
    with(&appliance, "vault.key", "a short vault key", &["vault"], |key| key[..key.len() / 2].to_vec())?;
    with(&appliance, "audit.key", "a spoilt audit key", &["audit.key"], |_| b"no key".to_vec())?;
    with(&appliance, "portcullis.db", "no database", &["portcullis.db"], |_| {
        b"this is no database at all".repeat(99)
    })?;
    newer_database(&appliance)?;
    with(
        &appliance,
        "portcullis.toml",
        "a configuration with a spelling mistake",
        &["portcullis.toml"],
        |text| [text, b"\n[wbe]\nlisten = []\n"].concat(),
    )?;
    let log = appliance.data().join("audit");
    let segment = fs::read_dir(&log)?
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .max()
        .with_context(|| format!("no audit log in {}", log.display()))?;
    let name = format!("audit/{}", segment.file_name().and_then(|name| name.to_str()).context("name")?);
    with(&appliance, &name, "a damaged audit log", &["audit"], |log| {
        // One letter of the last whole record.
        let end = log.iter().rposition(|byte| *byte == b'\n').unwrap_or_default();
        let from = log[..end].iter().rposition(|byte| *byte == b'\n').unwrap_or_default();
        let mut changed = log.to_vec();
        let at = (from..end).find(|at| changed[*at] == b':').unwrap_or(from) + 3;
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        changed
    })?;
    let key = appliance.data().join("vault.key");
    fs::set_permissions(&key, Permissions::from_mode(0o644))?;
    refused(&appliance, "a vault key that others can read", &["vault.key", "chmod"])?;
    fs::set_permissions(&key, Permissions::from_mode(0o600))?;

    // And with everything put right again it starts.
    appliance.start()?;
    ensure!(appliance.stop()?.success(), "it did not stop well");
    Ok(())
}

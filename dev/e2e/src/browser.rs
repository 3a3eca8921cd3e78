//! Scripts in `browser/` that drive Chromium, and report back what they checked.
//!
//! A script gets one JSON object as its first line of standard input, and writes JSON lines:
//! `{"check": "…", "ok": true}` for each thing that it looked at, `{"do": "…"}` when it wants something
//! done outside of the browser (it then waits for one line of answer), `{"done": true}` at its end.

use crate::{peers, program};
use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Node, Chromium and the libraries of `browser/package.json`.
pub struct Browser {
    node: PathBuf,
    chromium: PathBuf,
    folder: PathBuf,
}

impl Browser {
    /// What is installed; otherwise the test says that it was skipped.
    ///
    /// # Errors
    /// If the libraries cannot be fetched although Node and Chromium are there.
    pub fn find(test: &str) -> anyhow::Result<Option<Self>> {
        let chromium = match std::env::var_os("PORTCULLIS_CHROMIUM") {
            Some(path) => Some(PathBuf::from(path)),
            None => peers::find_any(&["chromium", "chromium-browser", "google-chrome"]),
        };
        let (node, npm) = (peers::find("node"), peers::find("npm"));
        let (Some(node), Some(chromium), Some(npm)) = (node, chromium, npm) else {
            peers::missing(test, "node, npm or chromium");
            return Ok(None);
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        fetch(&npm, &folder)?;
        Ok(Some(Self { node, chromium, folder }))
    }

    /// Runs a script to its end. `outside` does what it asks for.
    ///
    /// # Errors
    /// If a check fails, with all that failed; or if the script ends before its end.
    pub fn run(
        &self,
        script: &str,
        input: &Value,
        mut outside: impl FnMut(&Value) -> anyhow::Result<Value>,
    ) -> anyhow::Result<()> {
        let mut child = Running(self.start(script)?);
        let mut to = child.0.stdin.take().context("its standard input")?;
        let from = BufReader::new(child.0.stdout.take().context("its standard output")?);
        writeln!(to, "{}", with_tools(input, &self.chromium))?;
        let (mut passed, mut failed, mut done) = (0, Vec::new(), false);
        for line in from.lines() {
            let line = line?;
            let Ok(said) = serde_json::from_str::<Value>(&line) else {
                println!("  {line}");
                continue;
            };
            if let Some(name) = said.get("check").and_then(Value::as_str) {
                let is_ok = said.get("ok") == Some(&Value::Bool(true));
                println!("  {} {name}", if is_ok { "ok  " } else { "FAIL" });
                if is_ok { passed += 1 } else { failed.push(format!("{name}: {}", detail(&said))) }
            } else if said.get("do").is_some() {
                writeln!(to, "{}", outside(&said)?)?;
            } else if said.get("done").is_some() {
                done = true;
            }
        }
        let status = child.0.wait()?;
        ensure!(
            failed.is_empty(),
            "{script}: {} of {} checks failed:\n{}",
            failed.len(),
            passed + failed.len(),
            failed.join("\n")
        );
        ensure!(done && status.success(), "{script} ended before its end ({status}), after {passed} checks");
        ensure!(passed > 0, "{script} checked nothing");
        Ok(())
    }

    fn start(&self, script: &str) -> anyhow::Result<Child> {
        let mut command = Command::new(&self.node);
        command.arg(self.folder.join(script)).current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().with_context(|| format!("run {script}"))
    }
}

/// A script that is ended if its test is.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _gone = self.0.kill();
            let _gone = self.0.wait();
        }
    }
}

fn with_tools(input: &Value, chromium: &Path) -> Value {
    let mut input = input.clone();
    if let Some(fields) = input.as_object_mut() {
        fields.insert("chromium".into(), json!(chromium));
        fields.insert("screenshots".into(), json!(program::target().join("e2e-screenshots")));
        fields.insert("password".into(), json!(crate::operator::PASSWORD));
    }
    input
}

fn detail(said: &Value) -> String {
    match said.get("detail") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "it is not so".into(),
    }
}

/// Fetches the libraries that the lock file names, unless they are there; one test at a time.
fn fetch(npm: &Path, folder: &Path) -> anyhow::Result<()> {
    let wanted = fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.portcullis-lock");
    fs::create_dir_all(program::target())?;
    let lock = File::options()
        .create(true)
        .append(true)
        .open(program::target().join("e2e-browser-libraries.lock"))?;
    lock.lock()?;
    if fs::read(&stamp).is_ok_and(|fetched| fetched == wanted) {
        return Ok(());
    }
    let run = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .output()?;
    if !run.status.success() {
        bail!("npm ci in {} failed: {}", folder.display(), String::from_utf8_lossy(&run.stderr));
    }
    fs::write(&stamp, &wanted)?;
    Ok(())
}

//! The appliance as a process: started, killed, stopped, asked.

use crate::slot::Slot;
use crate::{program, wait};
use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// A debug build on two busy cores is up in two seconds; this is for machines that do ten things at once.
const UP: Duration = Duration::from_secs(60);
/// It waits half a minute for acts that run.
const DOWN: Duration = Duration::from_secs(60);

/// An appliance; it is killed when this is dropped, and if the test has failed its log is shown.
pub struct Appliance {
    home: TempDir,
    slot: Slot,
    /// The options of the demonstration's rack, if it is one.
    demo: Option<Vec<String>>,
    child: Option<Child>,
    environment: Vec<(String, String)>,
    link: String,
    certificate: Vec<u8>,
}

impl Appliance {
    /// A new one without any device, made by `init` and run by `serve`.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn fresh() -> anyhow::Result<Self> {
        Self::with(|_config| {})
    }

    /// The same with another configuration: `change` gets the file that `init` wrote.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn with(change: impl FnOnce(&mut toml::Table)) -> anyhow::Result<Self> {
        let mut new = Self::inert(None)?;
        let listen = format!("127.0.0.1:{}", new.slot.port());
        let init = new.verb(&["--json", "init", "--listen", &listen])?.output().context("run init")?;
        let said = String::from_utf8_lossy(&init.stdout);
        ensure!(init.status.success(), "init failed: {said}{}", String::from_utf8_lossy(&init.stderr));
        let said: serde_json::Value = serde_json::from_str(&said).context("what init said")?;
        new.link = said.get("first_login").and_then(|link| link.as_str()).context("first_login")?.to_owned();
        let file = new.data().join("portcullis.toml");
        let mut config: toml::Table = toml::from_str(&fs::read_to_string(&file)?)?;
        // Tests should not wait a minute for a poll.
        section(&mut config, "bmc").insert("poll_interval".into(), 1.into());
        change(&mut config);
        fs::write(&file, toml::to_string(&config)?)?;
        new.start()?;
        Ok(new)
    }

    /// The demonstration: a rack of so many controllers of which most are adopted, as `portcullis lab
    /// --serve` makes it. Rack and appliance are one process.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn demo(count: usize) -> anyhow::Result<Self> {
        Self::demo_with(count, &["--time-scale", "0.05"])
    }

    /// The same with more options of `portcullis lab`, such as `--fault`.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn demo_with(count: usize, options: &[&str]) -> anyhow::Result<Self> {
        let mut rack = vec!["--count".to_owned(), count.to_string()];
        rack.extend(options.iter().map(|option| (*option).to_owned()));
        let mut new = Self::inert(Some(rack))?;
        new.start()?;
        new.link = new.said("first login")?;
        Ok(new)
    }

    fn inert(demo: Option<Vec<String>>) -> anyhow::Result<Self> {
        let (home, slot) = (TempDir::with_prefix("portcullis-e2e-")?, Slot::take()?);
        let (link, certificate, environment) = (String::new(), Vec::new(), Vec::new());
        Ok(Self { home, slot, demo, child: None, environment, link, certificate })
    }

    fn said(&self, label: &str) -> anyhow::Result<String> {
        let log = self.log();
        let line = log.lines().find_map(|line| line.trim().strip_prefix(label)).context(label.to_owned())?;
        Ok(line.trim().to_owned())
    }

    /// Starts it, after it was killed or stopped, and waits until it is ready.
    ///
    /// # Errors
    /// If it runs already, ends at once, or is not ready in time.
    pub fn start(&mut self) -> anyhow::Result<()> {
        self.launch()?;
        self.wait_ready()
    }

    /// A variable of its environment, from the next start on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it and waits for nothing.
    ///
    /// # Errors
    /// If it runs already, or cannot be started.
    pub fn launch(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "it runs already");
        let listen = format!("127.0.0.1:{}", self.slot.port());
        let first = self.slot.first_addr().to_string();
        let mut command = match &self.demo {
            Some(rack) => {
                let mut command =
                    self.verb(&["lab", "--serve", "--listen", &listen, "--first-addr", &first])?;
                command.args(rack);
                command
            }
            None => self.verb(&["serve"])?,
        };
        let log = File::options().create(true).append(true).open(self.log_file())?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.child = Some(command.spawn().context("start the appliance")?);
        Ok(())
    }

    /// Waits until it is ready, after [`Appliance::launch`].
    ///
    /// # Errors
    /// If it has ended, or is not ready in time.
    pub fn wait_ready(&mut self) -> anyhow::Result<()> {
        wait::until("the appliance is ready", UP, || {
            if let Some(ended) = self.child.as_mut().and_then(|child| child.try_wait().transpose()) {
                self.child = None;
                bail!("the appliance ended at once ({:?}):\n{}", ended, self.log());
            }
            Ok(self.is_ready().then_some(()))
        })
    }

    fn is_ready(&mut self) -> bool {
        let file = self.data().join("tls/certificate.pem");
        let Ok(certificate) = fs::read(file) else { return false };
        self.certificate = certificate;
        let Ok(agent) = self.agent() else { return false };
        agent.get(self.at("/readyz")).call().is_ok_and(|answer| answer.status() == 200)
    }

    /// Ends it as a power cut would, at once.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill9(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Tells it to stop (SIGTERM), and waits for nothing.
    ///
    /// # Errors
    /// If it does not run.
    pub fn terminate(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_ref().context("it does not run")?;
        Ok(kill_process(Pid::from_child(child), Signal::TERM)?)
    }

    /// Tells it to stop (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// If it does not run, or does not stop in time.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.terminate()?;
        let child = self.child.as_mut().context("it does not run")?;
        let status = wait::until("the appliance has stopped", DOWN, || Ok(child.try_wait()?))?;
        self.child = None;
        Ok(status)
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// If it was not started.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let status = self.child.as_mut().context("it does not run")?.try_wait()?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.slot.port())
    }

    /// The address of one of its pages.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url())
    }

    /// The one-time link of the first administrator, `admin`.
    #[must_use]
    pub fn first_login(&self) -> &str {
        &self.link
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A folder that is removed with the appliance, for whatever a test writes.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.home.path()
    }

    /// The certificate that it shows, in PEM.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// All that it has written to standard output and standard error, in all of its lives.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_file()).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// The program with these arguments, this appliance's data directory and its address: for verbs.
    ///
    /// # Errors
    /// If there is no program.
    pub fn verb(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = program::command()?;
        command.args(arguments).env("PORTCULLIS_URL", self.url()).env_remove("PORTCULLIS_CONFIG");
        command
            .env("PORTCULLIS_DATA", self.data())
            .env("PORTCULLIS_CA", self.data().join("tls/certificate.pem"));
        if self.demo.is_some() {
            command.arg("--data").arg(self.data());
        }
        Ok(command)
    }

    /// A plain HTTP client that trusts its certificate, follows no redirect and takes every status for an answer.
    ///
    /// # Errors
    /// If its certificate cannot be read.
    pub fn agent(&self) -> anyhow::Result<ureq::Agent> {
        self.agent_trusting(&self.certificate)
    }

    /// The same, trusting another certificate.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn agent_trusting(&self, pem: &[u8]) -> anyhow::Result<ureq::Agent> {
        let roots = RootCerts::new_with_certs(&[Certificate::from_pem(pem)?]);
        let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots).build();
        let agent =
            ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
        Ok(agent.timeout_global(Some(Duration::from_secs(60))).build().new_agent())
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        let _not_running = self.kill9();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.lines().count().saturating_sub(60);
            eprintln!("the appliance's last lines:");
            log.lines().skip(from).for_each(|line| eprintln!("  {line}"));
        }
    }
}

/// A section of a configuration file, made if there is none.
pub fn section<'a>(config: &'a mut toml::Table, name: &str) -> &'a mut toml::Table {
    let entry = config.entry(name).or_insert_with(|| toml::Table::new().into());
    if !entry.is_table() {
        *entry = toml::Table::new().into();
    }
    match entry {
        toml::Value::Table(table) => table,
        _ => unreachable!("it was made a table just now"),
    }
}

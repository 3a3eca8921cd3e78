//! Thousands of simulated controllers in a process of their own, so that their memory and work are not
//! counted among the appliance's.

use anyhow::Context as _;
use e2e::program;
use e2e::slot::Slot;
use model::{Credential, Secret};
use serde_json::Value;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

/// The port of all of them.
const PORT: u16 = 8443;
/// The account on all of them.
pub const ACCOUNT: (&str, &str) = ("svc-oob", "one password for the whole hall");

/// A lab that runs until this is dropped.
pub struct LabProcess {
    child: Child,
    folder: tempfile::TempDir,
    first: Ipv4Addr,
    slot: Slot,
}

/// One of its controllers.
pub struct Simulated {
    /// Rack and unit.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its serial number.
    pub serial: String,
}

impl LabProcess {
    /// So many controllers, the makers in turn unless the options of `portcullis lab` say otherwise, on addresses of
    /// their own.
    pub fn start_with(count: usize, options: &[&str]) -> anyhow::Result<Self> {
        let (slot, folder) = (Slot::take()?, tempfile::tempdir()?);
        // A slot has 240 addresses; a hall needs a /16 of its own, above those of all slots.
        let [_, _, low, _] = slot.first_addr().octets();
        let first = Ipv4Addr::new(127, 128 + low % 100, 0, 10);
        let password = folder.path().join("password");
        fs::write(&password, ACCOUNT.1)?;
        let (log, credentials) = (File::create(folder.path().join("log"))?, folder.path().join("lab.csv"));
        let mut command = program::command()?;
        command.args(["lab", "--count", &count.to_string(), "--port", &PORT.to_string()]);
        command.args(["--first-addr", &first.to_string(), "--time-scale", "0.05"]);
        command.args(["--username", ACCOUNT.0]).arg("--password-file").arg(&password);
        command.arg("--credentials").arg(&credentials);
        let control = SocketAddr::from((Ipv4Addr::LOCALHOST, slot.port()));
        command.args(["--control", &control.to_string()]).args(options);
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut lab = Self { child, folder, first, slot };
        e2e::wait::until("the lab listens", Duration::from_secs(300), || {
            let log = lab.log();
            anyhow::ensure!(lab.child.try_wait()?.is_none(), "the lab has ended: {log}");
            Ok((log.lines().count() >= count).then_some(()))
        })?;
        Ok(lab)
    }

    /// Asks or tells it something while it runs (`dev/lab/src/control.rs` lists what); comes back with its answer.
    pub fn tell(&self, method: &str, path: &str) -> anyhow::Result<Value> {
        let url = format!("http://127.0.0.1:{}{path}", self.slot.port());
        let request = ureq::http::Request::builder().method(method).uri(url).body(())?;
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut answer = agent.run(request)?;
        let (status, text) = (answer.status(), answer.body_mut().read_to_string()?);
        anyhow::ensure!(status.is_success(), "{method} {path} was answered with {status}: {text}");
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn csv(&self) -> PathBuf {
        self.folder.path().join("lab.csv")
    }

    /// The network that holds them all.
    pub fn range(&self, count: usize) -> String {
        let bits = usize::BITS - (count + count / 100 + 20).leading_zeros();
        format!("{}/{}", Ipv4Addr::new(127, self.first.octets()[1], 0, 0), 32 - bits)
    }

    /// The port of all of them.
    pub const fn port(&self) -> u16 {
        PORT
    }

    /// All of them.
    pub fn all(&self) -> anyhow::Result<Vec<Simulated>> {
        let text = fs::read_to_string(self.csv())?;
        let row = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            let [name, addr, _, serial, ..] = fields.as_slice() else { anyhow::bail!("{line:?} is no row") };
            let addr = addr.parse().with_context(|| format!("{addr:?} is no address"))?;
            Ok(Simulated { name: (*name).to_owned(), addr, serial: (*serial).to_owned() })
        };
        text.lines().skip(1).map(row).collect()
    }
}

/// The account as a credential.
pub fn credential() -> Credential {
    Credential { username: ACCOUNT.0.into(), password: Secret::new(ACCOUNT.1.into()) }
}

impl Drop for LabProcess {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

//! Three network namespaces with the wires between them, and the programs in them.

use anyhow::{Context as _, ensure};
use e2e::appliance::Appliance;
use e2e::{program, wait};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// The appliance's address where people work.
pub const OFFICE: &str = "10.1.0.5";
/// Its address where controllers are.
pub const MANAGEMENT: &str = "10.20.0.1";
/// The first of two controllers.
pub const FIRST: &str = "10.20.0.7";
/// Where they listen.
pub const PORT: u16 = 8443;
/// Told to the test inside.
const INSIDE: &str = "PORTCULLIS_POLICY_GROUND";
/// The whole test.
const LONGEST: Duration = Duration::from_secs(180);

/// The namespaces, by the beginning of their names; gone when it is dropped.
pub struct Ground(String);

impl Ground {
    /// The one that this process is inside of, if it is.
    pub fn inside() -> Option<Self> {
        std::env::var(INSIDE).ok().map(Self)
    }

    /// Makes the namespaces, and runs this test again in the appliance's one.
    pub fn run(test: &str) -> anyhow::Result<()> {
        let ground = Self(format!("pce2e{}", std::process::id()));
        let outcome = ground.make().and_then(|()| ground.again(test));
        ground.remove();
        outcome
    }

    fn make(&self) -> anyhow::Result<()> {
        let [here, office, rack] = ["a", "o", "r"].map(|end| format!("{}{end}", self.0));
        for name in [&here, &office, &rack] {
            ip(&["netns", "add", name])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        for (inner, other, ours, theirs) in [
            ("eth0", &office, "10.1.0.5/16", &["10.1.5.10/16"][..]),
            ("eth1", &rack, "10.20.0.1/16", &["10.20.0.7/16", "10.20.0.8/16"]),
        ] {
            ip(&["-n", &here, "link", "add", inner, "type", "veth", "peer", "name", "eth0", "netns", other])?;
            ip(&["-n", &here, "address", "add", ours, "dev", inner])?;
            ip(&["-n", &here, "link", "set", inner, "up"])?;
            for address in theirs {
                ip(&["-n", other, "address", "add", address, "dev", "eth0"])?;
            }
            ip(&["-n", other, "link", "set", "eth0", "up"])?;
        }
        // The appliance's certificate is for `localhost`; in the office that is the appliance.
        let names = PathBuf::from("/etc/netns").join(office);
        fs::create_dir_all(&names)?;
        Ok(fs::write(names.join("hosts"), format!("{OFFICE} localhost\n"))?)
    }

    fn again(&self, test: &str) -> anyhow::Result<()> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}a", self.0)]).arg(std::env::current_exe()?);
        let mut child = command.args([test, "--exact", "--nocapture"]).env(INSIDE, &self.0).spawn()?;
        let ended = wait::until("the test inside has ended", LONGEST, || Ok(child.try_wait()?));
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        let status = ended?;
        ensure!(status.success(), "the test inside failed: {status}");
        Ok(())
    }

    fn remove(&self) {
        for end in ["a", "o", "r"] {
            let name = format!("{}{end}", self.0);
            if let Err(error) = ip(&["netns", "del", &name]) {
                eprintln!("{error:#}");
            }
        }
        let _gone = fs::remove_dir_all(PathBuf::from("/etc/netns").join(format!("{}o", self.0)));
    }

    /// A command in the office.
    pub fn in_office(&self, mut command: Command) -> Command {
        inside(&format!("{}o", self.0), &mut command)
    }

    /// Two controllers, with this password for `svc`, until the child is killed.
    pub fn rack(&self, appliance: &Appliance) -> anyhow::Result<Program> {
        let password = appliance.scratch().join("password");
        fs::write(&password, "one password for both")?;
        let mut lab = program::command()?;
        lab.args(["lab", "--count", "2", "--first-addr", FIRST, "--time-scale", "0.02", "--username", "svc"]);
        lab.arg("--password-file").arg(password);
        let mut command = inside(&format!("{}r", self.0), &mut lab);
        Program::start(command.stdout(Stdio::null()))
    }

    /// Whether the office reaches this port of the appliance.
    pub fn office_reaches(&self, port: u16) -> anyhow::Result<bool> {
        self.reaches("o", OFFICE, port)
    }

    /// Whether a controller reaches this port of the appliance.
    pub fn controller_reaches(&self, port: u16) -> anyhow::Result<bool> {
        self.reaches("r", MANAGEMENT, port)
    }

    fn reaches(&self, from: &str, address: &str, port: u16) -> anyhow::Result<bool> {
        let mut knock = Command::new("timeout");
        knock.args(["0.4", "bash", "-c", &format!("exec 3<>/dev/tcp/{address}/{port}")]);
        let mut command = inside(&format!("{}{from}", self.0), &mut knock);
        Ok(command.stderr(Stdio::null()).status()?.success())
    }
}

fn inside(namespace: &str, command: &mut Command) -> Command {
    let mut outer = Command::new("ip");
    outer.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer.stdin(Stdio::null());
    outer
}

/// A program that is killed when this is dropped.
pub struct Program(Child);

impl Program {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.spawn().with_context(|| format!("{command:?}"))?))
    }

    /// The firewall's program for this appliance, in the namespace that we are in.
    pub fn firewall(appliance: &Appliance) -> anyhow::Result<Self> {
        let path = std::env::var_os("PORTCULLIS_FIREWALL_BIN")
            .map_or_else(|| program::target().join("debug/portcullis-firewall"), PathBuf::from);
        ensure!(
            path.is_file(),
            "there is no {}: run `cargo build -p firewall` first, or set PORTCULLIS_FIREWALL_BIN",
            path.display()
        );
        let state = appliance.scratch().join("firewall");
        fs::create_dir_all(&state)?;
        let mut command = Command::new(path);
        command.args(["serve", "--user", "0", "--log-group", "71", "--state"]).arg(&state);
        command.arg("--socket").arg(appliance.data().join("firewall.socket")).stdin(Stdio::null());
        Self::start(&mut command)
    }

    /// `kill -9`.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Runs `ip`.
pub fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    said(Command::new("ip").args(arguments)).map(drop)
}

/// Runs a command that must work; what it said.
pub fn said(command: &mut Command) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output()?;
    let error = String::from_utf8_lossy(&stderr);
    ensure!(status.success(), "{command:?}: {status}: {error}");
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

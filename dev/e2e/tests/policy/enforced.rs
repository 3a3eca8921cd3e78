//! A policy from its files to the kernel and back, as people meet it.

use crate::ground::{Ground, MANAGEMENT, OFFICE, PORT, Program, said};
use anyhow::{Context as _, ensure};
use api::Client;
use api::device::DeviceQuery;
use api::policy::{NewPinhole, PolicyState, SetQuarantine};
use e2e::appliance::{Appliance, section};
use e2e::operator::{Operator, Session};
use e2e::{peers, wait};
use model::enforcement::{Enforced, VersionState};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The documents that ship with the product.
const SCENARIO: &str = include_str!("../../../../crates/policy/shipped/out_of_band_management.yaml");
const SITE: &str = include_str!("../../../../crates/policy/shipped/site.yaml");
/// For what takes a moment on a busy machine.
const SOON: Duration = Duration::from_secs(20);
/// Where the appliance takes logs from controllers.
const LOGS: u16 = 6514;

#[test]
fn a_policy_is_enforced_and_taken_back() -> anyhow::Result<()> {
    if let Some(ground) = Ground::inside() {
        return Proof::new(ground)?.run();
    }
    let is_root = rustix::process::geteuid().is_root();
    if !is_root || peers::find("nft").is_none() || peers::find("ip").is_none() {
        peers::missing("a_policy_is_enforced_and_taken_back", "root, nft and ip");
        return Ok(());
    }
    Ground::run("enforced::a_policy_is_enforced_and_taken_back")
}

/// The appliance behind the wires, and who asks.
struct Proof {
    ground: Ground,
    appliance: Appliance,
    firewall: Option<Program>,
    session: Session,
    client: Client,
    token_file: PathBuf,
    port: u16,
    began: Instant,
    _rack: Program,
    _logs: TcpListener,
}

impl Proof {
    fn new(ground: Ground) -> anyhow::Result<Self> {
        let began = Instant::now();
        let appliance = Appliance::with(|config| {
            let web = section(config, "web");
            let first = web.get("listen").and_then(|all| all.get(0)).and_then(toml::Value::as_str);
            let port = first.and_then(|it| it.rsplit(':').next()).unwrap_or_default();
            let listen = vec![format!("127.0.0.1:{port}"), format!("{OFFICE}:{port}")];
            web.insert("listen".into(), listen.into());
            section(config, "firewall").insert("socket".into(), "firewall.socket".into());
        })?;
        let rack = ground.rack(&appliance)?;
        let mut admin = Operator::enrol(&appliance)?;
        let session = admin.sign_in(&appliance)?;
        let token = session.token("administrator", "all")?;
        let token_file = appliance.scratch().join("token");
        std::fs::write(&token_file, token.expose())?;
        let client = Client::new(&appliance.url(), Some(appliance.certificate()), Some(token))?;
        let port = appliance.url().rsplit(':').next().context("port")?.parse()?;
        let logs = TcpListener::bind((MANAGEMENT, LOGS))?;
        Ok(Self {
            ground,
            appliance,
            firewall: None,
            session,
            client,
            token_file,
            port,
            began,
            _rack: rack,
            _logs: logs,
        })
    }

    fn run(mut self) -> anyhow::Result<()> {
        self.controllers()?;
        self.nothing_is_enforced()?;
        self.first_policy()?;
        self.locked_out()?;
        self.quarantine()?;
        self.pinholes()?;
        self.program_killed()?;
        self.drift()?;
        self.step("all of it");
        Ok(())
    }

    fn step(&self, what: &str) {
        println!("{:6.1} s  {what}", self.began.elapsed().as_secs_f32());
    }

    fn state(&self) -> anyhow::Result<PolicyState> {
        Ok(self.client.policy()?)
    }

    /// Both documents as files; people come to the appliance's own port.
    fn files(&self, name: &str, site: &str) -> anyhow::Result<[PathBuf; 2]> {
        let [scenario, at] =
            ["scenario", "site"].map(|it| self.appliance.scratch().join(format!("{name}-{it}")));
        std::fs::write(&scenario, SCENARIO)?;
        std::fs::write(&at, site)?;
        Ok([scenario, at])
    }

    fn site(&self) -> String {
        let with_port = format!("infra_mgmt_web:\n    services: [tcp/443, tcp/{}]", self.port);
        let site = SITE.replace("infra_mgmt_web:\n    services: [tcp/443]", &with_port);
        // An application that no rule allows: only an opening does.
        site.replace(
            "applications:\n",
            &format!("applications:\n  controller_web:\n    services: [tcp/{PORT}]\n"),
        )
    }

    /// A verb of the program, as somebody in the office types it.
    fn verb(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = self.appliance.verb(&["--json"])?;
        command.args(arguments).arg("--token-file").arg(&self.token_file);
        Ok(self.ground.in_office(command))
    }

    fn controllers(&self) -> anyhow::Result<()> {
        let sweep = ["device", "discover", "10.20.0.0/28", "--port", &PORT.to_string(), "--rate", "500"];
        let devices = wait::until("both controllers are seen", SOON, || {
            said(&mut self.verb(&sweep)?)?;
            let found = self.client.devices(&DeviceQuery::default())?;
            Ok((found.total == 2).then_some(found.devices))
        })?;
        let first =
            devices.iter().find(|it| it.endpoint.addr.to_string() == "10.20.0.7").context("10.20.0.7")?;
        let credential =
            model::Credential { username: "svc".into(), password: "one password for both".into() };
        let fingerprint = first.presented.as_ref().map(|it| it.fingerprint);
        self.client.adopt(&first.id.0, &credential, fingerprint)?;
        self.step("two controllers are seen, one is adopted");
        Ok(())
    }

    fn key(&self, address: &str) -> anyhow::Result<String> {
        let found = self.client.find(address)?.devices;
        Ok(found.first().with_context(|| address.to_owned())?.id.0.clone())
    }

    fn nothing_is_enforced(&mut self) -> anyhow::Result<()> {
        let state = self.state()?;
        ensure!(state.enforced == Enforced::Unknown, "{state:?}");
        ensure!(state.program.is_some_and(|why| why.contains("no firewall program listens at")));
        self.firewall = Some(Program::firewall(&self.appliance)?);
        wait::until("the firewall's program is there", SOON, || {
            Ok((self.state()?.enforced == Enforced::Nothing).then_some(()))
        })?;
        ensure!(self.session.get("/")?.text.contains("Nothing is enforced"), "no page says so");
        ensure!(self.ground.controller_reaches(22)? || self.ground.controller_reaches(LOGS)?);
        let early = self
            .client
            .set_quarantine(&self.key("10.20.0.8")?, &SetQuarantine { on: true, why: String::new() });
        ensure!(early.is_err_and(|failure| failure.kind == model::Kind::Conflict));
        self.step("nothing is enforced, and every page says so");
        Ok(())
    }

    fn first_policy(&self) -> anyhow::Result<()> {
        ensure!(reaches("10.20.0.8"), "everything passes before the first policy");
        let [scenario, site] = self.files("first", &self.site())?;
        let files = ["--policy", &scenario.display().to_string(), "--site", &site.display().to_string()];
        let applied =
            said(self.verb(&["policy", "apply", "--note", "the first"])?.args(files).arg("--confirm"))?;
        let confirmed: model::enforcement::Version = serde_json::from_str(&applied)?;
        ensure!((confirmed.number, confirmed.state) == (1, VersionState::Confirmed), "{confirmed:?}");
        let state = self.state()?;
        ensure!((state.enforced, &state.disagreement) == (Enforced::Confirmed, &None), "{state:?}");
        ensure!(self.ground.office_reaches(self.port)?, "administrators are let in");
        ensure!(self.ground.controller_reaches(LOGS)?, "controllers' logs are let in");
        ensure!(!self.ground.controller_reaches(self.port)?, "controllers do not reach the pages");
        ensure!(reaches("10.20.0.7"), "the adopted controller is kept reachable");
        ensure!(!reaches("10.20.0.8"), "no rule allows the other one's port");
        ensure!(state.polled == 1, "{state:?}");
        self.client.refresh(&self.key("10.20.0.7")?)?;
        self.step("a policy is confirmed from the office over a new connection");
        Ok(())
    }

    fn locked_out(&self) -> anyhow::Result<()> {
        let [scenario, site] =
            self.files("locked", &self.site().replace(&format!(", tcp/{}]", self.port), "]"))?;
        let files = ["--policy", &scenario.display().to_string(), "--site", &site.display().to_string()];
        let proposed = said(self.verb(&["policy", "propose"])?.args(files))?;
        let version = serde_json::from_str::<model::enforcement::Version>(&proposed)?.number;
        self.client.apply_policy(version, &api::policy::Apply { seconds: Some(3) })?;
        let loaded = Instant::now();
        ensure!(!self.ground.office_reaches(self.port)?, "the candidate locks the office out");
        wait::until("the office is let in again", Duration::from_secs(5), || {
            Ok(self.ground.office_reaches(self.port)?.then_some(()))
        })?;
        let back = loaded.elapsed();
        ensure!(back < Duration::from_secs(5), "back after {back:?}");
        wait::until("the version is a draft again", SOON, || {
            let all = self.client.policy_versions()?;
            Ok(all.iter().any(|it| it.number == version && it.state == VersionState::Draft).then_some(()))
        })?;
        self.found("policy_fell_back", "was not confirmed in time")?;
        ensure!(self.state()?.enforced == Enforced::Confirmed);
        self.step(&format!(
            "a candidate that locks the office out is gone {:.1} s after its load",
            back.as_secs_f32()
        ));
        Ok(())
    }

    fn found(&self, kind: &str, words: &str) -> anyhow::Result<()> {
        wait::until(&format!("the finding {kind} is there"), SOON, || {
            let all = self.client.findings()?;
            let is_it =
                |it: &api::record::KeptFinding| it.finding.kind == kind && it.finding.text.contains(words);
            Ok(all.iter().any(is_it).then_some(()))
        })
    }

    fn quarantine(&self) -> anyhow::Result<()> {
        let device = self.key("10.20.0.7")?;
        ensure!(self.ground.controller_reaches(LOGS)?);
        let asked = Instant::now();
        let set = |on| self.client.set_quarantine(&device, &SetQuarantine { on, why: "it scans".into() });
        set(true)?;
        let took = asked.elapsed();
        ensure!(took < Duration::from_secs(1), "it took {took:?}");
        ensure!(!self.ground.controller_reaches(LOGS)?, "it is cut off");
        ensure!(reaches("10.20.0.7"), "the appliance still reaches it");
        let listed = said(&mut self.verb(&["quarantine", "list"])?)?;
        ensure!(listed.contains("it scans") && listed.contains("10.20.0.7"), "{listed}");
        set(false)?;
        ensure!(self.ground.controller_reaches(LOGS)?, "it is let back");
        self.step(&format!("a device is cut off in {} ms and let back", took.as_millis()));
        Ok(())
    }

    fn pinholes(&self) -> anyhow::Result<()> {
        let new = |seconds| NewPinhole {
            device: self.key("10.20.0.8").unwrap_or_default(),
            application: "controller_web".into(),
            seconds: Some(seconds),
            why: "a disk".into(),
        };
        let opened = self.client.open_pinhole(&new(60))?;
        ensure!(reaches("10.20.0.8"), "it is open");
        let listed = said(&mut self.verb(&["pinhole", "list"])?)?;
        ensure!(listed.contains("a disk") && listed.contains("admin (token "), "{listed}");
        said(&mut self.verb(&["pinhole", "close", &opened.id])?)?;
        ensure!(!reaches("10.20.0.8"), "it is closed");

        self.client.open_pinhole(&new(1))?;
        ensure!(reaches("10.20.0.8"));
        wait::until("its time is over", SOON, || Ok((!reaches("10.20.0.8")).then_some(())))?;

        let token = self.session.token("operator", "all")?;
        let id = token.expose().split('_').nth(1).context("the token's identifier")?.to_owned();
        let operator = Client::new(&self.appliance.url(), Some(self.appliance.certificate()), Some(token))?;
        operator.open_pinhole(&new(600))?;
        ensure!(reaches("10.20.0.8"));
        self.client.revoke_token(&id)?;
        wait::until("it closes with its token", SOON, || Ok((!reaches("10.20.0.8")).then_some(())))?;
        ensure!(self.client.pinholes()?.is_empty());
        self.step("openings close when asked to, by their time, and with their token");
        Ok(())
    }

    /// The firewall's program is killed, and an opening is lost meanwhile: it is opened again.
    fn program_killed(&mut self) -> anyhow::Result<()> {
        let device = self.key("10.20.0.8")?;
        let new = NewPinhole { device, application: "controller_web".into(), ..NewPinhole::default() };
        let opened = self.client.open_pinhole(&new)?;
        self.firewall.take().context("the firewall's program")?.kill()?;
        wait::until("its end is noticed", SOON, || {
            Ok((self.state()?.enforced == Enforced::Unknown).then_some(()))
        })?;
        ensure!(reaches("10.20.0.8") && self.ground.office_reaches(self.port)?, "the kernel goes on");
        said(Command::new("nft").args(["flush", "set", "inet", "portcullis", "pinholes4"]))?;
        ensure!(!reaches("10.20.0.8"));
        self.firewall = Some(Program::firewall(&self.appliance)?);
        wait::until("it is open again", SOON, || Ok(reaches("10.20.0.8").then_some(())))?;
        ensure!(reaches("10.20.0.7"), "and what is read too");
        self.client.close_pinhole(&opened.id)?;
        self.step("what the kernel lost while the firewall's program was dead is open again");
        Ok(())
    }

    fn drift(&self) -> anyhow::Result<()> {
        said(&mut self.verb(&["policy", "drift", "--repair"])?)?;
        let rule = ["insert", "rule", "inet", "portcullis", "input", "tcp", "dport", "22", "accept"];
        said(Command::new("nft").args(rule))?;
        self.found("firewall_drift", "somebody else changed the firewall's rules")?;
        let told = self.verb(&["policy", "drift"])?.output()?;
        ensure!(told.status.code() == Some(1), "{told:?}");
        said(&mut self.verb(&["policy", "drift", "--repair"])?)?;
        let state = self.state()?;
        ensure!(state.drift.is_empty(), "{state:?}");
        self.step("a foreign rule is found, and repaired");
        Ok(())
    }
}

/// Whether the appliance reaches a controller.
fn reaches(address: &str) -> bool {
    let Ok(address) = address.parse() else { return false };
    TcpStream::connect_timeout(&SocketAddr::new(address, PORT), Duration::from_millis(400)).is_ok()
}

//! `make run` as root: the zones in network namespaces, and the shipped policy in force between them.

use crate::ground::said;
use anyhow::{Context as _, ensure};
use e2e::appliance::Appliance;
use e2e::operator::Operator;
use e2e::{peers, program, wait};
use std::process::Command;
use std::time::Duration;

/// For what takes a moment on a busy machine.
const SOON: Duration = Duration::from_secs(30);
/// Controllers in the rack.
const RACK: usize = 4;

/// Namespaces that are gone when it is dropped.
struct Zones(String);

impl Zones {
    fn up() -> anyhow::Result<Self> {
        let zones = Self(format!("pczones{}", std::process::id()));
        said(&mut zones.script(&["up", &zones.0, &RACK.to_string()]))?;
        Ok(zones)
    }

    fn script(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program::root().join("dev/scripts/zones.sh"));
        command.args(arguments);
        command
    }

    /// What a page of the appliance answers to somebody in a zone; `000` if nothing comes.
    fn ask(&self, zone: &str, url: &str) -> anyhow::Result<String> {
        let mut curl = Command::new("ip");
        curl.args(["netns", "exec", &format!("{}-{zone}", self.0)]);
        curl.args(["curl", "-s", "-k", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", url]);
        Ok(String::from_utf8(curl.output()?.stdout)?)
    }
}

impl Drop for Zones {
    fn drop(&mut self) {
        if let Err(error) = said(&mut self.script(&["down", &self.0])) {
            eprintln!("{error:#}");
        }
    }
}

#[test]
fn the_demonstration_is_enforced_between_its_zones() -> anyhow::Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root || ["nft", "ip", "curl"].iter().any(|name| peers::find(name).is_none()) {
        peers::missing("the_demonstration_is_enforced_between_its_zones", "root, nft, ip and curl");
        return Ok(());
    }
    let zones = Zones::up()?;
    let mut appliance = Appliance::demo_with(RACK, &["--time-scale", "0.05", "--zones", &zones.0])?;
    let reached = |of: &Zones| -> anyhow::Result<Vec<String>> {
        ["trust", "internal", "internet"]
            .iter()
            .map(|zone| of.ask(zone, "https://10.1.0.5/healthz"))
            .collect()
    };
    ensure!(reached(&zones)? == ["200", "200", "000"], "{:?}", reached(&zones)?);

    let client = Operator::enrol(&appliance)?.client(&appliance)?;
    wait::until("the rack is adopted through the policy", SOON, || {
        let devices = client.devices(&api::device::DeviceQuery::default())?.devices;
        let adopted = devices.iter().filter(|it| it.is_adopted()).count();
        Ok((adopted == RACK).then_some(()))
    })?;
    ensure!(zones.ask("management", "telnet://10.20.0.1")? == "000", "a controller reaches telnet");
    wait::until("the attempt is a finding", SOON, || {
        let findings = client.findings()?;
        Ok(findings.iter().any(|it| it.finding.kind == "clear_text_attempt").then_some(()))
    })?;

    // The kernel holds on to it without the appliance, and the appliance finds it again.
    ensure!(appliance.stop()?.success(), "it stopped badly");
    ensure!(zones.ask("internet", "https://10.1.0.5/healthz")? == "000", "open while it is stopped");
    appliance.start()?;
    ensure!(reached(&zones)? == ["200", "200", "000"], "{:?}", reached(&zones)?);
    let state = client.policy().context("the policy's state")?;
    ensure!(state.enforced == model::enforcement::Enforced::Confirmed, "{:?}", state.enforced);
    Ok(())
}

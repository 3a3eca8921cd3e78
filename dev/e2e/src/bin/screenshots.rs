//! Makes the pictures of README and manual anew, `docs/images/*.png`, from the demonstration:
//! `cargo build -p portcullis -p firewall && cargo run -p e2e --bin screenshots`. Where `ZONES` names network namespaces that
//! `dev/scripts/zones.sh` has made, the policy is enforced in them, and its pictures are made too.

use anyhow::Context as _;
use e2e::appliance::Appliance;
use e2e::browser::Browser;
use e2e::operator::Operator;
use e2e::{program, wait};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// As many controllers as `portcullis lab` has by itself.
const COUNT: usize = 24;
/// Of them one in eight is left for people to adopt.
const ADOPTED: usize = 21;

fn main() -> anyhow::Result<()> {
    let browser = Browser::find("screenshots")?.context("no browser")?;
    let folder = program::root().join("docs/images");
    std::fs::create_dir_all(&folder)?;
    // As slow as real ones: there must be time to look at what they do.
    let zones = std::env::var("ZONES").ok();
    let mut options = vec!["--time-scale", "1"];
    if let Some(name) = &zones {
        options.extend(["--zones", name]);
    }
    let appliance = Appliance::demo_with(COUNT, &options)?;
    let session = Operator::enrol(&appliance)?.sign_in(&appliance)?;
    wait::until("the demonstration is furnished", Duration::from_secs(60), || {
        let shown = session.get("/?q=reach:online")?.text;
        Ok((shown.matches("data-row").count() == ADOPTED).then_some(()))
    })?;
    if let Some(name) = &zones {
        knock(name)?;
    }
    let cookie = session.cookie.split_once('=').context("the cookie")?.1;
    let input = json!({ "url": appliance.url(), "session": cookie, "folder": folder, "zones": zones });
    browser.run("pictures.mjs", &input, |_said| Ok(Value::Null))
}

/// What somebody in each zone tries, so that there is something in the firewall's log.
fn knock(zones: &str) -> anyhow::Result<()> {
    for (zone, url, times) in [
        ("management", "telnet://10.20.0.1:23", 3),
        ("management", "http://10.20.0.1:80", 2),
        ("management", "https://198.51.100.7", 4),
        ("internet", "https://10.1.0.5", 6),
        ("internal", "telnet://10.1.0.5:22", 2),
        ("trust", "https://10.1.0.5/healthz", 5),
    ] {
        for _ in 0..times {
            let mut curl = Command::new("ip");
            curl.args([
                "netns",
                "exec",
                &format!("{zones}-{zone}"),
                "curl",
                "-s",
                "-k",
                "-m",
                "1",
                "-o",
                "/dev/null",
                url,
            ]);
            curl.status().context("ip netns exec")?;
        }
    }
    Ok(())
}

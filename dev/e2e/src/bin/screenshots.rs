//! Makes the pictures of README and manual anew, `docs/images/*.png`, from the demonstration:
//! `cargo build -p portcullis && cargo run -p e2e --bin screenshots`.

use anyhow::Context as _;
use e2e::appliance::Appliance;
use e2e::browser::Browser;
use e2e::operator::Operator;
use e2e::{program, wait};
use serde_json::{Value, json};
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
    let appliance = Appliance::demo_with(COUNT, &["--time-scale", "1"])?;
    let session = Operator::enrol(&appliance)?.sign_in(&appliance)?;
    wait::until("the demonstration is furnished", Duration::from_secs(60), || {
        let shown = session.get("/?q=reach:online")?.text;
        Ok((shown.matches("data-row").count() == ADOPTED).then_some(()))
    })?;
    let cookie = session.cookie.split_once('=').context("the cookie")?.1;
    let input = json!({ "url": appliance.url(), "session": cookie, "folder": folder });
    browser.run("pictures.mjs", &input, |_said| Ok(Value::Null))
}

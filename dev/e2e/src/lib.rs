//! The real binary, the lab, third-party peers and headless Chromium: what the tests in `tests/` stand on.
//!
//! Every test has an appliance of its own, on a port and on lab addresses of its own, in a folder of its
//! own; so tests run side by side. What a test started ends with it, by its own process id. The program
//! is not built here: `dev/scripts/test.sh` (or `cargo build -p portcullis`) does that first.
//!
//! Nothing here may sleep where something can be waited for ([`wait::until`]), and no test may pass by
//! doing nothing: where a program of others is missing, [`peers::missing`] says so loudly.
//!
//! | module | what is in it |
//! |---|---|
//! | [`appliance`] | the appliance as a process: started, killed, stopped, asked |
//! | [`browser`] | scripts in `browser/` that drive Chromium and report back what they checked |
//! | [`operator`] | a person at the forms: first login, sign-in, an API token |
//! | [`peers`] | programs that are not ours |
//! | [`program`] | where the binary is |
//! | [`rack`] | simulated controllers inside the test, to be switched and broken |
//! | [`site`] | an appliance that has adopted a rack, and its administrator |
//! | [`slot`] | a port and addresses that no other test has |
//! | [`totp`] | codes of an authenticator |
//! | [`wait`] | until something is so, or a deadline has passed |
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let mut site = e2e::site::Site::adopted(5)?;
//! let client = site.admin.client(&site.appliance)?;
//! site.rack.lab().set(site.bmc(2)?.addr, lab::Change::Power(false))?;
//! site.appliance.kill9()?;
//! site.appliance.start()?;
//! assert_eq!(client.devices(&api::device::DeviceQuery::default())?.total, 5);
//! # Ok(())
//! # }
//! ```

pub mod appliance;
pub mod browser;
pub mod operator;
pub mod peers;
pub mod program;
pub mod rack;
pub mod site;
pub mod slot;
pub mod totp;
pub mod wait;

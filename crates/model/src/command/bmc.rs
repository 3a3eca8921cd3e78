//! Acts on controllers, carried out by `bmc`.

use super::{Part, command};
use crate::access::Action;
use crate::device::{DeviceId, Fingerprint, Power, Reset};
use crate::secret::Credential;
use ipnet::IpNet;
use serde_json::json;

command! {
    /// Sweep address ranges for controllers; comes back at once with the sweep's number.
    Discover -> u64, Action::DeviceDiscover,
    |this| json!({ "range": this.range, "port": this.port, "rate": this.rate, "near_only": this.near_only }), {
        /// The range to ask.
        range: IpNet,
        /// The TCP port to ask at.
        port: u16,
        /// At most so many new addresses a second.
        rate: u32,
        /// Whether only those addresses are asked that the kernel knows as neighbours.
        near_only: bool,
    }
}

command! {
    /// Stop a sweep; it can be resumed with the same range.
    StopSweep -> (), Action::DeviceDiscover, |this| json!({ "sweep": this.sweep }), {
        /// The sweep's number.
        sweep: u64,
    }
}

/// How the credential for an adoption was chosen.
#[derive(Clone, Debug)]
pub enum AdoptBy {
    /// A person typed it and looked at the certificate.
    Hand {
        /// What to sign in with.
        credential: Credential,
        /// The certificate that the person saw; another one gets nothing. None only over plain HTTP.
        fingerprint: Option<Fingerprint>,
    },
    /// The site's rules choose: imported for that serial or MAC, or shared and the certificate trusted.
    Rule,
}

command! {
    /// Take a controller over: one sign-in, pin its certificate, seal the credential, read it once.
    Adopt -> (), Action::DeviceAdopt,
    |this| match &this.by {
        AdoptBy::Hand { credential, fingerprint } =>
            json!({ "by": "hand", "username": credential.username, "fingerprint": fingerprint }),
        AdoptBy::Rule => json!({ "by": "rule" }),
    }, {
        /// Which.
        device: DeviceId,
        /// With what.
        by: AdoptBy,
    }
}

command! {
    /// Switch a server, and wait until it is so or the deadline passes.
    SwitchPower -> Power, Action::DevicePower,
    essential: matches!(this.reset, Reset::ForceOff | Reset::GracefulShutdown),
    |this| json!({ "reset": this.reset }), {
        /// Which.
        device: DeviceId,
        /// How.
        reset: Reset,
    }
}

command! {
    /// Read a device in full, now.
    Refresh -> (), Action::DeviceRefresh, |_this| json!({}), {
        /// Which.
        device: DeviceId,
    }
}

/// The part that carries out everything in this module.
pub trait Controllers:
    Part<Discover> + Part<StopSweep> + Part<Adopt> + Part<SwitchPower> + Part<Refresh>
{
}

impl<T: Part<Discover> + Part<StopSweep> + Part<Adopt> + Part<SwitchPower> + Part<Refresh>> Controllers
    for T
{
}

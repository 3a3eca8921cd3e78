//! A controller, and what it lets in.

use super::{HealthReading, Nic};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

component! {
    /// A controller (DSP0268 Manager).
    Manager {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `BMC`, `EnclosureManager`, ...
        kind: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model, such as `iLO 5`.
        model: Option<String>,
        /// The firmware version.
        firmware: Option<String>,
        /// Its UUID.
        uuid: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// What it thinks the time is.
        clock: Option<String>,
        /// Whether it works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
        /// Its network interfaces.
        nics: Vec<Nic>,
        /// The services that it offers on the network.
        protocols: Vec<Protocol>,
        /// Where it gets the time.
        time_servers: Vec<String>,
        /// The certificates of its web service.
        certificates: Vec<HeldCertificate>,
        /// Its logs.
        logs: Vec<LogService>,
    }
}

component! {
    /// A service of a controller (an object of DSP0268 ManagerNetworkProtocol).
    Protocol {
        /// `HTTPS`, `IPMI`, `SSH`, `Telnet`, ...
        name: String,
        /// Whether it is on; unknown where the controller does not say.
        enabled: Option<bool>,
        /// Its port.
        port: Option<u16>,
        /// Which versions of it are on, where they matter: `v1`, `v2c`, `v3` of SNMP.
        versions: Vec<String>,
    }
}

impl Protocol {
    /// Why this service should be off, if it is on and should.
    #[must_use]
    pub fn concern(&self) -> Option<&'static str> {
        if self.enabled != Some(true) {
            return None;
        }
        match self.name.to_ascii_lowercase().as_str() {
            "telnet" => Some("in clear text: passwords can be read on the way"),
            "http" => Some("in clear text, unless it only leads to HTTPS"),
            // IPMI 2.0, 13.31 (RAKP): the answer holds a hash of the password before anybody is known.
            "ipmi" => Some("gives password hashes to anybody who asks"),
            "rfb" => Some("in clear text: the screen can be read on the way"),
            "ftp" | "tftp" => Some("in clear text"),
            "snmp" if !self.versions.is_empty() && self.versions.iter().all(|version| version == "v3") => {
                None
            }
            "snmp" => Some("in clear text, unless only version 3 is on"),
            _ => None,
        }
    }
}

component! {
    /// Somebody who may sign in to a controller (DSP0268 ManagerAccount).
    Account {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// The name that is signed in with.
        username: Option<String>,
        /// The role: `Administrator`, `Operator`, `ReadOnly`, or the controller's own.
        role: Option<String>,
        /// Whether it can be used.
        enabled: Option<bool>,
        /// Whether it was locked after wrong passwords.
        locked: Option<bool>,
        /// What it may be used for: `Redfish`, `IPMI`, `ManagerConsole`, ...
        uses: Vec<String>,
        /// Whether the password has to be changed first.
        must_change_password: Option<bool>,
        /// When the password ends, as the controller writes it.
        password_expires: Option<String>,
    }
}

component! {
    /// How a controller lets people in (DSP0268 AccountService).
    SignInRules {
        /// Wrong passwords until an account is locked; 0 for never.
        lockout_threshold: Option<u64>,
        /// How long it stays locked, in seconds.
        lockout_seconds: Option<u64>,
        /// The shortest password.
        min_password_length: Option<u64>,
        /// Whether an LDAP directory is asked.
        ldap: Option<bool>,
        /// Whether an Active Directory is asked.
        active_directory: Option<bool>,
    }
}

component! {
    /// A certificate that a controller holds (DSP0268 Certificate). What it shows to us is
    /// [`crate::device::Certificate`].
    HeldCertificate {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// Its subject, as text.
        subject: Option<String>,
        /// Its issuer, as text.
        issuer: Option<String>,
        /// From when it holds.
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
        not_before: Option<Timestamp>,
        /// When it ends.
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
        not_after: Option<Timestamp>,
        /// SHA-256 of the certificate, where the controller gives it whole: 64 hexadecimal digits.
        fingerprint: Option<String>,
    }
}

component! {
    /// A licence (DSP0268 License, or what makers have in its place); never its key.
    License {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// What it is for.
        name: Option<String>,
        /// `Production`, `Perpetual`, `Trial`, ...
        kind: Option<String>,
        /// The number that it was bought under.
        entitlement: Option<String>,
        /// When it was put in.
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
        installed: Option<Timestamp>,
        /// When it ends; none for one that does not, or does not say.
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
        expires: Option<Timestamp>,
        /// Whether it is there and in force.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A log (DSP0268 LogService); what stands in it is not read here.
    LogService {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `SEL`, `Event`, `OEM`, ...
        kind: Option<String>,
        /// Whether it is written.
        enabled: Option<bool>,
        /// How many entries it can hold.
        max_entries: Option<u64>,
        /// What happens when it is full: `WrapsWhenFull`, `NeverOverWrites`.
        when_full: Option<String>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_no_concern() {
        let on = |name: &str, versions: &[&str]| Protocol {
            name: name.into(),
            enabled: Some(true),
            port: None,
            versions: versions.iter().map(|version| (*version).to_owned()).collect(),
        };
        for name in ["Telnet", "HTTP", "IPMI", "SNMP", "RFB"] {
            assert!(on(name, &[]).concern().is_some(), "{name}");
            for enabled in [None, Some(false)] {
                assert_eq!(Protocol { enabled, ..on(name, &[]) }.concern(), None, "{name}");
            }
        }
        assert!(on("SNMP", &["v2c", "v3"]).concern().is_some());
        assert_eq!(on("SNMP", &["v3"]).concern(), None);
        for name in ["HTTPS", "SSH", "KVMIP", "NTP"] {
            assert_eq!(on(name, &[]).concern(), None, "{name}");
        }
    }
}

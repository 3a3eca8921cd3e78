//! What makers do otherwise, a row each. A new maker is a new row.

use serde_json::Value;

/// What is known of one maker's controllers.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The maker's name.
    pub name: &'static str,
    /// The keys of its extensions under `Oem`.
    pub oem: &'static [&'static str],
    /// Where a ComputerSystem has the serial number when `SerialNumber` is empty.
    pub serial: &'static [&'static str],
    /// What leads from a ComputerSystem to its memory modules where it has no `Memory` of its own.
    pub memory: &'static [Step],
    /// What leads from a ComputerSystem to its drives where it has no `Storage` of its own.
    pub drives: &'static [Step],
    /// What leads from a Chassis to parts that the maker lists by a schema of its own.
    pub parts: &'static [Step],
    /// Where a Chassis has parts inside of itself.
    pub inline_parts: &'static [&'static str],
    /// What leads from a Manager to licences that the maker lists by a schema of its own.
    pub licenses: &'static [Step],
    /// What leads from a Manager to the certificate of its web service where its NetworkProtocol does not.
    pub certificates: &'static [Step],
}

/// A step on the way from one resource to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the resource behind the link in this field.
    Link(&'static str),
    /// To every member of the collection behind the link in this field.
    Members(&'static str),
}

/// A maker of whom nothing more is known than its name.
const fn plain(name: &'static str, oem: &'static [&'static str]) -> Row {
    Row {
        name,
        oem,
        serial: &[],
        memory: &[],
        drives: &[],
        parts: &[],
        inline_parts: &[],
        licenses: &[],
        certificates: &[],
    }
}

/// The makers, the more specific before those whose firmware others build upon.
pub const ROWS: &[Row] = &[
    Row {
        serial: &["SKU", "Oem/Dell/DellSystem/ChassisServiceTag"],
        licenses: &[Step::Members("Links/Oem/Dell/DellLicenseCollection")],
        ..plain("Dell", &["Dell"])
    },
    // iLO 5, and servers whose controller knows drives only by its own schema.
    Row {
        serial: &["Oem/Hpe/SerialNumber"],
        drives: &[
            Step::Link("Oem/Hpe/Links/SmartStorage"),
            Step::Members("Links/ArrayControllers"),
            Step::Members("Links/PhysicalDrives"),
        ],
        parts: &[Step::Members("Oem/Hpe/Links/Devices")],
        inline_parts: &["Oem/Hpe/SmartStorageBattery"],
        licenses: &[Step::Members("Oem/Hpe/Links/LicenseService")],
        certificates: &[Step::Link("Oem/Hpe/Links/SecurityService"), Step::Link("Links/HttpsCert")],
        ..plain("HPE", &["Hpe"])
    },
    // iLO 4.
    Row {
        memory: &[Step::Members("Oem/Hp/links/Memory")],
        drives: &[
            Step::Link("Oem/Hp/links/SmartStorage"),
            Step::Members("links/ArrayControllers"),
            Step::Members("links/PhysicalDrives"),
        ],
        ..plain("HP", &["Hp"])
    },
    Row { serial: &["Oem/Lenovo/SystemSerialNumber"], ..plain("Lenovo", &["Lenovo"]) },
    Row {
        licenses: &[Step::Link("Oem/Supermicro/LicenseManager"), Step::Link("QueryLicense")],
        ..plain("Supermicro", &["Supermicro"])
    },
    Row { serial: &["Oem/Huawei/ProductSN"], ..plain("Huawei", &["Huawei"]) },
    plain("xFusion", &["xFusion"]),
    plain("Fujitsu", &["ts_fujitsu", "Fsas"]),
    plain("Cisco", &["Cisco"]),
    plain("Inspur", &["Inspur", "Inspur_System"]),
    plain("Quanta", &["QCT", "Quanta_Computer_Inc"]),
    plain("NVIDIA", &["Nvidia", "NVIDIA"]),
    plain("Intel", &["Intel", "Intel_RackScale"]),
    plain("Ampere", &["Ampere"]),
    plain("AMI", &["Ami", "AMI"]),
    plain("OpenBMC", &["OpenBmc", "OpenBMC"]),
];

/// The maker whose extensions a resource carries.
#[must_use]
pub fn by_oem(value: &Value) -> Option<&'static Row> {
    let oem = value.get("Oem")?.as_object()?;
    ROWS.iter().find(|row| row.oem.iter().any(|key| oem.contains_key(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn makers_are_known_by_their_extensions() {
        assert_eq!(by_oem(&json!({"Oem": {"Supermicro": {}}})).map(|row| row.name), Some("Supermicro"));
        assert_eq!(
            by_oem(&json!({"Oem": {"OpenBmc": {}, "Nvidia": {}}})).map(|row| row.name),
            Some("NVIDIA")
        );
        for none in [json!({}), json!({"Oem": null}), json!({"Oem": []}), json!({"Oem": {"Acme": {}}})] {
            assert!(by_oem(&none).is_none());
        }
    }

    #[test]
    fn every_maker_stands_once() {
        for (at, row) in ROWS.iter().enumerate() {
            assert!(!ROWS[..at].iter().any(|other| other.name == row.name || other.oem == row.oem));
        }
    }
}

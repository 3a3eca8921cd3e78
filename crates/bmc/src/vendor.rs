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
}

/// The makers, the more specific before those whose firmware others build upon.
pub const ROWS: &[Row] = &[
    Row { name: "Dell", oem: &["Dell"], serial: &["SKU", "Oem/Dell/DellSystem/ChassisServiceTag"] },
    Row { name: "HPE", oem: &["Hpe", "Hp"], serial: &["Oem/Hpe/SerialNumber", "Oem/Hp/SerialNumber"] },
    Row { name: "Lenovo", oem: &["Lenovo"], serial: &["Oem/Lenovo/SystemSerialNumber"] },
    Row { name: "Supermicro", oem: &["Supermicro"], serial: &["Oem/Supermicro/SystemSerialNumber"] },
    Row { name: "Huawei", oem: &["Huawei"], serial: &["Oem/Huawei/ProductSN"] },
    Row { name: "Fujitsu", oem: &["ts_fujitsu", "Fsas"], serial: &["Oem/ts_fujitsu/SerialNumber"] },
    Row { name: "Cisco", oem: &["Cisco"], serial: &[] },
    Row { name: "NVIDIA", oem: &["Nvidia", "NVIDIA"], serial: &[] },
    Row { name: "Intel", oem: &["Intel", "Intel_RackScale"], serial: &[] },
    Row { name: "Ampere", oem: &["Ampere"], serial: &[] },
    Row { name: "AMI", oem: &["Ami", "AMI"], serial: &[] },
    Row { name: "OpenBMC", oem: &["OpenBmc", "OpenBMC"], serial: &[] },
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

//! Network interfaces with their addresses (DSP0268 EthernetInterface).

use super::field::Fields;
use super::quantity::Unit;
use model::inventory::{Fault, Nic};
use serde_json::Value;

/// Reads an EthernetInterface resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Nic, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let mut addresses = fields.addresses("IPv4Addresses");
    addresses.extend(fields.addresses("IPv6Addresses"));
    let nic = Nic {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        mac: fields.mac("MACAddress").or_else(|| fields.mac("MacAddress")),
        permanent_mac: fields.mac("PermanentMACAddress").or_else(|| fields.mac("FactoryMacAddress")),
        speed_mbps: fields.whole("SpeedMbps", Unit::Mbps),
        link: fields.word("LinkStatus"),
        addresses,
        hostname: fields.text_of(&["HostName", "FQDN"]),
        state: fields.state(),
        health: fields.health(),
    };
    (nic, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_of_both_families() {
        let value = json!({"Id": "1", "MacAddress": "AABBCCDDEEFF", "SpeedMbps": "10 Gbps",
            "IPv4Addresses": [{"Address": "10.0.0.1"}, null], "IPv6Addresses": [{"Address": "::"}, {"Address": "fd00::1"}]});
        let (nic, faults) = parse("/n/1", &value);
        assert_eq!(nic.mac.as_deref(), Some("aa:bb:cc:dd:ee:ff"));
        assert_eq!(nic.addresses.len(), 2);
        assert_eq!(nic.speed_mbps, Some(10_000));
        assert_eq!(faults.len(), 1);
    }
}

//! Ports and functions of network adapters (DSP0268 Port, NetworkPort, NetworkDeviceFunction).

use super::chassis::parse_macs;
use super::field::Fields;
use super::quantity::{self, Unit};
use model::inventory::{AdapterFunction, AdapterPort, Fault};
use serde_json::Value;

/// Reads a Port, or the NetworkPort of older schemas.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (AdapterPort, Vec<Fault>) {
    let (macs, mut faults) = parse_macs(path, value);
    let mut fields = Fields::new(path, value);
    let port = AdapterPort {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.text_of(&["LinkNetworkTechnology", "ActiveLinkTechnology", "PortProtocol"]),
        link: link(&mut fields),
        speed_mbps: speed(&mut fields),
        macs: once(macs),
        state: fields.state(),
        health: fields.health(),
    };
    faults.extend(fields.into_faults());
    (port, faults)
}

/// `LinkUp` and `LinkDown`, which NetworkPort calls `Up` and `Down`.
fn link(fields: &mut Fields<'_>) -> Option<String> {
    let link = fields.word("LinkStatus")?;
    Some(match link.as_str() {
        "Up" => "LinkUp".into(),
        "Down" => "LinkDown".into(),
        _ => link,
    })
}

fn speed(fields: &mut Fields<'_>) -> Option<u64> {
    let mbps = fields.number("CurrentLinkSpeedMbps", Unit::Mbps);
    let mbps = mbps.or_else(|| fields.number("CurrentSpeedGbps", Unit::Gbps).map(|gbps| gbps * 1000.0));
    mbps.and_then(quantity::whole).filter(|mbps| *mbps > 0)
}

/// Reads a NetworkDeviceFunction.
#[must_use]
pub fn parse_function(path: &str, value: &Value) -> (AdapterFunction, Vec<Fault>) {
    let (macs, mut faults) = parse_macs(path, value);
    let mut fields = Fields::new(path, value);
    let function = AdapterFunction {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.text("NetDevFuncType"),
        macs: once(macs),
        state: fields.state(),
        health: fields.health(),
    };
    faults.extend(fields.into_faults());
    (function, faults)
}

fn once(mut macs: Vec<String>) -> Vec<String> {
    macs.sort();
    macs.dedup();
    macs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ports_of_either_age() {
        let old = json!({"Id": "1", "LinkStatus": "Up", "ActiveLinkTechnology": "InfiniBand", "CurrentLinkSpeedMbps": 0, "AssociatedNetworkAddresses": ["B8:3F:D2:A4:1B:D2"]});
        let (port, faults) = parse("/p/1", &old);
        assert_eq!((port.link.as_deref(), port.speed_mbps), (Some("LinkUp"), None));
        assert_eq!(port.macs, ["b8:3f:d2:a4:1b:d2"]);
        assert!(faults.is_empty());
        let new = json!({"Id": "1", "LinkStatus": "NoLink", "LinkNetworkTechnology": "Ethernet", "CurrentSpeedGbps": "100 Gbps"});
        let (port, faults) = parse("/p/1", &new);
        assert_eq!((port.link.as_deref(), port.speed_mbps), (Some("NoLink"), Some(100_000)));
        assert_eq!(faults.len(), 1);
    }
}

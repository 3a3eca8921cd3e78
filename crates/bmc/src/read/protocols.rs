//! The services of a controller (DSP0268 ManagerNetworkProtocol).

use super::field::Fields;
use model::inventory::{Fault, Protocol};
use serde_json::Value;

/// The services that the schema names, in the order in which they are shown.
const NAMES: &[&str] = &[
    "HTTPS",
    "HTTP",
    "SSH",
    "Telnet",
    "IPMI",
    "SNMP",
    "KVMIP",
    "VirtualMedia",
    "RFB",
    "RDP",
    "FTP",
    "SFTP",
    "SSDP",
    "NTP",
    "DHCP",
    "DHCPv6",
    "Proxy",
    "ModbusTCP",
];

/// The most services of a maker's own.
const MAX_OWN: usize = 32;

/// Reads a ManagerNetworkProtocol resource: the services, and the time servers.
#[must_use]
pub fn parse(path: &str, value: &Value) -> ((Vec<Protocol>, Vec<String>), Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let named = NAMES.iter().filter_map(|name| protocol(&mut fields, "", name)).collect();
    let mut protocols: Vec<Protocol> = named;
    for (place, name) in own(value) {
        if !protocols.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
            protocols.extend(protocol(&mut fields, &place, &name));
        }
    }
    let servers = if fields.value("NTP").is_some() { fields.texts("NTP/NTPServers") } else { Vec::new() };
    ((protocols, servers), fields.into_faults())
}

/// One service; none where it is neither named nor said to be on or off.
fn protocol(fields: &mut Fields<'_>, place: &str, name: &str) -> Option<Protocol> {
    let at = format!("{place}{name}");
    fields.value(&at)?;
    let field = |inner: &str| format!("{at}/{inner}");
    let versions = [("EnableSNMPv1", "v1"), ("EnableSNMPv2c", "v2c"), ("EnableSNMPv3", "v3")];
    let versions: Vec<String> = versions
        .into_iter()
        .filter(|(inner, _)| fields.truth(&field(inner)) == Some(true))
        .map(|(_, version)| version.to_owned())
        .collect();
    Some(Protocol {
        name: name.into(),
        enabled: fields.truth(&field("ProtocolEnabled")),
        port: fields.port(&field("Port")),
        versions,
    })
}

/// What makers have of their own: objects under `Oem` that say whether they are on.
fn own(value: &Value) -> Vec<(String, String)> {
    let makers = value.get("Oem").and_then(Value::as_object).into_iter().flatten();
    let services = makers.flat_map(|(maker, inner)| {
        let inner = inner.as_object().into_iter().flatten();
        inner
            .filter(|(name, service)| !name.contains('/') && service.get("ProtocolEnabled").is_some())
            .map(move |(name, _)| (format!("Oem/{maker}/"), name.clone()))
    });
    services.take(MAX_OWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn services_with_their_ports() {
        let value = json!({"HTTP": {"ProtocolEnabled": true, "Port": 80}, "IPMI": {"ProtocolEnabled": "yes", "Port": 623}, "Telnet": null,
            "SSH": 22, "SNMP": {"ProtocolEnabled": true, "Port": 99999, "EnableSNMPv1": false, "EnableSNMPv3": true},
            "NTP": {"ProtocolEnabled": true, "NTPServers": ["pool.ntp.org", " 216.239.35.4", "", 5]},
            "Oem": {"Lenovo": {"SLP": {"ProtocolEnabled": true, "Port": 427}, "DNS": {"@odata.id": "/x"}}, "Other": 3}});
        let ((protocols, servers), faults) = parse("/p", &value);
        let seen: Vec<(&str, Option<bool>, Option<u16>)> =
            protocols.iter().map(|it| (it.name.as_str(), it.enabled, it.port)).collect();
        assert_eq!(
            seen,
            [
                ("HTTP", Some(true), Some(80)),
                ("SSH", None, None),
                ("IPMI", None, Some(623)),
                ("SNMP", Some(true), None),
                ("NTP", Some(true), None),
                ("SLP", Some(true), Some(427))
            ]
        );
        assert_eq!(protocols[3].versions, ["v3"]);
        assert_eq!(servers, ["pool.ntp.org", "216.239.35.4"]);
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["SSH", "IPMI/ProtocolEnabled", "SNMP/Port", "NTP/NTPServers/3"]);
    }
}

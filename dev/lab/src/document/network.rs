//! Network adapters with their ports and functions.

use super::{Place, View, link, set, status};
use crate::hardware::Adapter;
use model::device::Health;
use serde_json::{Value, json};

/// A port: its adapter's number, its own at the adapter, its number in all, and its MAC address.
#[derive(Clone, Copy)]
struct Port<'a> {
    card: usize,
    port: usize,
    number: usize,
    adapter: &'a Adapter,
    mac: &'a str,
}

impl View<'_> {
    fn ports_of(&self, card: usize) -> impl Iterator<Item = Port<'_>> {
        self.hardware
            .ports()
            .filter(move |(at, ..)| *at == card)
            .map(|(card, port, number, adapter, mac)| Port { card, port, number, adapter, mac })
    }

    pub(super) fn adapters(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let count = self.hardware.adapters.len();
        let [id, rest @ ..] = path else {
            let ids: Vec<String> = (0..count).map(self.row.names.adapter).collect();
            let title = "Network Adapter Collection";
            return Some(self.collection(base, "NetworkAdapterCollection", title, &ids));
        };
        let card = (0..count).find(|card| (self.row.names.adapter)(*card) == *id)?;
        let base = format!("{base}/{id}");
        let ports = self.row.layout.ports;
        match rest {
            [] => self.adapter(&base, id, card),
            ["NetworkDeviceFunctions", rest @ ..] if ports.functions => self.functions(&base, card, rest),
            ["Ports", rest @ ..] if ports.newer => self.ports(&base, card, rest),
            ["NetworkPorts", rest @ ..] if ports.older => self.network_ports(&base, card, rest),
            _ => None,
        }
    }

    fn function_id(&self, port: Port<'_>) -> String {
        (self.row.names.nic)(port.card, port.port, port.number)
    }

    fn adapter(&self, path: &str, id: &str, card: usize) -> Option<(Place, Value)> {
        let adapter = self.hardware.adapters.get(card)?;
        let ports = self.row.layout.ports;
        let mut links = json!({ "PCIeDevices": [link(&self.pcie_path(card))] });
        let each = |folder: &str, name: &dyn Fn(Port<'_>) -> String| -> Vec<Value> {
            self.ports_of(card).map(|port| link(&format!("{path}/{folder}/{}", name(port)))).collect()
        };
        if ports.functions {
            let functions = each("NetworkDeviceFunctions", &|port| self.function_id(port));
            set(&mut links, "NetworkDeviceFunctions", Value::Array(functions));
        }
        if ports.older {
            let names = each("NetworkPorts", &|port| (self.row.names.port)(card, port.port));
            set(&mut links, "NetworkPorts", Value::Array(names));
        }
        let mut doc = json!({
            "@odata.id": path,
            "@odata.type": format!("#NetworkAdapter.{}.NetworkAdapter", self.row.versions.adapter),
            "Id": id,
            "Name": "Network Adapter",
            "Description": adapter.part.model,
            "Manufacturer": adapter.part.maker,
            "Model": adapter.part.model,
            "PartNumber": adapter.part.part,
            "SerialNumber": adapter.serial,
            "Controllers": [{
                "FirmwarePackageVersion": adapter.part.firmware,
                "ControllerCapabilities": {
                    "NetworkPortCount": adapter.part.ports,
                    "NetworkDeviceFunctionCount": adapter.part.ports,
                    "DataCenterBridging": { "Capable": adapter.part.mbps > 10_000 },
                },
                "Links": links,
            }],
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        for (name, has) in [
            ("NetworkDeviceFunctions", ports.functions),
            ("Ports", ports.newer),
            ("NetworkPorts", ports.older),
        ] {
            if has {
                set(&mut doc, name, link(&format!("{path}/{name}")));
            }
        }
        Some((Place::Adapter, doc))
    }

    fn functions(&self, adapter: &str, card: usize, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{adapter}/NetworkDeviceFunctions");
        let [id] = path else {
            let ids: Vec<String> = self.ports_of(card).map(|port| self.function_id(port)).collect();
            let (schema, title) = ("NetworkDeviceFunctionCollection", "Network Device Function Collection");
            return path.is_empty().then(|| (Place::Function, self.collection(&base, schema, title, &ids).1));
        };
        let port = self.ports_of(card).find(|port| self.function_id(*port) == *id)?;
        let mac = self.mac(port.mac);
        let mut doc = json!({
            "@odata.id": format!("{base}/{id}"),
            "@odata.type": format!("#NetworkDeviceFunction.{}.NetworkDeviceFunction", self.row.versions.function),
            "Id": id,
            "Name": "Network Device Function",
            "Description": port.adapter.part.model,
            "NetDevFuncType": "Ethernet",
            "NetDevFuncCapabilities": ["Disabled", "Ethernet"],
            "DeviceEnabled": true,
            "MaxVirtualFunctions": 127,
            "Ethernet": { "MACAddress": mac, "PermanentMACAddress": mac, "MTUSize": 1500 },
            "Status": status(Health::Ok),
        });
        let name = (self.row.names.port)(card, port.port);
        let mut links = json!({});
        if self.row.layout.ports.older {
            let port = link(&format!("{adapter}/NetworkPorts/{name}"));
            set(&mut links, "PhysicalPortAssignment", port.clone());
            set(&mut doc, "AssignablePhysicalPorts", json!([port]));
        }
        if self.row.layout.ports.newer {
            set(&mut links, "PhysicalNetworkPortAssignment", link(&format!("{adapter}/Ports/{name}")));
        }
        set(&mut doc, "Links", links);
        Some((Place::Function, doc))
    }

    fn ports(&self, adapter: &str, card: usize, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{adapter}/Ports");
        let [id] = path else {
            return path.is_empty().then(|| self.port_list(&base, card, "PortCollection", "Port Collection"));
        };
        let port = self.ports_of(card).find(|port| (self.row.names.port)(card, port.port) == *id)?;
        let up = self.is_up(port);
        let gbps = port.adapter.part.mbps / 1000;
        let mut doc = json!({
            "Name": format!("Port {}", port.port + 1),
            "Description": "Network Port",
            "PortId": (port.port + 1).to_string(),
            "PortProtocol": "Ethernet",
            "PortType": "BidirectionalPort",
            "LinkNetworkTechnology": "Ethernet",
            "LinkState": "Enabled",
            "LinkStatus": if up { "LinkUp" } else { "LinkDown" },
            "CurrentSpeedGbps": if up { gbps } else { 0 },
            "MaxSpeedGbps": gbps,
            "SignalDetected": up,
            "Ethernet": { "AssociatedMACAddresses": [self.mac(port.mac)] },
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        self.head(&mut doc, "Port", &format!("{base}/{id}"), id);
        Some((Place::Port, doc))
    }

    fn network_ports(&self, adapter: &str, card: usize, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{adapter}/NetworkPorts");
        let [id] = path else {
            let (schema, title) = ("NetworkPortCollection", "Network Port Collection");
            return path.is_empty().then(|| self.port_list(&base, card, schema, title));
        };
        let port = self.ports_of(card).find(|port| (self.row.names.port)(card, port.port) == *id)?;
        let up = self.is_up(port);
        let part = &port.adapter.part;
        let mut doc = json!({
            "Name": format!("Network Port {}", port.port + 1),
            "Description": "Network Port View",
            "PhysicalPortNumber": (port.port + 1).to_string(),
            "ActiveLinkTechnology": "Ethernet",
            "AssociatedNetworkAddresses": [self.mac(port.mac)],
            "CurrentLinkSpeedMbps": if up { part.mbps } else { 0 },
            "LinkStatus": if up { "Up" } else { "Down" },
            "SupportedEthernetCapabilities": ["WakeOnLAN", "EEE"],
            "SupportedLinkCapabilities": [{
                "AutoSpeedNegotiation": true,
                "LinkNetworkTechnology": "Ethernet",
                "LinkSpeedMbps": part.mbps,
            }],
            "PortMaximumMTU": 9216,
            "VendorId": format!("{:04x}", part.vendor_id),
            "WakeOnLANEnabled": false,
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        self.head(&mut doc, "NetworkPort", &format!("{base}/{id}"), id);
        Some((Place::NetworkPort, doc))
    }

    fn port_list(&self, base: &str, card: usize, schema: &str, title: &str) -> (Place, Value) {
        let ids: Vec<String> =
            self.ports_of(card).map(|port| (self.row.names.port)(card, port.port)).collect();
        let place = if schema == "PortCollection" { Place::Port } else { Place::NetworkPort };
        (place, self.collection(base, schema, title, &ids).1)
    }

    /// The first port of each adapter has a cable, and a link while the server has power.
    fn is_up(&self, port: Port<'_>) -> bool {
        self.power.is_on() && port.port == 0
    }
}

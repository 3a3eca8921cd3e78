//! Managers: the controller itself, and its network interface.

use super::{Place, ROOT, View, link, status};
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn managers(&self, path: &[&str]) -> Option<(Place, Value)> {
        let id = self.row.ids.manager;
        let base = self.manager_path();
        match path {
            [] => {
                let path = format!("{ROOT}/Managers");
                Some(self.collection(&path, "ManagerCollection", "Manager Collection", &[id.to_owned()]))
            }
            [manager, rest @ ..] if *manager == id => match rest {
                [] => Some((Place::Manager, self.manager(&base))),
                ["EthernetInterfaces", rest @ ..] => {
                    self.bmc_nics(&format!("{base}/EthernetInterfaces"), rest)
                }
                ["NetworkProtocol"] => {
                    Some((Place::Protocol, self.protocols(&format!("{base}/NetworkProtocol"))))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn manager(&self, base: &str) -> Value {
        json!({
            "@odata.id": base,
            "@odata.type": format!("#Manager.{}.Manager", self.row.versions.manager),
            "Id": self.row.ids.manager,
            "Name": self.row.manager.name,
            "Description": "BMC",
            "ManagerType": "BMC",
            "Model": self.row.manager.model,
            "FirmwareVersion": self.hardware.bmc_firmware,
            "UUID": self.hardware.service_uuid,
            "DateTime": self.time(self.now),
            "DateTimeLocalOffset": "+00:00",
            "PowerState": "On",
            "Status": status(Health::Ok),
            "EthernetInterfaces": link(&format!("{base}/EthernetInterfaces")),
            "NetworkProtocol": link(&format!("{base}/NetworkProtocol")),
            "Links": {
                "ManagerForServers": [link(&self.system_path())],
                "ManagerForChassis": [link(&self.chassis_path())],
                "ManagerInChassis": link(&self.chassis_path()),
            },
            "Actions": { "#Manager.Reset": {
                "target": format!("{base}/Actions/Manager.Reset"),
                "ResetType@Redfish.AllowableValues": ["GracefulRestart", "ForceRestart"],
            }},
        })
    }

    fn bmc_nics(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let id = self.row.ids.bmc_nic;
        match path {
            [] => {
                let title = "Manager Network Interfaces";
                Some(self.collection(base, "EthernetInterfaceCollection", title, &[id.to_owned()]))
            }
            [nic] if *nic == id => Some((Place::BmcNic, self.bmc_nic(&format!("{base}/{id}")))),
            _ => None,
        }
    }

    fn bmc_nic(&self, path: &str) -> Value {
        let mac = self.mac(&self.hardware.bmc_mac);
        json!({
            "@odata.id": path,
            "@odata.type": format!("#EthernetInterface.{}.EthernetInterface", self.row.versions.nic),
            "Id": self.row.ids.bmc_nic,
            "Name": "Manager Ethernet Interface",
            "Description": "Management Network Interface",
            "InterfaceEnabled": true,
            "HostName": (self.row.manager.hostname)(&self.unit.serial),
            "MACAddress": mac,
            "PermanentMACAddress": mac,
            "SpeedMbps": 1000,
            "FullDuplex": true,
            "AutoNeg": true,
            "LinkStatus": "LinkUp",
            "IPv4Addresses": [{
                "Address": self.unit.addr.ip().to_string(),
                "SubnetMask": "255.255.0.0",
                "Gateway": "127.20.0.1",
                "AddressOrigin": "Static",
            }],
            "IPv6Addresses": [],
            "NameServers": [],
            "Status": status(Health::Ok),
        })
    }

    fn protocols(&self, path: &str) -> Value {
        let https = self.unit.addr.port();
        json!({
            "@odata.id": path,
            "@odata.type": format!("#ManagerNetworkProtocol.{}.ManagerNetworkProtocol", self.row.versions.protocol),
            "Id": "NetworkProtocol",
            "Name": "Manager Network Protocol",
            "HostName": (self.row.manager.hostname)(&self.unit.serial),
            "HTTP": { "ProtocolEnabled": false, "Port": 80 },
            "HTTPS": { "ProtocolEnabled": true, "Port": https },
            "IPMI": { "ProtocolEnabled": false, "Port": 623 },
            "SSDP": { "ProtocolEnabled": false, "Port": 1900 },
            "Status": status(Health::Ok),
        })
    }
}

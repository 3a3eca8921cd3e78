//! Managers: the controller itself, and its network interface.

use super::{Place, ROOT, View, link, set, status};
use crate::flavour::layout::Owner;
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn managers(&self, path: &[&str]) -> Option<(Place, Value)> {
        let id = self.row.ids.manager;
        let base = self.manager_path();
        match path {
            [] => {
                let path = format!("{ROOT}/Managers");
                let second = self.row.layout.second.map(|second| second.manager);
                let ids: Vec<String> = std::iter::once(id).chain(second).map(str::to_owned).collect();
                Some(self.collection(&path, "ManagerCollection", "Manager Collection", &ids))
            }
            [manager, rest @ ..] if *manager == id => match rest {
                [] => Some((Place::Manager, self.manager(&base))),
                ["EthernetInterfaces", rest @ ..] => {
                    self.bmc_nics(&format!("{base}/EthernetInterfaces"), rest)
                }
                ["NetworkProtocol"] => {
                    Some((Place::Protocol, self.protocols(&format!("{base}/NetworkProtocol"))))
                }
                ["NetworkProtocol", "HTTPS", "Certificates", rest @ ..] => self.certificates(rest),
                ["LogServices", rest @ ..] => self.logs(Owner::Manager, &format!("{base}/LogServices"), rest),
                _ => None,
            },
            [manager, rest @ ..] => {
                let second = self.row.layout.second.filter(|second| second.manager == *manager)?;
                self.second_manager(second, rest)
            }
        }
    }

    fn manager(&self, base: &str) -> Value {
        let console = |kind: &[&str], most: u32| json!({ "ServiceEnabled": true, "MaxConcurrentSessions": most, "ConnectTypesSupported": kind });
        let mut doc = json!({
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
            "CommandShell": console(&["SSH", "IPMI"], 5),
            "GraphicalConsole": console(&["KVMIP"], 6),
            "SerialConsole": console(&["SSH", "IPMI"], 4),
        });
        self.logs_link(Owner::Manager, base, &mut doc);
        doc
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
        let mut secure = json!({ "ProtocolEnabled": true, "Port": https });
        if self.row.layout.certificates {
            set(&mut secure, "Certificates", link(&format!("{path}/HTTPS/Certificates")));
        }
        json!({
            "@odata.id": path,
            "@odata.type": format!("#ManagerNetworkProtocol.{}.ManagerNetworkProtocol", self.row.versions.protocol),
            "Id": "NetworkProtocol",
            "Name": "Manager Network Protocol",
            "Description": "Manager Network Service Status",
            "HostName": (self.row.manager.hostname)(&self.unit.serial),
            "FQDN": (self.row.manager.hostname)(&self.unit.serial),
            "HTTP": { "ProtocolEnabled": false, "Port": 80 },
            "HTTPS": secure,
            "SSH": { "ProtocolEnabled": true, "Port": 22 },
            "SNMP": { "ProtocolEnabled": false, "Port": 161 },
            "KVMIP": { "ProtocolEnabled": true, "Port": 5900 },
            "VirtualMedia": { "ProtocolEnabled": true, "Port": 17988 },
            "NTP": { "ProtocolEnabled": true, "NTPServers": self.settings.ntp_servers() },
            "IPMI": { "ProtocolEnabled": false, "Port": 623 },
            "SSDP": { "ProtocolEnabled": false, "Port": 1900 },
            "Status": status(Health::Ok),
        })
    }
}

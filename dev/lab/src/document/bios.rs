//! The BIOS: its attributes, what is pending, the registry that explains them, and what can be booted.

use super::{Place, ROOT, View, link, set};
use crate::random::hash;
use serde_json::{Map, Value, json};

/// Attributes as many makers have them, with the values they can take; none for a number.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("BootMode", &["Uefi", "Bios"]),
    ("LogicalProc", &["Enabled", "Disabled"]),
    ("ProcVirtualization", &["Enabled", "Disabled"]),
    ("SriovGlobalEnable", &["Enabled", "Disabled"]),
    ("ProcTurboMode", &["Enabled", "Disabled"]),
    ("ProcCStates", &["Enabled", "Disabled", "Autonomous"]),
    ("SysProfile", &["PerfPerWattOptimizedDapc", "PerfOptimized", "DenseCfgOptimized", "Custom"]),
    ("MemOpMode", &["OptimizerMode", "SpareMode", "MirrorMode"]),
    ("NodeInterleave", &["Enabled", "Disabled"]),
    ("SubNumaCluster", &["Disabled", "2Way", "4Way"]),
    ("AcPwrRcvry", &["Last", "On", "Off"]),
    ("AcPwrRcvryUserDelay", &[]),
    ("SerialComm", &["OnConRedirAuto", "OnNoConRedir", "Off"]),
    ("ConTermType", &["Vt100Vt220", "Ansi"]),
    ("TpmSecurity", &["On", "Off"]),
    ("IntelTxt", &["On", "Off"]),
    ("SecureBoot", &["Enabled", "Disabled"]),
    ("EmbSata", &["AhciMode", "RaidMode", "Off"]),
    ("UsbPorts", &["AllOn", "OnlyBackPortsOn", "AllOff"]),
    ("WatchdogTimer", &["Enabled", "Disabled"]),
    ("HttpDev", &["Enabled", "Disabled"]),
    ("PxeDev", &["Enabled", "Disabled"]),
    ("IscsiDev", &["Enabled", "Disabled"]),
    ("NumLock", &["On", "Off"]),
    ("CorrEccSmi", &["Enabled", "Disabled"]),
];

/// What attributes that come once per slot, processor or device are called.
const NUMBERED: &[(&str, &[&str])] = &[
    ("Slot{}", &["Enabled", "Disabled", "BootDriverDisabled"]),
    ("Slot{}Bif", &["DefaultBifurcation", "X4X4X4X4", "X8X8"]),
    ("Proc{}Cores", &["All", "8", "16", "24"]),
    ("PciePort{}MaxPayload", &["Auto", "128B", "256B", "512B"]),
    ("PciePort{}Aspm", &["Disabled", "L1"]),
    ("HttpDev{}VlanId", &[]),
    ("PxeDev{}Interface", &["NIC.Embedded.1-1-1", "NIC.Slot.1-1-1"]),
    ("MemChannel{}Training", &["Auto", "Fast", "Full"]),
];

/// An attribute: its name, and what it can be.
type Attribute = (String, &'static [&'static str]);

impl View<'_> {
    fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let plain = ATTRIBUTES.iter().map(|(name, values)| ((*name).to_owned(), *values));
        let numbered = (1..).flat_map(|number: usize| {
            let named = move |(name, values): &(&str, &'static [&'static str])| {
                (name.replace("{}", &number.to_string()), *values)
            };
            NUMBERED.iter().map(named)
        });
        plain.chain(numbered).take(self.row.layout.attributes)
    }

    /// What an attribute is set to on this server; most of them stand at the first value.
    fn attribute(&self, name: &str, values: &[&str]) -> Value {
        let dice = hash(name.as_bytes()) ^ self.unit.seed;
        let at = if dice.is_multiple_of(5) { usize::try_from(dice >> 8).unwrap_or(0) } else { 0 };
        match values.get(at % values.len().max(1)) {
            Some(value) => json!(value),
            None => json!(dice % 240),
        }
    }

    fn registry_id(&self) -> Option<String> {
        self.row.layout.registry.map(|version| format!("BiosAttributeRegistry.{version}"))
    }

    pub(super) fn bios(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let (id, pending) = self.row.layout.bios;
        match path {
            [] => {
                let attributes: Map<String, Value> = self
                    .attributes()
                    .map(|(name, values)| {
                        let value = self.attribute(&name, values);
                        (name, value)
                    })
                    .collect();
                let mut doc = json!({
                    "Name": "BIOS Configuration Current Settings",
                    "Description": "BIOS Configuration Current Settings",
                    "Attributes": attributes,
                    "@Redfish.Settings": {
                        "@odata.type": "#Settings.v1_3_3.Settings",
                        "SettingsObject": link(&format!("{base}/{pending}")),
                    },
                });
                if let Some(registry) = self.registry_id() {
                    set(&mut doc, "AttributeRegistry", json!(registry));
                }
                self.head(&mut doc, "Bios", base, id);
                Some((Place::Bios, doc))
            }
            [asked] if *asked == pending => {
                let mut doc = json!({
                    "Name": "BIOS Configuration Pending Settings",
                    "Description": "What the next start sets",
                    "Attributes": {},
                });
                if let Some(registry) = self.registry_id() {
                    set(&mut doc, "AttributeRegistry", json!(registry));
                }
                self.head(&mut doc, "Bios", &format!("{base}/{pending}"), pending);
                Some((Place::Bios, doc))
            }
            _ => None,
        }
    }

    pub(super) fn registries(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/Registries");
        let id = self.registry_id();
        match path {
            [] => {
                let ids: Vec<String> = id.into_iter().collect();
                let schema = "MessageRegistryFileCollection";
                Some(self.collection(&base, schema, "Registry File Collection", &ids))
            }
            [asked] if id.as_deref() == Some(*asked) => {
                let mut doc = json!({
                    "Name": "BIOS Attribute Registry File",
                    "Description": "BIOS Attribute Registry File Locations",
                    "Registry": asked,
                    "Languages": ["en"],
                    "Location": [{ "Language": "en", "Uri": format!("{base}/{asked}/{asked}.json") }],
                });
                self.head(&mut doc, "MessageRegistryFile", &format!("{base}/{asked}"), asked);
                Some((Place::Other, doc))
            }
            [asked, file] if id.as_deref() == Some(*asked) && file.strip_suffix(".json") == Some(*asked) => {
                Some((Place::Registry, self.registry(asked)))
            }
            _ => None,
        }
    }

    fn registry(&self, id: &str) -> Value {
        let attributes: Vec<Value> = self
            .attributes()
            .enumerate()
            .map(|(order, (name, values))| {
                let each: Vec<Value> = values
                    .iter()
                    .map(|value| json!({ "ValueName": value, "ValueDisplayName": value }))
                    .collect();
                let mut entry = json!({
                    "AttributeName": name,
                    "DisplayName": name,
                    "DisplayOrder": order * 10,
                    "HelpText": format!("Sets {name}. The change takes effect when the server starts the next time."),
                    "MenuPath": "./ProcSettingsRef",
                    "ReadOnly": false,
                    "WriteOnly": false,
                    "Hidden": false,
                    "ResetRequired": true,
                });
                if values.is_empty() {
                    set(&mut entry, "Type", json!("Integer"));
                    set(&mut entry, "LowerBound", json!(0));
                    set(&mut entry, "UpperBound", json!(240));
                } else {
                    set(&mut entry, "Type", json!("Enumeration"));
                    set(&mut entry, "Value", Value::Array(each));
                }
                entry
            })
            .collect();
        let version = self.row.layout.registry.unwrap_or_default();
        json!({
            "@odata.type": format!("#AttributeRegistry.{}.AttributeRegistry", self.unit.kind.version("AttributeRegistry")),
            "Id": id,
            "Name": "BIOS Attribute Registry",
            "Description": "This registry defines a representation of BIOS Attribute instances",
            "Language": "en",
            "OwningEntity": self.row.manufacturer,
            "RegistryVersion": version.trim_start_matches('v').replace('_', "."),
            "SupportedSystems": [{
                "ProductName": self.hardware.model.name,
                "SystemId": self.hardware.model.board.replace('-', ""),
                "FirmwareVersion": self.hardware.bios,
            }],
            "RegistryEntries": { "Attributes": attributes, "Menus": [], "Dependencies": [] },
        })
    }

    /// The identifiers of the boot options.
    pub(super) fn boot_ids(&self) -> Vec<String> {
        let (count, name) = self.row.layout.boot;
        (0..count).map(name).collect()
    }

    pub(super) fn boot_options(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let ids = self.boot_ids();
        let [id] = path else {
            let title = "Boot Option Collection";
            return path.is_empty().then(|| self.collection(base, "BootOptionCollection", title, &ids));
        };
        let number = ids.iter().position(|known| known == id)?;
        let mac = self.hardware.ports().nth(number / 2).map(|(.., mac)| mac.replace(':', "").to_uppercase());
        let (shown, device) = match mac {
            Some(mac) => {
                let ip = if number.is_multiple_of(2) { "IPv4" } else { "IPv6" };
                let device = format!("PciRoot(0x2)/Pci(0x2,0x0)/Pci(0x0,0x{number:x})/MAC({mac},0x1)/{ip}()");
                (format!("PXE Device {}: {ip} {mac}", number / 2 + 1), device)
            }
            None => {
                let device = format!("PciRoot(0x0)/Pci(0x17,0x0)/Sata(0x{number:x},0xFFFF,0x0)");
                (format!("UEFI: OS boot entry {number}"), device)
            }
        };
        let mut doc = json!({
            "Name": "Boot Option",
            "Description": "Current settings of the UEFI Boot option",
            "BootOptionEnabled": true,
            "BootOptionReference": format!("Boot{number:04X}"),
            "DisplayName": shown,
            "UefiDevicePath": device,
        });
        self.head(&mut doc, "BootOption", &format!("{base}/{id}"), id);
        Some((Place::BootOption, doc))
    }
}

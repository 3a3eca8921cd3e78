//! Storage: units, their controllers, volumes and drives.

use super::{Place, View, link, set, status};
use crate::hardware::{Ailment, Drive, health_word};
use crate::random::hash;
use model::device::Health;
use serde_json::{Value, json};
use std::ops::Range;

/// A storage unit: a controller with its drives.
struct Unit {
    id: String,
    drives: Range<usize>,
}

/// Several drives as one.
struct Volume {
    id: String,
    raid: &'static str,
    drives: Range<usize>,
}

impl View<'_> {
    fn is_nvme(&self) -> bool {
        self.hardware.drives.first().is_none_or(|drive| drive.part.protocol == "NVMe")
    }

    fn storage_units(&self) -> Vec<Unit> {
        let count = self.hardware.drives.len();
        match self.row.layout.unit_per_drive.filter(|_| self.is_nvme()) {
            Some(name) => {
                (0..count).map(|number| Unit { id: name(number), drives: number..number + 1 }).collect()
            }
            None => vec![Unit { id: self.row.ids.storage.to_owned(), drives: 0..count }],
        }
    }

    pub(super) fn storage(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let units = self.storage_units();
        let [id, rest @ ..] = path else {
            let ids: Vec<String> = units.into_iter().map(|unit| unit.id).collect();
            return Some(self.collection(base, "StorageCollection", "Storage Collection", &ids));
        };
        let unit = units.iter().find(|unit| unit.id == *id)?;
        let base = format!("{base}/{id}");
        let layout = &self.row.layout;
        match rest {
            [] => Some((Place::Storage, self.storage_unit(&base, unit))),
            ["Drives", drive] if self.row.ids.backplane.is_none() => {
                let number = self.drive_number(drive).filter(|number| unit.drives.contains(number))?;
                self.drive(number)
            }
            ["Controllers", rest @ ..] if layout.controllers.collection() => {
                self.controllers(&format!("{base}/Controllers"), unit, rest)
            }
            ["Volumes", rest @ ..] if layout.volumes => self.volumes(&format!("{base}/Volumes"), unit, rest),
            _ => None,
        }
    }

    fn storage_unit(&self, path: &str, unit: &Unit) -> Value {
        let ill = self.hardware.ailment == Some(Ailment::Drive) && unit.drives.contains(&2);
        let health = health_word(if ill { Ailment::Drive.health() } else { Health::Ok });
        let drives: Vec<Value> = unit.drives.clone().map(|number| link(&self.drive_path(number))).collect();
        let layout = &self.row.layout;
        let mut doc = json!({
            "@odata.id": path,
            "@odata.type": format!("#Storage.{}.Storage", self.row.versions.storage),
            "Id": unit.id,
            "Name": "Storage",
            "Description": if self.is_nvme() { "Direct Attached NVMe" } else { "RAID Controller" },
            "Drives": drives,
            "Links": { "Enclosures": [link(&self.chassis_path())] },
            "Status": { "State": "Enabled", "Health": health, "HealthRollup": health },
        });
        if layout.controllers.inline() {
            let mut inline = self.controller_fields();
            set(&mut inline, "@odata.id", json!(format!("{path}#/StorageControllers/0")));
            set(&mut inline, "MemberId", json!("0"));
            set(&mut doc, "StorageControllers", json!([inline]));
        }
        if layout.controllers.collection() {
            set(&mut doc, "Controllers", link(&format!("{path}/Controllers")));
        }
        if layout.volumes {
            set(&mut doc, "Volumes", link(&format!("{path}/Volumes")));
        }
        doc
    }

    /// What a controller says of itself, in its unit or in a document of its own.
    fn controller_fields(&self) -> Value {
        let nvme = self.is_nvme();
        let raid = self.row.names.raid;
        let mut fields = json!({
            "Name": if nvme { "NVMe Storage Controller" } else { raid.model },
            "FirmwareVersion": raid.firmware,
            "Manufacturer": raid.maker,
            "Model": raid.model,
            "SerialNumber": self.hardware.raid_serial,
            "SupportedControllerProtocols": ["PCIe"],
            "SupportedDeviceProtocols": if nvme { json!(["NVMe"]) } else { json!(["SAS", "SATA"]) },
            "SpeedGbps": if nvme { 32 } else { 12 },
            "Status": status(Health::Ok),
        });
        if !nvme {
            set(&mut fields, "CacheSummary", json!({ "TotalCacheSizeMiB": 8192 }));
            set(&mut fields, "SupportedRAIDTypes", json!(["RAID0", "RAID1", "RAID5", "RAID6", "RAID10"]));
        }
        fields
    }

    fn controllers(&self, base: &str, unit: &Unit, path: &[&str]) -> Option<(Place, Value)> {
        let id = (self.row.layout.controller)(&unit.id);
        match path {
            [] => {
                let title = "Storage Controller Collection";
                Some(self.collection(base, "StorageControllerCollection", title, &[id]))
            }
            [asked] if *asked == id => {
                let mut doc = self.controller_fields();
                self.head(&mut doc, "StorageController", &format!("{base}/{id}"), &id);
                let name = json!([{ "DurableName": durable(&self.hardware.raid_serial), "DurableNameFormat": "EUI" }]);
                set(&mut doc, "Identifiers", name);
                set(&mut doc, "Description", json!("Storage Controller"));
                Some((Place::Controller, doc))
            }
            _ => None,
        }
    }

    /// RAID controllers have a mirror for the operating system and all the rest as one volume.
    fn volumes_of(&self, unit: &Unit) -> Vec<Volume> {
        if self.is_nvme() || unit.drives.len() < 3 {
            return Vec::new();
        }
        let split = unit.drives.start + 2;
        [("RAID1", unit.drives.start..split), ("RAID5", split..unit.drives.end)]
            .into_iter()
            .filter(|(_, drives)| drives.len() > 1)
            .enumerate()
            .map(|(number, (raid, drives))| Volume { id: (self.row.names.volume)(number), raid, drives })
            .collect()
    }

    fn volumes(&self, base: &str, unit: &Unit, path: &[&str]) -> Option<(Place, Value)> {
        let volumes = self.volumes_of(unit);
        let [id] = path else {
            let ids: Vec<String> = volumes.into_iter().map(|volume| volume.id).collect();
            return path.is_empty().then(|| {
                (Place::Volume, self.collection(base, "VolumeCollection", "Volume Collection", &ids).1)
            });
        };
        let volume = volumes.iter().find(|volume| volume.id == *id)?;
        let bytes = self.hardware.drives.first().map_or(0, |drive| drive.part.bytes);
        let lost = 1;
        let useful = u64::try_from(volume.drives.len().saturating_sub(lost)).unwrap_or(0);
        let ill = self.hardware.ailment == Some(Ailment::Drive) && volume.drives.contains(&2);
        let drives: Vec<Value> = volume.drives.clone().map(|number| link(&self.drive_path(number))).collect();
        let mut doc = json!({
            "Name": format!("Virtual Disk {id}"),
            "Description": format!("{} of {} drives", volume.raid, drives.len()),
            "DisplayName": format!("Virtual Disk {id}"),
            "RAIDType": volume.raid,
            "CapacityBytes": bytes * useful,
            "BlockSizeBytes": 512,
            "OptimumIOSizeBytes": 262_144,
            "Encrypted": false,
            "EncryptionTypes": [],
            "Identifiers": [],
            "Operations": [],
            "ReadCachePolicy": "ReadAhead",
            "WriteCachePolicy": "WriteThrough",
            "Links": { "Drives": drives, "Drives@odata.count": volume.drives.len() },
            "Status": status(if ill { Health::Warning } else { Health::Ok }),
        });
        self.head(&mut doc, "Volume", &format!("{base}/{id}"), id);
        Some((Place::Volume, doc))
    }

    /// The identifiers of the drives.
    pub(super) fn drive_ids(&self) -> Vec<String> {
        (0..self.hardware.drives.len()).map(self.row.names.drive).collect()
    }

    /// The number of the drive with this identifier.
    pub(super) fn drive_number(&self, id: &str) -> Option<usize> {
        (0..self.hardware.drives.len()).find(|number| (self.row.names.drive)(*number) == id)
    }

    /// Where a drive's document is.
    pub(super) fn drive_path(&self, number: usize) -> String {
        let id = (self.row.names.drive)(number);
        if let Some(backplane) = self.row.ids.backplane {
            return format!("{}/Chassis/{backplane}/Drives/{id}", super::ROOT);
        }
        let unit = match self.row.layout.unit_per_drive.filter(|_| self.is_nvme()) {
            Some(name) => name(number),
            None => self.row.ids.storage.to_owned(),
        };
        format!("{}/Storage/{unit}/Drives/{id}", self.system_path())
    }

    pub(super) fn drive(&self, number: usize) -> Option<(Place, Value)> {
        let Drive { part, serial } = self.hardware.drives.get(number)?;
        let health = self.hardware.health_of(Ailment::Drive, number);
        let bay = (self.row.names.bay)(number);
        let life = 100_usize.saturating_sub(number * 3 + self.unit.index % 7);
        let mut doc = json!({
            "@odata.id": self.drive_path(number),
            "@odata.type": format!("#Drive.{}.Drive", self.row.versions.drive),
            "Id": (self.row.names.drive)(number),
            "Name": bay,
            "Description": bay,
            "Manufacturer": part.maker,
            "Model": part.model,
            "PartNumber": part.model,
            "SerialNumber": serial,
            "Revision": part.firmware,
            "CapacityBytes": part.bytes,
            "BlockSizeBytes": 512,
            "MediaType": part.media,
            "Protocol": part.protocol,
            "CapableSpeedGbs": part.gbps,
            "NegotiatedSpeedGbs": part.gbps,
            "RotationSpeedRPM": if part.media == "HDD" { 10_500 } else { 0 },
            "FailurePredicted": health != Health::Ok,
            "HotspareType": "None",
            "EncryptionAbility": "None",
            "EncryptionStatus": "Unencrypted",
            "StatusIndicator": if health == Health::Ok { "OK" } else { "PredictiveFailureAnalysis" },
            "Identifiers": [{ "DurableName": durable(serial), "DurableNameFormat": "EUI" }],
            "PhysicalLocation": { "PartLocation": {
                "LocationType": "Bay", "LocationOrdinalValue": number, "ServiceLabel": bay,
            }},
            "Links": { "Chassis": link(&self.chassis_path()) },
            "Status": status(health),
        });
        if part.media == "SSD" {
            set(&mut doc, "PredictedMediaLifeLeftPercent", json!(life));
        }
        Some((Place::Drive, doc))
    }
}

/// A name for ever (DSP2046, Resource `DurableName`), out of a serial number.
fn durable(serial: &str) -> String {
    let pairs: Vec<String> =
        hash(serial.as_bytes()).to_be_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join("-")
}

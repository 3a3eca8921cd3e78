//! What makers add to documents under `Oem`: most of it says little, and all of it has to be read.

use crate::document::set;
use serde_json::{Map, Value, json};

/// Fields with the values that they have on most servers.
pub(super) type Facts = &'static [(&'static str, Fact)];

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fact {
    /// Text.
    Text(&'static str),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    Null,
}

use Fact::{Flag, Null, Number, Text};

/// Puts `facts` into `doc` at `Oem/maker`, or at `Oem/maker/part` where there is a part; not into collections.
pub(super) fn add(doc: &mut Value, maker: &str, part: Option<&str>, facts: Facts) {
    if doc.get("Members").is_some() {
        return;
    }
    let fields: Map<String, Value> = facts
        .iter()
        .map(|(name, fact)| {
            let value = match fact {
                Text(text) => json!(text),
                Number(number) => json!(number),
                Flag(flag) => json!(flag),
                Null => Value::Null,
            };
            ((*name).to_owned(), value)
        })
        .collect();
    let mut oem = match doc.get_mut("Oem").map(Value::take) {
        Some(Value::Object(oem)) => oem,
        _ => Map::new(),
    };
    let own = oem.entry(maker).or_insert_with(|| json!({}));
    match part {
        Some(part) => set(own, part, Value::Object(fields)),
        None => fields.into_iter().for_each(|(name, value)| set(own, &name, value)),
    }
    set(doc, "Oem", Value::Object(oem));
}

pub(super) const DELL_MEMORY: Facts = &[
    ("@odata.type", Text("#DellMemory.v1_1_0.DellMemory")),
    ("BankLabel", Text("A")),
    ("LastSystemInventoryTime", Text("2025-11-11T05:14:46+00:00")),
    ("LastUpdateTime", Text("2025-08-06T03:26:55+00:00")),
    ("ManufactureDate", Text("Mon Apr 19 07:00:00 2021 UTC")),
    ("MemoryTechnology", Text("DRAM")),
    ("Model", Text("DDR4 DIMM")),
    ("Name", Text("DellMemory")),
    ("RemainingRatedWriteEndurancePercent", Null),
    ("SystemEraseCapability", Text("NotSupported")),
];
pub(super) const DELL_DISK: Facts = &[
    ("@odata.type", Text("#DellPhysicalDisk.v1_6_0.DellPhysicalDisk")),
    ("AvailableSparePercent", Number(100)),
    ("Certified", Text("Yes")),
    ("Connector", Number(0)),
    ("CryptographicEraseCapable", Text("Capable")),
    ("Description", Text("An instance of DellPhysicalDisk will have Physical Disk specific data.")),
    ("DeviceProtocol", Null),
    ("DeviceSidebandProtocol", Null),
    ("DriveFormFactor", Text("2.5Inch")),
    ("EncryptionProtocol", Text("None")),
    ("ErrorDescription", Null),
    ("ErrorRecoverable", Text("NotApplicable")),
    ("ForeignKeyIdentifier", Null),
    ("FreeSizeInBytes", Number(0)),
    ("HotSpareStatus", Text("No")),
    ("LastSystemInventoryTime", Text("2025-11-11T05:14:46+00:00")),
    ("LastUpdateTime", Text("2025-11-11T05:20:11+00:00")),
    ("ManufacturingDay", Number(0)),
    ("ManufacturingWeek", Number(0)),
    ("ManufacturingYear", Number(0)),
    ("NonRAIDDiskCachePolicy", Text("Unknown")),
    ("OperationName", Text("None")),
    ("OperationPercentCompletePercent", Number(0)),
    ("PPID", Text("PH0N0VK0TBPKK16M027UA01")),
    ("PowerStatus", Text("On")),
    ("PredictiveFailureState", Text("SmartAlertAbsent")),
    ("ProductID", Text("7")),
    ("RAIDType", Text("Unknown")),
    ("RaidStatus", Text("Online")),
    ("SASAddress", Text("Not Available")),
    ("SystemEraseCapability", Text("CryptographicErasePD")),
    ("T10PICapability", Text("NotCapable")),
    ("UsedSizeInBytes", Number(0)),
];
pub(super) const DELL_NIC: Facts = &[
    ("@odata.type", Text("#DellNIC.v1_5_0.DellNIC")),
    ("BusNumber", Number(4)),
    ("ControllerBIOSVersion", Text("1.39")),
    ("DataBusWidth", Text("16XOrX16")),
    ("EFIVersion", Text("21.6.36")),
    ("FCoEOffloadMode", Text("Unknown")),
    ("FQDD", Text("NIC.Embedded.1-1-1")),
    ("FamilyVersion", Text("21.80.9")),
    ("InstanceID", Text("NIC.Embedded.1-1-1")),
    ("LastSystemInventoryTime", Text("2025-11-11T05:14:46+00:00")),
    ("LinkDuplex", Text("FullDuplex")),
    ("MaxBandwidthPercent", Null),
    ("MediaType", Text("Base T")),
    ("MinBandwidthPercent", Null),
    ("NICMode", Text("Unknown")),
    ("NicPartitioning", Text("NotCapable")),
    ("OSBMCManagementPassThrough", Text("Capable")),
    ("PXEBootSupport", Text("Capable")),
    ("PartitionWOLSupport", Text("NotCapable")),
    ("PermanentFCOEMACAddress", Text("")),
    ("PermanentiSCSIMACAddress", Text("")),
    ("ProductName", Text("Broadcom Gigabit Ethernet BCM5720")),
    ("Protocol", Text("NIC")),
    ("RDMASupport", Text("NotCapable")),
    ("SRIOVSupport", Text("NotCapable")),
    ("SlotLength", Text("LongLength")),
    ("SlotType", Text("PCIExpressGen3X8")),
    ("TCPOffloadEngineSupport", Text("NotCapable")),
    ("VendorName", Text("Broadcom Corp")),
    ("VirtWWN", Null),
    ("WOLSupport", Text("Capable")),
    ("iSCSIBootSupport", Text("Capable")),
    ("iSCSIOffloadMode", Text("Unknown")),
];
pub(super) const DELL_SYSTEM: Facts = &[
    ("@odata.type", Text("#DellSystem.v1_3_0.DellSystem")),
    ("BIOSReleaseDate", Text("12/05/2023")),
    ("BaseBoardChassisSlot", Text("NA")),
    ("BatteryRollupStatus", Text("OK")),
    ("BladeGeometry", Text("NotApplicable")),
    ("CMCIP", Null),
    ("CPURollupStatus", Text("OK")),
    ("ChassisModel", Text("")),
    ("ChassisSystemHeightUnit", Number(2)),
    ("CurrentRollupStatus", Text("OK")),
    ("EstimatedExhaustTemperatureCelsius", Number(38)),
    ("EstimatedSystemAirflowCFM", Number(40)),
    ("ExpressServiceCode", Text("33047271135")),
    ("FanRollupStatus", Text("OK")),
    ("IDSDMRollupStatus", Null),
    ("IntrusionRollupStatus", Text("OK")),
    ("IsOEMBranded", Text("False")),
    ("LastSystemInventoryTime", Text("2025-11-11T05:14:46+00:00")),
    ("LicensingRollupStatus", Text("OK")),
    ("MaxCPUSockets", Number(2)),
    ("MaxDIMMSlots", Number(32)),
    ("MaxPCIeSlots", Number(8)),
    ("MemoryOperationMode", Text("OptimizerMode")),
    ("PSRollupStatus", Text("OK")),
    ("PopulatedDIMMSlots", Number(16)),
    ("PopulatedPCIeSlots", Number(2)),
    ("PowerCapEnabledState", Text("Disabled")),
    ("SDCardRollupStatus", Null),
    ("SELRollupStatus", Text("OK")),
    ("ServerAllocationWatts", Null),
    ("StorageRollupStatus", Text("OK")),
    ("SysMemErrorMethodology", Text("Multi-bitECC")),
    ("SysMemFailOverState", Text("NotInUse")),
    ("SysMemLocation", Text("SystemBoardOrMotherboard")),
    ("SystemGeneration", Text("16G Monolithic")),
    ("SystemID", Number(2304)),
    ("SystemRevision", Text("I")),
    ("TempRollupStatus", Text("OK")),
    ("TempStatisticsRollupStatus", Text("OK")),
    ("UUID", Text("4c4c4544-0035-3410-8050-c6c04f314733")),
    ("VoltRollupStatus", Text("OK")),
    ("smbiosGUID", Text("44454c4c-3500-1034-8050-c6c04f314733")),
];
pub(super) const DELL_SOFTWARE: Facts = &[
    ("@odata.type", Text("#DellSoftwareInventory.v1_1_0.DellSoftwareInventory")),
    ("BuildNumber", Number(0)),
    ("Classifications", Text("BIOS/FCode")),
    ("ComponentType", Text("FIRMWARE")),
    (
        "Description",
        Text(
            "The DellSoftwareInventory resource is a representation of an available device firmware in the managed system.",
        ),
    ),
    ("ElementName", Text("Integrated Dell Remote Access Controller")),
    ("IdentityInfoType", Text("OrgID:ComponentType:ComponentID")),
    ("IdentityInfoValue", Text("DCIM:firmware:25227")),
    ("InstallationDate", Text("2025-03-08T20:33:03Z")),
    ("IsEntity", Flag(true)),
    ("MajorVersion", Number(6)),
    ("MinorVersion", Number(10)),
    ("RevisionNumber", Number(30)),
    ("RevisionString", Null),
    ("SidebandUpdateCapable", Flag(false)),
    ("Status", Text("Installed")),
    ("SubDeviceID", Text("")),
    ("impactsTPMmeasurements", Flag(true)),
];
pub(super) const HPE_MEMORY: Facts = &[
    ("@odata.type", Text("#HpeMemoryExt.v2_5_0.HpeMemoryExt")),
    ("BaseModuleType", Text("RDIMM")),
    ("DIMMManufacturingDate", Text("2209")),
    ("DIMMStatus", Text("GoodInUse")),
    ("MaxOperatingSpeedMTs", Number(3200)),
    ("MinimumVoltageVoltsX10", Number(12)),
    ("PartNumber", Text("P11446-1A1")),
    ("VendorName", Text("SK Hynix")),
];
pub(super) const HPE_PROCESSOR: Facts = &[
    ("@odata.type", Text("#HpeProcessorExt.v2_0_0.HpeProcessorExt")),
    ("AssetTag", Text("UNKNOWN")),
    ("ConfigStatus", Text("Enabled")),
    ("CoresEnabled", Number(32)),
    ("ExternalClockMHz", Number(100)),
    ("MicrocodePatches", Null),
    ("RatedSpeedMHz", Number(2800)),
    ("VoltageVoltsX10", Number(11)),
];
pub(super) const HPE_SYSTEM: Facts = &[
    ("@odata.type", Text("#HpeComputerSystemExt.v2_12_0.HpeComputerSystemExt")),
    ("CriticalTempRemainOff", Flag(false)),
    ("CurrentPowerOnTimeSeconds", Number(3_731_346)),
    ("ElapsedEraseTimeInMinutes", Number(0)),
    ("EndOfPostDelaySeconds", Null),
    ("IntelligentProvisioningAlwaysOn", Flag(true)),
    ("IntelligentProvisioningIndex", Number(16)),
    ("IntelligentProvisioningLocation", Text("System Board")),
    ("IntelligentProvisioningVersion", Text("3.81.2")),
    ("IsColdBooting", Flag(false)),
    ("PCAPartNumber", Text("P09185-002")),
    ("PCASerialNumber", Text("PZWYR0ARHH106G")),
    ("PostDiscoveryCompleteTimeStamp", Text("2025-08-15T18:12:38Z")),
    ("PostMode", Null),
    ("PowerAllocationLimit", Number(1600)),
    ("PowerAutoOn", Text("Restore")),
    ("PowerOnMinutes", Number(412_803)),
    ("PowerRegulatorMode", Text("OSControl")),
    ("ServerFQDN", Text("")),
    ("SmartStorageConfig", Null),
    ("UserDataEraseComponentStatus", Null),
    ("VirtualProfile", Text("Inactive")),
];
pub(super) const LENOVO_MEMORY: Facts = &[
    ("@odata.type", Text("#LenovoMemory.v1_0_0.LenovoMemory")),
    ("ErrorCount", Number(0)),
    ("FruPartNumber", Text("02JG203")),
    ("ManufactureDate", Text("2821")),
    ("PresentState", Text("Present")),
    ("SerialNumber", Null),
    ("SlotType", Text("DIMM")),
];
pub(super) const LENOVO_SOFTWARE: Facts = &[
    ("@odata.type", Text("#LenovoSoftwareInventory.v1_0_0.LenovoSoftwareInventory")),
    ("Caption", Text("Installed firmware")),
    ("Classification", Text("Firmware")),
    ("InstallState", Text("Installed")),
    ("VersionType", Text("PRIMARY")),
];
pub(super) const SUPERMICRO_DRIVE: Facts = &[
    ("@odata.type", Text("#SmcDriveExtensions.v1_0_0.Drive")),
    ("Temperature", Number(34)),
    ("PercentageDriveLifeUsed", Number(1)),
    ("SlotNumber", Number(0)),
];

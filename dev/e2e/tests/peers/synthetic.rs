//! Trees in the style of makers whose controllers were not captured, written by hand: never an error.

use crate::support::{inspect, serve};
use model::Inventory;
use model::device::{Power, Reset};
use model::inventory::FaultKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn link(path: &str) -> Value {
    json!({ "@odata.id": path })
}

fn members(paths: &[&str]) -> Value {
    json!({ "Members": paths.iter().map(|path| link(path)).collect::<Vec<_>>(), "Members@odata.count": paths.len() })
}

/// Serves a tree and reads it; paths are those after `/redfish/v1`, a slash at the end makes no difference.
fn read(tree: &[(&str, Value)]) -> Inventory {
    let tree: BTreeMap<String, String> =
        tree.iter().map(|(path, value)| (format!("/redfish/v1{path}"), value.to_string())).collect();
    let url = serve(move |path| Some((200, tree.get(path.trim_end_matches('/'))?.clone())));
    let (inventory, _, said) = inspect(&url);
    assert_eq!(said, "");
    inventory
}

#[test]
fn redfish_1_0_with_simple_storage_and_no_update_service() {
    let inventory = read(&[
        (
            "",
            json!({"RedfishVersion": "1.0.0", "UUID": "92384634-2938-2342-8820-489239905423", "Systems": link("/redfish/v1/Systems"),
            "Chassis": link("/redfish/v1/Chassis"), "Managers": link("/redfish/v1/Managers")}),
        ),
        ("/Systems", members(&["/redfish/v1/Systems/437XR"])),
        (
            "/Systems/437XR",
            json!({"Id": "437XR", "Name": "WebFrontEnd483", "SerialNumber": "437XR1138R2", "PowerState": "On", "SystemType": "Physical",
            "ProcessorSummary": {"Count": 2, "Model": "Multi-Core Intel(R) Xeon(R)"}, "MemorySummary": {"TotalSystemMemoryGiB": 96},
            "SimpleStorage": link("/redfish/v1/Systems/437XR/SimpleStorage"), "EthernetInterfaces": link("/redfish/v1/Systems/437XR/EthernetInterfaces"),
            "Actions": {"#ComputerSystem.Reset": {"target": "/x", "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "Nmi"]}}}),
        ),
        ("/Systems/437XR/SimpleStorage", members(&["/redfish/v1/Systems/437XR/SimpleStorage/1"])),
        (
            "/Systems/437XR/SimpleStorage/1",
            json!({"Devices": [{"Name": "SATA Bay 1", "Manufacturer": "Contoso", "Model": "3000GT8", "CapacityBytes": 8_000_000_000_000_u64},
            {"Name": "SATA Bay 2", "Status": {"State": "Absent"}}]}),
        ),
        ("/Systems/437XR/EthernetInterfaces", members(&["/redfish/v1/Systems/437XR/EthernetInterfaces/1"])),
        (
            "/Systems/437XR/EthernetInterfaces/1",
            json!({"Id": "1", "MACAddress": "12:44:6A:3B:04:11", "IPv4Addresses": [{"Address": "192.168.0.10"}]}),
        ),
        ("/Chassis", members(&["/redfish/v1/Chassis/1U"])),
        (
            "/Chassis/1U",
            json!({"Id": "1U", "ChassisType": "RackMount", "SerialNumber": "437XR1138R2", "Power": link("/redfish/v1/Chassis/1U/Power")}),
        ),
        (
            "/Chassis/1U/Power",
            json!({"PowerSupplies": [{"MemberId": "0", "SerialNumber": "1Z0000001", "PowerCapacityWatts": 800}]}),
        ),
        ("/Managers", members(&["/redfish/v1/Managers/BMC"])),
        ("/Managers/BMC", json!({"Id": "BMC", "ManagerType": "BMC", "FirmwareVersion": "1.00"})),
    ]);
    let system = &inventory.systems[0];
    assert_eq!((system.power.0, system.drives.len(), system.processor_count), (Power::On, 1, Some(2)));
    assert_eq!(system.reset_types, [Reset::On, Reset::ForceOff, Reset::Nmi]);
    assert_eq!(inventory.chassis[0].power_supplies[0].serial.as_deref(), Some("1Z0000001"));
    assert_eq!(inventory.identity().macs, ["12:44:6a:3b:04:11"]);
    assert_eq!((inventory.firmware.len(), inventory.faults.len()), (0, 0), "{:?}", inventory.faults);
}

/// The serial number is the system's name in the collection; storage has its controllers inside.
#[test]
fn cisco_like() {
    let inventory = read(&[
        (
            "",
            json!({"Vendor": "Cisco Systems Inc.", "Product": "UCSC-C240-M6SX", "Systems": link("/redfish/v1/Systems"), "Managers": link("/redfish/v1/Managers"),
            "UpdateService": link("/redfish/v1/UpdateService")}),
        ),
        ("/Systems", members(&["/redfish/v1/Systems/WZP2432000A"])),
        (
            "/Systems/WZP2432000A",
            json!({"Id": "WZP2432000A", "SerialNumber": "WZP2432000A", "Manufacturer": "Cisco Systems Inc", "PowerState": "Off",
            "Memory": link("/redfish/v1/Systems/WZP2432000A/Memory"), "Storage": link("/redfish/v1/Systems/WZP2432000A/Storage"), "Oem": {"Cisco": {}}}),
        ),
        ("/Systems/WZP2432000A/Memory", members(&["/redfish/v1/Systems/WZP2432000A/Memory/DIMM_A1"])),
        (
            "/Systems/WZP2432000A/Memory/DIMM_A1",
            json!({"Id": "DIMM_A1", "CapacityMiB": "32768", "OperatingSpeedMhz": "3200", "SerialNumber": "35A1F2C3", "PartNumber": "M393A4G40AB3-CWE"}),
        ),
        ("/Systems/WZP2432000A/Storage", members(&["/redfish/v1/Systems/WZP2432000A/Storage/MRAID"])),
        (
            "/Systems/WZP2432000A/Storage/MRAID",
            json!({"Id": "MRAID", "StorageControllers": [{"MemberId": "RAID", "Model": "Cisco 12G SAS RAID", "SerialNumber": "SKB1234567", "FirmwareVersion": "51.10.0-3612"}],
            "Drives": [link("/redfish/v1/Systems/WZP2432000A/Storage/MRAID/Drives/1")]}),
        ),
        (
            "/Systems/WZP2432000A/Storage/MRAID/Drives/1",
            json!({"Id": "1", "SerialNumber": "S3F5NX0J", "CapacityBytes": 959_119_884_288_u64, "MediaType": "SSD", "Status": {"State": "Enabled", "Health": "Good"}}),
        ),
        ("/Managers", members(&["/redfish/v1/Managers/CIMC"])),
        (
            "/Managers/CIMC",
            json!({"Id": "CIMC", "ManagerType": "BMC", "FirmwareVersion": "4.2(1a)", "EthernetInterfaces": link("/redfish/v1/Managers/CIMC/EthernetInterfaces")}),
        ),
        (
            "/Managers/CIMC/EthernetInterfaces",
            members(&["/redfish/v1/Managers/CIMC/EthernetInterfaces/NICs"]),
        ),
        (
            "/Managers/CIMC/EthernetInterfaces/NICs",
            json!({"Id": "NICs", "MACAddress": "3C:57:31:00:01:02", "IPv4Addresses": [{"Address": "10.1.2.3"}], "IPv6Addresses": null}),
        ),
        ("/UpdateService", json!({"FirmwareInventory": link("/redfish/v1/UpdateService/FirmwareInventory")})),
        ("/UpdateService/FirmwareInventory", members(&["/redfish/v1/UpdateService/FirmwareInventory/CIMC"])),
        ("/UpdateService/FirmwareInventory/CIMC", json!({"Id": "CIMC", "Version": "4.2(1a)"})),
    ]);
    let system = &inventory.systems[0];
    assert_eq!((system.power.0, system.memory[0].capacity_mib), (Power::Off, Some(32768)));
    assert_eq!(system.storage_controllers[0].serial.as_deref(), Some("SKB1234567"));
    assert_eq!(system.drives[0].serial.as_deref(), Some("S3F5NX0J"));
    assert_eq!(inventory.firmware[0].version.as_deref(), Some("4.2(1a)"));
    let kinds: Vec<FaultKind> = inventory.faults.iter().map(|fault| fault.kind).collect();
    assert_eq!(
        kinds,
        [FaultKind::WrongType, FaultKind::WrongType, FaultKind::BadValue],
        "{:?}",
        inventory.faults
    );
}

/// Drives hang off the chassis, members are whole documents, and much is `null`.
#[test]
fn huawei_like() {
    let drive = "/redfish/v1/Chassis/1/Drives/HDDPlaneDisk0";
    let inventory = read(&[
        (
            "",
            json!({"Systems": link("/redfish/v1/Systems"), "Chassis": link("/redfish/v1/Chassis"), "Oem": {"Huawei": {"SoftwareName": "iBMC"}}, "UpdateService": null}),
        ),
        ("/Systems", members(&["/redfish/v1/Systems/1"])),
        (
            "/Systems/1",
            json!({"Id": "1", "PowerState": "On", "SerialNumber": null, "Processors": link("/redfish/v1/Systems/1/Processors"),
            "Oem": {"Huawei": {"ProductSN": "2102311TYBN0J3000293"}}, "Actions": {"#ComputerSystem.Reset": {"target": "/x", "@Redfish.ActionInfo": "/redfish/v1/Systems/1/ResetActionInfo"}}}),
        ),
        (
            "/Systems/1/ResetActionInfo",
            json!({"Parameters": [{"Name": "ResetType", "AllowableValues": ["On", "ForceOff", "ForcePowerCycle", "Nmi"]}]}),
        ),
        (
            "/Systems/1/Processors",
            json!({"Members": [{"@odata.id": "/redfish/v1/Systems/1/Processors/1", "@odata.type": "#Processor.v1_0_0.Processor", "Id": "1", "Name": "CPU1", "TotalCores": 16, "SerialNumber": "41-1D-6D-CF"}, null]}),
        ),
        ("/Chassis", members(&["/redfish/v1/Chassis/1"])),
        (
            "/Chassis/1",
            json!({"Id": "1", "ChassisType": "RackMount", "Links": {"Drives": [link(drive)], "PCIeDevices": [link("/redfish/v1/Chassis/1/PCIeDevices/PCIeCard1")]}, "Power": link("/redfish/v1/Chassis/1/Power")}),
        ),
        (
            "/Chassis/1/Drives/HDDPlaneDisk0",
            json!({"Id": "HDDPlaneDisk0", "SerialNumber": "Z1Z0ABCD", "CapacityBytes": null, "Revision": "SN05"}),
        ),
        (
            "/Chassis/1/PCIeDevices/PCIeCard1",
            json!({"Id": "PCIeCard1", "SerialNumber": "032ABC10H1000001", "Model": null}),
        ),
        (
            "/Chassis/1/Power",
            json!({"PowerSupplies": [{"MemberId": "0", "SerialNumber": "2102311DLMBTHB000001"}, null]}),
        ),
    ]);
    assert_eq!(inventory.identity().serial.as_deref(), Some("2102311TYBN0J3000293"));
    assert_eq!(inventory.systems[0].processors[0].cores, Some(16));
    let chassis = &inventory.chassis[0];
    assert_eq!(chassis.drives[0].serial.as_deref(), Some("Z1Z0ABCD"));
    assert_eq!(chassis.pcie_devices[0].serial.as_deref(), Some("032ABC10H1000001"));
    assert_eq!(chassis.power_supplies.len(), 1);
    assert!(inventory.systems[0].reset_types.contains(&Reset::ForceOff));
}

/// Absolute links, slashes at their ends, a service that answers some of them with less than it promised.
#[test]
fn ami_like() {
    let inventory = read(&[
        (
            "",
            json!({"Vendor": "AMI", "Systems": link("/redfish/v1/Systems/"), "Chassis": link("/redfish/v1/Chassis/"), "Managers": "/redfish/v1/Managers/",
            "UpdateService": link("/redfish/v1/UpdateService/")}),
        ),
        ("/Systems", members(&["/redfish/v1/Systems/Self/", "/redfish/v1/Systems/Self"])),
        (
            "/Systems/Self",
            json!({"Id": "Self", "PowerState": "On", "Manufacturer": "To be filled by O.E.M.", "SerialNumber": " A1B2 ", "Memory": link("/redfish/v1/Systems/Self/Memory/"),
            "NetworkInterfaces": link("/redfish/v1/Systems/Self/NetworkInterfaces/")}),
        ),
        ("/Systems/Self/Memory", json!({"Members": null})),
        ("/Chassis", members(&["/redfish/v1/Chassis/Self/"])),
        (
            "/Chassis/Self",
            json!({"Id": "Self", "ChassisType": "RackMount", "PowerSubsystem": link("/redfish/v1/Chassis/Self/PowerSubsystem/"), "Assembly": link("/redfish/v1/Chassis/Self/Assembly/")}),
        ),
        ("/Chassis/Self/Assembly", json!({"Assemblies": "none"})),
        ("/Managers", members(&["/redfish/v1/Managers/Self/"])),
        ("/Managers/Self", json!({"Id": "Self", "FirmwareVersion": "13.06.04", "Status": "OK"})),
        (
            "/UpdateService",
            json!({"FirmwareInventory": link("/redfish/v1/UpdateService/FirmwareInventory/")}),
        ),
        (
            "/UpdateService/FirmwareInventory",
            json!({"Members": [link("/redfish/v1/UpdateService/FirmwareInventory/BMC/")], "Members@odata.nextLink": "/redfish/v1/UpdateService/FirmwareInventory?$skip=1"}),
        ),
        (
            "/UpdateService/FirmwareInventory?$skip=1",
            members(&["/redfish/v1/UpdateService/FirmwareInventory/BIOS/"]),
        ),
        (
            "/UpdateService/FirmwareInventory/BMC",
            json!({"Id": "BMC", "Version": "13.06.04", "ReleaseDate": "T00:00:00Z"}),
        ),
        ("/UpdateService/FirmwareInventory/BIOS", json!({"Id": "BIOS", "Version": "F31"})),
    ]);
    assert_eq!((inventory.systems.len(), inventory.identity().serial.as_deref()), (1, Some("A1B2")));
    assert_eq!(inventory.managers[0].firmware.as_deref(), Some("13.06.04"));
    assert_eq!(inventory.firmware.len(), 2);
    let refused = inventory.faults.iter().find(|fault| fault.kind == FaultKind::Refused).unwrap();
    assert!(refused.path.contains("PowerSubsystem"), "{refused:?}");
}

/// Four nodes behind one controller, Fujitsu's extensions; one node answers nothing.
#[test]
fn a_chassis_of_four_nodes() {
    let node = |id: &str| {
        json!({"Id": id, "SerialNumber": format!("MA{id}"), "PowerState": "On", "Oem": {"ts_fujitsu": {}}, "Links": {"Chassis": [link("/redfish/v1/Chassis/0")]},
            "Actions": {"#ComputerSystem.Reset": {"target": "/x", "ResetType@Redfish.AllowableValues": ["On", "PowerCycle"]}}})
    };
    let inventory = read(&[
        (
            "",
            json!({"Systems": link("/redfish/v1/Systems"), "Chassis": link("/redfish/v1/Chassis"), "Oem": {"ts_fujitsu": {}}}),
        ),
        (
            "/Systems",
            members(&[
                "/redfish/v1/Systems/1",
                "/redfish/v1/Systems/2",
                "/redfish/v1/Systems/3",
                "/redfish/v1/Systems/4",
            ]),
        ),
        ("/Systems/1", node("1")),
        ("/Systems/2", node("2")),
        ("/Systems/4", node("4")),
        ("/Chassis", members(&["/redfish/v1/Chassis/0"])),
        (
            "/Chassis/0",
            json!({"Id": "0", "ChassisType": "Enclosure", "SerialNumber": "YLEN0001", "Links": {"ComputerSystems": [link("/redfish/v1/Systems/1"), link("/redfish/v1/Systems/2")]}}),
        ),
    ]);
    let serials: Vec<Option<&str>> =
        inventory.systems.iter().map(|system| system.serial.as_deref()).collect();
    assert_eq!(serials, [Some("MA1"), Some("MA2"), Some("MA4")]);
    assert_eq!(inventory.faults.len(), 1, "the third is lost alone: {:?}", inventory.faults);
}

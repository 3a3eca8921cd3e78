//! What a server is connected to, fed and cooled by, and made up of.

use super::{Cell, Kind, Section, Table, code, codes, health, is_gone, name, number, text, truth};
use crate::inventory::{Adapter, Inventory, Sensor};
use crate::telemetry::Quantity;

pub(super) fn interfaces(inventory: &Inventory) -> Table {
    let servers = inventory.systems.iter().flat_map(|it| &it.nics).map(|nic| ("server", nic));
    let own = inventory.managers.iter().flat_map(|it| &it.nics).map(|nic| ("controller", nic));
    Kind(Section::Network, "network", "Interfaces").table(
        servers.chain(own),
        |(_, it)| is_gone(&it.state),
        &[
            ("Interface", &|(_, it)| name(&it.name, &it.id)),
            ("Of", &|(of, _)| Cell::Text((*of).into())),
            ("Health", &|(_, it)| health(&it.health)),
            ("MAC", &|(_, it)| code(&it.mac.clone().or_else(|| it.permanent_mac.clone()))),
            ("Addresses", &|(_, it)| {
                let addresses: Vec<String> = it.addresses.iter().map(ToString::to_string).collect();
                codes(&addresses)
            }),
            ("Host name", &|(_, it)| text(&it.hostname)),
            ("Link", &|(_, it)| text(&it.link)),
            ("Speed", &|(_, it)| number(it.speed_mbps, "Mbit/s")),
        ],
    )
}

fn all_adapters(inventory: &Inventory) -> impl Iterator<Item = &Adapter> {
    inventory.chassis.iter().flat_map(|it| &it.adapters)
}

pub(super) fn adapters(inventory: &Inventory) -> Table {
    Kind(Section::Network, "adapters", "Adapters").table(
        all_adapters(inventory),
        |_| false,
        &[
            ("Adapter", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("Firmware", &|it| code(&it.firmware)),
            ("MACs", &|it| codes(&it.macs)),
        ],
    )
}

pub(super) fn ports(inventory: &Inventory) -> Table {
    let all = all_adapters(inventory).flat_map(|adapter| adapter.ports.iter().map(move |it| (adapter, it)));
    Kind(Section::Network, "ports", "Ports").table(
        all,
        |(_, it)| is_gone(&it.state),
        &[
            ("Adapter", &|(adapter, _)| name(&adapter.name, &adapter.id)),
            ("Port", &|(_, it)| Cell::Code(it.id.clone())),
            ("Health", &|(_, it)| health(&it.health)),
            ("Kind", &|(_, it)| text(&it.kind)),
            ("Link", &|(_, it)| text(&it.link)),
            ("Speed", &|(_, it)| number(it.speed_mbps, "Mbit/s")),
            ("MACs", &|(_, it)| codes(&it.macs)),
        ],
    )
}

pub(super) fn functions(inventory: &Inventory) -> Table {
    let all =
        all_adapters(inventory).flat_map(|adapter| adapter.functions.iter().map(move |it| (adapter, it)));
    Kind(Section::Network, "adapter-functions", "Adapter functions").table(
        all,
        |(_, it)| is_gone(&it.state),
        &[
            ("Adapter", &|(adapter, _)| name(&adapter.name, &adapter.id)),
            ("Function", &|(_, it)| Cell::Code(it.id.clone())),
            ("Health", &|(_, it)| health(&it.health)),
            ("Kind", &|(_, it)| text(&it.kind)),
            ("MACs", &|(_, it)| codes(&it.macs)),
        ],
    )
}

pub(super) fn power_supplies(inventory: &Inventory) -> Table {
    Kind(Section::Environment, "power-supplies", "Power supplies").table(
        inventory.chassis.iter().flat_map(|it| &it.power_supplies),
        |it| is_gone(&it.state),
        &[
            ("Power supply", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Kind", &|it| text(&it.kind)),
            ("Power", &|it| it.capacity_watts.map_or(Cell::Empty, |watts| Cell::Text(format!("{watts} W")))),
            ("Maker", &|it| text(&it.manufacturer)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number.clone().or_else(|| it.spare_part_number.clone()))),
            ("Firmware", &|it| code(&it.firmware)),
        ],
    )
}

pub(super) fn fans(inventory: &Inventory) -> Table {
    Kind(Section::Environment, "fans", "Fans").table(
        inventory.chassis.iter().flat_map(|it| &it.fans),
        |it| is_gone(&it.state),
        &[
            ("Fan", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Place", &|it| text(&it.location)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number.clone().or_else(|| it.spare_part_number.clone()))),
            ("Hot pluggable", &|it| truth(it.hot_pluggable)),
        ],
    )
}

pub(super) fn sensors(inventory: &Inventory) -> Table {
    let all: Vec<&Sensor> = inventory.chassis.iter().flat_map(|it| &it.sensors).collect();
    let titles = all.iter().map(|it| quantity(it.quantity).to_owned()).collect();
    let limits = |it: &&Sensor, low: Option<f64>, high: Option<f64>| match (low, high) {
        (None, None) => Cell::Empty,
        (Some(low), None) => Cell::Text(format!("from {low} {}", it.unit)),
        (None, Some(high)) => Cell::Text(format!("to {high} {}", it.unit)),
        (Some(low), Some(high)) => Cell::Text(format!("{low} to {high} {}", it.unit)),
    };
    let table = Kind(Section::Environment, "sensors", "Sensors").table(
        all,
        |it| is_gone(&it.state),
        &[
            ("Sensor", &|it| name(&it.name, &it.id)),
            ("Place", &|it| text(&it.place)),
            ("Good", &|it| limits(it, it.lower_caution, it.upper_caution)),
            ("Not critical", &|it| limits(it, it.lower_critical, it.upper_critical)),
            ("State", &|it| text(&it.state)),
        ],
    );
    table.folded(titles)
}

const fn quantity(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Temperature => "Temperature",
        Quantity::Fan => "Fan speed",
        Quantity::Power => "Power",
        Quantity::Voltage => "Voltage",
        Quantity::Current => "Current",
        Quantity::Other => "Other",
    }
}

pub(super) fn chassis(inventory: &Inventory) -> Table {
    Kind(Section::Parts, "chassis", "Chassis").table(
        &inventory.chassis,
        |_| false,
        &[
            ("Chassis", &|it| name(&it.name, &it.id)),
            ("Kind", &|it| text(&it.kind)),
            ("Power", &|it| Cell::Power(it.power.0)),
            ("Health", &|it| health(&it.health)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("Asset tag", &|it| text(&it.asset_tag)),
        ],
    )
}

pub(super) fn parts(inventory: &Inventory) -> Table {
    let plugged = all_adapters(inventory).flat_map(|it| &it.transceivers);
    let all = inventory.chassis.iter().flat_map(|it| &it.parts).chain(plugged).chain(&inventory.cables);
    Kind(Section::Parts, "parts", "Other parts").table(
        all,
        |it| is_gone(&it.state),
        &[
            ("Part", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Kind", &|it| text(&it.kind)),
            ("Maker", &|it| text(&it.manufacturer)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Number", &|it| code(&it.part_number.clone().or_else(|| it.spare_part_number.clone()))),
            ("Version", &|it| code(&it.version)),
            ("Place", &|it| text(&it.location)),
        ],
    )
}

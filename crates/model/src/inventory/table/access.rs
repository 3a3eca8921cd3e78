//! The controllers, and who and what they let in.

use super::{Cell, Kind, Section, Table, Tone, code, codes, day, end, health, is_gone, name, number, text};
use crate::inventory::{Inventory, LogService};
use jiff::Timestamp;

pub(super) fn managers(inventory: &Inventory) -> Table {
    Kind(Section::Access, "managers", "Controllers").table(
        &inventory.managers,
        |it| is_gone(&it.state),
        &[
            ("Controller", &|it| name(&it.name, &it.id)),
            ("Kind", &|it| text(&it.kind)),
            ("Health", &|it| health(&it.health)),
            ("Model", &|it| text(&it.model)),
            ("Firmware", &|it| code(&it.firmware)),
            ("Serial", &|it| code(&it.serial)),
            ("Its clock", &|it| text(&it.clock)),
            ("Time from", &|it| codes(&it.time_servers)),
        ],
    )
}

pub(super) fn services(inventory: &Inventory) -> Table {
    let all = inventory.managers.iter().flat_map(|manager| {
        let of = manager.name.as_ref().unwrap_or(&manager.id);
        manager.protocols.iter().map(move |it| (of, it))
    });
    let several = inventory.managers.iter().filter(|it| !it.protocols.is_empty()).count() > 1;
    Kind(Section::Access, "services", "Network services").table(
        all,
        |(_, it)| it.enabled != Some(true),
        &[
            ("Service", &|(_, it)| Cell::Name(it.name.clone())),
            ("Of", &|(of, _)| if several { Cell::Text((*of).clone()) } else { Cell::Empty }),
            ("State", &|(_, it)| match it.enabled {
                None => Cell::Text("not said".into()),
                Some(false) => Cell::Text("off".into()),
                Some(true) if it.concern().is_some() => Cell::Mark(Tone::Warn, "on".into()),
                Some(true) => Cell::Text("on".into()),
            }),
            ("Port", &|(_, it)| it.port.map_or(Cell::Empty, |port| Cell::Code(port.to_string()))),
            ("Versions", &|(_, it)| codes(&it.versions)),
            ("Mind", &|(_, it)| it.concern().map_or(Cell::Empty, |concern| Cell::Text(concern.into()))),
        ],
    )
}

pub(super) fn accounts(inventory: &Inventory) -> Table {
    Kind(Section::Access, "accounts", "Accounts").table(
        &inventory.accounts,
        |it| it.enabled == Some(false),
        &[
            ("Account", &|it| name(&it.username, &it.id)),
            ("Role", &|it| text(&it.role)),
            ("State", &|it| match (it.locked, it.enabled) {
                (Some(true), _) => Cell::Mark(Tone::Warn, "locked".into()),
                (_, Some(true)) => Cell::Text("enabled".into()),
                (_, Some(false)) => Cell::Text("disabled".into()),
                (_, None) => Cell::Empty,
            }),
            ("Password", &|it| match (it.must_change_password, &it.password_expires) {
                (Some(true), _) => Cell::Mark(Tone::Warn, "has to be changed".into()),
                (_, Some(ends)) => Cell::Text(format!("ends {ends}")),
                _ => Cell::Empty,
            }),
            ("For", &|it| if it.uses.is_empty() { Cell::Empty } else { Cell::Text(it.uses.join(", ")) }),
        ],
    )
}

pub(super) fn certificates(inventory: &Inventory, now: Timestamp) -> Table {
    Kind(Section::Access, "certificates", "Certificates").table(
        inventory.managers.iter().flat_map(|it| &it.certificates),
        |_| false,
        &[
            ("Certificate", &|it| name(&it.name, &it.id)),
            ("Subject", &|it| text(&it.subject)),
            ("Issuer", &|it| text(&it.issuer)),
            ("From", &|it| day(it.not_before)),
            ("Ends", &|it| end(it.not_after, now)),
            ("SHA-256", &|it| code(&it.fingerprint)),
        ],
    )
}

pub(super) fn licenses(inventory: &Inventory, now: Timestamp) -> Table {
    Kind(Section::Access, "licenses", "Licences").table(
        &inventory.licenses,
        |it| is_gone(&it.state),
        &[
            ("Licence", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Kind", &|it| text(&it.kind)),
            ("Entitlement", &|it| code(&it.entitlement)),
            ("Installed", &|it| day(it.installed)),
            ("Ends", &|it| end(it.expires, now)),
            ("State", &|it| text(&it.state)),
        ],
    )
}

pub(super) fn logs(inventory: &Inventory) -> Table {
    let servers = inventory.systems.iter().flat_map(|it| &it.logs).map(|log| ("server", log));
    let own = inventory.managers.iter().flat_map(|it| &it.logs).map(|log| ("controller", log));
    Kind(Section::Access, "logs", "Logs").table(
        servers.chain(own),
        |(_, it): &(&str, &LogService)| it.enabled == Some(false),
        &[
            ("Log", &|(_, it)| name(&it.name, &it.id)),
            ("Of", &|(of, _)| Cell::Text((*of).into())),
            ("Kind", &|(_, it)| text(&it.kind)),
            ("Holds", &|(_, it)| number(it.max_entries, "entries")),
            ("When full", &|(_, it)| text(&it.when_full)),
        ],
    )
}

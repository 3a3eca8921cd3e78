//! Networks, interfaces, and where the appliance stands.

use super::{Found, Look};
use crate::diagnostic::{Code, steps};
use crate::document::site::Zone;
use crate::service::Service;
use crate::yaml::Step;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The kernel's IFNAMSIZ, without its closing zero.
const LONGEST_INTERFACE: usize = 15;

pub fn look(look: &Look<'_>, found: &mut Found) {
    for (name, zone) in &look.site.zones {
        bound(look, name, zone, found);
        interfaces(look, name, zone, found);
    }
    overlaps(look, found);
    appliance(look, found);
    hosts(look, found);
    families(look, found);
}

fn bound(look: &Look<'_>, name: &str, zone: &Zone, found: &mut Found) {
    let is_used = look.is_used(name) || name == look.home();
    if !is_used {
        let what = format!("no rule names the zone `{name}`");
        found.site(Code::UnusedZone, steps!["zones", name], what, "write a rule for it, or delete it");
    }
    if zone.networks.is_empty() && is_used {
        let what = format!("the zone `{name}` has no network");
        let hint = "add `networks: […]`, of IPv4 and IPv6; for the Internet 0.0.0.0/0 and ::/0";
        found.site(Code::ZoneWithoutNetwork, steps!["zones", name], what, hint);
    }
    let has = |is_family: fn(&IpNet) -> bool| zone.networks.iter().any(is_family);
    if is_used && has(|network| network.addr().is_ipv4()) && !has(|network| network.addr().is_ipv6()) {
        let what = format!("the zone `{name}` has IPv4 networks and no IPv6 network");
        let hint = "add its IPv6 network; a zone that has none yet gets one of its own (fd00::/8, RFC 4193)";
        found.site(Code::Ipv6Forgotten, steps!["zones", name, "networks"], what, hint);
    }
    for (at, network) in zone.networks.iter().enumerate().filter(|(_, network)| **network != network.trunc())
    {
        let what = format!("{network} has bits set behind its prefix");
        let hint = format!("write {}, or the prefix that was meant", network.trunc());
        found.site(Code::HostBits, steps!["zones", name, "networks", at], what, hint);
    }
    if let Some(vlan) = zone.vlan.filter(|vlan| !(1..=4094).contains(vlan)) {
        let path = steps!["zones", name, "vlan"];
        found.site(Code::BadVlan, path, format!("there is no VLAN {vlan}"), "write 1 to 4094");
    }
}

fn interfaces(look: &Look<'_>, name: &str, zone: &Zone, found: &mut Found) {
    let home = look.zone(look.home());
    for (at, interface) in zone.interfaces.iter().enumerate() {
        let path = || steps!["zones", name, "interfaces", at];
        if !is_interface(interface) {
            let what = format!("{interface:?} is no interface's name");
            found.site(Code::BadInterface, path(), what, "write it as `ip link` shows it, without `@…`");
        }
        let is_shared = name != look.home() && home.is_some_and(|home| home.interfaces.contains(interface));
        if is_shared {
            let what =
                format!("{interface} leads to `{name}` and to the appliance's own zone `{}`", look.home());
            found.site(
                Code::SharedInterface,
                path(),
                what,
                "give the management zone a port or VLAN of its own",
            );
        }
    }
    if zone.interfaces.is_empty() && (look.is_used(name) || name == look.home()) {
        let what = format!("it is not said by which interface the zone `{name}` is reached");
        found.site(Code::NoInterface, steps!["zones", name], what, "add `interfaces: […]`");
    }
}

/// Letters, digits and what names of bridges, VLANs and predictable names have; nothing that a rule of the kernel could
/// take for something else.
fn is_interface(name: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
    (1..=LONGEST_INTERFACE).contains(&name.len()) && name.bytes().all(is_fine) && name != "." && name != ".."
}

/// Networks that are in two zones, or one zone's inside another's: in order of their addresses, one that holds another
/// stands before it, so a stack of those that are still open is enough.
fn overlaps(look: &Look<'_>, found: &mut Found) {
    let mut all: Vec<(IpNet, &str, usize)> = Vec::new();
    for (name, zone) in &look.site.zones {
        all.extend(
            zone.networks.iter().enumerate().map(|(at, network)| (network.trunc(), name.as_str(), at)),
        );
    }
    all.sort_by_key(|&(network, zone, at)| (network.network(), network.prefix_len(), zone, at));
    let mut open: Vec<(IpNet, &str)> = Vec::new();
    for (network, zone, at) in all {
        while open.last().is_some_and(|(outer, _)| !outer.contains(&network)) {
            open.pop();
        }
        let path = || steps!["zones", zone, "networks", at];
        let same =
            open.iter().rev().take_while(|(outer, _)| *outer == network).find(|(_, other)| *other != zone);
        let outer = open.iter().rev().find(|(outer, _)| outer.prefix_len() > 0 && *outer != network);
        if let Some((_, other)) = same {
            let what = format!("{network} is in the zones `{other}` and `{zone}`");
            found.site(Code::SameNetwork, path(), what, "leave it in one of them");
        } else if let Some((outer, other)) = outer.filter(|(_, other)| *other != zone) {
            let what = format!("{network} of `{zone}` is inside {outer} of `{other}`");
            let hint = "make the larger network smaller, if that was not meant";
            found.site(Code::OverlappingNetworks, path(), what, hint);
        }
        open.push((network, zone));
    }
}

/// Whether a zone other than "everything else" holds an address; of that name, if one is asked for.
fn is_placed(look: &Look<'_>, address: IpAddr, zone: Option<&str>) -> bool {
    let zones = look.site.zones.iter().filter(|(name, _)| zone.is_none_or(|zone| zone == name.as_str()));
    zones
        .flat_map(|(_, zone)| &zone.networks)
        .any(|network| network.prefix_len() > 0 && network.contains(&address))
}

fn is_of_no_host(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    address.is_multicast() || address.is_unspecified() || address.is_loopback() || is_broadcast
}

fn appliance(look: &Look<'_>, found: &mut Found) {
    let appliance = &look.site.appliance;
    if appliance.addresses.is_empty() {
        let hint = "add all of its addresses, of both families";
        found.site(Code::ApplianceWithoutAddress, steps!["appliance"], "the appliance has no address", hint);
        return;
    }
    for (at, &address) in appliance.addresses.iter().enumerate() {
        let path = steps!["appliance", "addresses", at];
        if is_of_no_host(address) {
            let what = format!("{address} is no host's address");
            found.site(
                Code::BadAddress,
                path,
                what,
                "write the appliance's own addresses, as `ip address` shows them",
            );
        } else if !is_placed(look, address, None) {
            let what = format!("{address} is in no zone's network");
            found.site(
                Code::ApplianceOutside,
                path,
                what,
                "add its network to the zone that it leads to, or correct it",
            );
        }
    }
    let is_home = appliance.addresses.iter().any(|&address| is_placed(look, address, Some(look.home())));
    if !is_home && look.zone(look.home()).is_some_and(|zone| !zone.networks.is_empty()) {
        let what = format!("no address of the appliance is in its zone `{}`", look.home());
        let hint = "add the address that it has there, or name the other zone";
        found.site(Code::ApplianceNotHome, steps!["appliance", "zone"], what, hint);
    }
}

fn hosts(look: &Look<'_>, found: &mut Found) {
    let networks: Vec<&IpNet> = look.site.zones.values().flat_map(|zone| &zone.networks).collect();
    let known: BTreeSet<IpNet> = networks.iter().map(|network| network.trunc()).collect();
    let lengths: BTreeSet<u8> = known.iter().map(IpNet::prefix_len).collect();
    let is_in_a_zone = |address: IpAddr| {
        let around =
            |&length: &u8| IpNet::new(address, length).is_ok_and(|network| known.contains(&network.trunc()));
        lengths.iter().any(around)
    };
    for (name, addresses) in &look.site.hosts {
        let other = if name == "appliance" || name.trim().parse::<IpAddr>().is_ok() {
            Some("that name always means the other in tests and questions")
        } else {
            look.zone(name).map(|_| "in tests and questions it hides the zone of that name")
        };
        if let Some(what) = other {
            let what = format!("a host is called `{name}`: {what}");
            found.site(Code::AmbiguousHost, steps!["hosts", name], what, "give the host another name");
            found.at_key();
        }
        for (at, &address) in addresses.iter().enumerate() {
            let path = steps!["hosts", name, at];
            if is_of_no_host(address) {
                found.site(
                    Code::BadAddress,
                    path,
                    format!("{address} is no host's address"),
                    "correct or delete it",
                );
            } else if !is_in_a_zone(address) {
                let what = format!("{address} of `{name}` is in no zone");
                found.site(Code::HostOutside, path, what, "add its network to a zone, or correct it");
            }
        }
    }
}

/// ICMP and multicast of one family only.
fn families(look: &Look<'_>, found: &mut Found) {
    let mut forgotten =
        |path: Vec<Step>, what: String, hint: &str| found.site(Code::Ipv6Forgotten, path, what, hint);
    for (name, application) in &look.site.applications {
        let path = || steps!["applications", name, "services"];
        let has = |service| application.services.contains(&service);
        let is_of_6 = |service: &Service| matches!(service, Service::Icmp6(_) | Service::Echo);
        let is_of_4 = |service: &Service| matches!(service, Service::Icmp(_));
        if has(Service::Icmp(Service::ECHO)) && !application.services.iter().any(is_of_6) {
            forgotten(
                path(),
                format!("`{name}` is IPv4's echo request alone"),
                "write icmp/echo-request, which means both",
            );
        } else if application.services.iter().any(is_of_4) && !application.services.iter().any(is_of_6) {
            forgotten(
                path(),
                format!("`{name}` is ICMP for IPv4 alone"),
                "add the ICMPv6 type that means the same (RFC 4443)",
            );
        }
        let groups = &application.multicast;
        if groups.iter().any(IpAddr::is_ipv4) && !groups.iter().any(IpAddr::is_ipv6) {
            let what = format!("`{name}` asks IPv4 groups alone");
            forgotten(steps!["applications", name, "multicast"], what, "add its IPv6 group (ff02::…)");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_names_that_the_kernel_has() {
        for name in ["eth0", "enp3s0f1", "br-mgmt", "eth0.20", "bond0_1"] {
            assert!(is_interface(name), "{name}");
        }
        for name in ["", "a name", "eth0\"", "eth/0", "..", "eth0@if5", "abcdefghijklmnop", "eth*"] {
            assert!(!is_interface(name), "{name}");
        }
    }
}

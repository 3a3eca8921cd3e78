//! What a question's packets carry.

use super::{Question, Wrong, short};
use crate::document::site::Application;
use crate::evaluate::Evaluator;
use crate::evaluate::Family;
use crate::near;
use crate::packet::Payload;
use crate::region::{parts, speaker};
use crate::service::Service;
use std::collections::BTreeMap;

/// What is asked for; which packet that is depends on the family.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// A service.
    Service(Service),
    /// ICMP of this type, of whichever family.
    Icmp(u8),
    /// Another protocol.
    Protocol(u8),
}

impl Wanted {
    /// The same in parts that the rules treat alike, so that one packet speaks for each.
    pub(super) fn parts(self, evaluator: &Evaluator) -> Vec<Self> {
        match self {
            Self::Service(service) => parts(evaluator, service).into_iter().map(Self::Service).collect(),
            other => vec![other],
        }
    }

    /// How it is written where it is more than the packet that speaks for it.
    pub(super) fn range(self) -> Option<Service> {
        match self {
            Self::Service(service @ (Service::Tcp(ports) | Service::Udp(ports))) => {
                (!ports.is_single()).then_some(service)
            }
            _ => None,
        }
    }

    /// The packet between addresses of a family; `None` if there is none.
    pub(super) fn between(self, family: Family, question: &Question) -> Option<Payload> {
        let payload = match (self, family) {
            (Self::Service(Service::Icmp(_)), Family::V6)
            | (Self::Service(Service::Icmp6(_)), Family::V4) => return None,
            (Self::Service(service), _) => speaker(service, family),
            (Self::Icmp(kind), Family::V4) => Payload::Icmp(kind),
            (Self::Icmp(kind), Family::V6) => Payload::Icmp6(kind),
            (Self::Protocol(number), _) => Payload::Other(number),
        };
        Some(match payload {
            Payload::Udp { to, .. } => Payload::Udp { source: question.source_port.unwrap_or(0), to },
            other => other,
        })
    }
}

/// What a question is about.
pub(super) fn of(
    question: &Question,
    applications: &BTreeMap<String, Application>,
) -> Result<Vec<Wanted>, Wrong> {
    let wanted = match (&question.service, &question.proto) {
        (Some(_), Some(_)) => Err(Wrong::new(
            "service",
            "it stands beside a protocol",
            "give either a service or a protocol with its port",
        )),
        (Some(_), None) if question.port.is_some() || question.icmp_type.is_some() => {
            let hint = "leave the port and the type out: `tcp/443` says both, and an application has its own";
            Err(Wrong::new("service", "it stands beside a port or a type", hint))
        }
        (Some(service), None) => service_or_application(service, applications),
        (None, Some(protocol)) => by_protocol(protocol, question).map(|wanted| vec![wanted]),
        (None, None) => match question.port {
            Some(port) => {
                Err(Wrong::new("proto", format!("port {port} of which protocol?"), "write tcp or udp"))
            }
            None => Err(Wrong::new(
                "proto",
                "what is it about?",
                "give a protocol with its port, a service such as tcp/443, or an application",
            )),
        },
    }?;
    if question.source_port.is_some()
        && !wanted.iter().any(|wanted| matches!(wanted, Wanted::Service(Service::Udp(_))))
    {
        return Err(Wrong::new(
            "source_port",
            "only UDP is asked with a source port",
            "leave it out: it decides nothing",
        ));
    }
    Ok(wanted)
}

fn service_or_application(
    text: &str,
    applications: &BTreeMap<String, Application>,
) -> Result<Vec<Wanted>, Wrong> {
    let text = text.trim();
    if let Some(application) = applications.get(text) {
        if application.services.is_empty() {
            let what = format!("{text} has no services");
            return Err(Wrong::new("service", what, "give it some in the site file"));
        }
        return Ok(application.services.iter().copied().map(Wanted::Service).collect());
    }
    if matches!(text, "ping" | "echo" | "icmp") {
        return Ok(vec![Wanted::Service(Service::Echo)]);
    }
    let named =
        if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("tcp/{text}") } else { text.to_owned() };
    match named.parse::<Service>() {
        Ok(service) => Ok(vec![Wanted::Service(service)]),
        Err(_) => {
            let what = format!("{:?} is no service, and the site file has no such application", short(text));
            let otherwise =
                "write tcp/443, udp/53, icmp/echo-request, icmp/8, icmp6/128, or an app_id of the site file";
            Err(Wrong::new(
                "service",
                what,
                near::hint(text, applications.keys().map(String::as_str), otherwise),
            ))
        }
    }
}

fn by_protocol(protocol: &str, question: &Question) -> Result<Wanted, Wrong> {
    let name = protocol.trim().to_ascii_lowercase();
    match name.as_str() {
        "tcp" | "udp" | "6" | "17" => {
            no_type(&name, question)?;
            let name = if matches!(name.as_str(), "tcp" | "6") { "tcp" } else { "udp" };
            let Some(port) = question.port else {
                return Err(Wrong::new(
                    "port",
                    format!("{name} to which port?"),
                    format!("give a port from 1 to 65535, or a service such as {name}/443"),
                ));
            };
            if port == 0 {
                return Err(Wrong::new("port", "0 is no port", "give one from 1 to 65535"));
            }
            let ports = crate::service::Ports::new(port, port);
            let service =
                ports.map(|ports| if name == "tcp" { Service::Tcp(ports) } else { Service::Udp(ports) });
            service
                .map(Wanted::Service)
                .ok_or_else(|| Wrong::new("port", "it is no port", "give one from 1 to 65535"))
        }
        "icmp" | "1" => {
            no_port(question)?;
            Ok(question.icmp_type.map_or(Wanted::Service(Service::Echo), Wanted::Icmp))
        }
        "icmp6" | "icmpv6" | "ipv6-icmp" | "58" => {
            no_port(question)?;
            Ok(Wanted::Service(Service::Icmp6(question.icmp_type.unwrap_or(Service::ECHO6))))
        }
        other => {
            let Ok(number) = other.parse::<u8>() else {
                let what = format!("{:?} is no protocol", short(protocol));
                let otherwise = "write tcp, udp, icmp, icmp6, or a protocol's number";
                return Err(Wrong::new(
                    "proto",
                    what,
                    near::hint(other, ["tcp", "udp", "icmp", "icmp6"], otherwise),
                ));
            };
            no_port(question)?;
            no_type(other, question)?;
            Ok(Wanted::Protocol(number))
        }
    }
}

fn no_port(question: &Question) -> Result<(), Wrong> {
    match question.port {
        Some(_) => Err(Wrong::new("port", "only TCP and UDP have ports", "leave it out; ICMP has a type")),
        None => Ok(()),
    }
}

fn no_type(protocol: &str, question: &Question) -> Result<(), Wrong> {
    match question.icmp_type {
        Some(_) => Err(Wrong::new("type", format!("only ICMP has a type, not {protocol}"), "leave it out")),
        None => Ok(()),
    }
}

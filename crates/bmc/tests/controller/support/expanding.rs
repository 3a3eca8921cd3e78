//! A captured tree that answers `$expand` as DSP0266 says, or less well.

use super::Tree;
use super::server::{Asked, Reply};
use serde_json::{Value, json};

/// How well it does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As the standard says.
    Well,
    /// The query is taken for nothing.
    Ignores,
    /// The query is an error: this status.
    Refuses(u16),
    /// Every second member stays a link.
    EverySecond,
    /// What is put in lacks half of its fields.
    Halves,
    /// What is put in is a link with a few hints.
    Hints,
    /// Where there are more members than so many, the body breaks off in the middle.
    Cuts(usize),
    /// Of a collection no more members than so many are in an answer, which leads on to the next.
    Pages(usize),
    /// One level is put in, however many are asked for.
    OneLevel,
}

/// A tree that serves `$expand` so many levels deep.
pub struct Expanding {
    pub tree: Tree,
    pub levels: usize,
    pub manner: Manner,
}

impl Expanding {
    pub fn answer(&self, asked: &Asked) -> Reply {
        if asked.method != "GET" {
            return Reply::new(405, "");
        }
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let Some((status, body)) = self.tree.read(path) else { return Reply::new(404, "") };
        let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return Reply::new(status, body) };
        if path.trim_end_matches('/') == "/redfish/v1" {
            self.advertise(&mut value);
        }
        let skip = query.split('&').find_map(|part| part.strip_prefix("$skip=")).map(|n| n.parse().unwrap());
        let Some(expand) = query.split('&').find_map(|part| part.strip_prefix("$expand=")) else {
            return if skip.is_some() { Reply::new(400, "") } else { Reply::new(status, value.to_string()) };
        };
        assert!(self.levels > 0, "{} was asked for, and nothing was advertised", asked.path);
        let levels = asked_levels(expand);
        assert!((1..=self.levels).contains(&levels), "{levels} levels were asked for, of {}", self.levels);
        match self.manner {
            Manner::Ignores => return Reply::json(value),
            Manner::Refuses(status) => return Reply::new(status, "{}"),
            Manner::Pages(size) => page(&mut value, path, skip.unwrap_or(0), size, query),
            _ => {}
        }
        let members = value["Members"].as_array().map_or(0, Vec::len);
        let levels = if self.manner == Manner::OneLevel { 1 } else { levels };
        let whole = expand.starts_with('*');
        self.put_in(&mut value, whole, levels, false);
        let body = value.to_string();
        match self.manner {
            Manner::Cuts(most) if members > most => {
                Reply::new(200, body.as_bytes()[..body.len() / 2].to_vec())
            }
            _ => Reply::new(200, body),
        }
    }

    fn advertise(&self, root: &mut Value) {
        root["ProtocolFeaturesSupported"]["ExpandQuery"] = match self.levels {
            0 => Value::Null,
            levels => json!({"NoLinks": true, "Levels": true, "MaxLevels": levels}),
        };
    }

    /// Replaces links by what they lead to; those under `Links` only where everything was asked for.
    fn put_in(&self, value: &mut Value, whole: bool, levels: usize, in_links: bool) {
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    if self.manner != Manner::EverySecond || at % 2 == 0 {
                        self.one(item, whole, levels, in_links);
                    }
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    self.one(field, whole, levels, in_links || name == "Links");
                }
            }
            _ => {}
        }
    }

    fn one(&self, value: &mut Value, whole: bool, levels: usize, in_links: bool) {
        let link = value.get("@odata.id").and_then(Value::as_str).filter(|link| !link.contains('#'));
        let is_link = value.as_object().is_some_and(|fields| fields.len() == 1);
        match link.filter(|_| is_link && (whole || !in_links)) {
            None => self.put_in(value, whole, levels, in_links),
            Some(link) => {
                let Some((200, body)) = self.tree.read(link) else { return };
                let Ok(mut found) = serde_json::from_slice::<Value>(&body) else { return };
                // Registries are no resources.
                if found.get("@odata.id").is_none() {
                    return;
                }
                if levels > 1 {
                    self.put_in(&mut found, whole, levels - 1, false);
                }
                self.spoil(&mut found);
                *value = found;
            }
        }
    }

    fn spoil(&self, found: &mut Value) {
        let Some(fields) = found.as_object_mut() else { return };
        let mut at = 0;
        match self.manner {
            Manner::Halves => fields.retain(|name, _| {
                at += 1;
                name.starts_with('@') || matches!(name.as_str(), "Id" | "Name" | "Members") || at % 2 == 0
            }),
            Manner::Hints => {
                fields.retain(|name, _| name.starts_with("@odata.") || matches!(name.as_str(), "Id" | "Name"))
            }
            _ => {}
        }
    }
}

fn asked_levels(expand: &str) -> usize {
    let inner = expand.split_once("($levels=").map(|(_, rest)| rest.trim_end_matches(')'));
    inner.map_or(1, |levels| levels.parse().unwrap())
}

/// Leaves one page of the members.
fn page(value: &mut Value, path: &str, skip: usize, size: usize, query: &str) {
    let Some(members) = value.get_mut("Members").and_then(Value::as_array_mut) else { return };
    let all = members.len();
    *members = members.iter().skip(skip).take(size).cloned().collect();
    if skip + size < all {
        let expand = query.split('&').find(|part| part.starts_with("$expand=")).unwrap();
        value["Members@odata.nextLink"] = format!("{path}?{expand}&$skip={}", skip + size).into();
    }
}

//! `$expand` (DSP0266, the expand query parameter): what a service offers, how it is asked, and an expanded
//! answer taken apart again into the documents that it was made of. Pure.

use crate::client::document;
use crate::client::link::identity;
use serde_json::Value;

/// What the service root says of it (`ProtocolFeaturesSupported.ExpandQuery`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    form: Option<char>,
    levels: bool,
    max: u8,
}

impl Offer {
    /// Reads it from the service root.
    #[must_use]
    pub fn of_root(root: &Value) -> Self {
        let Some(query) = root.pointer("/ProtocolFeaturesSupported/ExpandQuery") else {
            return Self::default();
        };
        let says = |name: &str| query.get(name).and_then(Value::as_bool).unwrap_or(false);
        // Subordinate resources are wanted, not what is linked to from all sides.
        let form = if says("NoLinks") { Some('.') } else { says("ExpandAll").then_some('*') };
        let max = query.get("MaxLevels").and_then(Value::as_u64).unwrap_or(1);
        Self { form, levels: says("Levels"), max: u8::try_from(max).unwrap_or(u8::MAX) }
    }

    /// Whether there is anything to ask for.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.form.is_some() && self.max > 0
    }

    /// How many levels deep may be asked for, of so many wanted.
    #[must_use]
    pub fn levels(self, wanted: u8) -> u8 {
        if !self.is_any() {
            0
        } else if self.levels {
            wanted.min(self.max)
        } else {
            wanted.min(1)
        }
    }

    /// The path with the query, so many levels deep; none where that is not offered, or the path has a query.
    #[must_use]
    pub fn path(self, path: &str, wanted: u8) -> Option<String> {
        let levels = self.levels(wanted);
        let form = self.form.filter(|_| levels > 0 && !path.contains('?'))?;
        // One level is the default; not every controller that knows the one knows the other.
        Some(if levels == 1 {
            format!("{path}?$expand={form}")
        } else {
            format!("{path}?$expand={form}($levels={levels})")
        })
    }
}

/// A path without the query that [`Offer::path`] puts at its end.
#[must_use]
pub fn plain(path: &str) -> &str {
    path.split_once("?$expand=").map_or(path, |(plain, _)| plain)
}

/// Whether a value is a whole resource rather than a link with a few hints.
///
/// What every resource has (DSP0266, 9.5) and something besides; a collection has a list of members.
#[must_use]
pub fn is_whole(value: &Value) -> bool {
    const NAMES: [&str; 4] = ["Id", "Name", "Description", "MemberId"];
    let Some(fields) = value.as_object() else { return false };
    if !fields.get("@odata.type").is_some_and(Value::is_string) {
        return false;
    }
    if fields.get("Members").is_some_and(Value::is_array) {
        return true;
    }
    let says = |name: &String| !name.starts_with('@') && !NAMES.contains(&name.as_str());
    // Some have no name, or no identifier.
    ["Id", "Name"].iter().any(|name| fields.contains_key(*name)) && fields.keys().any(says)
}

/// Takes an expanded answer apart: each whole resource inside of it becomes a document of its own, and a link
/// stays in its place, as in that of one which is not whole and has to be asked for. What is left is what
/// would have been answered without `$expand`.
///
/// `resolve` makes a path of a link. Makers' extensions may hold resources of their own, inside of the
/// plain document as well: these stay where they are, but under `Links`.
pub fn take_apart(value: &mut Value, resolve: &impl Fn(&str) -> Option<String>) -> Vec<(String, Value)> {
    let mut parts = Vec::new();
    inside(value, false, resolve, &mut parts);
    parts
}

/// The links of a collection's members that do not lie below it. Some controllers' documents say that they
/// are others; without `$expand` the collection's own link to such a one is the right one.
#[must_use]
pub fn foreign_members(path: &str, collection: &Value) -> Vec<String> {
    let own = format!("{}/", identity(plain(path)));
    let members = collection.get("Members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(document::link).filter(|link| !link.starts_with(&own)).map(str::to_owned).collect()
}

fn inside(
    value: &mut Value,
    in_extension: bool,
    resolve: &impl Fn(&str) -> Option<String>,
    parts: &mut Vec<(String, Value)>,
) {
    match value {
        Value::Array(items) => {
            for item in items {
                one(item, in_extension, resolve, parts);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let in_extension = match name.as_str() {
                    "Oem" => true,
                    "Links" | "links" => false,
                    _ => in_extension,
                };
                one(field, in_extension, resolve, parts);
            }
        }
        _ => {}
    }
}

fn one(
    value: &mut Value,
    in_extension: bool,
    resolve: &impl Fn(&str) -> Option<String>,
    parts: &mut Vec<(String, Value)>,
) {
    let own = document::link(value).filter(|_| value.is_object()).map(str::to_owned);
    // Beyond a `#` stands a part of a document, which is no document.
    let is_resource = value.get("@odata.type").is_some_and(Value::is_string);
    let own = own.filter(|link| !in_extension && is_resource && !link.contains('#'));
    inside(value, in_extension, resolve, parts);
    if let Some((link, path)) = own.and_then(|link| resolve(&link).map(|path| (link, path))) {
        let part = std::mem::replace(value, serde_json::json!({"@odata.id": link}));
        if is_whole(&part) {
            parts.push((path, part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn offer(query: Value) -> Offer {
        Offer::of_root(&json!({"ProtocolFeaturesSupported": {"ExpandQuery": query}}))
    }

    #[test]
    fn asks_for_what_is_offered() {
        let deep = offer(json!({"NoLinks": true, "ExpandAll": true, "Levels": true, "MaxLevels": 2}));
        assert_eq!(deep.path("/s", 1).as_deref(), Some("/s?$expand=."));
        assert_eq!(deep.path("/s", 6).as_deref(), Some("/s?$expand=.($levels=2)"));
        assert_eq!(deep.path("/s?$skip=3", 1), None);
        assert_eq!(plain("/s?$expand=.($levels=2)"), "/s");
        let all = offer(json!({"ExpandAll": true, "MaxLevels": 6}));
        assert_eq!(all.path("/s", 2).as_deref(), Some("/s?$expand=*"), "levels are not offered");
        for none in [
            json!({}),
            json!({"Links": true, "MaxLevels": 2}),
            json!({"NoLinks": true, "MaxLevels": 0}),
            json!("yes"),
        ] {
            assert_eq!(offer(none).path("/s", 1), None);
        }
        assert_eq!(Offer::of_root(&json!({})), Offer::default());
    }

    #[test]
    fn an_expanded_answer_is_the_documents_that_it_was_made_of() {
        let link = |path: &str| json!({"@odata.id": path});
        let drive = json!({"@odata.id": "/d/1", "@odata.type": "#Drive", "Id": "1", "Name": "D", "SerialNumber": "S",
            "Oem": {"Dell": {"DellDisk": {"@odata.id": "/o/1", "@odata.type": "#DellDisk", "Id": "1", "Name": "x", "Slot": 3}}}});
        let storage = json!({"@odata.id": "/st/1", "@odata.type": "#Storage", "Id": "1", "Name": "S", "Drives": [drive, link("/d/2")],
            "StorageControllers": [{"@odata.id": "/st/1#/StorageControllers/0", "@odata.type": "#S", "Id": "0", "Name": "C", "Model": "M"}],
            "Volumes": {"@odata.id": "/st/1/v", "@odata.type": "#VolumeCollection", "Name": "V", "Members": []}});
        let hint = json!({"@odata.id": "/st/2", "@odata.type": "#Storage", "Id": "2", "Name": "only a hint"});
        let mut answer =
            json!({"@odata.id": "/st", "@odata.type": "#StorageCollection", "Members": [storage, hint]});
        let parts = take_apart(&mut answer, &|link| Some(link.to_owned()));
        assert_eq!(answer["Members"], json!([link("/st/1"), link("/st/2")]));
        let paths: Vec<&str> = parts.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["/d/1", "/st/1/v", "/st/1"]);
        assert_eq!(parts[2].1["Drives"], json!([link("/d/1"), link("/d/2")]));
        assert_eq!(parts[2].1["StorageControllers"][0]["Model"], "M");
        assert_eq!(parts[0].1["Oem"]["Dell"]["DellDisk"]["Slot"], 3, "an extension stays whole");
    }

    #[test]
    fn members_from_elsewhere() {
        let collection =
            json!({"Members": [{"@odata.id": "/c/1/"}, {"@odata.id": "/d/2"}, {"@odata.id": "/cc/3"}]});
        assert_eq!(foreign_members("/c/?$expand=.", &collection), ["/d/2", "/cc/3"]);
        assert_eq!(foreign_members("/c", &json!({"Members": null})), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_resource_stays() {
        for part in [
            json!({"@odata.id": "/x"}),
            json!({"@odata.id": "/x", "Id": "1", "Name": "N", "Model": "M"}),
            json!({"@odata.id": "/a#/x", "@odata.type": "#D", "Id": "1", "Name": "N", "Model": "M"}),
            json!({"@odata.id": "//other/x", "@odata.type": "#D", "Id": "1", "Name": "N", "Model": "M"}),
        ] {
            let mut answer = json!({"Members": [part]});
            let parts = take_apart(&mut answer, &|link| (!link.starts_with("//")).then(|| link.to_owned()));
            assert_eq!((parts, &answer["Members"][0]), (Vec::new(), &part));
        }
    }

    #[test]
    fn what_is_not_whole_is_to_be_asked_for() {
        for part in [
            json!({"@odata.id": "/x", "@odata.type": "#C", "Name": "N"}),
            json!({"@odata.id": "/x", "@odata.type": "#C", "Members": null}),
        ] {
            let mut answer = json!({"Members": [part]});
            assert_eq!(take_apart(&mut answer, &|link| Some(link.to_owned())), Vec::new());
            assert_eq!(answer["Members"], json!([{"@odata.id": "/x"}]));
        }
    }
}

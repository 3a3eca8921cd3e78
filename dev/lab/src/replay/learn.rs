//! What the documents of a tree say of the service that they were read from. Pure.

use super::Doc;
use super::mark::{CLOCK, LAST_RESET, POWER, REVISION, mark};
use crate::document::query::Abilities;
use crate::flavour::{Kind, PowerRow};
use crate::random::Dice;
use model::device::Reset;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// The service root.
pub(super) const ROOT: &str = "/redfish/v1";

/// Every reset; which of them a system takes, its document says.
const RESETS: &[Reset] = &[
    Reset::On,
    Reset::ForceOn,
    Reset::ForceOff,
    Reset::GracefulShutdown,
    Reset::GracefulRestart,
    Reset::ForceRestart,
    Reset::PowerCycle,
    Reset::PushPowerButton,
    Reset::Nmi,
];

/// What was learned.
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) power: PowerRow,
    /// Whether the server was on.
    pub(super) on: bool,
    pub(super) can: Abilities,
    /// The session collection.
    pub(super) sessions: String,
    /// What can be reset, by target.
    pub(super) actions: HashMap<String, Action>,
    pub(super) pace: Pace,
    pub(super) model: String,
    /// The server's serial number and the controller's MAC address, marked.
    pub(super) serial: String,
    pub(super) mac: String,
}

/// What a target resets, and with which words.
pub(super) struct Action {
    pub(super) what: What,
    /// `None` where the document does not say.
    pub(super) allowed: Option<Vec<String>>,
}

/// What a target resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    System,
    Manager,
}

type Docs = HashMap<String, Value>;

impl Known {
    /// `None` if there is no service root.
    pub(super) fn of(docs: &Docs, pace: Pace) -> Option<Self> {
        let root = docs.get(ROOT)?;
        let kind = kind(docs, root);
        let sessions = root.pointer("/Links/Sessions/@odata.id").and_then(Value::as_str);
        Some(Self {
            kind,
            power: PowerRow { resets: RESETS, ..kind.row().power },
            on: system(docs).and_then(|system| system.get("PowerState")?.as_str()) != Some("Off"),
            can: abilities(root),
            sessions: sessions
                .unwrap_or("/redfish/v1/SessionService/Sessions")
                .trim_end_matches('/')
                .to_owned(),
            actions: docs.values().flat_map(|doc| actions(docs, doc)).collect(),
            pace,
            model: text(system(docs), "Model").to_owned(),
            serial: String::new(),
            mac: String::new(),
        })
    }

    /// Learns by what the server is known, once the documents are marked.
    pub(super) fn name(&mut self, docs: &Docs) {
        let system = system(docs);
        self.serial = match text(system, "SKU") {
            // What Dell calls the serial number is the board's; people say the service tag.
            tag if self.kind == Kind::Dell && !tag.is_empty() => tag.to_owned(),
            _ => text(system, "SerialNumber").to_owned(),
        };
        let mut nics: Vec<(&String, &str)> = docs
            .iter()
            .filter(|(path, _)| {
                path.starts_with("/redfish/v1/Managers/") && path.contains("/EthernetInterfaces/")
            })
            .map(|(path, doc)| (path, text(Some(doc), "MACAddress")))
            .filter(|(_, mac)| !mac.is_empty())
            .collect();
        nics.sort_unstable();
        self.mac = nics.first().map(|(_, mac)| (*mac).to_owned()).unwrap_or_default();
    }
}

fn text<'a>(doc: Option<&'a Value>, name: &str) -> &'a str {
    doc.and_then(|doc| doc.get(name)?.as_str()).map(str::trim).unwrap_or_default()
}

fn is(doc: &Value, schema: &str) -> bool {
    let kind = doc.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    kind.strip_prefix('#').and_then(|kind| kind.split('.').next()) == Some(schema)
}

/// The server: the first system with a serial number, else the first.
fn system(docs: &Docs) -> Option<&Value> {
    let root = docs.get(ROOT)?;
    let systems = docs.get(root.pointer("/Systems/@odata.id")?.as_str()?.trim_end_matches('/'))?;
    let members = systems.get("Members")?.as_array()?;
    let at = |link: &Value| docs.get(link.get("@odata.id")?.as_str()?.trim_end_matches('/'));
    let all: Vec<&Value> = members.iter().filter_map(at).collect();
    let whole = all.iter().find(|system| !text(Some(system), "SerialNumber").is_empty());
    whole.or(all.first()).copied()
}

/// The maker whose manner it is nearest to.
fn kind(docs: &Docs, root: &Value) -> Kind {
    let oem = root.get("Oem").and_then(Value::as_object).into_iter().flat_map(|oem| oem.keys());
    let mut names = vec![text(Some(root), "Vendor"), text(system(docs), "Manufacturer")];
    names.extend(oem.map(String::as_str));
    let names = names.join(" ").to_lowercase();
    let words = [("dell", "dell"), ("hpe", "hpe"), ("lenovo", "lenovo"), ("supermicro", "supermicro")];
    let more = [("ami", "ami"), ("nvidia", "nvidia")];
    let found =
        words.iter().chain(&more).find(|(name, _)| names.split_whitespace().any(|word| word == *name));
    found.and_then(|(_, word)| word.parse().ok()).unwrap_or(Kind::Openbmc)
}

fn abilities(root: &Value) -> Abilities {
    let features = root.get("ProtocolFeaturesSupported");
    let flag = |pointer: &str| features.and_then(|f| f.pointer(pointer)?.as_bool()).unwrap_or(false);
    let most = features.and_then(|f| f.pointer("/ExpandQuery/MaxLevels")?.as_u64());
    let some = flag("/ExpandQuery/ExpandAll") || flag("/ExpandQuery/NoLinks") || flag("/ExpandQuery/Links");
    let levels =
        if some { most.and_then(|most| u32::try_from(most).ok()).unwrap_or(1).clamp(1, 6) } else { 0 };
    Abilities::plain(levels, flag("/ExpandQuery/ExpandAll"), flag("/SelectQuery"), flag("/OnlyMemberQuery"))
}

/// Makes the root say that `$expand` knows everything.
pub(super) fn advertise_all(root: &mut Value) {
    let features = json!({
        "ExpandQuery": { "ExpandAll": true, "Levels": true, "Links": true, "MaxLevels": 6, "NoLinks": true },
        "FilterQuery": false,
        "OnlyMemberQuery": true,
        "SelectQuery": true,
    });
    if let Some(root) = root.as_object_mut() {
        root.insert("ProtocolFeaturesSupported".to_owned(), features);
    }
}

fn actions(docs: &Docs, doc: &Value) -> Vec<(String, Action)> {
    let names = [("#ComputerSystem.Reset", What::System), ("#Manager.Reset", What::Manager)];
    let one = |(name, what)| {
        let action = doc.get("Actions")?.get(name)?;
        let target = action.get("target")?.as_str()?.to_owned();
        let told = action.get("ResetType@Redfish.AllowableValues");
        let allowed = told.or_else(|| {
            let info = docs.get(action.get("@Redfish.ActionInfo")?.as_str()?)?;
            let kinds = info.get("Parameters")?.as_array()?;
            kinds.iter().find(|kind| text(Some(kind), "Name") == "ResetType")?.get("AllowableValues")
        });
        let words = |values: &Value| {
            values.as_array().map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        Some((target, Action { what, allowed: allowed.and_then(words) }))
    };
    names.into_iter().filter_map(one).collect()
}

/// Marks what changes by itself: power, clock, and the ETag of what tells them.
pub(super) fn mark_volatile(doc: &mut Value) {
    let fields: &[(&str, usize)] = if is(doc, "ComputerSystem") {
        &[("PowerState", POWER), ("LastResetTime", LAST_RESET)]
    } else if is(doc, "Chassis") {
        &[("PowerState", POWER)]
    } else if is(doc, "Manager") {
        &[("DateTime", CLOCK)]
    } else {
        &[]
    };
    let Some(doc) = doc.as_object_mut() else { return };
    let mut power = false;
    for (name, token) in fields {
        if let Some(Value::String(value)) = doc.get_mut(*name) {
            *value = mark(*token).to_string();
            power |= *token == POWER;
        }
    }
    if let Some(Value::String(etag)) = doc.get_mut("@odata.etag").filter(|_| power) {
        let whole = etag.trim_end_matches('"').len();
        etag.insert(whole, mark(REVISION));
    }
}

/// Whether documents at `path` describe the protocol, and not this server.
pub(super) fn is_schema(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [
        "/jsonschemas/",
        "/schemastore/",
        "/schemas/",
        "/schema/",
        "/registries/",
        "/registrystore/",
        "/metadata/",
    ]
    .iter()
    .any(|part| path.contains(part))
}

/// A captured error: the body of `custom.json`, or the first line of `error.txt`.
pub(super) fn status(bytes: &[u8]) -> Doc {
    let whole = String::from_utf8_lossy(bytes);
    if let Ok(custom) = serde_json::from_str::<Value>(&whole) {
        let status =
            custom.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        return Doc::Status(status.unwrap_or(500), text(Some(&custom), "body").into());
    }
    let status = whole.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    Doc::Status(status.filter(|status| (400..600).contains(status)).unwrap_or(500), "".into())
}

/// How long answers took when the tree was read.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    usual: Option<Duration>,
    least: Duration,
    most: Duration,
    /// The path that took longest.
    slowest: String,
}

impl Pace {
    /// From the README that DMTF's Mockup Creator leaves.
    pub(super) fn of(readme: &str) -> Self {
        let value = |name: &str| readme.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let seconds = |text: &str| {
            let number = text.split(',').next()?.trim().parse::<f64>().ok()?;
            Duration::try_from_secs_f64(number.clamp(0.0, 600.0)).ok()
        };
        let slowest = value("Maximum response time:").unwrap_or_default();
        Self {
            usual: value("Average response time:").and_then(seconds),
            least: value("Minimum response time:").and_then(seconds).unwrap_or_default(),
            most: seconds(slowest).unwrap_or_default(),
            slowest: slowest.split_once(',').map(|(_, path)| path.trim().to_owned()).unwrap_or_default(),
        }
    }

    /// How long an answer takes: near the average, one in a hundred many times slower, and as long as it did where
    /// it took longest. `None` if that is not known.
    pub(crate) fn wait(&self, path: &str, dice: &mut Dice) -> Option<Duration> {
        let usual = self.usual?;
        if path == self.slowest {
            return Some(self.most);
        }
        // The factors make the average of all what it was.
        let factor = if dice.below(100) == 0 { 8.0 } else { 0.93 * (0.6 + 0.8 * dice.fraction()) };
        Some(usual.mul_f64(factor).clamp(self.least, self.most.max(self.least)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_tells_how_long_answers_took() {
        let readme = "User: root\nAverage response time: 0.3\nMinimum response time: 0.1, /redfish/v1/A\n\
                      Maximum response time: 3.4, /redfish/v1/Managers/1/Entries\n";
        let pace = Pace::of(readme);
        let mut dice = Dice::new(1, "test");
        assert_eq!(pace.wait("/redfish/v1/Managers/1/Entries", &mut dice), Some(Duration::from_millis(3400)));
        let all: Vec<Duration> = (0..10_000).filter_map(|_| pace.wait("/redfish/v1", &mut dice)).collect();
        let average = all.iter().sum::<Duration>() / 10_000;
        assert!((280..=320).contains(&average.as_millis()), "{average:?}");
        assert_eq!(Pace::of("").wait("/redfish/v1", &mut dice), None);
    }

    #[test]
    fn captured_errors_keep_their_status() {
        assert!(matches!(status(b"HTTP 405\nAllow: \n"), Doc::Status(405, _)));
        let custom = status(br#"{"status":403,"body":"{}"}"#);
        assert!(matches!(custom, Doc::Status(403, body) if &*body == "{}"));
        assert!(matches!(status(b""), Doc::Status(500, _)));
    }

    #[test]
    fn what_is_advertised_is_what_it_can_do() {
        let root = json!({ "ProtocolFeaturesSupported": {
            "ExpandQuery": { "NoLinks": true, "MaxLevels": 1 }, "SelectQuery": true } });
        assert_eq!(abilities(&root), Abilities::plain(1, false, true, false));
        assert_eq!(abilities(&json!({})).levels, 0);
    }
}

//! The search for parts over the fleet: "which servers hold this part number".

use crate::Door;
use crate::access_book::Sight;
use crate::book::unavailable;
use model::device::canonical_mac;
use model::{Actor, Device, DeviceId, Failure, Kind};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use store::{PartQuery, PartRow};

/// Rows that are read at once.
const CHUNK: usize = 2000;
/// The longest text that is searched for, in bytes.
const LONGEST: usize = 200;
/// So many rows are looked through for the counts of a page.
const MOST_COUNTED: usize = 400_000;
/// More different part numbers than this are not counted apart.
const MOST_COUNTS: usize = 5000;

/// A part, and the device that it is in.
#[derive(Clone, Debug)]
pub struct FoundPart {
    /// The device.
    pub device: Arc<Device>,
    /// The part.
    pub part: PartRow,
}

/// How many there are of one kind, model and part number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartCount {
    /// The kind.
    pub kind: String,
    /// The model; without one and without a part number the name.
    pub model: String,
    /// The part number.
    pub part_number: Option<String>,
    /// The parts.
    pub parts: usize,
    /// The devices that hold them.
    pub devices: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct FoundParts {
    /// The first of them, in the order of devices as they were read.
    pub parts: Vec<FoundPart>,
    /// How many there are.
    pub total: usize,
    /// In how many devices.
    pub devices: usize,
    /// Per kind, model and part number, the most first.
    pub counts: Vec<PartCount>,
}

/// Walks through the parts that an actor may see, some at a time: the seam for every export.
///
/// Each row has the typed columns of [`PartRow`]; a chunk without rows is the end.
pub struct Parts {
    door: Door,
    query: PartQuery,
    visible: HashMap<DeviceId, Arc<Device>>,
    beyond: i64,
    ended: bool,
}

impl Parts {
    /// The next rows; none at the end.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn next(&mut self) -> Result<Vec<FoundPart>, Failure> {
        while !self.ended {
            let rows = self.door.book().store().parts(&self.query, self.beyond, CHUNK).await;
            let rows = rows.map_err(|error| unavailable("parts", &error))?;
            self.ended = rows.len() < CHUNK;
            self.beyond = rows.last().map_or(self.beyond, |row| row.number);
            let seen = rows.into_iter().filter_map(|part| {
                let device = self.visible.get(&DeviceId(part.device.clone()))?;
                Some(FoundPart { device: Arc::clone(device), part })
            });
            let seen: Vec<FoundPart> = seen.collect();
            if !seen.is_empty() {
                return Ok(seen);
            }
        }
        Ok(Vec::new())
    }
}

/// A query that can be asked: blanks off, a MAC address as it is kept.
///
/// # Errors
/// `Invalid` if a text is too long, or no MAC address.
fn tidy(mut query: PartQuery) -> Result<PartQuery, Failure> {
    let wrong = |field: &str, cause: &str| Failure::new(Kind::Invalid, "search", field, cause);
    let fields = [
        ("kind", &mut query.kind),
        ("part_number", &mut query.part_number),
        ("serial", &mut query.serial),
        ("model", &mut query.model),
        ("firmware", &mut query.firmware),
        ("mac", &mut query.mac),
        ("q", &mut query.text),
        ("device", &mut query.device),
    ];
    for (name, field) in fields {
        *field = field.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if field.as_ref().is_some_and(|text| text.len() > LONGEST) {
            return Err(wrong(name, "it is longer than 200 bytes"));
        }
    }
    if let Some(mac) = &query.mac {
        let is_beginning = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
        query.mac = match (canonical_mac(mac), mac.strip_suffix('*')) {
            (Some(mac), _) => Some(mac),
            (None, Some(start)) if is_beginning(start) => Some(format!("{}*", start.to_lowercase())),
            _ => return Err(wrong("mac", "it is no MAC address, and no beginning of one such as `aa:bb:*`")),
        };
    }
    // A MAC address that is typed in some other way is meant as it is kept.
    if let Some(mac) = query.text.as_deref().and_then(canonical_mac) {
        query.text = Some(mac);
    }
    Ok(query)
}

impl Door {
    /// The parts that the actor may see and the query asks for.
    ///
    /// # Errors
    /// `Invalid` if the query makes no sense; `NotFound` if it names a device that the actor may not see.
    pub fn parts(&self, actor: &Actor, query: PartQuery) -> Result<Parts, Failure> {
        let mut query = tidy(query)?;
        let visible: Vec<Arc<Device>> = match query.device.take() {
            Some(key) => vec![self.device(actor, &key)?],
            None => {
                let sight: Sight<'_> = self.access().sight(actor);
                self.book().registry().all().filter(|device| sight.covers(device)).cloned().collect()
            }
        };
        if let [one] = visible.as_slice() {
            query.device = Some(one.id.0.clone());
        }
        let ended = visible.is_empty();
        let visible = visible.into_iter().map(|device| (device.id.clone(), device)).collect();
        Ok(Parts { door: self.clone(), query, visible, beyond: 0, ended })
    }

    /// The first `most` parts that the query asks for, and how many there are of each kind, model and part number.
    ///
    /// # Errors
    /// As [`Door::parts`], or `Unavailable` if the store cannot be read.
    pub async fn find_parts(
        &self,
        actor: &Actor,
        query: PartQuery,
        most: usize,
    ) -> Result<FoundParts, Failure> {
        let mut parts = self.parts(actor, query)?;
        let mut found = FoundParts::default();
        let mut devices = std::collections::HashSet::new();
        let mut counts: BTreeMap<(String, String, Option<String>), Count> = BTreeMap::new();
        loop {
            let chunk = parts.next().await?;
            if chunk.is_empty() || found.total >= MOST_COUNTED {
                break;
            }
            for one in chunk {
                found.total += 1;
                devices.insert(one.device.id.clone());
                let part = &one.part;
                // A name tells two of a kind apart, which is not wanted where something else says what it is.
                let name = part.part_number.is_none().then_some(&part.name);
                let model = part.model.as_ref().or(name).cloned().unwrap_or_default();
                let key = (part.kind.clone(), model, part.part_number.clone());
                if counts.len() < MOST_COUNTS || counts.contains_key(&key) {
                    counts.entry(key).or_default().add(&one.device.id);
                }
                if found.parts.len() < most {
                    found.parts.push(one);
                }
            }
        }
        found.devices = devices.len();
        let count = |((kind, model, part_number), count): (_, Count)| PartCount {
            kind,
            model,
            part_number,
            parts: count.parts,
            devices: count.devices,
        };
        found.counts = counts.into_iter().map(count).collect();
        found.counts.sort_by(|a, b| (b.parts, &a.model).cmp(&(a.parts, &b.model)));
        Ok(found)
    }

    /// Every kind of part that there is.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn part_kinds(&self, actor: &Actor) -> Result<Vec<String>, Failure> {
        if self.devices(actor).is_empty() {
            return Ok(Vec::new());
        }
        self.book().store().part_kinds().await.map_err(|error| unavailable("parts", &error))
    }
}

/// Counts parts and the devices that they are in; a device's parts come one after the other.
#[derive(Default)]
struct Count {
    parts: usize,
    devices: usize,
    last: Option<DeviceId>,
}

impl Count {
    fn add(&mut self, device: &DeviceId) {
        self.parts += 1;
        if self.last.as_ref() != Some(device) {
            self.devices += 1;
            self.last = Some(device.clone());
        }
    }
}

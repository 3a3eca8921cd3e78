//! Two readings of a server to which nothing happened leave the same snapshot, whatever its sensors say.

use crate::support::{Tree, absent, cases, document, now, nowhere};
use bmc::Error;
use bmc::client::{Document, Get, link, parse_document};
use bmc::read::{How, reading_within};
use model::snapshot::Snapshot;
use serde_json::{Value, json};

/// What runs, counts or measures, as the captured controllers call it.
const MOVES: &[&str] = &[
    "@odata.etag",
    "AverageConsumedWatts",
    "BytesRead",
    "CorrectableECCErrorCount",
    "DateTime",
    "LastPowerOutputWatts",
    "LineInputVoltage",
    "LowestReadingTime",
    "MaxConsumedWatts",
    "MinConsumedWatts",
    "PeakReadingCelsius",
    "PowerConsumedWatts",
    "PowerInputWatts",
    "PowerOutputWatts",
    "PredictedMediaLifeLeftPercent",
    "Reading",
    "ReadingCelsius",
    "ReadingTime",
    "ReadingVolts",
    "RXBytes",
    "RxBytes",
    "SpeedRPM",
    "TemperatureCelsius",
    "UptimeSeconds",
];

/// A tree in memory whose readings are others at each round.
struct Moving {
    tree: Tree,
    round: u64,
    /// A value that is put in the place of every serial number.
    serial: Option<&'static str>,
}

impl Moving {
    fn stir(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.stir(item)),
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    if MOVES.contains(&name.as_str()) {
                        if field.is_number() {
                            *field = json!(self.round);
                        } else if field.is_string() {
                            *field = json!(format!("2026-01-02T03:04:{:02}Z", self.round));
                        }
                    } else if let ("SerialNumber", Some(serial), true) =
                        (name.as_str(), self.serial, field.is_string())
                    {
                        *field = json!(serial);
                    }
                    self.stir(field);
                }
            }
            _ => {}
        }
    }
}

impl Get for Moving {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        let plain = path.split('?').next().unwrap();
        let (_, body) = self.tree.read(plain).ok_or_else(|| absent(path))?;
        let mut value = parse_document(&body).unwrap();
        self.stir(&mut value);
        Ok(document(path, value))
    }

    fn resolve(&self, to: &str) -> Result<String, String> {
        link::resolve(&nowhere(), to)
    }
}

async fn snapshot(tree: &Tree, round: u64, serial: Option<&'static str>) -> Snapshot {
    let mut moving = Moving { tree: tree.clone(), round, serial };
    let how = How { keep: true, ..How::default() };
    *reading_within(&mut moving, how, now()).await.unwrap().snapshot.unwrap()
}

#[tokio::test]
async fn readings_that_move_leave_the_tree_as_it_was() {
    let Some(cases) = cases("stillness") else { return };
    for name in ["dell", "hpe", "lenovo", "supermicro", "nvidia_gb200", "nvidia_viking", "nvidia_dpu"] {
        let tree = Tree::unpack(&cases, name);
        let (first, second) = (snapshot(&tree, 1, None).await, snapshot(&tree, 2, None).await);
        let differ: Vec<&str> = first
            .documents
            .iter()
            .zip(&second.documents)
            .filter(|(one, other)| one != other)
            .map(|(one, _)| one.path.as_str())
            .collect();
        assert_eq!((first.tree, differ), (second.tree, Vec::new()), "{name}");
        let (packed, length) = first
            .documents
            .iter()
            .fold((0, 0), |(packed, length), it| (packed + it.packed.len(), length + it.length));
        println!("{name}: {} documents, {length} bytes, packed {packed}", first.documents.len());
        assert!(first.documents.len() > 20 && packed * 2 < length as usize);
        let other = snapshot(&tree, 1, Some("another")).await;
        assert_ne!(first.tree, other.tree, "{name}: a part was changed");
    }
}

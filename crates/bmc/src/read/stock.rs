//! Documents that came inside of others, until the reading gets to them.

use super::pack;
use crate::client::Room;
use crate::client::link::identity;
use serde_json::Value;
use std::collections::HashMap;
use tokio::sync::OwnedSemaphorePermit;

/// The most bytes that are kept, packed; what has no room is asked for when its turn comes.
const MOST: usize = 8 * 1024 * 1024;

/// One document: as it came while there is room for that, else packed.
#[derive(Debug)]
enum Held {
    Loose(Value, #[expect(dead_code, reason = "held until the document goes")] OwnedSemaphorePermit),
    Packed(Packed),
}

#[derive(Debug)]
struct Packed {
    bytes: Vec<u8>,
    length: usize,
    _room: Option<OwnedSemaphorePermit>,
}

/// What came already and was not read yet, by path.
#[derive(Debug, Default)]
pub struct Stock {
    documents: HashMap<String, Held>,
    held: usize,
    /// Shared with other readings.
    room: Option<Room>,
    /// For what is not packed; shared as well.
    loose: Option<Room>,
}

impl Stock {
    /// Nothing yet, and no more at any time than there is room for.
    pub fn within(room: Option<Room>, loose: Option<Room>) -> Self {
        Self { room, loose, ..Self::default() }
    }

    /// Whether the document is here.
    pub fn has(&self, path: &str) -> bool {
        self.documents.contains_key(identity(path))
    }

    /// Puts a document in; of two for the same path the first stays.
    pub fn put(&mut self, path: &str, value: Value) {
        if self.has(path) {
            return;
        }
        // To pack and to read again costs more than anything else that is done with a document.
        if let Some(room) = self.loose.as_ref().and_then(|room| room.take(weight(&value))) {
            self.documents.insert(identity(path).to_owned(), Held::Loose(value, room));
            return;
        }
        let Ok((bytes, length)) = pack::pack(&value, <[u8]>::len) else { return };
        if self.held.saturating_add(bytes.len()) > MOST {
            return;
        }
        let room = self.room.as_ref().map(|room| room.take(bytes.len()));
        if matches!(room, Some(None)) {
            return;
        }
        self.held += bytes.len();
        let packed = Packed { bytes, length, _room: room.flatten() };
        self.documents.insert(identity(path).to_owned(), Held::Packed(packed));
    }

    /// A look at a document that stays.
    pub fn look<T>(&self, path: &str, look: impl FnOnce(&Value) -> T) -> Option<T> {
        match self.documents.get(identity(path))? {
            Held::Loose(value, _) => Some(look(value)),
            Held::Packed(packed) => packed.open().map(|value| look(&value)),
        }
    }

    /// Takes a document out.
    pub fn take(&mut self, path: &str) -> Option<Value> {
        match self.documents.remove(identity(path))? {
            Held::Loose(value, _) => Some(value),
            Held::Packed(packed) => {
                self.held = self.held.saturating_sub(packed.bytes.len());
                packed.open()
            }
        }
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        *self = Self::within(self.room.take(), self.loose.take());
    }
}

impl Packed {
    fn open(&self) -> Option<Value> {
        pack::unpack(&self.bytes, self.length, |text| serde_json::from_slice(text).ok()).ok()?
    }
}

/// About how much memory a value takes, in bytes.
fn weight(value: &Value) -> usize {
    /// What the allocator and a map take for each entry besides.
    const BESIDE: usize = 32;
    let inside = match value {
        Value::String(text) => text.len() + BESIDE,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + BESIDE,
        Value::Object(fields) => {
            let field =
                |(name, value): (&String, &Value)| name.len() + size_of::<String>() + BESIDE + weight(value);
            fields.iter().map(field).sum::<usize>() + BESIDE
        }
        _ => 0,
    };
    inside + size_of::<Value>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_put_in_is_taken_out_once() {
        let mut stock = Stock::default();
        stock.put("/a/", json!({"Id": "1"}));
        stock.put("/a", json!({"Id": "2"}));
        assert!(stock.has("/a") && stock.held > 0);
        assert_eq!(stock.take("/a"), Some(json!({"Id": "1"})));
        assert_eq!((stock.take("/a/"), stock.held), (None, 0));
    }

    #[test]
    fn there_is_only_so_much_room() {
        let mut stock = Stock::default();
        let mut noise = 1u64;
        let mut text = || -> String {
            (0..100_000)
                .map(|_| {
                    noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    char::from(b' ' + (noise >> 58) as u8)
                })
                .collect()
        };
        for number in 0..200 {
            stock.put(&format!("/{number}"), json!({"noise": text()}));
        }
        assert!(stock.held <= MOST && stock.documents.len() < 200);
        stock.clear();
        assert!(!stock.has("/0"));
    }

    #[test]
    fn readings_share_the_room() {
        let room = Room::new(200);
        let (mut one, mut two) = (Stock::within(Some(room.clone()), None), Stock::within(Some(room), None));
        for at in 0..100 {
            one.put(&format!("/{at}"), json!({"Id": at}));
            two.put(&format!("/{at}"), json!({"Id": at}));
        }
        assert!(one.held + two.held <= 200 && two.held > 0 && one.documents.len() < 100);
        let before = two.documents.len();
        one.clear();
        two.put("/one more", json!({"Id": "1"}));
        assert_eq!(two.documents.len(), before + 1);
        one.put("/and one", json!({"Id": "1"}));
        assert!(one.has("/and one"));
    }

    #[test]
    fn what_there_is_loose_room_for_is_not_packed() {
        let room = Room::new(2 * weight(&json!({"Id": "1"})));
        let mut stock = Stock::within(None, Some(room.clone()));
        for at in 0..3 {
            stock.put(&format!("/{at}"), json!({"Id": at.to_string()}));
        }
        let loose = stock.documents.values().filter(|one| matches!(one, Held::Loose(..))).count();
        assert_eq!((loose, stock.held > 0), (2, true));
        for at in 0..3 {
            let id = at.to_string();
            assert_eq!(stock.look(&format!("/{at}"), |value| value["Id"] == id), Some(true));
            assert_eq!(stock.take(&format!("/{at}/")), Some(json!({"Id": id})));
        }
        assert_eq!(stock.held, 0);
        assert!(room.take(2 * weight(&json!({"Id": "1"}))).is_some(), "all of the room is given back");
    }
}

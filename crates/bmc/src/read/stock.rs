//! Documents that came inside of others, until the reading gets to them.

use super::pack;
use crate::client::Room;
use crate::client::link::identity;
use serde_json::Value;
use std::collections::HashMap;
use tokio::sync::OwnedSemaphorePermit;

/// The most bytes that are kept, packed; what has no room is asked for when its turn comes.
const MOST: usize = 8 * 1024 * 1024;

/// One document.
#[derive(Debug)]
struct Packed {
    bytes: Vec<u8>,
    length: usize,
    _room: Option<OwnedSemaphorePermit>,
}

/// What came already and was not read yet, by path.
#[derive(Debug, Default)]
pub struct Stock {
    documents: HashMap<String, Packed>,
    held: usize,
    /// Shared with other readings.
    room: Option<Room>,
}

impl Stock {
    /// Nothing yet, and no more at any time than there is room for.
    pub fn within(room: Option<Room>) -> Self {
        Self { room, ..Self::default() }
    }

    /// Whether the document is here.
    pub fn has(&self, path: &str) -> bool {
        self.documents.contains_key(identity(path))
    }

    /// Puts a document in; of two for the same path the first stays.
    pub fn put(&mut self, path: &str, value: &Value) {
        if self.has(path) {
            return;
        }
        let Ok((bytes, length)) = pack::pack(value, <[u8]>::len) else { return };
        if self.held.saturating_add(bytes.len()) > MOST {
            return;
        }
        let room = self.room.as_ref().map(|room| room.take(bytes.len()));
        if matches!(room, Some(None)) {
            return;
        }
        self.held += bytes.len();
        let packed = Packed { bytes, length, _room: room.flatten() };
        self.documents.insert(identity(path).to_owned(), packed);
    }

    /// A look at a document that stays.
    pub fn look(&self, path: &str) -> Option<Value> {
        let packed = self.documents.get(identity(path))?;
        pack::unpack(&packed.bytes, packed.length, |text| serde_json::from_slice(text).ok()).ok()?
    }

    /// Takes a document out.
    pub fn take(&mut self, path: &str) -> Option<Value> {
        let value = self.look(path);
        if let Some(packed) = self.documents.remove(identity(path)) {
            self.held = self.held.saturating_sub(packed.bytes.len());
        }
        value
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        *self = Self::within(self.room.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_put_in_is_taken_out_once() {
        let mut stock = Stock::default();
        stock.put("/a/", &json!({"Id": "1"}));
        stock.put("/a", &json!({"Id": "2"}));
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
            stock.put(&format!("/{number}"), &json!({"noise": text()}));
        }
        assert!(stock.held <= MOST && stock.documents.len() < 200);
        stock.clear();
        assert!(!stock.has("/0"));
    }

    #[test]
    fn readings_share_the_room() {
        let room = Room::new(200);
        let (mut one, mut two) = (Stock::within(Some(room.clone())), Stock::within(Some(room)));
        for at in 0..100 {
            one.put(&format!("/{at}"), &json!({"Id": at}));
            two.put(&format!("/{at}"), &json!({"Id": at}));
        }
        assert!(one.held + two.held <= 200 && two.held > 0 && one.documents.len() < 100);
        let before = two.documents.len();
        one.clear();
        two.put("/one more", &json!({"Id": "1"}));
        assert_eq!(two.documents.len(), before + 1);
        one.put("/and one", &json!({"Id": "1"}));
        assert!(one.has("/and one"));
    }
}

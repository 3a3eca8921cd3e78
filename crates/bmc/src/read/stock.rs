//! Documents that came inside of others, until the reading gets to them.

use crate::client::link::identity;
use serde_json::Value;
use std::collections::HashMap;

/// The most bytes that are kept, packed; what has no room is asked for when its turn comes.
const MOST: usize = 8 * 1024 * 1024;

/// How hard is packed: the fastest. Documents are repetitive text, and many readings are under way at once.
const LEVEL: i32 = 1;

/// One document.
#[derive(Debug)]
struct Packed {
    bytes: Vec<u8>,
    length: usize,
}

/// What came already and was not read yet, by path.
#[derive(Debug, Default)]
pub struct Stock {
    documents: HashMap<String, Packed>,
    held: usize,
}

impl Stock {
    /// Whether the document is here.
    pub fn has(&self, path: &str) -> bool {
        self.documents.contains_key(identity(path))
    }

    /// Puts a document in; of two for the same path the first stays.
    pub fn put(&mut self, path: &str, value: &Value) {
        if self.has(path) {
            return;
        }
        let Ok(text) = serde_json::to_vec(value) else { return };
        let Ok(bytes) = zstd::bulk::compress(&text, LEVEL) else { return };
        if self.held.saturating_add(bytes.len()) <= MOST {
            self.held += bytes.len();
            self.documents.insert(identity(path).to_owned(), Packed { bytes, length: text.len() });
        }
    }

    /// A look at a document that stays.
    pub fn look(&self, path: &str) -> Option<Value> {
        let packed = self.documents.get(identity(path))?;
        let text = zstd::bulk::decompress(&packed.bytes, packed.length).ok()?;
        serde_json::from_slice(&text).ok()
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
        *self = Self::default();
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
}

//! Names that repeat from line to line, shared.

use std::collections::HashSet;
use std::sync::Arc;

/// So many are remembered; then all are forgotten, and whoever still needs one holds it. A firewall has a few
/// hundred names; a sender that makes them up gets no more memory than this on each of its connections.
const MOST: usize = 512;
/// A longer name is cut.
const LONGEST: usize = 128;

/// The names that were seen.
#[derive(Debug, Default)]
pub struct Names(HashSet<Arc<str>>);

impl Names {
    /// The shared copy of a name, of which at most 128 bytes are kept.
    pub fn get(&mut self, name: &str) -> Arc<str> {
        let name = cut(name, LONGEST);
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let new: Arc<str> = name.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// The longest beginning of at most so many bytes that ends between two characters.
#[must_use]
pub fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_repeats_is_one() {
        let mut names = Names::default();
        assert!(Arc::ptr_eq(&names.get("eth0"), &names.get("eth0")));
    }

    #[test]
    fn invented_names_take_no_more_than_their_share() {
        let mut names = Names::default();
        for number in 0..3 * MOST {
            names.get(&number.to_string());
        }
        assert!(names.0.len() <= MOST);
        assert_eq!(names.get(&"ü".repeat(100)).len(), LONGEST);
        assert_eq!(cut("aü", 2), "a");
    }
}

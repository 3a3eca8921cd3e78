//! Where in a text a byte stands, and where a key stands.

/// Line and column, from 1, of a byte; the column counts characters.
pub fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Where the key of a section stands, in a file that parses; the section's start if the key is left to its default.
pub fn key(text: &str, section: &str, key: &str) -> (usize, usize) {
    let mut inside = false;
    let mut at = (1, 1);
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with('[') {
            inside = trimmed.trim_matches(|c| matches!(c, '[' | ']' | ' ')).eq(section);
            if inside {
                at = (number + 1, 1);
            }
        } else if inside && trimmed.split('=').next().is_some_and(|name| name.trim() == key) {
            return (number + 1, line.len() - trimmed.len() + 1);
        }
    }
    at
}

/// The known word that is nearest to a misspelt one, if any is near.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.map(|word| (distance(wrong, word), word)).filter(|(far, _)| *far <= 2).min().map(|(_, word)| word)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = *cell;
            left = substituted.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_lines_and_columns() {
        let text = "a = 1\nbü = 2\n";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 6), (2, 1));
        assert_eq!(line_and_column(text, 9), (2, 3));
        assert_eq!(line_and_column(text, 999), (3, 1));
    }

    #[test]
    fn misspelt_words_are_recognised() {
        assert_eq!(nearest("adress", ["address", "name"].into_iter()), Some("address"));
        assert_eq!(nearest("zzz", ["address", "name"].into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn keys_are_found_in_their_section() {
        let text = "[a]\nkey = 1\n\n[b]\n  key = 2\n";
        assert_eq!(key(text, "b", "key"), (5, 3));
        assert_eq!(key(text, "b", "other"), (4, 1));
    }
}

//! Words that look alike: what somebody meant who wrote something else.

/// The candidate that was probably meant: at most a third of its letters changed, added, left out or swapped.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = plain(word).take(80).collect();
    let near = candidates.into_iter().filter_map(|candidate| {
        let letters: Vec<char> = plain(candidate).take(80).collect();
        let most = (letters.len().max(word.len()) / 3).min(3);
        let distance = distance(&word, &letters);
        (distance <= most && distance < letters.len()).then_some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}

/// "did you mean …?", or these words where nothing is near.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    match nearest(word, candidates) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => otherwise.to_owned(),
    }
}

/// Without what people vary: case, and `-` or a blank for `_`.
fn plain(word: &str) -> impl Iterator<Item = char> {
    word.chars().flat_map(char::to_lowercase).map(|c| if matches!(c, '-' | ' ') { '_' } else { c })
}

/// How many letters are changed, added, left out or swapped with their neighbour (Damerau, restricted).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (row, &x) in a.iter().enumerate() {
        let mut line = vec![row + 1];
        let mut left = None;
        for (at, &y) in b.iter().enumerate() {
            let of = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (of(&last, at) + usize::from(x != y)).min(of(&last, at + 1) + 1).min(of(&line, at) + 1);
            if at > 0 && previous == Some(y) && left == Some(x) {
                best = best.min(of(&before, at - 1) + 1);
            }
            line.push(best);
            left = Some(y);
        }
        before = std::mem::replace(&mut last, line);
        previous = Some(x);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found() {
        let zones = ["management", "internal", "internet", "trust", "dmz"];
        for (word, meant) in [
            ("managment", "management"),
            ("Management", "management"),
            ("mangaement", "management"),
            ("internett", "internet"),
            ("trsut", "trust"),
        ] {
            assert_eq!(nearest(word, zones), Some(meant), "{word}");
        }
        assert_eq!(nearest("app-id", ["app_id"]), Some("app_id"));
    }

    #[test]
    fn what_is_far_is_not_proposed() {
        for word in ["guests", "dns", "x", ""] {
            assert_eq!(nearest(word, ["management", "internal", "to"]), None, "{word}");
        }
    }

    #[test]
    fn a_swap_is_one_mistake() {
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(distance(&letters("abcd"), &letters("acbd")), 1);
        assert_eq!(distance(&letters("abc"), &letters("")), 3);
        assert_eq!(distance(&letters(""), &letters("abc")), 3);
        assert_eq!(distance(&letters("kitten"), &letters("sitting")), 3);
    }
}

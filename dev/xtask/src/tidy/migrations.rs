//! The store's migrations are numbered from one without a gap, so that a database's version says exactly what it holds.

use super::Violation;
use crate::tree::Tree;
use std::collections::BTreeMap;

const FOLDER: &str = "crates/store/migrations/";

/// Looks at the numbers at the front of the migrations' names.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut numbered: BTreeMap<u32, &str> = BTreeMap::new();
    for path in tree.paths.iter().filter(|path| path.ends_with(".sql")) {
        let Some(name) = path.strip_prefix(FOLDER).map(|rest| rest.rsplit('/').next().unwrap_or(rest)) else {
            continue;
        };
        match name.split_once(['_', '-']).and_then(|(number, _)| number.parse().ok()) {
            None => found.push(Violation::new(path, 1, "name it NNNN_what_it_does.sql")),
            Some(number) => {
                if let Some(other) = numbered.insert(number, path) {
                    found.push(Violation::new(
                        path,
                        1,
                        format!("{other} has the number {number} too: take the next"),
                    ));
                }
            }
        }
    }
    for (expected, (number, path)) in (1..).zip(&numbered) {
        if expected != *number {
            found.push(Violation::new(
                path,
                1,
                format!("number {number} follows {}: renumber it", expected - 1),
            ));
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_names(names: &[&str]) -> usize {
        let paths: Vec<String> = names.iter().map(|name| format!("{FOLDER}{name}")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        check(&Tree::of(&files)).len()
    }

    #[test]
    fn numbers_without_a_gap_pass() {
        assert_eq!(check_names(&[]), 0);
        assert_eq!(check_names(&["0001_devices.sql", "0002_users.sql"]), 0);
    }

    #[test]
    fn gaps_doubles_and_strange_names_do_not() {
        assert_eq!(check_names(&["0001_devices.sql", "0003_users.sql"]), 1);
        assert_eq!(check_names(&["0002_devices.sql"]), 1);
        assert_eq!(check_names(&["0001_a.sql", "0001_b.sql"]), 1);
        assert_eq!(check_names(&["first.sql"]), 1);
    }
}

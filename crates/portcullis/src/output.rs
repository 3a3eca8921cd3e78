//! Tables for people, JSON for machines.

use std::io::{IsTerminal as _, Write as _};

/// Prints a value: as JSON if asked for, else by `human`.
pub fn show<T: serde::Serialize>(
    json: bool,
    value: &T,
    human: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    let text = if json { serde_json::to_string_pretty(value)? } else { harmless(&human(value)) };
    let mut out = std::io::stdout().lock();
    // A reader that has seen enough (`| head`) is no error.
    let _closed = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    Ok(())
}

/// What controllers say of themselves reaches a terminal here: no control character may move its cursor,
/// rename its window or clear it. Line ends stay, and the two sequences of [`faint`].
pub fn harmless(text: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c })
            .collect()
    };
    let faint = |text: &str| -> String { text.split(FAINT).map(plain).collect::<Vec<_>>().join(FAINT) };
    text.split(NORMAL).map(faint).collect::<Vec<_>>().join(NORMAL)
}

/// Begins grey on a terminal.
const FAINT: &str = "\u{1b}[2m";
/// Ends it.
const NORMAL: &str = "\u{1b}[0m";

/// Columns, each as wide as its widest cell; the last may be as long as it likes.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut text = faint(&line(&mut head.iter().copied()));
    for row in rows {
        text.push('\n');
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// Grey on a terminal, plain elsewhere or where NO_COLOR is set.
fn faint(text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some() || !std::io::stdout().is_terminal();
    if plain { text.to_owned() } else { format!("{FAINT}{text}{NORMAL}") }
}

/// A dash for what is not known.
pub fn or_dash(text: Option<&String>) -> String {
    text.map_or_else(|| "-".to_owned(), Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![vec!["a".into(), "long cell".into()], vec!["bbb".into(), "x".into()]];
        assert_eq!(table(&["n", "v"], &rows), "n    v\na    long cell\nbbb  x");
    }

    #[test]
    fn a_terminal_is_not_driven_by_what_controllers_say() {
        let said = "\u{1b}[2mNAME\u{1b}[0m\nevil\u{1b}]0;owned\u{7}\u{9b}2J\rover\ttab";
        let shown = harmless(said);
        assert_eq!(shown, "\u{1b}[2mNAME\u{1b}[0m\nevil\u{fffd}]0;owned\u{fffd}\u{fffd}2J\u{fffd}over\ttab");
    }
}

//! Words for a terminal: colours where there is one, and the line of the file that is meant, with a caret.

use crate::output::harmless;
use policy::diagnostic::{Diagnostic, Severity};
use policy::document::words::Action;
use std::io::{IsTerminal as _, Write as _};

/// Whether there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// There are.
    On,
    /// There are none.
    Off,
}

impl Colours {
    /// Of standard output: on a terminal, unless NO_COLOR is set.
    pub fn of_output() -> Self {
        Self::if_terminal(std::io::stdout().is_terminal())
    }

    /// Of standard error.
    pub fn of_errors() -> Self {
        Self::if_terminal(std::io::stderr().is_terminal())
    }

    fn if_terminal(is_terminal: bool) -> Self {
        if is_terminal && std::env::var_os("NO_COLOR").is_none() { Self::On } else { Self::Off }
    }

    /// A text in a colour; what is in it drives no terminal.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        let text = harmless(text);
        match self {
            Self::On => format!("\u{1b}[{}m{text}\u{1b}[0m", colour as u8),
            Self::Off => text,
        }
    }
}

/// Colours, by their numbers (ECMA-48, SGR).
#[derive(Clone, Copy, Debug)]
pub enum Colour {
    Bold = 1,
    Grey = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
}

/// How bad it is.
pub const fn of_severity(severity: Severity) -> Colour {
    match severity {
        Severity::Error => Colour::Red,
        Severity::Warning => Colour::Yellow,
        Severity::Note => Colour::Blue,
    }
}

/// What happens.
pub fn verdict(action: Action, colours: Colours) -> String {
    match action {
        Action::Allow => colours.paint(Colour::Green, "allow"),
        Action::Drop => colours.paint(Colour::Red, "drop"),
        Action::Reject => colours.paint(Colour::Red, "reject"),
    }
}

/// Prints text whose parts are painted already. A reader that has seen enough (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}

/// A diagnostic, with the line that it is about if the file's text is given.
pub fn diagnostic(told: &Diagnostic, text: Option<&str>, colours: Colours) -> String {
    let Diagnostic { severity, code, file, line, column, what, why, hint } = told;
    let place = colours.paint(Colour::Bold, &format!("{file}:{line}:{column}:"));
    let severity = colours.paint(of_severity(*severity), &format!("{severity} [{code}]"));
    let mut shown = format!("{place} {severity} {}", harmless(what));
    if let Some(excerpt) = text.and_then(|text| excerpt(text, *line, *column)) {
        shown.push_str(&format!("\n{}", marked(&excerpt, colours)));
    }
    let hint = harmless(hint).replace('\n', "\n  ");
    format!("{shown}\n  {}\n  {hint}", colours.paint(Colour::Grey, why))
}

/// So many letters of a line are shown.
const WIDTH: usize = 96;

/// A line of a file, as much of it as fits, and where the caret stands below it.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    number: usize,
    text: String,
    caret: usize,
}

fn excerpt(text: &str, number: usize, column: usize) -> Option<Excerpt> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text.lines().nth(number.checked_sub(1)?)?;
    let at = column.saturating_sub(1);
    let skipped = if at < WIDTH * 3 / 4 { 0 } else { at - WIDTH / 2 };
    let shown: String =
        line.chars().skip(skipped).take(WIDTH).map(|c| if c == '\t' { ' ' } else { c }).collect();
    let more = if line.chars().count() > skipped + WIDTH { "…" } else { "" };
    let less = if skipped > 0 { "…" } else { "" };
    Some(Excerpt { number, text: format!("{less}{shown}{more}"), caret: at - skipped + less.chars().count() })
}

fn marked(excerpt: &Excerpt, colours: Colours) -> String {
    let Excerpt { number, text, caret } = excerpt;
    let number = format!("{number:>5} | ");
    let below = format!("{:>5} | ", "");
    let caret = format!("{}{}", " ".repeat(*caret), colours.paint(Colour::Bold, "^"));
    format!(
        "{}{}\n{}{caret}",
        colours.paint(Colour::Grey, &number),
        harmless(text),
        colours.paint(Colour::Grey, &below)
    )
}

/// As many as are easily read, and how many more there are.
pub fn listed<T: std::fmt::Display>(items: &[T], most: usize) -> String {
    let text: Vec<String> = items.iter().take(most).map(ToString::to_string).collect();
    match items.len().checked_sub(most).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", text.join(", ")),
        None => text.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_letter_that_is_meant() {
        let found = excerpt("a: 1\n\tzones: ü [x]\n", 2, 11).unwrap();
        assert_eq!(found, Excerpt { number: 2, text: " zones: ü [x]".into(), caret: 10 });
        assert_eq!(found.text.chars().nth(found.caret), Some('['));
        assert_eq!(marked(&found, Colours::Off), "    2 |  zones: ü [x]\n      |           ^");
        assert!(marked(&found, Colours::On).ends_with("\u{1b}[1m^\u{1b}[0m"));
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let line = format!("{}X{}", "a".repeat(5_000), "b".repeat(5_000));
        let found = excerpt(&line, 1, 5_001).unwrap();
        assert_eq!(found.text.chars().nth(found.caret), Some('X'));
        assert!(found.text.chars().count() <= WIDTH + 2);
    }

    #[test]
    fn a_place_behind_the_file_has_no_excerpt_and_no_panic() {
        assert_eq!(excerpt("a", 9, 1), None);
        assert_eq!(excerpt("a", 0, 0), None);
        assert_eq!(excerpt("a", 1, 0).unwrap().caret, 0);
    }

    #[test]
    fn what_a_file_says_drives_no_terminal() {
        let text = Colours::On.paint(Colour::Red, "evil\u{1b}]0;owned\u{7}");
        assert_eq!(text, "\u{1b}[31mevil\u{fffd}]0;owned\u{fffd}\u{1b}[0m");
    }
}

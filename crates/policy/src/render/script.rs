//! Lines, names and lists as nft 1.0.6 reads them.

use crate::evaluate::Family;
use std::fmt::{Display, Write};

/// Text that grows by whole lines.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    depth: usize,
}

impl Script {
    pub(super) fn line(&mut self, line: impl Display) {
        for _ in 0..self.depth {
            self.text.push('\t');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    pub(super) fn open(&mut self, what: impl Display) {
        self.line(format_args!("{what} {{"));
        self.depth += 1;
    }

    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line("}");
    }

    /// Lines that will stand inside a table.
    pub(super) const fn nested() -> Self {
        Self { text: String::new(), depth: 1 }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.text.push_str(&other.text);
    }

    pub(super) fn text(self) -> String {
        self.text
    }

    /// A named set or map with its elements; an empty list is left out, since nft does not read one.
    pub(super) fn set(&mut self, what: impl Display, lines: &[&str], elements: &[String]) {
        self.open(what);
        for line in lines {
            self.line(line);
        }
        if !elements.is_empty() {
            self.line("elements = {");
            self.depth += 1;
            for (place, element) in elements.iter().enumerate() {
                let comma = if place + 1 < elements.len() { "," } else { "" };
                self.line(format_args!("{element}{comma}"));
            }
            self.close();
        }
        self.close();
    }
}

/// `{ a, b }`.
pub(super) fn list(items: &[String]) -> String {
    format!("{{ {} }}", items.join(", "))
}

/// A range as an element.
pub(super) fn range(family: Family, first: u128, last: u128) -> String {
    let (from, to) = (family.address(first), family.address(last));
    if first == last { from.to_string() } else { format!("{from}-{to}") }
}

/// The word by which nft reads an address of a family.
pub(super) const fn ip(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}

/// The digit at the end of a set's name.
pub(super) const fn digit(family: Family) -> char {
    match family {
        Family::V4 => '4',
        Family::V6 => '6',
    }
}

/// The type of an address in a set.
pub(super) const fn address_type(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4_addr",
        Family::V6 => "ipv6_addr",
    }
}

/// The kernel's limit for a comment is 128 bytes with its end.
const COMMENT_BYTES: usize = 127;

/// A comment, with what nft could not read left out.
pub(super) fn comment(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.:/+-".contains(c) { c } else { '_' };
    text.chars().map(plain).take(COMMENT_BYTES).collect()
}

/// An interface's name; one that the kernel cannot have becomes `?`, which no interface is called.
pub(super) fn interface(name: &str) -> String {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "_.:@-".contains(c);
    let is_name = !name.is_empty() && name.len() < 16 && name.chars().all(is_usual);
    format!("\"{}\"", if is_name { name } else { "?" })
}

//! A strict reader of the text that is loaded: whoever has taken `portcullis` over still touches nothing but our two tables.
//!
//! The text is cut into words as `nft` cuts it, as far as that matters here, and everything not expected is refused: at
//! the top only our tables, in them only chains, sets, maps, counters and limits, nowhere another file, a variable, or a word
//! that hands packets to somebody else.

use crate::drift::is_own;
use std::collections::BTreeSet;

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 16 * 1024 * 1024;
/// The longest line, in bytes.
const MAX_LINE: usize = 1024 * 1024;
/// Blocks inside blocks.
const MAX_DEPTH: usize = 6;
/// Objects in a table.
const MAX_OBJECTS: usize = 65_536;
/// Words that read another file, hold text back, or hand packets on to a place of the writer's choosing.
const REFUSED: [&str; 14] = [
    "include",
    "define",
    "redefine",
    "undefine",
    "dup",
    "fwd",
    "queue",
    "dnat",
    "snat",
    "masquerade",
    "synproxy",
    "flow",
    "flowtable",
    "secmark",
];
/// What may stand in a table.
const OBJECTS: [&str; 5] = ["chain", "set", "map", "counter", "limit"];
/// What names the chains of our own that say which text is loaded.
pub const MARKER: &str = "generation_";

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the rules: {why}")]
pub struct Refusal {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What a text that passes holds, as far as the program must know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Its sets in the `inet` table.
    pub sets: BTreeSet<String>,
    /// The maps in the `inet` table that pick the candidate, and whether their elements stand in the text.
    pub picks: Vec<(String, bool)>,
    /// It has a table of the family `bridge`.
    pub bridge: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    Plain(&'a str),
    Quoted,
    Open,
    Close,
    Comma,
    Semicolon,
    Newline,
}

/// Checks the text and says what it holds.
///
/// # Errors
/// The first thing that is not allowed, with its line.
pub fn parse(text: &[u8]) -> Result<Shape, Refusal> {
    let mut reader = Reader { line: 1, ..Reader::default() };
    let refuse = |line, why| Err(Refusal { line, why });
    if text.len() > MAX_TEXT {
        return refuse(1, "the text is longer than 16 MiB");
    }
    let Ok(text) = std::str::from_utf8(text) else { return refuse(1, "not UTF-8") };
    for line in text.split('\n') {
        if line.len() > MAX_LINE {
            return refuse(reader.line, "longer than 1 MiB");
        }
        if !line.trim_start_matches([' ', '\t']).starts_with('#') {
            words(line, |word| reader.take(word)).map_err(|why| Refusal { line: reader.line, why })?;
        } else if line.contains('\\') || line.chars().any(char::is_control) {
            return refuse(reader.line, "a backslash or control character in a comment");
        }
        reader.take(Word::Newline).map_err(|why| Refusal { line: reader.line, why })?;
        reader.line += 1;
    }
    if reader.depth > 0 {
        return refuse(reader.line, "a block is not closed");
    }
    Ok(reader.shape)
}

/// Cuts a line into words.
fn words<'a>(
    line: &'a str,
    mut take: impl FnMut(Word<'a>) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (word, length) = match first {
            ' ' | '\t' => (None, 1),
            '{' => (Some(Word::Open), 1),
            '}' => (Some(Word::Close), 1),
            ',' => (Some(Word::Comma), 1),
            ';' => (Some(Word::Semicolon), 1),
            '"' => {
                let inside = rest.get(1..).unwrap_or_default();
                let (inside, _) = inside.split_once('"').ok_or("a quoted string does not end in its line")?;
                if inside.contains('\\') || inside.chars().any(char::is_control) {
                    return Err("a backslash or control character in a quoted string");
                }
                (Some(Word::Quoted), inside.len() + 2)
            }
            _ => {
                let end = rest.find([' ', '\t', '{', '}', ',', ';', '"']).unwrap_or(rest.len());
                let word = rest.get(..end).unwrap_or_default();
                if !word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/@!=<>&|^*+()[]".contains(&byte))
                {
                    return Err("a character that has no place here");
                }
                (Some(Word::Plain(word)), end)
            }
        };
        word.map_or(Ok(()), &mut take)?;
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Reader {
    line: usize,
    depth: usize,
    objects: usize,
    shape: Shape,
    /// The words of a statement at the top or in a table, until its end or its block.
    head: Vec<String>,
    is_bridge: bool,
    /// We are in a set that the program fills.
    in_own: bool,
    /// We are in a map that picks the candidate.
    in_pick: bool,
    /// An element of such a map has been read up to here, and whether it has a time-out.
    element: Option<bool>,
}

impl Reader {
    fn take(&mut self, word: Word<'_>) -> Result<(), &'static str> {
        if let Word::Plain(plain) = word
            && REFUSED.contains(&plain)
        {
            return Err("this word is refused: it reads files, holds text back or hands packets to others");
        }
        match self.depth {
            0 => self.top(word),
            1 => self.table(word),
            _ => self.inside(word),
        }
    }

    fn top(&mut self, word: Word<'_>) -> Result<(), &'static str> {
        match word {
            Word::Plain(plain) if self.head.len() < 4 => self.head.push(plain.to_owned()),
            Word::Newline if self.head.is_empty() => {}
            Word::Newline | Word::Open => {
                let head: Vec<&str> = self.head.iter().map(String::as_str).collect();
                let family = match *head.as_slice() {
                    ["table" | "add" | "delete"] => return Err("a statement that is not whole"),
                    ["table", family, "portcullis"] | ["add", "table", family, "portcullis"] => family,
                    ["delete", "table", family, "portcullis"] if word == Word::Newline => family,
                    _ => return Err("only `table`, `add table` and `delete table` of ours may stand here"),
                };
                self.is_bridge = match family {
                    "inet" => false,
                    "bridge" => true,
                    _ => return Err("only the families inet and bridge are ours"),
                };
                self.shape.bridge |= self.is_bridge;
                self.depth = usize::from(word == Word::Open);
                self.head.clear();
            }
            _ => return Err("only tables of ours may stand here"),
        }
        Ok(())
    }

    fn table(&mut self, word: Word<'_>) -> Result<(), &'static str> {
        match word {
            Word::Plain(plain) if self.head.len() < 2 => self.head.push(plain.to_owned()),
            Word::Newline | Word::Semicolon if self.head.is_empty() => {}
            Word::Close if self.head.is_empty() => self.depth = 0,
            Word::Open => self.object()?,
            _ => {
                return Err(
                    "only chains, sets, maps, counters and limits with their blocks may stand in a table",
                );
            }
        }
        Ok(())
    }

    /// The block of an object begins.
    fn object(&mut self) -> Result<(), &'static str> {
        let [kind, name] = self.head.as_slice() else { return Err("an object needs its kind and name") };
        if !OBJECTS.contains(&kind.as_str()) {
            return Err("only chains, sets, maps, counters and limits may stand in a table");
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.len() > 100 || !name.bytes().all(is_name) || name.starts_with(MARKER) {
            return Err("a name: up to 100 of a-z A-Z 0-9 _ -, and not beginning with `generation_`");
        }
        self.objects += 1;
        if self.objects > MAX_OBJECTS {
            return Err("more than 65,536 objects");
        }
        self.in_own = kind == "set" && is_own(name);
        self.in_pick = kind == "map" && name.starts_with("pick");
        match kind.as_str() {
            "map" if self.in_pick && self.is_bridge => return Err("a pick map belongs to the table inet"),
            "map" if self.in_pick => self.shape.picks.push((name.clone(), false)),
            "set" if !self.is_bridge => {
                self.shape.sets.insert(name.clone());
            }
            _ => {}
        }
        self.depth = 2;
        self.head.clear();
        Ok(())
    }

    fn inside(&mut self, word: Word<'_>) -> Result<(), &'static str> {
        if self.in_pick {
            self.pick(word)?;
        }
        match word {
            Word::Open if self.in_own => {
                return Err("pinholes and isolation are filled by the program: leave the set empty");
            }
            Word::Open if self.depth == MAX_DEPTH => return Err("blocks too deep inside each other"),
            Word::Open => self.depth += 1,
            Word::Close => self.depth -= 1,
            _ => {}
        }
        Ok(())
    }

    /// Each element of a pick map ends by itself, so that a candidate does.
    fn pick(&mut self, word: Word<'_>) -> Result<(), &'static str> {
        if self.depth < 3 {
            return Ok(());
        }
        match word {
            Word::Plain("timeout") => self.element = Some(true),
            Word::Plain(_) => self.element = Some(self.element.unwrap_or(false)),
            Word::Comma | Word::Close => {
                if self.element.take() == Some(false) {
                    return Err("an element of a pick map needs a time-out");
                }
                if let Some(pick) = self.shape.picks.last_mut() {
                    pick.1 = true;
                }
            }
            Word::Newline => {}
            _ => return Err("only elements may stand here"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# ours\ntable inet portcullis\ndelete table inet portcullis\ntable inet portcullis {\n  map pick_input { type nf_proto : verdict; flags timeout; elements = { ipv4 timeout 60s : goto candidate_input,\n    ipv6 timeout 60s : goto candidate_input }\n  }\n  set pinholes4 { type ipv4_addr . inet_proto . inet_service; flags timeout;\n  }\n  chain input { type filter hook input priority filter; policy drop;\n    meta nfproto vmap @pick_input\n    ct state { established, related } counter comment \"a; } delete table ip x\"\n  }\n}\n";

    #[test]
    fn what_is_rendered_passes_and_its_shape_is_told() {
        let shape = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(shape.picks, [("pick_input".to_owned(), true)]);
        assert_eq!(shape.sets.iter().collect::<Vec<_>>(), ["pinholes4"]);
        assert!(!shape.bridge);
        assert!(parse(b"table bridge portcullis {\n}\n").unwrap().bridge);
    }

    #[test]
    fn nothing_else_passes() {
        for (text, line) in [
            ("table ip portcullis {\n}\n", 1),
            ("table inet filter {\n}\n", 1),
            ("\nflush ruleset\n", 2),
            ("delete table inet portcullis; flush ruleset\n", 1),
            ("add rule inet filter input accept\n", 1),
            ("include \"/etc/shadow\"\n", 1),
            ("table inet portcullis {\n  include \"/etc/shadow\"\n}\n", 2),
            ("table inet portcullis {\n chain a {\n  include \"/etc/shadow\"\n }\n}\n", 3),
            ("define x = 1\n", 1),
            ("table inet portcullis {\n chain a {\n  ip daddr $x accept\n }\n}\n", 3),
            ("table inet portcullis {\n chain a {\n  accept \\\n }\n}\n", 3),
            ("table inet portcullis {\n chain a {\n  ip daddr 10.0.0.1 dnat to 10.0.0.2\n }\n}\n", 3),
            ("table inet portcullis {\n chain a {\n  accept comment \"x\n }\n}\n", 3),
            ("table inet portcullis {\n chain a {\n  accept # } \n }\n}\n", 3),
            ("table inet portcullis {\n chain a {\n  accept\n }\n}\n} flush ruleset\n", 6),
            ("table inet portcullis {\n chain a {\n }\n} flush ruleset\n", 4),
            ("table inet portcullis {\n chain a {\n", 4),
            ("table inet portcullis {\n chain generation_1_confirmed {\n }\n}\n", 2),
            (
                "table inet portcullis {\n set pinholes4 { type ipv4_addr\n  elements = { 10.0.0.1 }\n }\n}\n",
                3,
            ),
            ("table inet portcullis {\n ct helper ftp {\n }\n}\n", 2),
            (
                "table inet portcullis {\n map pick_x { type nf_proto : verdict\n elements = { ipv4 : goto c }\n }\n}\n",
                3,
            ),
            (
                "table inet portcullis {\n map pick_x { elements = { ipv4 timeout 1s : goto c, ipv6 : goto c }\n }\n}\n",
                2,
            ),
        ] {
            let refusal = parse(text.as_bytes()).expect_err(text);
            assert_eq!(refusal.line, line, "{text}: {refusal}");
        }
        assert!(parse(&vec![b'#'; MAX_TEXT + 1]).is_err() && parse(&vec![b'#'; MAX_LINE + 1]).is_err());
    }

    #[test]
    fn a_backslash_or_a_carriage_return_never_passes() {
        for text in
            ["# a\rflush ruleset\n", "table inet portcullis {\r}\n", "table inet portcullis {\u{2028}}\n"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}

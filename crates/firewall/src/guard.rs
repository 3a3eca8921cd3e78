//! A strict reader of the text that is loaded: whoever has taken `portcullis` over still touches nothing but our two tables.
//!
//! The text is read line by line, a statement to a line and each block's end on a line of its own, and everything not
//! expected is refused: at the top only our tables, in them only chains, sets, maps, counters and limits, nowhere
//! another file, a variable, or a word that hands packets to somebody else.

use crate::opening::is_own;
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
const REFUSED: &str =
    " include define redefine undefine dup fwd queue dnat snat masquerade synproxy flow flowtable secmark ";
/// Characters that a statement may have beside letters, digits, and what cuts words.
const SIGNS: &str = "_-.:/@!=<>&|^*+()[]";
/// What cuts a statement into words.
const CUTS: [char; 6] = [' ', '\t', '{', '}', ',', ';'];
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
    /// The maps in the `inet` table that pick the candidate, and after how many seconds their elements end; `None`: they have none.
    pub picks: Vec<(String, Option<u32>)>,
    /// It has a table of the family `bridge`.
    pub bridge: bool,
}

/// Checks the text and says what it holds.
///
/// # Errors
/// The first thing that is not allowed, with its line.
pub fn parse(text: &[u8]) -> Result<Shape, Refusal> {
    let refuse = |line, why| Refusal { line, why };
    if text.len() > MAX_TEXT {
        return Err(refuse(1, "the text is longer than 16 MiB"));
    }
    let text = std::str::from_utf8(text).map_err(|_| refuse(1, "not UTF-8"))?;
    let mut reader = Reader::default();
    let mut last = 1;
    for (line, number) in text.split('\n').zip(1..) {
        reader.line(line).map_err(|why| refuse(number, why))?;
        last = number;
    }
    if reader.depth > 0 { Err(refuse(last, "a block is not closed")) } else { Ok(reader.shape) }
}

/// Where in the text the reader is.
#[derive(Debug, Default)]
struct Reader {
    depth: usize,
    objects: usize,
    is_bridge: bool,
    /// The kind and name of the object whose block is open.
    object: (String, String),
    shape: Shape,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        if line.len() > MAX_LINE {
            return Err("longer than 1 MiB");
        }
        if line.contains('\\') || line.chars().any(|letter| letter.is_control() && letter != '\t') {
            return Err("a backslash or control character");
        }
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        match (self.depth, line) {
            (1 | 2, "}") => self.depth -= 1,
            (0, _) => self.table(line)?,
            (1, _) => self.object(line)?,
            _ => self.statement(line)?,
        }
        Ok(())
    }

    fn table(&mut self, line: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (family, opens) = match *words.as_slice() {
            ["table", family, "portcullis", "{"] => (family, true),
            ["table", family, "portcullis"] | ["add" | "delete", "table", family, "portcullis"] => {
                (family, false)
            }
            _ => return Err("only `table`, `add table` and `delete table` of ours may stand here"),
        };
        self.is_bridge = match family {
            "inet" => false,
            "bridge" => true,
            _ => return Err("only the families inet and bridge are ours"),
        };
        self.shape.bridge |= self.is_bridge;
        self.depth = usize::from(opens);
        Ok(())
    }

    fn object(&mut self, line: &str) -> Result<(), &'static str> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [kind @ ("chain" | "set" | "map" | "counter" | "limit"), name, "{"] = *words.as_slice() else {
            return Err(
                "only chains, sets, maps, counters and limits with their blocks may stand in a table",
            );
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.len() > 100 || !name.bytes().all(is_name) || name.starts_with(MARKER) {
            return Err("a name: up to 100 of a-z A-Z 0-9 _ -, and not beginning with `generation_`");
        }
        self.objects += 1;
        if self.objects > MAX_OBJECTS {
            return Err("more than 65,536 objects");
        }
        self.object = (kind.to_owned(), name.to_owned());
        match kind {
            "map" if name.starts_with("pick") && self.is_bridge => {
                return Err("a pick map belongs to the table inet");
            }
            "map" if name.starts_with("pick") => self.shape.picks.push((name.to_owned(), None)),
            "set" if !self.is_bridge => drop(self.shape.sets.insert(name.to_owned())),
            _ => {}
        }
        self.depth = 2;
        Ok(())
    }

    /// A line in an object's block, or in one inside it.
    fn statement(&mut self, line: &str) -> Result<(), &'static str> {
        // Every second part stands in quotes.
        let parts: Vec<&str> = line.split('"').collect();
        if parts.len().is_multiple_of(2) {
            return Err("a quoted string does not end in its line");
        }
        for plain in parts.into_iter().step_by(2) {
            let is_usual = |letter: char| {
                letter.is_ascii_alphanumeric() || SIGNS.contains(letter) || CUTS.contains(&letter)
            };
            if !plain.chars().all(is_usual) {
                return Err("a character that has no place here");
            }
            if plain.split(CUTS).any(|word| !word.is_empty() && REFUSED.contains(&format!(" {word} "))) {
                return Err(
                    "this word is refused: it reads files, holds text back or hands packets to others",
                );
            }
            for letter in plain.chars() {
                match letter {
                    '{' if self.depth == MAX_DEPTH => return Err("blocks too deep inside each other"),
                    '{' => self.depth += 1,
                    '}' if self.depth == 2 => return Err("an object's block ends on a line of its own"),
                    '}' => self.depth -= 1,
                    _ => {}
                }
            }
        }
        let (kind, name) = (self.object.0.as_str(), self.object.1.as_str());
        match kind {
            "set" if is_own(name) && line.contains('{') => {
                Err("pinholes and isolation are filled by the program: leave the set empty")
            }
            "map" if name.starts_with("pick") => self.pick(line),
            _ => Ok(()),
        }
    }

    /// All elements of a pick map end by themselves, so that a candidate does.
    fn pick(&mut self, line: &str) -> Result<(), &'static str> {
        if line == "type nf_proto : verdict" || line == "flags timeout" {
            return Ok(());
        }
        let Some((name, ends)) = self.shape.picks.last_mut() else { return Ok(()) };
        let seconds = line.split_ascii_whitespace().find_map(|word| word.strip_suffix('s')?.parse().ok());
        *ends = seconds.filter(|seconds| line == pick(name, *seconds));
        if ends.is_some() {
            Ok(())
        } else {
            Err("a pick map has an ipv4 and an ipv6 element with one time-out, in this shape")
        }
    }
}

/// The line with the elements of a pick map.
fn pick(map: &str, seconds: u32) -> String {
    let hook = map.trim_start_matches("pick_");
    let verdict = format!("timeout {seconds}s : goto candidate_{hook}");
    format!("elements = {{ ipv4 {verdict}, ipv6 {verdict} }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# ours
table inet portcullis
delete table inet portcullis
table inet portcullis {
  map pick_input {
    type nf_proto : verdict
    flags timeout
    elements = { ipv4 timeout 60s : goto candidate_input, ipv6 timeout 60s : goto candidate_input }
  }
  set pinholes4 {
    type ipv4_addr . inet_proto . inet_service; flags timeout;
  }
  map ranges {
    type ipv4_addr : verdict
    elements = {
      10.0.0.0-10.0.0.9 : goto a,
      10.0.0.10 : goto b
    }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    meta nfproto vmap @pick_input
    ct state { established, related } counter comment \"a; } delete table ip x\"
  }
}
";

    #[test]
    fn what_is_rendered_passes_and_its_shape_is_told() {
        let shape = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(shape.picks, [("pick_input".to_owned(), Some(60))]);
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
            ("table inet portcullis {\n chain a {\n", 3),
            ("table inet portcullis {\n chain a {\n  accept }\n}\n", 3),
            ("table inet portcullis {\n chain a { accept\n }\n}\n", 2),
            ("table inet portcullis { chain a {\n }\n}\n", 1),
            ("table inet portcullis {\n chain generation_1_confirmed {\n }\n}\n", 2),
            ("table inet portcullis {\n set pinholes4 {\n  elements = { 10.0.0.1 }\n }\n}\n", 3),
            ("table inet portcullis {\n ct helper ftp {\n }\n}\n", 2),
            ("table inet portcullis {\n map pick_x {\n  elements = { ipv4 : goto c }\n }\n}\n", 3),
            (
                "table inet portcullis {\n map pick_x {\n  elements = { ipv4 timeout 1s : goto candidate_x, ipv6 : goto candidate_x }\n }\n}\n",
                3,
            ),
            ("table inet portcullis {\n map pick_x {\n  elements = {\n   ipv4 : goto c\n  }\n }\n}\n", 3),
            ("table bridge portcullis {\n map pick_x {\n }\n}\n", 2),
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

//! The header of RFC 5424, with structured data.

use super::{Context, Element, Header, time};
use crate::cursor::Cursor;

/// The byte order mark before a text in UTF-8 (section 6.4).
const BOM: &str = "\u{feff}";
/// Elements of structured data, and values of one, that are kept; a message of 8 KiB has room for few more.
const MOST: usize = 256;

/// Reads what follows the priority; `None` if it is not this format.
pub fn read<'a>(mut cursor: Cursor<'a>, context: &Context) -> Option<Header<'a>> {
    cursor.number(1, 3).filter(|version| *version > 0)?;
    cursor.eat(" ").then_some(())?;
    let at = match field(&mut cursor)? {
        None => None,
        Some(word) => {
            let mut inside = Cursor(word);
            let told = time::iso(&mut inside).filter(|_| inside.0.is_empty())?;
            Some(told.resolve(context)?)
        }
    };
    let mut header = Header { at, ..Header::default() };
    header.host = field(&mut cursor)?;
    header.app = field(&mut cursor)?;
    header.process = field(&mut cursor)?;
    header.id = field(&mut cursor)?;
    if !cursor.eat("-") {
        header.data = elements(&mut cursor);
    }
    cursor.eat(" ");
    cursor.eat(BOM);
    header.text = cursor.0;
    Some(header)
}

/// A field and the space behind it; `-` is a field without a value (section 6, NILVALUE).
fn field<'a>(cursor: &mut Cursor<'a>) -> Option<Option<&'a str>> {
    let word = cursor.word();
    (!word.is_empty()).then_some(())?;
    cursor.eat(" ");
    Some((word != "-").then_some(word))
}

/// `[id name="value" …][…]`. One that is broken is left to the text.
fn elements(cursor: &mut Cursor<'_>) -> Vec<Element> {
    let mut elements = Vec::new();
    while elements.len() < MOST {
        let mut ahead = *cursor;
        let Some(element) = element(&mut ahead) else { break };
        elements.push(element);
        *cursor = ahead;
    }
    elements
}

fn element(cursor: &mut Cursor<'_>) -> Option<Element> {
    cursor.eat("[").then_some(())?;
    let mut element = Element { id: name(cursor)?, values: Vec::new() };
    while !cursor.eat("]") {
        cursor.eat(" ").then_some(())?;
        let name = name(cursor)?;
        cursor.eat("=\"").then_some(())?;
        let value = value(cursor)?;
        if element.values.len() < MOST {
            element.values.push((name, value));
        }
    }
    Some(element)
}

fn name(cursor: &mut Cursor<'_>) -> Option<String> {
    let name = cursor.run(usize::MAX, |letter| !matches!(letter, '=' | ' ' | ']' | '"'));
    (!name.is_empty()).then(|| name.to_owned())
}

/// A value up to its closing quote. A backslash escapes `"`, `\` and `]`; before anything else it is itself (section 6.3.3).
fn value(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut value = String::new();
    loop {
        value.push_str(cursor.run(usize::MAX, |letter| !matches!(letter, '"' | '\\')));
        if cursor.eat("\"") {
            return Some(value);
        }
        cursor.eat("\\").then_some(())?;
        let escaped = ["\"", "\\", "]"].into_iter().find(|escaped| cursor.eat(escaped));
        value.push_str(escaped.unwrap_or("\\"));
    }
}

//! A syslog message: RFC 5424, and RFC 3164 as devices really send it.

mod rfc3164;
mod rfc5424;
mod time;

use crate::cursor::Cursor;
use crate::names::cut;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use time::of_date_and_time;

/// A longer message is cut after so many bytes. RFC 5424, section 6.1, asks for 2048.
pub const MOST: usize = 8 * 1024;

/// What a message is read with, since few say all of it.
#[derive(Clone, Debug)]
pub struct Context {
    /// When it was received: the year that it does not name is the one that brings it nearest to this.
    pub received: Timestamp,
    /// The zone of times that do not name theirs.
    pub zone: TimeZone,
}

/// A message, as far as it could be understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Which part of the sender speaks (RFC 5424, section 6.2.1): 0 to 23.
    pub facility: Option<u8>,
    /// How urgent it is: 0, an emergency, to 7.
    pub severity: Option<u8>,
    /// When it was said, if it says so.
    pub at: Option<Timestamp>,
    /// Who says it.
    pub host: Option<String>,
    /// The program that says it; of RFC 3164 the tag.
    pub app: Option<String>,
    /// Its process, of any form.
    pub process: Option<String>,
    /// The kind of message.
    pub id: Option<String>,
    /// Structured data.
    pub data: Vec<Element>,
    /// The whole line, from its priority on, without what ends it; what is no UTF-8 and control characters are replaced.
    pub line: String,
    /// Where in `line` the text after the header begins.
    pub text_at: usize,
    /// It was longer, and the rest is lost.
    pub is_cut: bool,
}

/// An element of structured data (RFC 5424, section 6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its id.
    pub id: String,
    /// Names and values, in order; a name may repeat.
    pub values: Vec<(String, String)>,
}

impl Message {
    /// What follows the header.
    #[must_use]
    pub fn text(&self) -> &str {
        self.line.get(self.text_at..).unwrap_or_default()
    }
}

/// Reads a message: a datagram, or what a stream's frame holds. Whatever the bytes are, they are a message.
#[must_use]
pub fn parse(bytes: &[u8], context: &Context) -> Message {
    let (line, is_cut) = clean(bytes);
    let mut cursor = Cursor(&line);
    let priority = priority(&mut cursor);
    let header = rfc5424::read(cursor, context).unwrap_or_else(|| rfc3164::read(cursor, context));
    Message {
        facility: priority.map(|priority| priority / 8),
        severity: priority.map(|priority| priority % 8),
        at: header.at,
        host: header.host.map(str::to_owned),
        app: header.app.map(str::to_owned),
        process: header.process.map(str::to_owned),
        id: header.id.map(str::to_owned),
        data: header.data,
        text_at: line.len() - header.text.len(),
        line,
        is_cut,
    }
}

/// What stands before the text.
#[derive(Debug, Default)]
struct Header<'a> {
    at: Option<Timestamp>,
    host: Option<&'a str>,
    app: Option<&'a str>,
    process: Option<&'a str>,
    id: Option<&'a str>,
    data: Vec<Element>,
    text: &'a str,
}

/// The bytes as one line of text, and whether they were longer.
fn clean(bytes: &[u8]) -> (String, bool) {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | 0)).map_or(0, |last| last + 1);
    let kept = bytes.get(..end.min(MOST)).unwrap_or_default();
    let text = String::from_utf8_lossy(kept);
    let is_odd = |letter: char| letter.is_control() && letter != '\t';
    // A line goes to terminals as well, which obey control characters.
    let text = if text.contains(is_odd) { text.replace(is_odd, "\u{fffd}") } else { text.into_owned() };
    let kept = cut(&text, MOST);
    (kept.to_owned(), end > MOST || kept.len() < text.len())
}

/// `<0>` to `<191>`; anything else is left where it stands.
fn priority(cursor: &mut Cursor<'_>) -> Option<u8> {
    let mut ahead = *cursor;
    let found = ahead.eat("<").then(|| ahead.number(1, 3)).flatten()?;
    let priority = u8::try_from(found).ok().filter(|priority| *priority <= 191)?;
    ahead.eat(">").then(|| *cursor = ahead)?;
    Some(priority)
}

#[cfg(test)]
mod tests;

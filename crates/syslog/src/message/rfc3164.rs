//! The header of RFC 3164, which describes what devices did: a time, a host and a tag, each of which may be missing.

use super::{Context, Header, time};
use crate::cursor::Cursor;

/// A longer word is no tag. RFC 3164 says 32; RFC 5424 has names of 48.
const LONGEST_TAG: usize = 48;

/// Reads what follows the priority, as far as it is a header.
pub fn read<'a>(mut cursor: Cursor<'a>, context: &Context) -> Header<'a> {
    let mut header = Header::default();
    sequence(&mut cursor);
    let mut ahead = cursor;
    let told = match clock(&mut cursor) {
        // Cisco's routers may put their name before the time.
        None => named(&mut ahead).zip(clock(&mut ahead)).map(|(name, told)| {
            header.host = Some(name);
            cursor = ahead;
            told
        }),
        told => told,
    };
    header.at = told.and_then(|told| told.resolve(context));
    if told.is_some() && !colon(&mut cursor) {
        cursor.spaces();
        header.host = header.host.or_else(|| host(&mut cursor));
        // An ASA writes `NAME : %ASA-…`.
        colon(&mut cursor);
    }
    cursor.spaces();
    (header.app, header.process) = tag(&mut cursor);
    header.text = cursor.0;
    header
}

/// Goes past `: ` or ` : `, which in Cisco's headers end what was told so far.
fn colon(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.spaces();
    let is_there = ahead.eat(": ");
    if is_there {
        *cursor = ahead;
    }
    is_there
}

/// Goes past a number of Cisco's (`123: `), or the colon that its EMBLEM format begins with.
fn sequence(cursor: &mut Cursor<'_>) {
    let mut ahead = *cursor;
    let number = ahead.number(1, 9);
    if (number.is_some() && ahead.eat(": ")) || (number.is_none() && ahead.eat(":")) {
        ahead.spaces();
        *cursor = ahead;
    }
}

/// A time. Cisco puts `*` before it while the clock was never set, `.` while it is not in step.
fn clock(cursor: &mut Cursor<'_>) -> Option<time::Told> {
    let mut ahead = *cursor;
    let _unsure = ahead.eat("*") || ahead.eat(".");
    let told = time::iso(&mut ahead).or_else(|| time::bsd(&mut ahead))?;
    let ends = ahead.0.is_empty() || ahead.0.starts_with([' ', ':']);
    ends.then(|| *cursor = ahead)?;
    Some(told)
}

/// `NAME: `.
fn named<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let name = cursor.word().strip_suffix(':').filter(|name| is_host(name))?;
    cursor.spaces();
    Some(name)
}

/// The next word, if it can be a host and is not already the tag.
fn host<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let mut ahead = *cursor;
    let word = ahead.word();
    is_host(word).then(|| *cursor = ahead)?;
    Some(word)
}

/// A name or an address; `name:` is a tag, `name[1]:` too, `IN=eth0` and `1,2026` are text.
fn is_host(word: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ':');
    !word.is_empty() && word.len() <= 255 && !word.ends_with(':') && word.chars().all(fits)
}

/// `name:` or `name[process]:`, and the space behind it.
fn tag<'a>(cursor: &mut Cursor<'a>) -> (Option<&'a str>, Option<&'a str>) {
    let mut ahead = *cursor;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | '/');
    let name = ahead.run(LONGEST_TAG, fits);
    let mut process = None;
    if ahead.eat("[") {
        process = Some(ahead.run(64, |letter| letter != ']' && letter != ' '));
        if !ahead.eat("]") {
            return (None, None);
        }
    }
    // An address of IPv6 has colons too, but none with a space behind it.
    if name.is_empty() || !(ahead.eat(": ") || ahead.0 == ":") {
        return (None, None);
    }
    ahead.spaces();
    *cursor = ahead;
    (Some(name), process)
}

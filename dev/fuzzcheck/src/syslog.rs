//! Promises about other firewalls' syslog: messages, streams of them, and the lines of the log that they become.

use ::syslog::framing::Frames;
use ::syslog::message::{Context, MOST, Message, parse};
use ::syslog::reader::Reader;
use ::syslog::{firewall, reader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::firewall_log::Verdict;
use std::net::IpAddr;
use std::sync::Arc;

fn received() -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_795_204_800)
}

fn read(bytes: &[u8]) -> Message {
    parse(bytes, &Context { received: received(), zone: TimeZone::UTC })
}

/// Any bytes are a message of bounded length in which nothing moves a terminal, and its line is the same message again.
pub fn message(bytes: &[u8]) {
    let message = read(bytes);
    assert!(message.line.len() <= MOST, "a line of {} bytes", message.line.len());
    assert!(
        !message.line.contains(|letter: char| letter.is_control() && letter != '\t'),
        "{:?}",
        message.line
    );
    assert!(message.line.ends_with(message.text()), "the text is not the line's end");
    assert!(
        message.facility.is_none_or(|facility| facility < 24)
            && message.severity.is_none_or(|level| level < 8)
    );
    let within = [&message.host, &message.app, &message.process, &message.id];
    for word in within.into_iter().flatten() {
        assert!(message.line.contains(word.as_str()), "{word:?} is not in the line");
    }
    let values: usize = message.data.iter().map(|element| element.values.len()).sum();
    assert!(values + message.data.len() <= MOST, "more values than bytes");
    if !message.is_cut {
        assert_eq!(read(message.line.as_bytes()), message, "read again, it is another");
    }
}

/// However a stream comes, it holds the same messages, and none is longer than one that is cut.
pub fn frames(bytes: &[u8]) {
    let whole = messages(bytes, bytes.len().max(1));
    for piece in [1, 2, 7] {
        assert_eq!(messages(bytes, piece), whole, "in pieces of {piece} bytes it is another stream");
    }
    let total: usize = whole.0.iter().map(Vec::len).sum();
    assert!(total <= bytes.len(), "more came out than went in");
    assert!(whole.0.iter().all(|message| !message.is_empty() && message.len() <= MOST + 1));
}

/// The messages of a stream, and whether it was one to its end.
fn messages(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut frames, mut found) = (Frames::default(), Vec::new());
    for part in bytes.chunks(piece) {
        if frames.take(part, |message| found.push(message.to_vec())).is_err() {
            return (found, false);
        }
    }
    frames.finish(|message| found.push(message.to_vec()));
    (found, true)
}

/// Whatever is sent is a line of the log that holds all of it. One that no format recognises says nothing but itself.
pub fn firewall(bytes: &[u8]) {
    let sender = IpAddr::from([192, 0, 2, 9]);
    let mut reader = Reader::new(TimeZone::UTC, Arc::default());
    let (entry, format) = reader.read(bytes, sender, received());
    let line = entry.message.as_deref().unwrap_or_default();
    assert!(line.trim_end_matches('…').len() <= MOST, "a line of {} bytes", line.len());
    assert!(entry.source.as_deref().is_some_and(|source| source.len() <= 128), "{:?}", entry.source);
    for name in [&entry.rule, &entry.app, &entry.arrived, &entry.leaves].into_iter().flatten() {
        assert!(!name.is_empty() && name.len() <= 128, "a name of {} bytes", name.len());
    }
    let is_known = firewall::FORMATS.iter().any(|known| known.name == format);
    assert!(is_known || format == reader::UNKNOWN, "{format:?} is no format");
    if !is_known {
        assert_eq!((entry.verdict, entry.from, entry.to), (Verdict::Unknown, None, None));
    }
}

//! Messages on a stream: counted octets (RFC 6587, section 3.4.1; RFC 5425, section 4.3), or lines that end with LF or
//! NUL (RFC 6587, section 3.4.2). Which of them a sender uses is seen from its first byte.

use crate::message::MOST;

/// Of a message that is longer, one byte more than [`MOST`] is kept, so that it can be seen to be longer.
const KEPT: usize = MOST + 1;
/// A sender whose message has not ended after so many bytes does not speak syslog.
pub const ENDLESS: u64 = 16 * 1024 * 1024;

/// The stream holds no messages; nothing that follows can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A count of octets that no message has.
    #[error("a message is announced that is longer than {ENDLESS} bytes")]
    Announced,
    /// A line without an end.
    #[error("a message has not ended after {ENDLESS} bytes")]
    Endless,
}

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between two messages. A digit begins a count unless lines were seen; anything else begins a line.
    Between,
    /// In a count.
    Count(u64),
    /// In a message with so many bytes to come.
    Counted(u64),
    /// In a line of which so many bytes are there.
    Line(u64),
}

/// Takes a stream apart. It holds one message at most.
#[derive(Debug)]
pub struct Frames {
    state: State,
    /// The sender ends its messages with LF or NUL: a digit is the beginning of such a line then.
    has_lines: bool,
    kept: Vec<u8>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { state: State::Between, has_lines: false, kept: Vec::new() }
    }
}

impl Frames {
    /// Takes the next bytes of the stream, and gives each message that ends in them.
    ///
    /// # Errors
    /// If what comes is no message and cannot be passed over; the connection is of no more use.
    pub fn take(&mut self, mut bytes: &[u8], mut message: impl FnMut(&[u8])) -> Result<(), FrameError> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.state {
                State::Between => {
                    if matches!(first, b'\n' | b'\r' | b'\0') {
                        bytes = rest; // What ends a line, or what some senders put behind counted octets.
                    } else if first.is_ascii_digit() && first != b'0' && !self.has_lines {
                        self.state = State::Count(0);
                    } else {
                        self.state = State::Line(0);
                    }
                }
                State::Count(_) if matches!(first, b'\n' | b'\0') => {
                    self.has_lines = true; // A line of digits.
                    self.end(&mut message);
                }
                State::Count(count) => {
                    bytes = rest;
                    self.state = self.count(count, first)?;
                }
                State::Counted(left) => {
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let (part, behind) = bytes.split_at_checked(most).unwrap_or((bytes, &[]));
                    self.keep(part);
                    bytes = behind;
                    let left = left.saturating_sub(part.len() as u64);
                    self.state = State::Counted(left);
                    if left == 0 {
                        self.end(&mut message);
                    }
                }
                State::Line(length) => {
                    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\0'));
                    let (part, behind) =
                        bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or_default();
                    self.keep(part);
                    bytes = behind;
                    let length = length.saturating_add(part.len() as u64);
                    if length > ENDLESS {
                        return Err(FrameError::Endless);
                    }
                    self.state = State::Line(length);
                    if end.is_some() {
                        self.has_lines = true;
                        self.end(&mut message);
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives what had come of the last message when the stream ended.
    pub fn finish(mut self, mut message: impl FnMut(&[u8])) {
        self.end(&mut message);
    }

    /// The next byte of a count: a digit, the space behind it, or neither, in which case it was the beginning of a line.
    fn count(&mut self, count: u64, next: u8) -> Result<State, FrameError> {
        // Kept until it is known to be a count.
        self.kept.push(next);
        match next {
            b'0'..=b'9' => {
                let count = count.saturating_mul(10).saturating_add(u64::from(next - b'0'));
                if count > ENDLESS { Err(FrameError::Announced) } else { Ok(State::Count(count)) }
            }
            b' ' => {
                self.kept.clear();
                Ok(State::Counted(count))
            }
            _ => Ok(State::Line(self.kept.len() as u64)),
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn end(&mut self, message: &mut impl FnMut(&[u8])) {
        self.state = State::Between;
        if self.kept.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0) {
            message(&self.kept);
        }
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a stream that comes in pieces of so many bytes.
    fn messages(stream: &[u8], piece: usize) -> Result<Vec<String>, FrameError> {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        let mut note = |message: &[u8]| found.push(String::from_utf8_lossy(message).into_owned());
        for part in stream.chunks(piece) {
            frames.take(part, &mut note)?;
        }
        frames.finish(&mut note);
        Ok(found)
    }

    #[test]
    fn both_framings_are_told_apart_however_the_bytes_come() {
        let cases: [(&[u8], &[&str]); 8] = [
            (b"5 <1>ab7 <2>c\nde", &["<1>ab", "<2>c\nde"]),
            (b"<1>ab\n<2>cd\n", &["<1>ab", "<2>cd"]),
            (b"<1>ab\r\n\r\n<2>cd", &["<1>ab\r", "<2>cd"]),
            (b"<1>ab\0<2>cd\0", &["<1>ab", "<2>cd"]),
            // A line may begin with digits once lines were seen, or if no space follows them.
            (b"<1>ab\n12 apples\n", &["<1>ab", "12 apples"]),
            (b"2026-11-20T20:00:00Z fw x\n", &["2026-11-20T20:00:00Z fw x"]),
            // Counted, and with the LF that does not belong there.
            (b"5 <1>ab\n5 <2>cd\n", &["<1>ab", "<2>cd"]),
            (b"12\n3 x\n", &["12", "3 x"]),
        ];
        for (stream, expected) in cases {
            for piece in 1..=stream.len() {
                let found = messages(stream, piece).unwrap();
                assert_eq!(found, expected, "{} by {piece}", String::from_utf8_lossy(stream));
            }
        }
    }

    #[test]
    fn a_long_message_is_cut_and_the_next_is_whole() {
        let long = "x".repeat(3 * MOST);
        for stream in [format!("<1>{long}\n<2>b\n"), format!("{} <1>{long}4 <2>b", long.len() + 3)] {
            let found = messages(stream.as_bytes(), 1000).unwrap();
            assert_eq!((found.len(), found[0].len(), found[1].as_str()), (2, KEPT, "<2>b"));
        }
    }

    #[test]
    fn endless_junk_takes_no_memory_and_ends() {
        let (mut frames, mut junk) = (Frames::default(), 0);
        let error = loop {
            if let Err(error) = frames.take(&[b'x'; 4096], |_| panic!("no message")) {
                break error;
            }
            junk += 4096;
            assert!(frames.kept.capacity() <= 2 * KEPT);
        };
        assert_eq!((error, junk), (FrameError::Endless, ENDLESS));
        assert_eq!(messages(b"99999999999 <1>", 1), Err(FrameError::Announced));
    }
}

//! Reading lines of bounded length: a line that is too long is skipped, never held.

use std::io::BufRead;

/// What stood between two newlines.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// A line, and it had its newline (which is not part of it).
    Whole,
    /// The last bytes of the input, with no newline after them; too many of them are not held.
    Unended,
    /// A line that is longer than allowed, its newline included.
    TooLong,
    /// The input ended.
    End,
}

/// Reads one line into `line` (cleared first), and adds to `length` the bytes that were taken from the input.
///
/// # Errors
/// When the input cannot be read.
pub fn read_line(
    input: &mut impl BufRead,
    most: usize,
    line: &mut Vec<u8>,
    length: &mut u64,
) -> std::io::Result<Read> {
    line.clear();
    let (mut taken, mut ended) = (0_u64, false);
    while !ended {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(why),
        };
        if bytes.is_empty() {
            break;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (piece, used) =
            end.map_or((bytes, bytes.len()), |end| (bytes.get(..end).unwrap_or(bytes), end + 1));
        let room = most.saturating_sub(line.len());
        line.extend_from_slice(piece.get(..room).unwrap_or(piece));
        ended = end.is_some();
        taken += used as u64;
        input.consume(used);
    }
    *length += taken;
    Ok(match (taken, ended) {
        (0, _) => Read::End,
        (_, false) => Read::Unended,
        (taken, true) if taken > most as u64 => Read::TooLong,
        (_, true) => Read::Whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_by_how_they_end() {
        let input = b"one\n\n0123456789\nlast";
        for buffer in [1, 3, 64] {
            let mut reader = std::io::BufReader::with_capacity(buffer, &input[..]);
            let (mut line, mut length) = (Vec::new(), 0);
            let mut next = |line: &mut Vec<u8>| read_line(&mut reader, 8, line, &mut length).unwrap();
            assert_eq!((next(&mut line), line.as_slice()), (Read::Whole, &b"one"[..]));
            assert_eq!((next(&mut line), line.as_slice()), (Read::Whole, &b""[..]));
            assert_eq!(next(&mut line), Read::TooLong);
            assert!(line.len() <= 8);
            assert_eq!((next(&mut line), line.as_slice()), (Read::Unended, &b"last"[..]));
            assert_eq!(next(&mut line), Read::End);
            assert_eq!(length, input.len() as u64);
        }
    }
}

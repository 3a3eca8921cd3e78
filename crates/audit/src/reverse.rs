//! The lines of a file, last first, in bounded memory.

use evidence::MAX_LINE;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const BLOCK: usize = 64 * 1024;

/// Reads a file backwards, line by line. Bytes after the last newline are no line.
#[derive(Debug)]
pub(crate) struct Reverse {
    file: File,
    /// Where `held` begins in the file.
    begin: u64,
    /// What was read and not yet given out; it ends behind a newline, or is empty.
    held: Vec<u8>,
    /// Whether the unfinished end of the file was dropped.
    trimmed: bool,
}

impl Reverse {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let begin = file.metadata()?.len();
        Ok(Self { file, begin, held: Vec::new(), trimmed: false })
    }

    /// The line before the last one given, without its newline.
    pub fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if !self.trimmed
                && let Some(newline) = self.held.iter().rposition(|byte| *byte == b'\n')
            {
                self.held.truncate(newline + 1);
                self.trimmed = true;
            }
            let before_last = self.held.len().saturating_sub(1);
            let newline =
                self.held.get(..before_last).and_then(|held| held.iter().rposition(|byte| *byte == b'\n'));
            let whole = self.trimmed && !self.held.is_empty();
            match newline {
                Some(newline) if whole => return Ok(Some(self.take_from(newline + 1))),
                _ if self.begin == 0 => return Ok(whole.then(|| self.take_from(0))),
                _ if self.held.len() > MAX_LINE && self.trimmed => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "a line is too long: verify the log",
                    ));
                }
                _ => self.fill()?,
            }
        }
    }

    fn take_from(&mut self, at: usize) -> Vec<u8> {
        let mut line = self.held.split_off(at);
        line.pop();
        line
    }

    fn fill(&mut self) -> io::Result<()> {
        let length = self.begin.min(BLOCK as u64);
        let begin = self.begin - length;
        let mut block = vec![0; usize::try_from(length).unwrap_or(BLOCK)];
        self.file.read_exact_at(&mut block, begin)?;
        if self.trimmed || block.contains(&b'\n') {
            block.append(&mut self.held);
            self.held = block;
        } // Else it is a part of an unfinished end, however long.
        self.begin = begin;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_come_backwards_whatever_their_lengths() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        let lines: Vec<String> =
            [0, 1, 60_000, 5, 65_535, 0, 65_000, 65_536 - 1, 3].iter().map(|n| "x".repeat(*n)).collect();
        for tail in ["", "torn", &"y".repeat(200_000)] {
            std::fs::write(&path, lines.join("\n") + "\n" + tail).unwrap();
            let mut reverse = Reverse::open(&path).unwrap();
            for line in lines.iter().rev() {
                assert_eq!(reverse.next().unwrap().unwrap().len(), line.len());
            }
            assert_eq!(reverse.next().unwrap(), None);
        }
        std::fs::write(&path, "").unwrap();
        assert_eq!(Reverse::open(&path).unwrap().next().unwrap(), None);
        std::fs::write(&path, "torn").unwrap();
        assert_eq!(Reverse::open(&path).unwrap().next().unwrap(), None);
    }
}

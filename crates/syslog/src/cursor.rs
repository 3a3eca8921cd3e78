//! The rest of a line that is read from its start.

/// Copied where something is tried: the copy goes on, or is forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(pub &'a str);

impl<'a> Cursor<'a> {
    /// Goes past `wanted` if it comes next.
    pub fn eat(&mut self, wanted: &str) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Goes past the spaces that come next, if any.
    pub fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    /// The longest run, of at most `most` bytes, of what `fits`.
    pub fn run(&mut self, most: usize, fits: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.char_indices().find(|(at, letter)| *at >= most || !fits(*letter));
        let (run, rest) = self.0.split_at_checked(end.map_or(self.0.len(), |(at, _)| at)).unwrap_or_default();
        self.0 = rest;
        run
    }

    /// What stands before the next space, which is left.
    pub fn word(&mut self) -> &'a str {
        self.run(usize::MAX, |letter| letter != ' ')
    }

    /// A number of so many decimal digits, and not one digit more.
    pub fn number(&mut self, fewest: usize, most: usize) -> Option<u32> {
        let mut ahead = *self;
        let digits = ahead.run(most.min(9), |letter| letter.is_ascii_digit());
        if digits.len() < fewest || ahead.0.starts_with(|letter: char| letter.is_ascii_digit()) {
            return None;
        }
        let number = digits.parse().ok()?;
        *self = ahead;
        Some(number)
    }
}

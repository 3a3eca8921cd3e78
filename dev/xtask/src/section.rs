//! A part of a document between two markers, which is replaced while the rest stays as people wrote it.

use anyhow::Context;

/// The two comments that a part stands between: `<!-- KIND:NAME -->` and `<!-- /KIND:NAME -->`.
pub struct Markers {
    open: String,
    close: String,
}

impl Markers {
    /// The markers of that kind and name.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { open: format!("<!-- {kind}:{name} -->"), close: format!("<!-- /{kind}:{name} -->") }
    }

    /// The line that the part begins on, and the part.
    pub fn find<'a>(&self, text: &'a str) -> anyhow::Result<(usize, &'a str)> {
        let (before, inside, _) = self.split(text)?;
        Ok((before.matches('\n').count() + 2, inside.strip_prefix('\n').unwrap_or(inside)))
    }

    /// The text with the part replaced.
    pub fn replace(&self, text: &str, inside: &str) -> anyhow::Result<String> {
        let (before, _, after) = self.split(text)?;
        Ok(format!("{before}{}\n{inside}\n{}{after}", self.open, self.close))
    }

    fn split<'a>(&self, text: &'a str) -> anyhow::Result<(&'a str, &'a str, &'a str)> {
        let (before, rest) = text
            .split_once(&self.open)
            .with_context(|| format!("there is no {}: add it and its end", self.open))?;
        let (inside, after) = rest
            .split_once(&self.close)
            .with_context(|| format!("{} has no end: add {}", self.open, self.close))?;
        Ok((before, inside, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_part_changes() {
        let text = "a\n<!-- measured:x -->\nold\n<!-- /measured:x -->\nb\n";
        let markers = Markers::new("measured", "x");
        assert_eq!(markers.find(text).unwrap(), (3, "old\n"));
        assert_eq!(markers.replace(text, "new").unwrap(), text.replace("old", "new"));
        assert!(Markers::new("measured", "y").replace(text, "new").is_err());
        assert!(markers.replace("<!-- measured:x -->", "new").is_err());
    }
}

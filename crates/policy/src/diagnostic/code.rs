//! Every mistake that can be told, in one table: the manual's is made from it.

use super::Severity::{self, Error, Note, Warning};
use serde::{Serialize, Serializer};
use std::fmt;

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $meaning:literal $why:literal;)*) => {
        /// Which mistake it is. Its name in snake_case stays the same from version to version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// All of them, in the order in which they are looked for.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name, in snake_case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => $severity,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// Why it matters, in one line.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$name => $why,)* }
            }
        }
    };
}

codes! {
    // Reading.
    Syntax "syntax" Error
        "The text is not YAML, or not one mapping."
        "What cannot be read cannot be enforced.";
    Encoding "encoding" Error
        "The text is not UTF-8, or holds a control character."
        "Readers disagree about such bytes, so that two of them see two policies.";
    Limit "limit" Error
        "The text is too large, too deep or too repetitive."
        "A file that cannot be read in bounded time and memory is refused as a whole.";
    Unsupported "unsupported" Error
        "A part of YAML that these files do without: tags, merge keys, several documents, keys that are no text."
        "Readers disagree about it, so that two of them see two policies.";
    DuplicateKey "duplicate_key" Error
        "A key stands twice in the same mapping."
        "Which of the two counts would depend on the reader.";
    MissingField "missing_field" Error
        "A field that must be there is not."
        "Nothing sensible can be put in its place.";
    UnknownWord "unknown_word" Error
        "A word that is none of those that may stand there."
        "A word that is not understood cannot be enforced.";
    WrongValue "wrong_value" Error
        "A value of the wrong kind, or one that cannot be read."
        "What is not understood cannot be enforced.";
    MisspeltField "misspelt_field" Warning
        "An unknown field that looks like a known one, or stands in the wrong place."
        "It is kept and has no effect.";
    UnknownField "unknown_field" Note
        "A field that this version does not know."
        "It is kept and has no effect.";

    // Names that bind.
    UnknownZone "unknown_zone" Error
        "A zone that the site does not have."
        "Without its place in the network nothing can be decided about it.";
    UnknownApplication "unknown_application" Error
        "An application whose services the site does not say."
        "Without ports and protocols a rule matches nothing.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

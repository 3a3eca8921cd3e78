//! Values that are never shown: no `Debug` of the content, no `Display`, no `Serialize`.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroize;

/// A value that leaves only through [`Secret::expose`], and is wiped when dropped.
///
/// It can be read (from a form, a file, a vault) but not written by serde, so it cannot reach a log
/// line, a page or a backup by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value to the one call that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// What a controller asks for before it lets anyone in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Credential {
    /// The account's name on the controller.
    pub username: String,
    /// Its password.
    pub password: Secret<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_value() {
        let credential = Credential { username: "root".into(), password: "calvin".into() };
        let shown = format!("{credential:?}");
        assert!(shown.contains("root"));
        assert!(!shown.contains("calvin"));
    }
}

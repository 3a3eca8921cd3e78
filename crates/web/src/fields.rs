//! What a form sent: pairs of names and values, in order; a name may come more than once.

use crate::answer::Refusal;
use crate::csrf::largest_form;
use axum::extract::{FromRequest, Request};
use model::{Failure, Kind, Secret};

/// The fields of a form; an extractor.
pub(crate) struct Fields(Vec<(String, Secret<String>)>);

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let most = largest_form(request.uri().path());
        let body = axum::body::to_bytes(request.into_body(), most).await.map_err(|_| Refusal::TooLarge)?;
        Ok(Self::parse(&body))
    }
}

impl Fields {
    fn parse(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(pairs.map(|(name, value)| (name.into_owned(), Secret::new(value.into_owned()))).collect())
    }

    /// The first value of this name as it was typed; empty if there is none.
    pub(crate) fn secret(&self, name: &str) -> Secret<String> {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map_or_else(|| Secret::from(""), |(_, value)| value.clone())
    }

    /// The first value of this name without blanks around it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.expose().trim())
    }

    /// Every value of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.expose().as_str())
    }

    /// A value that must be readable as something.
    pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<T, Refusal> {
        self.text(name).parse().map_err(|error: T::Err| invalid(name, error.to_string()))
    }
}

/// A field is wrong.
pub(crate) fn invalid(field: &str, cause: impl Into<String>) -> Refusal {
    Refusal::Failed(
        Failure::new(Kind::Invalid, "read", format!("the field {field}"), cause)
            .hint("go back and correct it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_come_more_than_once_and_blanks_stay_in_secrets() {
        let fields = Fields::parse(b"device=a&device=b&password=+x+&name=+n+");
        assert_eq!(fields.all("device").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.secret("password").expose(), " x ");
        assert_eq!(fields.text("name"), "n");
        assert_eq!(fields.text("absent"), "");
        assert!(fields.parsed::<u16>("name").is_err());
    }
}

//! What a BMC is asked, and what it answers; errors in the form of DSP0266, section "Error responses".

use serde_json::{Value, json};
use std::time::Duration;

/// A request, as far as a BMC looks at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The query, without the question mark.
    pub query: Option<&'a str>,
    /// `X-Auth-Token`.
    pub token: Option<&'a str>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `If-Match`.
    pub if_match: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// `OData-Version`.
    pub odata_version: Option<&'a str>,
    /// `Host`.
    pub host: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The document.
    pub body: Body,
}

/// What an answer carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    None,
    /// A JSON document.
    Json(Value),
    /// One that is written already, or what a fault made of it.
    Written(String),
    /// An XML document.
    Xml(String),
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How long the BMC takes for it.
    pub wait: Duration,
    /// And then.
    pub fate: Fate,
}

/// What happens in the end.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It answers.
    Answer(Response),
    /// It begins to, and resets the connection in the middle.
    Cut(Response),
    /// It begins to, and does not end.
    Endless(Response),
    /// It never does.
    Hang,
    /// It resets the connection.
    Reset,
}

impl Response {
    /// A document.
    #[must_use]
    pub const fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body) }
    }

    /// Nothing to say but the status.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::None }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An error with one message; `id` is the message's full identifier, such as `Base.1.11.ResourceMissingAtURI`.
#[must_use]
pub fn problem(status: u16, id: &str, message: &str, args: &[&str]) -> Response {
    let severity = if status >= 500 { "Critical" } else { "Warning" };
    Response::json(
        status,
        json!({ "error": {
            "code": "Base.1.11.GeneralError",
            "message": "A general error has occurred. See ExtendedInfo for more information.",
            "@Message.ExtendedInfo": [{
                "@odata.type": "#Message.v1_1_2.Message",
                "MessageId": id,
                "Message": message,
                "MessageArgs": args,
                "MessageSeverity": severity,
                "Severity": severity,
                "Resolution": "See the message.",
            }],
        }}),
    )
}

/// 400: the body, or a value in it, is not what it should be.
#[must_use]
pub fn bad_request(id: &str, message: &str, args: &[&str]) -> Response {
    problem(400, &format!("Base.1.11.{id}"), message, args)
}

/// 401, with the challenge that RFC 9110, section 11.6.1 asks for.
#[must_use]
pub fn unauthorized(message: &str) -> Response {
    problem(401, "Base.1.11.NoValidSession", message, &[]).with("WWW-Authenticate", "Basic realm=\"Redfish\"")
}

/// 403: known, but not allowed.
#[must_use]
pub fn forbidden() -> Response {
    let message = "There are insufficient privileges for the account or credentials associated with the current session to perform the requested operation.";
    problem(403, "Base.1.11.InsufficientPrivilege", message, &[])
}

/// 404.
#[must_use]
pub fn not_found(path: &str) -> Response {
    let message = format!("The resource at the URI {path} was not found.");
    problem(404, "Base.1.11.ResourceMissingAtURI", &message, &[path])
}

/// 405, with what is allowed.
#[must_use]
pub fn not_allowed(allow: &str) -> Response {
    let message = "The HTTP method is not allowed on this resource.";
    problem(405, "Base.1.11.OperationNotAllowed", message, &[]).with("Allow", allow)
}

/// 503, with the seconds to wait.
#[must_use]
pub fn unavailable(seconds: u32) -> Response {
    let message = format!("The service is temporarily unavailable. Retry in {seconds} seconds.");
    problem(503, "Base.1.11.ServiceTemporarilyUnavailable", &message, &[&seconds.to_string()])
        .with("Retry-After", seconds.to_string())
}

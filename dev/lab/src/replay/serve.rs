//! Requests to a replayed tree: everything can be read, sessions are real, and the power can be switched.

use super::learn::What;
use super::{Doc, Expand, Persona, Tree};
use crate::access::{Role, Session};
use crate::answer::{Body, Request, Response, bad_request, forbidden, not_allowed, not_found, problem};
use crate::document::query::decode;
use crate::machine::{Machine, parse};
use crate::power::Refusal;
use jiff::Timestamp;
use model::device::Reset;
use serde_json::{Value, json};
use std::borrow::Cow;

const READ_ONLY: &str = "GET, HEAD";

impl Machine {
    /// Who tells the tree's documents now.
    fn persona(&self, now: Timestamp) -> Persona {
        let power = self.power.word(self.unit.power_row());
        Persona { power, last_reset: self.power.last_reset(), now, ..self.unit.persona() }
    }

    pub(crate) fn replayed(&mut self, tree: &Tree, request: &Request<'_>, now: Timestamp) -> Response {
        let path = decode(request.path);
        let path = path.trim_end_matches('/');
        let reads = matches!(request.method, "GET" | "HEAD");
        let sessions = tree.sessions();
        if request.method == "POST" && path.strip_suffix("/Members").unwrap_or(path) == sessions {
            return self.counted_login(request, now);
        }
        let open = ["/redfish", "/redfish/v1", "/redfish/v1/$metadata", "/redfish/v1/odata"].contains(&path);
        if open && reads {
            return self.read(tree, request, path, now);
        }
        let role = match self.who(request, now) {
            Ok(role) => role,
            Err(denial) => return Self::denied(denial),
        };
        let session = path.strip_prefix(sessions).and_then(|rest| rest.strip_prefix('/'));
        match (request.method, session) {
            ("GET" | "HEAD", Some(id)) => {
                match self.access.sessions().iter().find(|session| session.id == id) {
                    Some(session) => Response::json(200, session_doc(sessions, session)),
                    None => not_found(request.path),
                }
            }
            ("DELETE", Some(id)) if self.access.close(id) => Response::empty(204),
            ("GET" | "HEAD", None) if path == sessions => Response::json(200, self.session_list(tree, now)),
            ("GET" | "HEAD", None) => self.read(tree, request, path, now),
            ("POST", None) if tree.action(path).is_some() => match role {
                Role::Administrator | Role::Operator => self.replayed_reset(tree, request, path, now),
                Role::ReadOnly => forbidden(),
            },
            ("POST" | "PATCH" | "PUT" | "DELETE", None) if tree.doc(path).is_some() => not_allowed(READ_ONLY),
            ("POST" | "PATCH" | "PUT" | "DELETE", _) => not_found(request.path),
            (other, _) => {
                let message = format!("The method {other} is not implemented.");
                problem(501, "Base.1.11.OperationNotAllowed", &message, &[other])
            }
        }
    }

    fn read(&self, tree: &Tree, request: &Request<'_>, path: &str, now: Timestamp) -> Response {
        let persona = self.persona(now);
        let (text, etag) = match tree.doc(path) {
            Some(Doc::Json { text, etag }) => (text, etag),
            Some(Doc::Invalid(text)) => return written(200, text.to_string()),
            Some(Doc::Xml(text)) => {
                return Response { status: 200, headers: Vec::new(), body: Body::Xml(text.to_string()) };
            }
            Some(Doc::Status(status, text)) if text.is_empty() => return Response::empty(*status),
            Some(Doc::Status(status, text)) => return written(*status, text.to_string()),
            None if path == "/redfish" => return Response::json(200, json!({ "v1": "/redfish/v1/" })),
            None if tree.action(path).is_some() => return not_allowed("POST"),
            None => return not_found(request.path),
        };
        let etag = etag.as_ref().map(|etag| tree.tell(etag, &persona));
        if let (Some(asked), Some(etag)) = (request.if_none_match, &etag)
            && asked == etag
        {
            return Response::empty(304).with("ETag", etag);
        }
        let query = request.query.map(|query| tree.heeded(query)).unwrap_or_default();
        let response = if query.is_empty() {
            written(200, tree.tell(text, &persona))
        } else {
            match tree.queried(path, text, &query) {
                Ok(text) => written(200, tree.tell(&text, &persona)),
                Err(refused) => return refused,
            }
        };
        let allow = if path == tree.sessions() { "GET, HEAD, POST" } else { READ_ONLY };
        let response = response.with("Allow", allow);
        if let Some(etag) = etag { response.with("ETag", etag) } else { response }
    }

    fn session_list(&self, tree: &Tree, now: Timestamp) -> Value {
        let path = tree.sessions();
        let captured = match tree.doc(path) {
            Some(Doc::Json { text, .. }) => serde_json::from_str(&tree.tell(text, &self.persona(now))).ok(),
            _ => None,
        };
        let mut doc = captured.unwrap_or_else(|| {
            json!({ "@odata.id": path, "@odata.type": "#SessionCollection.SessionCollection", "Name": "Sessions" })
        });
        let members: Vec<Value> = self
            .access
            .sessions()
            .iter()
            .map(|session| json!({ "@odata.id": format!("{path}/{}", session.id) }))
            .collect();
        if let Some(doc) = doc.as_object_mut() {
            doc.insert("Members@odata.count".to_owned(), json!(members.len()));
            doc.insert("Members".to_owned(), Value::Array(members));
        }
        doc
    }

    fn replayed_reset(&mut self, tree: &Tree, request: &Request<'_>, path: &str, now: Timestamp) -> Response {
        let body = match parse(request.body) {
            Ok(body) => body,
            Err(response) => return response,
        };
        let Some(action) = tree.action(path) else { return not_found(request.path) };
        let Some(word) = body.get("ResetType").and_then(Value::as_str) else {
            let message = "The action requires the parameter ResetType to be present in the request body.";
            return bad_request("ActionParameterMissing", message, &["Reset", "ResetType"]);
        };
        let allowed = action.allowed.as_ref().is_none_or(|words| words.iter().any(|known| known == word));
        match (action.what, Reset::from_redfish(word)) {
            _ if !allowed => Self::no_such_reset(word),
            (What::Manager, _) => {
                self.restart(now);
                Response::empty(204)
            }
            (What::System, None) => Self::no_such_reset(word),
            (What::System, Some(reset)) => match self.switch(reset, now) {
                Ok(()) => Response::empty(204),
                Err(Refusal::NotOffered) => Self::no_such_reset(word),
                Err(Refusal::WrongState(status)) => self.wrong_state(word, status),
            },
        }
    }
}

impl Tree {
    /// The part of a query that is not ignored.
    fn heeded<'a>(&self, query: &'a str) -> Cow<'a, str> {
        if self.expand != Expand::None {
            return Cow::Borrowed(query);
        }
        let expands = |item: &&str| decode(item.split('=').next().unwrap_or_default()) != "$expand";
        Cow::Owned(query.split('&').filter(expands).collect::<Vec<_>>().join("&"))
    }
}

fn written(status: u16, text: String) -> Response {
    let body = if text.starts_with('<') { Body::Xml(text) } else { Body::Written(text) };
    Response { status, headers: Vec::new(), body }
}

/// A session as it is told.
pub(crate) fn session_doc(collection: &str, session: &Session) -> Value {
    json!({
        "@odata.id": format!("{collection}/{}", session.id),
        "@odata.type": "#Session.v1_3_0.Session",
        "Id": session.id,
        "Name": "User Session",
        "UserName": session.username,
        "CreatedTime": session.opened.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
    })
}

//! Signing in to a BMC: by token, by name and password, and by opening a session.

use crate::access::{Denial, Role};
use crate::answer::{Request, Response, bad_request, problem, unauthorized};
use crate::fault::FaultKind;
use crate::machine::{Machine, parse};
use crate::replay::session_doc;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

impl Machine {
    pub(crate) fn who(&mut self, request: &Request<'_>, now: Timestamp) -> Result<Role, Denial> {
        if self.faults.has(FaultKind::RefuseLogins) {
            return Err(Denial::Wrong);
        }
        if let Some(token) = request.token {
            return self.access.by_token(token, now);
        }
        let basic = request.authorization.and_then(|value| value.strip_prefix("Basic "));
        let (username, password) = basic.and_then(basic_credential).ok_or(Denial::NoCredential)?;
        self.access.by_password(&username, &password, now)
    }

    pub(crate) fn denied(denial: Denial) -> Response {
        unauthorized(match denial {
            Denial::NoCredential => "There is no valid session established with the implementation.",
            Denial::BadToken => "The session token is not valid, or has expired.",
            // Real controllers do not tell a locked account from a wrong password.
            Denial::Wrong | Denial::Locked | Denial::Full => "The user name or password is wrong.",
        })
    }

    /// A login, which is counted.
    pub(crate) fn counted_login(&mut self, request: &Request<'_>, now: Timestamp) -> Response {
        let response = self.log_in(request, now);
        let (opened, refused) = &mut self.logins;
        if response.status == 201 {
            *opened += 1
        } else {
            *refused += 1
        }
        response
    }

    fn log_in(&mut self, request: &Request<'_>, now: Timestamp) -> Response {
        let body = match parse(request.body) {
            Ok(body) => body,
            Err(response) => return response,
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (Some(username), Some(password)) = (text("UserName"), text("Password")) else {
            let missing = if text("UserName").is_none() { "UserName" } else { "Password" };
            let message = format!(
                "The create operation failed because the required property {missing} was missing from the request."
            );
            return bad_request("CreateFailedMissingReqProperties", &message, &[missing]);
        };
        if self.faults.has(FaultKind::RefuseLogins) {
            return Self::denied(Denial::Wrong);
        }
        let row = self.row();
        let opened = if self.faults.has(FaultKind::SessionsFull) {
            self.access.by_password(username, password, now).and(Err(Denial::Full))
        } else {
            self.access.open(username, password, now)
        };
        match opened {
            Err(Denial::Full) => {
                problem(row.access.full.status, row.access.full.id, row.access.full.message, &[])
            }
            Err(denial) => Self::denied(denial),
            Ok(session) => {
                let path = format!("{}/{}", self.unit.sessions(), session.id);
                let host = request.host.map_or_else(|| self.unit.addr.to_string(), str::to_owned);
                let location =
                    if row.manner.absolute_location { format!("https://{host}{path}") } else { path };
                let doc = match &self.unit.replay {
                    Some(tree) => Some(session_doc(tree.sessions(), &session)),
                    None => self
                        .with_view(now, |view| view.document(&["SessionService", "Sessions", &session.id])),
                };
                Response::json(201, doc.unwrap_or_default())
                    .with("X-Auth-Token", session.token)
                    .with("Location", location)
            }
        }
    }
}

fn basic_credential(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

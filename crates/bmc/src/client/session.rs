//! Who asks: an account with every request, or a session (DSP0266, authentication).

use super::document::Document;
use super::exchange::{As, Ask};
use super::{Auth, Client, ROOT, Standing};
use crate::error::Error;
use base64::Engine;
use hyper::Method;
use hyper::body::Bytes;
use model::secret::{Credential, Secret};
use serde_json::{Value, json};

/// A session on a controller.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its own path, by which it is ended; none where the controller did not say.
    pub path: Option<String>,
    token: Secret<String>,
}

impl Session {
    /// A session that was opened before, by its path and token.
    #[must_use]
    pub const fn known(path: Option<String>, token: Secret<String>) -> Self {
        Self { path, token }
    }

    /// Its token (DSP0266, `X-Auth-Token`).
    #[must_use]
    pub const fn token(&self) -> &Secret<String> {
        &self.token
    }
}

impl Client {
    /// Sends the credential with every request from now on (RFC 7617).
    ///
    /// The first answer of 401 ends its use: every later request fails without being sent.
    pub fn use_basic(&mut self, credential: &Credential) {
        let pair = Secret::new(format!("{}:{}", credential.username, credential.password.expose()));
        let value = base64::engine::general_purpose::STANDARD.encode(pair.expose());
        self.auth = Auth::Basic(Secret::new(format!("Basic {value}")));
        self.standing = Standing::Unproven;
    }

    /// Asks as a session that is already open. Several clients may ask in the same session.
    pub fn use_session(&mut self, session: Session) {
        self.auth = Auth::Session(session);
        self.standing = Standing::Proven { refusals: 0 };
    }

    /// Asks as a session that was open once and may have ended: the first answer of 401 ends its use.
    pub fn resume_session(&mut self, session: Session) {
        self.auth = Auth::Session(session);
        self.standing = Standing::Unproven;
    }

    /// Asks as nobody from now on.
    pub fn forget_credential(&mut self) {
        self.auth = Auth::None;
        self.standing = Standing::Unproven;
    }

    /// The session in use.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        match &self.auth {
            Auth::Session(session) => Some(session),
            Auth::None | Auth::Basic(_) => None,
        }
    }

    /// Where sessions are made: found from the service root, as the root's `Links.Sessions` or through
    /// its `SessionService`. Sends no credential.
    ///
    /// # Errors
    /// [`Error::NoSessions`] when the root leads to none, and everything that a GET can fail with.
    pub async fn sessions_path(&mut self) -> Result<String, Error> {
        let operation = "look for the session service of";
        let endpoint = self.target.endpoint;
        // A root or service that wants to know who asks cannot tell where to say so.
        let shy = |error| match error {
            Error::CredentialRefused { .. } => Error::NoSessions { operation: operation.into(), endpoint },
            other => other,
        };
        let root = self.get_unsigned(ROOT, operation).await.map_err(shy)?;
        if let Some(link) = root.link("/Links/Sessions") {
            return self.own_path(operation, link);
        }
        let none = || Error::NoSessions { operation: operation.into(), endpoint };
        let service = root.link("/SessionService").ok_or_else(none)?;
        let service = self.own_path(operation, service)?;
        let service = self.get_unsigned(&service, operation).await.map_err(shy)?;
        match service.link("/Sessions") {
            Some(link) => self.own_path(operation, link),
            None => Err(none()),
        }
    }

    /// Opens a session and asks as that session from now on. The credential is sent exactly once.
    ///
    /// # Errors
    /// [`Error::CredentialRefused`] at 401 or 403, [`Error::NoSessions`] where the controller takes no
    /// sessions, and everything that a request can fail with.
    pub async fn login(&mut self, credential: &Credential) -> Result<Session, Error> {
        let path = self.sessions_path().await?;
        self.login_at(&path, credential).await
    }

    /// Opens a session at a path that [`Client::sessions_path`] found.
    ///
    /// # Errors
    /// As [`Client::login`].
    pub async fn login_at(&mut self, path: &str, credential: &Credential) -> Result<Session, Error> {
        let operation = "log in to";
        let endpoint = self.target.endpoint;
        let path = self.own_path(operation, path)?;
        let body = json!({"UserName": credential.username, "Password": credential.password.expose()});
        let body = Some(Bytes::from(body.to_string()));
        let ask =
            Ask { operation, method: Method::POST, path, body, etag: None, unless: None, who: As::Nobody };
        let raw = self.ask(ask).await.map_err(|error| match error {
            Error::Answered { operation, status: status @ (401 | 403), messages, .. } => {
                Error::CredentialRefused { operation, endpoint, status, messages }
            }
            Error::Answered { operation, status: 404 | 405 | 501, .. } => {
                Error::NoSessions { operation, endpoint }
            }
            other => other,
        })?;
        let answer = self.answer(&raw);
        let token = raw.headers.get("x-auth-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
        if token.is_empty() {
            // Success without a token is no session: some services take every POST and do nothing.
            return Err(Error::NoSessions { operation: operation.into(), endpoint });
        }
        let named = |body: &Value| self.own_path(operation, body.get("@odata.id")?.as_str()?).ok();
        let path = answer.location.or_else(|| answer.body.as_ref().and_then(named));
        let session = Session { path, token: Secret::new(token.to_owned()) };
        self.use_session(session.clone());
        Ok(session)
    }

    /// Ends the session in use, if there is one.
    ///
    /// # Errors
    /// As [`Client::end`].
    pub async fn logout(&mut self) -> Result<(), Error> {
        let Some(session) = self.session().cloned() else { return Ok(()) };
        let result = self.end(&session).await;
        self.forget_credential();
        result
    }

    /// Ends a session with its own token, whoever this client asks as. One without a path is left alone.
    ///
    /// # Errors
    /// Everything that a DELETE can fail with; a session that is gone already is no error.
    pub async fn end(&mut self, session: &Session) -> Result<(), Error> {
        let Some(path) = &session.path else { return Ok(()) };
        let operation = "log out of";
        let path = self.own_path(operation, path)?;
        let who = As::Session(session);
        let ask = Ask { operation, method: Method::DELETE, path, body: None, etag: None, unless: None, who };
        match self.ask(ask).await {
            Ok(_) | Err(Error::SessionEnded { .. } | Error::Answered { status: 404 | 410, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Opens a session, or, where the controller takes none, sends the credential with every request.
    ///
    /// # Errors
    /// As [`Client::login`] but for [`Error::NoSessions`].
    pub async fn sign_in(&mut self, credential: &Credential) -> Result<(), Error> {
        match self.login(credential).await {
            Ok(_) => Ok(()),
            Err(Error::NoSessions { .. }) => {
                self.use_basic(credential);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn get_unsigned(&mut self, path: &str, operation: &str) -> Result<Document, Error> {
        let who = As::Nobody;
        let ask = Ask {
            operation,
            method: Method::GET,
            path: path.into(),
            body: None,
            etag: None,
            unless: None,
            who,
        };
        let raw = self.ask(ask).await?;
        let endpoint = self.target.endpoint;
        let value = super::parse_document(&raw.body).map_err(|source| Error::BadDocument {
            operation: operation.into(),
            endpoint,
            source: source.into(),
        })?;
        Ok(Document { path: path.into(), etag: None, bytes: raw.body.len(), value })
    }
}

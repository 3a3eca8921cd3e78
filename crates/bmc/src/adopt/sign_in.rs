//! Signing in to a controller that has no owner yet, with its session written down before and after.

use crate::Error;
use crate::client::{Client, ROOT};
use crate::fleet::{Shared, Trouble, entry, was_not_opened};
use model::Credential;
use model::book::OpenSession;
use model::device::DeviceId;
use std::sync::Arc;

/// How the client is signed in.
pub enum Signed {
    /// In this session.
    Session(OpenSession),
    /// With the account at each request.
    Basic,
}

/// A session that may be open: left to the device's next owner unless somebody takes it out.
struct Pending<'a> {
    shared: &'a Arc<Shared>,
    id: &'a DeviceId,
    session: Option<OpenSession>,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.shared.leave(self.id, self.session.take().into_iter().collect());
    }
}

/// Signs in once, and sees that the account may read.
pub async fn begin(
    shared: &Arc<Shared>,
    id: &DeviceId,
    client: &mut Client,
    credential: &Credential,
) -> Result<Signed, Trouble> {
    let signed = match client.sessions_path().await {
        Ok(path) => open(shared, id, client, &path, credential).await,
        Err(error) => Err(Trouble::Request(error)),
    };
    let signed = match signed {
        Err(Trouble::Request(Error::NoSessions { .. })) => {
            client.use_basic(credential);
            Signed::Basic
        }
        other => other?,
    };
    let mut pending = Pending { shared, id, session: None };
    if let Signed::Session(session) = &signed {
        pending.session = Some(session.clone());
    }
    let proof = prove(client).await;
    pending.session = None;
    if let Err(error) = proof {
        if matches!(signed, Signed::Session(_)) {
            close(shared, id, client, signed).await;
        }
        client.forget_credential();
        return Err(Trouble::Request(error.as_credential_refused()));
    }
    Ok(signed)
}

/// Ends what [`begin`] began.
pub async fn end(shared: &Arc<Shared>, id: &DeviceId, mut client: Client, signed: Signed) {
    close(shared, id, &mut client, signed).await;
}

/// Leaves what [`begin`] began to the device's owner; gives back which session that is.
pub fn hand_over(shared: &Arc<Shared>, id: &DeviceId, signed: Signed) -> Option<OpenSession> {
    let Signed::Session(session) = signed else { return None };
    shared.leave(id, vec![session.clone()]);
    Some(session)
}

async fn open(
    shared: &Arc<Shared>,
    id: &DeviceId,
    client: &mut Client,
    path: &str,
    credential: &Credential,
) -> Result<Signed, Trouble> {
    let mut session = entry::asked(id, client, credential, shared.clock.now());
    shared.book.session_opened(session.clone()).await.map_err(Trouble::Here)?;
    let mut pending = Pending { shared, id, session: Some(session.clone()) };
    match client.login_at(path, credential).await {
        Ok(opened) => {
            entry::opened(&mut session, &opened);
            pending.session = Some(session.clone());
            shared.book.session_opened(session.clone()).await.map_err(Trouble::Here)?;
            pending.session = None;
            Ok(Signed::Session(session))
        }
        Err(error) => {
            if was_not_opened(&error) {
                pending.session = None;
                shared.strike(&session).await;
            }
            if matches!(error, Error::CredentialRefused { .. }) {
                shared.forget_unopened(id, credential).await;
            }
            Err(Trouble::Request(error))
        }
    }
}

/// The first thing beyond the root that every account must be able to read.
async fn prove(client: &mut Client) -> Result<(), Error> {
    let root = client.get(ROOT).await?;
    match ["/Systems", "/Managers", "/Chassis"].iter().find_map(|pointer| root.link(pointer)) {
        Some(link) => client.get(link).await.map(drop),
        None => Ok(()),
    }
}

async fn close(shared: &Arc<Shared>, id: &DeviceId, client: &mut Client, signed: Signed) {
    let Signed::Session(session) = signed else { return };
    let mut pending = Pending { shared, id, session: Some(session.clone()) };
    if session.path.is_none() {
        return;
    }
    match client.logout().await {
        Ok(()) => {
            pending.session = None;
            shared.strike(&session).await;
        }
        Err(error) => {
            tracing::warn!(device = %id, cause = error.cause(), "the session of an adoption could not be closed yet")
        }
    }
}

//! Adoption: one look at the certificate, one sign-in, the credential sealed, everything read once.
//!
//! Nothing but the TLS handshake happens before the certificate is the one that a person saw (by hand)
//! or that the sweep saw (by rule). A credential that the controller refuses is not tried again.

mod sign_in;

use crate::client::{Client, Scheme, Target, Trust};
use crate::fleet::Shared;
use model::command::bmc::{Adopt, AdoptBy};
use model::device::{Certificate, Device, DeviceId, Fingerprint};
use model::event::Ended;
use model::{Credential, Failure, Kind, Permit, Stage};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sign_in::Signed;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What errors call it.
pub const OPERATION: &str = "adopt";

/// How long looking at the certificate and signing in may take, for each credential that is tried.
const SIGN_IN_DEADLINE: Duration = Duration::from_secs(120);

/// Reads a file of certificate authorities.
///
/// # Errors
/// If it cannot be read, or holds no certificate that can be an authority.
pub fn authorities(file: &Path) -> Result<RootCertStore, Failure> {
    let subject = || format!("{}", file.display());
    let fail =
        |cause: String| Failure::new(Kind::Invalid, "read certificate authorities from", subject(), cause);
    let certificates: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates.map_err(|error| fail(error.to_string()))?);
    if added == 0 {
        return Err(fail("it holds no certificate of an authority in PEM".into()));
    }
    Ok(roots)
}

/// Takes a controller over, in a task of the fleet's own: it is finished even if nobody waits for it.
pub async fn perform(shared: Arc<Shared>, permit: Permit, command: Adopt) -> Result<(), Failure> {
    let subject = shared.subject(&command.device);
    if shared.closing.is_cancelled() {
        return Err(Failure::new(Kind::Unavailable, OPERATION, subject, "the appliance is stopping"));
    }
    let tasks = shared.tasks.clone();
    let adoption = tasks.spawn(async move {
        let (record, id) = (permit.record(), command.device.clone());
        let outcome = adopt(&shared, &permit, command).await;
        let (step, ended, result) = match &outcome {
            Ok(()) => ("adopted".to_owned(), Ended::Done, "done"),
            Err(failure) => (failure.cause.clone(), Ended::Failed, "failed"),
        };
        metrics::counter!(crate::metrics::ADOPTIONS, "result" => result).increment(1);
        tracing::debug!(record, device = %id, result, "adoption ended");
        shared.tell(&permit, &id, step, Some(ended));
        outcome
    });
    adoption.await.unwrap_or_else(|error| {
        Err(Failure::new(
            Kind::Unavailable,
            OPERATION,
            subject,
            format!("its task ended in the middle: {error}"),
        ))
    })
}

async fn adopt(shared: &Arc<Shared>, permit: &Permit, command: Adopt) -> Result<(), Failure> {
    let id = command.device;
    let device = shared.found(&id, OPERATION)?;
    let adoption = Adoption { shared, permit, subject: device.subject(), id };
    adoption.may_begin(&device)?;
    let hold = shared
        .hold(&adoption.id)
        .await
        .ok_or_else(|| adoption.fail(Kind::Busy, "it is being adopted already"))?;
    let (mut client, certificate) = adoption.look(&device, &command.by).await?;
    let (credential, signed) = adoption.sign_in(&mut client, command.by, certificate.as_ref()).await?;
    adoption.tell("signed in");
    // Sealed and pinned before the long reading: a crash from here on loses nothing.
    let outcome = shared.book.adopted(permit, &adoption.id, credential, certificate).await;
    if let Err(mut failure) = outcome {
        failure.hint.get_or_insert_with(|| "nothing was kept; the session is closed again".into());
        sign_in::end(shared, &adoption.id, client, signed).await;
        return Err(failure);
    }
    // From here on the device's owner alone speaks to it, in the same session.
    let session = sign_in::hand_over(shared, &adoption.id, signed);
    drop(hold);
    if adoption.read().await.is_none()
        && let Some(session) = session.and_then(|session| shared.take_back(&session))
    {
        // It has no owner, nor will it get one before the next start.
        sign_in::end(shared, &adoption.id, client, Signed::Session(session)).await;
    }
    Ok(())
}

/// An adoption under way.
struct Adoption<'a> {
    shared: &'a Arc<Shared>,
    permit: &'a Permit,
    id: DeviceId,
    subject: String,
}

impl Adoption<'_> {
    fn fail(&self, kind: Kind, cause: impl Into<String>) -> Failure {
        Failure::new(kind, OPERATION, self.subject.as_str(), cause)
    }

    fn tell(&self, step: &str) {
        self.shared.tell(self.permit, &self.id, step, None);
    }

    fn may_begin(&self, device: &Device) -> Result<(), Failure> {
        match device.stage {
            Stage::Seen => Ok(()),
            Stage::Adopted | Stage::InService | Stage::Maintenance => Err(self
                .fail(Kind::Conflict, "it is adopted already")
                .hint("forget it first if its credential has changed")),
            Stage::Decommissioned => Err(self
                .fail(Kind::Conflict, "it was decommissioned")
                .hint("find out who put it back; to take it over again, forget it once more, then sweep its address")),
        }
    }

    /// Connects and looks at the certificate; nothing else is sent.
    async fn look(&self, device: &Device, by: &AdoptBy) -> Result<(Client, Option<Certificate>), Failure> {
        self.tell("looking at its certificate");
        let (target, expected) = self.expected(device, by)?;
        let is_plain = target.scheme == Scheme::PlainHttp;
        let mut client = Client::new(target, self.shared.config.limits());
        client.set_budget(self.shared.budget.clone());
        let shown = client.connect().await.map_err(|error| error.failure(OPERATION, &self.subject))?.cloned();
        match (&shown, expected) {
            (None, None) if is_plain => Ok((client, None)),
            (Some(shown), Some(expected)) if shown.fingerprint == expected => {
                Ok((client, Some(shown.clone())))
            }
            (shown, expected) => {
                let name = |print: Option<Fingerprint>| {
                    print.map_or_else(|| "none".into(), |print| print.to_string())
                };
                let cause = format!(
                    "it shows certificate {}, not {}; nothing was sent",
                    name(shown.as_ref().map(|shown| shown.fingerprint)),
                    name(expected)
                );
                Err(self
                    .fail(Kind::Conflict, cause)
                    .hint("sweep its address again and compare the certificates"))
            }
        }
    }

    /// How it is to be reached, and the certificate that it must show.
    fn expected(&self, device: &Device, by: &AdoptBy) -> Result<(Target, Option<Fingerprint>), Failure> {
        let seen = device.presented.as_ref().map(|certificate| certificate.fingerprint);
        let expected = match by {
            AdoptBy::Hand { fingerprint, .. } => *fingerprint,
            AdoptBy::Rule => seen,
        };
        if let Some(expected) = expected {
            let authorities = self.shared.authorities.clone();
            return Ok((Target::https(device.endpoint, Trust::Look { authorities }), Some(expected)));
        }
        if seen.is_some() {
            return Err(
                self.fail(Kind::Invalid, "it showed a certificate, and none was said to be the right one")
            );
        }
        if matches!(by, AdoptBy::Rule) {
            let cause = "it speaks plain HTTP, and no credential is sent by rule without TLS";
            return Err(self.fail(Kind::Refused, cause).hint("adopt it by hand"));
        }
        if !self.shared.config.plain_http {
            let cause = "it speaks plain HTTP, which sends the password in the clear";
            return Err(self
                .fail(Kind::Refused, cause)
                .hint("switch HTTPS on at the controller; test servers: `bmc.plain_http`"));
        }
        Ok((Target::plain_http(device.endpoint), None))
    }

    /// Signs in with the one credential, or by rule with each that the rules allow, once.
    async fn sign_in(
        &self,
        client: &mut Client,
        by: AdoptBy,
        shown: Option<&Certificate>,
    ) -> Result<(Credential, Signed), Failure> {
        let credentials = match (by, shown) {
            (AdoptBy::Hand { credential, .. }, _) => vec![credential],
            (AdoptBy::Rule, Some(shown)) => self.shared.book.credentials_by_rule(&self.id, shown).await?,
            // No credential is sent by rule without TLS.
            (AdoptBy::Rule, None) => Vec::new(),
        };
        let hint = "import a credential for its serial number or MAC address, or adopt it by hand";
        let mut refused = self.fail(Kind::Refused, "no rule gives a credential for it").hint(hint);
        for credential in credentials {
            self.tell("signing in");
            let signing = sign_in::begin(self.shared, &self.id, client, &credential);
            match timeout(SIGN_IN_DEADLINE, signing).await {
                Ok(Ok(signed)) => return Ok((credential, signed)),
                Ok(Err(trouble)) => {
                    let failure = trouble.failure(OPERATION, &self.subject);
                    if failure.kind != Kind::CredentialRefused {
                        return Err(failure);
                    }
                    refused = failure;
                }
                Err(_) => {
                    let cause = format!("signing in took longer than {} s", SIGN_IN_DEADLINE.as_secs());
                    return Err(self.fail(Kind::TimedOut, cause));
                }
            }
        }
        Err(refused)
    }

    /// Has its owner read everything once. A reading that fails is repeated and spoils no adoption. `None` if the
    /// appliance stops.
    async fn read(&self) -> Option<()> {
        self.tell("reading what it is made of");
        let outcome = tokio::select! {
            () = self.shared.closing.cancelled() => return None,
            outcome = self.shared.first_reading(&self.id) => outcome,
        };
        if let Err(failure) = outcome {
            tracing::warn!(device = %self.id, cause = failure.cause, "adopted, but not read yet");
            self.tell(&format!("not read yet: {}", failure.cause));
        }
        Some(())
    }
}

//! First logins and resets: a one-time link, a password, a second factor, recovery codes shown once.

use crate::Gate;
use crate::book::unavailable;
use crate::gate::ENROL_PURPOSE;
use identity::{password, recovery, token, totp};
use jiff::{SignedDuration, Timestamp};
use model::{Failure, Kind, Secret};
use serde_json::json;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// So many people may be choosing their second factor at once; the oldest starts over when there are more.
const MOST: usize = 256;
/// A key that was shown and not confirmed is forgotten after so long.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// A second factor's key, and when it was first shown.
type Shown = (Timestamp, Secret<Vec<u8>>);

/// The second factors that were shown and not confirmed yet, by their link.
#[derive(Default)]
pub(crate) struct Enrolments(Mutex<HashMap<String, Shown>>);

impl Enrolments {
    /// The key shown for this link, or a fresh one.
    fn key(&self, link: &str, now: Timestamp) -> Result<Secret<Vec<u8>>, identity::Error> {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|_, (at, _)| now.duration_since(*at).abs() < FORGET_AFTER);
        if let Some((_, key)) = shown.get(link) {
            return Ok(key.clone());
        }
        if shown.len() >= MOST
            && let Some(oldest) = shown.iter().min_by_key(|(_, (at, _))| *at).map(|(link, _)| link.clone())
        {
            shown.remove(&oldest);
        }
        let key = totp::generate_secret()?;
        shown.insert(link.to_owned(), (now, key.clone()));
        Ok(key)
    }

    fn forget(&self, link: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(link);
    }
}

/// What the page of a first login shows.
#[derive(Debug)]
pub struct Enrolment {
    /// The account.
    pub user: String,
    /// The authenticator's key as people type it.
    pub key: Secret<String>,
    /// The same as a QR code: one `<svg>` element.
    pub qr: Secret<String>,
    /// Whether a second factor is asked for at all.
    pub second_factor: bool,
}

/// What the second factor's seal is bound to.
pub(crate) fn totp_context(user: &str) -> String {
    format!("totp:{user}")
}

impl Gate {
    /// What to show to the holder of a link.
    ///
    /// # Errors
    /// `Unauthenticated` if the link is not good; the words are the same for every reason.
    pub async fn enrolment(&self, link: &str) -> Result<Enrolment, Failure> {
        let (id, user) = self.link(link).await?;
        let failed = |error: identity::Error| unavailable("first login", &error);
        let key = self.enrolments().key(&id, self.now()).map_err(failed)?;
        let qr = totp::qr_svg(&totp::uri("Portcullis", &user, &key)).map_err(failed)?;
        Ok(Enrolment { user, key: totp::text(&key), qr, second_factor: self.asks_second_factor() })
    }

    async fn link(&self, text: &str) -> Result<(String, String), Failure> {
        let refuse = || {
            Failure::new(Kind::Unauthenticated, "use", "the link", "it is not known, was used, or has ended")
                .hint("ask an administrator for a new one; on the machine itself: `portcullis init --reset-login`")
        };
        let presented = token::parse(token::Kind::Link, text).map_err(|_malformed| refuse())?;
        let row = self.store().link(&presented.id).await.map_err(|error| unavailable("the link", &error))?;
        let kept = row.as_ref().map(|row| token::Kept {
            hash: row.hash.clone(),
            expires_at: row.expires_at,
            ended: row.used_at.is_some() || row.purpose != ENROL_PURPOSE,
        });
        token::check(&presented, kept.as_ref(), self.now()).map_err(|_refusal| refuse())?;
        let row = row.filter(|row| self.access().is_enabled(&row.user)).ok_or_else(refuse)?;
        Ok((row.id, row.user))
    }

    /// Sets password and second factor, and uses the link up; comes back with the recovery codes.
    ///
    /// # Errors
    /// `Invalid` if the password is weak or the code is wrong (the link stays good), `Unauthenticated`
    /// if the link is not.
    pub async fn enrol(
        &self,
        link: &str,
        password: Secret<String>,
        code: &Secret<String>,
        from: Option<IpAddr>,
    ) -> Result<Vec<Secret<String>>, Failure> {
        let (id, user) = self.link(link).await?;
        let subject = format!("the login of {user}");
        let invalid = |cause: String| Failure::new(Kind::Invalid, "set", subject.clone(), cause);
        let failed = |error: &dyn std::error::Error| unavailable(subject.clone(), error);
        password::check_policy(&user, &password).map_err(|weakness| invalid(weakness.to_string()))?;
        let now = self.now();
        let key = self.enrolments().key(&id, now).map_err(|error| failed(&error))?;
        let step = totp::verify(&key, code.expose(), now, None);
        if self.asks_second_factor() && step.is_none() {
            return Err(invalid("the code is wrong".into())
                .hint("scan the QR code again and type the six digits; the clocks of phone and appliance must agree"));
        }
        let phc = self.make_hash(password).await?;
        let codes = recovery::generate().map_err(|error| failed(&error))?;
        let sealed =
            self.vault().seal_bytes(&totp_context(&user), key.expose()).map_err(|error| failed(&error))?;
        let used = self.store().use_link(&id, now).await.map_err(|error| failed(&error))?;
        if used.is_none() {
            return Err(Failure::new(Kind::Unauthenticated, "use", "the link", "it was used meanwhile"));
        }
        self.store().set_password(&user, Some(phc)).await.map_err(|error| failed(&error))?;
        let sealed = step.is_some().then_some(sealed);
        self.store().set_second_factor(&user, sealed, &codes.hashes).await.map_err(|error| failed(&error))?;
        if let Some(step) = step {
            self.store().use_totp_step(&user, step).await.map_err(|error| failed(&error))?;
        }
        // Whoever sat in with the old password is out.
        self.store().end_sessions_of(&user).await.map_err(|error| failed(&error))?;
        self.enrolments().forget(&id);
        self.note(audit::Note::Enrolled, &user, from, json!({})).await;
        Ok(codes.codes)
    }
}

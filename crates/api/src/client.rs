//! The typed client: one method for each endpoint, blocking, over HTTPS only.

use crate::access::{
    ExplainQuery, Explanation, Granted, Link, NewGrant, NewToken, NewUser, SetEnabled, Token, TokenMade,
    User, WhoAmI,
};
use crate::device::{
    ApproveCertificate, DeviceQuery, Devices, EditDevice, FindQuery, Imported, Job, JobStarted, JobSummary,
    MoveDevice, NewJob, NewSweep, Sweep, SweepStarted, SwitchDevice, Switched,
};
use crate::inventory::{
    Diff, DiffQuery, FleetChanges, FleetParts, LearnedModel, PartsQuery, SinceQuery, Version,
};
use crate::record::{AuditEntry, AuditQuery, AuditState, KeptFinding};
use model::device::Reset;
use model::telemetry::Readings;
use model::traffic::Traffic;
use model::{Credential, Device, Failure, Fingerprint, Inventory, Kind, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::io::Read;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// An answer larger than this is refused: 5,000 devices take some 10 MiB.
const LARGEST: u64 = 256 << 20;

/// One appliance, and the token to use it with.
pub struct Client {
    agent: ureq::Agent,
    root: String,
    token: Option<Secret<String>>,
}

/// What `Client` methods come back with.
pub type Answer<T> = Result<T, Failure>;

impl Client {
    /// A client of the appliance at `url`; `authority` is a PEM certificate to trust beside the system's.
    ///
    /// # Errors
    /// `Invalid` if the URL is not https, or the certificate is none.
    pub fn new(url: &str, authority: Option<&[u8]>, token: Option<Secret<String>>) -> Answer<Self> {
        let invalid = |cause: &str| Failure::new(Kind::Invalid, "reach", url, cause);
        if !url.starts_with("https://") {
            return Err(invalid("the appliance speaks https only").hint("write https://NAME[:PORT]"));
        }
        let roots = match authority {
            Some(pem) => {
                let certificate = Certificate::from_pem(pem)
                    .map_err(|_error| invalid("the --ca file is no PEM certificate"))?;
                RootCerts::new_with_certs(&[certificate])
            }
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots).build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .build()
            .new_agent();
        Ok(Self { agent, root: format!("{}{}", url.trim_end_matches('/'), crate::ROOT), token })
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer<ureq::http::Response<ureq::Body>> {
        let unreachable = |error: &dyn std::error::Error| {
            Failure::new(Kind::Unreachable, method, format!("{}{path}", self.root), error.to_string())
        };
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.root));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string());
                self.agent.run(request.map_err(|error| unreachable(&error))?)
            }
            // Said to be empty: otherwise an end of it comes by itself, after which the appliance, which may have answered
            // before, closes the connection that the next request is sent over.
            None if matches!(method, "POST" | "PUT") => {
                self.agent.run(request.body(String::new()).map_err(|error| unreachable(&error))?)
            }
            None => self.agent.run(request.body(()).map_err(|error| unreachable(&error))?),
        };
        sent.map_err(|error| {
            unreachable(&error).hint("is the appliance running, and is --url (and --ca) right?")
        })
    }

    pub(crate) fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer<T> {
        let mut response = self.send(method, path, body)?;
        let status = response.status();
        let bad =
            |cause: String| Failure::new(Kind::BadAnswer, method, format!("{}{path}", self.root), cause);
        let text = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let text = text.map_err(|error| bad(error.to_string()))?;
        if !status.is_success() {
            return Err(
                serde_json::from_slice(&text).unwrap_or_else(|_other| bad(format!("status {status}")))
            );
        }
        let text = if text.is_empty() { b"null".to_vec() } else { text };
        serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        self.call("GET", path, None)
    }

    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Answer<T> {
        self.call("POST", path, Some(&to_json(body)?))
    }

    pub(crate) fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Answer<T> {
        self.call("PUT", path, Some(&to_json(body)?))
    }

    /// Who the appliance thinks we are.
    ///
    /// # Errors
    /// The appliance's failure, or `Unreachable`; so for every method here.
    pub fn who_am_i(&self) -> Answer<WhoAmI> {
        self.get("/whoami")
    }

    /// The parts that a query asks for.
    pub fn parts(&self, query: &PartsQuery) -> Answer<FleetParts> {
        self.get(&format!("/inventory/components{}", query_string(query)?))
    }

    /// The same without a limit, written out as it is read.
    pub fn export_parts(&self, query: &PartsQuery) -> Answer<impl Read> {
        self.download("GET", &format!("/inventory/components/export{}", query_string(query)?))
    }

    /// What changed over the fleet.
    pub fn changes(&self, query: &SinceQuery) -> Answer<FleetChanges> {
        self.get(&format!("/inventory/changes{}", query_string(query)?))
    }

    /// What was learned of each model.
    pub fn models(&self) -> Answer<Vec<LearnedModel>> {
        self.get("/models")
    }

    /// A device's versions, the newest first.
    pub fn history(&self, key: &str) -> Answer<Vec<Version>> {
        self.get(&format!("/devices/{}/history", escape(key)))
    }

    /// What changed on a device between two versions.
    pub fn diff(&self, key: &str, query: &DiffQuery) -> Answer<Diff> {
        self.get(&format!("/devices/{}/history/diff{}", escape(key), query_string(query)?))
    }

    /// A device's sensors as they were last read.
    pub fn readings(&self, key: &str) -> Answer<Option<Readings>> {
        self.get(&format!("/devices/{}/readings", escape(key)))
    }

    /// How a device is asked.
    pub fn traffic(&self, key: &str) -> Answer<Option<Traffic>> {
        self.get(&format!("/devices/{}/traffic", escape(key)))
    }

    /// Lists devices.
    pub fn devices(&self, query: &DeviceQuery) -> Answer<Devices> {
        self.get(&format!("/devices{}", query_string(query)?))
    }

    /// One device, by identifier or name.
    pub fn device(&self, key: &str) -> Answer<Device> {
        self.get(&format!("/devices/{}", escape(key)))
    }

    /// What a device is made of; none if it was not read yet.
    pub fn inventory(&self, key: &str) -> Answer<Option<Inventory>> {
        self.get(&format!("/devices/{}/inventory", escape(key)))
    }

    /// The devices behind an address, MAC, name or serial number.
    pub fn find(&self, needle: &str) -> Answer<Devices> {
        self.get(&format!("/find{}", query_string(&FindQuery { q: needle.to_owned() })?))
    }

    /// Adopts by hand.
    pub fn adopt(&self, key: &str, credential: &Credential, fingerprint: Option<Fingerprint>) -> Answer<()> {
        let body = json!({
            "username": credential.username,
            "password": credential.password.expose(),
            "fingerprint": fingerprint,
        });
        self.call("POST", &format!("/devices/{}/adopt", escape(key)), Some(&body))
    }

    /// Adopts by rule.
    pub fn adopt_by_rule(&self, key: &str) -> Answer<()> {
        self.call("POST", &format!("/devices/{}/adopt", escape(key)), Some(&json!({})))
    }

    /// Switches a device and waits until it is so.
    pub fn switch(&self, key: &str, reset: Reset) -> Answer<Switched> {
        self.post(&format!("/devices/{}/power", escape(key)), &SwitchDevice { reset })
    }

    /// Reads a device in full, now.
    pub fn refresh(&self, key: &str) -> Answer<()> {
        self.post(&format!("/devices/{}/refresh", escape(key)), &json!({}))
    }

    /// Changes name and labels.
    pub fn edit(&self, key: &str, edit: &EditDevice) -> Answer<()> {
        self.call("PATCH", &format!("/devices/{}", escape(key)), Some(&to_json(edit)?))
    }

    /// Moves it into service or maintenance.
    pub fn set_stage(&self, key: &str, to: &MoveDevice) -> Answer<()> {
        self.put(&format!("/devices/{}/stage", escape(key)), to)
    }

    /// Approves the certificate that it shows.
    pub fn approve(&self, key: &str, fingerprint: Fingerprint) -> Answer<()> {
        self.put(&format!("/devices/{}/certificate", escape(key)), &ApproveCertificate { fingerprint })
    }

    /// Decommissions it.
    pub fn forget(&self, key: &str) -> Answer<()> {
        self.call("DELETE", &format!("/devices/{}", escape(key)), None)
    }

    /// Starts a sweep.
    pub fn sweep(&self, sweep: &NewSweep) -> Answer<SweepStarted> {
        self.post("/sweeps", sweep)
    }

    /// All sweeps, newest first.
    pub fn sweeps(&self) -> Answer<Vec<Sweep>> {
        self.get("/sweeps")
    }

    /// Stops a sweep.
    pub fn stop_sweep(&self, sweep: u64) -> Answer<()> {
        self.call("DELETE", &format!("/sweeps/{sweep}"), None)
    }

    /// Imports credentials for adoption by rule, given as the JSON of the endpoint.
    pub fn import_credentials(&self, entries: &Value) -> Answer<Imported> {
        self.call("POST", "/credentials", Some(entries))
    }

    /// Starts an act on many devices.
    pub fn start_job(&self, job: &NewJob) -> Answer<JobStarted> {
        self.post("/jobs", job)
    }

    /// The jobs, newest first.
    pub fn jobs(&self) -> Answer<Vec<JobSummary>> {
        self.get("/jobs")
    }

    /// A job.
    pub fn job(&self, id: u64) -> Answer<Job> {
        self.get(&format!("/jobs/{id}"))
    }

    /// Stops a job: nothing more of it is begun.
    pub fn stop_job(&self, id: u64) -> Answer<()> {
        self.call("POST", &format!("/jobs/{id}/stop"), None)
    }

    /// Goes on with a stopped job, in one's own name.
    pub fn resume_job(&self, id: u64) -> Answer<()> {
        self.call("POST", &format!("/jobs/{id}/resume"), None)
    }

    /// All users.
    pub fn users(&self) -> Answer<Vec<User>> {
        self.get("/users")
    }

    /// Creates a user.
    pub fn create_user(&self, user: &NewUser) -> Answer<Link> {
        self.post("/users", user)
    }

    /// Lets a user start over.
    pub fn reset_user(&self, name: &str) -> Answer<Link> {
        self.post(&format!("/users/{}/reset", escape(name)), &json!({}))
    }

    /// Enables or disables a user.
    pub fn set_enabled(&self, name: &str, enabled: bool) -> Answer<()> {
        self.put(&format!("/users/{}/enabled", escape(name)), &SetEnabled { enabled })
    }

    /// Gives a grant.
    pub fn grant(&self, name: &str, grant: &NewGrant) -> Answer<Granted> {
        self.post(&format!("/users/{}/grants", escape(name)), grant)
    }

    /// Takes a grant back.
    pub fn revoke_grant(&self, name: &str, grant: i64) -> Answer<()> {
        self.call("DELETE", &format!("/users/{}/grants/{grant}", escape(name)), None)
    }

    /// One's own tokens.
    pub fn tokens(&self) -> Answer<Vec<Token>> {
        self.get("/tokens")
    }

    /// Makes a token of one's own.
    pub fn create_token(&self, token: &NewToken) -> Answer<TokenMade> {
        self.post("/tokens", token)
    }

    /// Ends a token of one's own.
    pub fn revoke_token(&self, id: &str) -> Answer<()> {
        self.call("DELETE", &format!("/tokens/{}", escape(id)), None)
    }

    /// May they, and why?
    pub fn explain(&self, query: &ExplainQuery) -> Answer<Explanation> {
        self.get(&format!("/access/explain{}", query_string(query)?))
    }

    /// Audit entries, newest first.
    pub fn audit(&self, query: &AuditQuery) -> Answer<Vec<AuditEntry>> {
        self.get(&format!("/audit{}", query_string(query)?))
    }

    /// Every audit record as a JSON line, to be copied somewhere.
    pub fn audit_export(&self) -> Answer<impl Read> {
        self.download("GET", "/audit/export")
    }

    /// Has the appliance verify its own audit log, in full.
    pub fn audit_state(&self) -> Answer<AuditState> {
        self.get("/audit/state")
    }

    /// A backup made now, to be copied somewhere.
    pub fn backup(&self) -> Answer<impl Read> {
        self.download("POST", "/backup")
    }

    fn download(&self, method: &str, path: &str) -> Answer<impl Read + use<>> {
        let nothing = json!({});
        let mut response = self.send(method, path, (method == "POST").then_some(&nothing))?;
        if response.status().is_success() {
            return Ok(response.into_body().into_reader());
        }
        let bad = || {
            Failure::new(
                Kind::BadAnswer,
                method,
                format!("{}{path}", self.root),
                "the answer is no failure that is understood",
            )
        };
        let text = response.body_mut().read_to_vec().unwrap_or_default();
        Err(serde_json::from_slice(&text).unwrap_or_else(|_other| bad()))
    }

    /// The newest findings.
    pub fn findings(&self) -> Answer<Vec<KeptFinding>> {
        self.get("/findings")
    }

    /// Writes down that somebody looked at a finding.
    pub fn acknowledge(&self, finding: i64) -> Answer<()> {
        self.post(&format!("/findings/{finding}/acknowledge"), &json!({}))
    }
}

pub(crate) fn to_json(body: &impl Serialize) -> Answer<Value> {
    serde_json::to_value(body)
        .map_err(|error| Failure::new(Kind::Invalid, "write", "the request", error.to_string()))
}

/// The fields of a question as a query string; empty ones are left out.
pub(crate) fn query_string(query: &impl Serialize) -> Answer<String> {
    let Value::Object(fields) = to_json(query)? else { return Ok(String::new()) };
    let pairs: Vec<String> = fields
        .iter()
        .filter_map(|(key, value)| match value {
            Value::Null => None,
            Value::String(text) => Some(format!("{key}={}", escape(text))),
            other => Some(format!("{key}={other}")),
        })
        .collect();
    Ok(if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) })
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped_and_empty_fields_left_out() {
        let query = DeviceQuery { q: Some("rack r1&2".into()), offset: 0, limit: 5 };
        assert_eq!(query_string(&query).unwrap(), "?limit=5&offset=0&q=rack%20r1%262");
        let query = ExplainQuery { user: "a".into(), action: "b".into(), device: None };
        assert_eq!(query_string(&query).unwrap(), "?action=b&user=a");
    }

    #[test]
    fn plain_http_is_refused() {
        let failure = Client::new("http://localhost", None, None).err().unwrap();
        assert_eq!(failure.kind, Kind::Invalid);
    }
}

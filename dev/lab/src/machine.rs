//! One BMC as a pure machine: a request and the moment go in, what becomes of the request comes out.

use crate::access::{Access, Account, Denial, Role};
use crate::answer::{
    Body, Fate, Outcome, Request, Response, bad_request, forbidden, not_allowed, not_found, problem,
    unavailable,
};
use crate::config::Latency;
use crate::document::{ROOT, Settings, View, query};
use crate::fault::{Change, FaultKind, Faults, harm};
use crate::flavour::Flavour;
use crate::hardware;
use crate::power::{Power, Refusal, Timing, later};
use crate::random::{Dice, hash};
use crate::unit::Unit;
use jiff::Timestamp;
use model::device::Reset;
use model::{Credential, Secret};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// One BMC.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) unit: Arc<Unit>,
    pub(crate) power: Power,
    pub(crate) access: Access,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    latency: Latency,
    pub(crate) scale: f64,
    /// Away until then, because it restarts.
    pub(crate) away_until: Option<Timestamp>,
    /// From when until when it answers, but not as it should, because it starts.
    starting: Option<(Timestamp, Timestamp)>,
    /// Takes no reset until then.
    busy_until: Option<Timestamp>,
    requests: u64,
    /// Logins that opened a session, and those that were refused.
    pub(crate) logins: (u64, u64),
}

/// A start takes one part in so many of the time that it was away.
const STARTING: u32 = 4;

/// The largest body that is looked at, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

impl Machine {
    /// A BMC that has been running for a while.
    #[must_use]
    pub fn new(
        unit: Arc<Unit>,
        credential: Credential,
        latency: Latency,
        scale: f64,
        now: Timestamp,
    ) -> Self {
        let row = unit.flavour();
        let readonly = Account {
            id: if row.ids.account == "root" { "monitor".to_owned() } else { "9".to_owned() },
            username: "monitor".to_owned(),
            password: credential.password.clone(),
            role: Role::ReadOnly,
            enabled: true,
        };
        let admin = Account {
            id: row.ids.account.to_owned(),
            username: credential.username,
            password: credential.password,
            role: Role::Administrator,
            enabled: true,
        };
        Self {
            power: Power::steady(unit.starts_on(), now),
            access: Access::new(&row.access, unit.seed, vec![admin, readonly]),
            settings: Settings::default(),
            faults: Faults::default(),
            latency,
            scale,
            away_until: None,
            starting: None,
            busy_until: None,
            requests: 0,
            logins: (0, 0),
            unit,
        }
    }

    /// The same with other limits of its sessions: how many at once, and after how many seconds unused ones end.
    #[must_use]
    pub fn with_sessions(mut self, limit: Option<usize>, timeout: Option<u32>) -> Self {
        limit.into_iter().for_each(|limit| self.access.set_limit(limit));
        timeout.into_iter().for_each(|seconds| self.access.set_timeout(seconds));
        self
    }

    /// What is broken.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The maker's row.
    #[must_use]
    pub fn row(&self) -> &'static Flavour {
        self.unit.flavour()
    }

    /// Carries out what has become due.
    pub fn advance(&mut self, now: Timestamp) {
        let unit = Arc::clone(&self.unit);
        self.power.advance(now, Timing { row: unit.power_row(), scale: self.scale });
        self.access.advance(now);
        if self.away_until.is_some_and(|until| until <= now) {
            self.away_until = None;
        }
        if self.starting.is_some_and(|(_, until)| until <= now) {
            self.starting = None;
        }
    }

    /// When something becomes due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let starting = self.starting.map(|(_, until)| until);
        let deadlines = [self.power.next_deadline(), self.access.next_deadline(), self.away_until, starting];
        deadlines.into_iter().flatten().min()
    }

    /// Whether new connections are reset.
    #[must_use]
    pub fn is_deaf(&self) -> bool {
        self.away_until.is_some() || self.faults.has(FaultKind::Reset)
    }

    /// Whether new connections are taken, and nothing is said on them.
    #[must_use]
    pub fn is_mute(&self) -> bool {
        self.faults.has(FaultKind::Drop)
    }

    /// How many sessions are open.
    pub fn open_sessions(&mut self, now: Timestamp) -> usize {
        self.advance(now);
        self.access.sessions().len()
    }

    /// How many sessions were open when it was last asked anything.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.access.sessions().len()
    }

    /// How many sessions were opened ever, and how many logins were refused.
    #[must_use]
    pub const fn logins(&self) -> (u64, u64) {
        self.logins
    }

    /// `PowerState`, as it tells it.
    pub fn power_state(&mut self, now: Timestamp) -> &'static str {
        self.advance(now);
        self.power.word(self.unit.power_row())
    }

    /// The administrator's name and password.
    #[must_use]
    pub fn credential(&self) -> Credential {
        let admin = self.access.accounts().first();
        let password = admin.map_or_else(|| Secret::new(String::new()), |account| account.password.clone());
        Credential { username: admin.map(|account| account.username.clone()).unwrap_or_default(), password }
    }

    /// Does what it is told while it runs. A change of certificate is the shell's.
    pub fn change(&mut self, change: Change, now: Timestamp) {
        self.advance(now);
        match change {
            Change::Power(on) => self.power.force(on, now),
            Change::Certificate => {}
            Change::Latency(latency) => self.latency = latency,
            Change::Break(FaultKind::Restart) | Change::Restart => self.restart(now),
            Change::Break(FaultKind::Certificate) => {}
            Change::Break(kind) => self.faults.set(kind),
            Change::Mend(kind) => self.faults.mend(kind),
            Change::Hang(on) => self.faults.turn(FaultKind::Hang, on),
            Change::Unavailable(on) => self.faults.turn(FaultKind::Unavailable, on),
            Change::Reset(on) => self.faults.turn(FaultKind::Reset, on),
            Change::RefuseLogins(on) => self.faults.turn(FaultKind::RefuseLogins, on),
            Change::SessionsFull(on) => self.faults.turn(FaultKind::SessionsFull, on),
            Change::Slow(by) => self.faults.turn(FaultKind::Slow(by.unwrap_or_default()), by.is_some()),
            Change::Password(password) => {
                self.access.set_password(self.row().ids.account, password);
            }
            Change::Repair => self.faults.clear(),
        }
    }

    /// Switches the server.
    pub(crate) fn switch(&mut self, reset: Reset, now: Timestamp) -> Result<(), Refusal> {
        if self.busy_until.is_some_and(|until| now < until) {
            return Err(Refusal::WrongState(409));
        }
        let unit = Arc::clone(&self.unit);
        self.power.request(reset, now, Timing { row: unit.power_row(), scale: self.scale })?;
        if let (Reset::ForceOff | Reset::GracefulShutdown, Some(seconds)) = (reset, self.faults.conflict()) {
            self.busy_until = Some(later(now, seconds, self.scale));
        }
        Ok(())
    }

    /// Forgets its sessions, is away for a while, and then starts.
    pub(crate) fn restart(&mut self, now: Timestamp) {
        self.access.close_all();
        let seconds = self.row().manager.restart_seconds;
        let back = later(now, seconds, self.scale);
        self.away_until = Some(back);
        self.starting = Some((back, later(back, seconds.div_ceil(STARTING), self.scale)));
    }

    /// What it answers while it starts: its web server is there, then its service without anything behind it, then
    /// all but its accounts.
    fn while_starting(&mut self, request: &Request<'_>, now: Timestamp) -> Option<Response> {
        let (from, until) = self.starting?;
        let part = now.duration_since(from).as_secs_f64() / until.duration_since(from).as_secs_f64();
        let is_root = matches!(request.path.trim_end_matches('/'), "/redfish" | ROOT);
        let is_login = request.method == "POST" && request.path.contains("/Sessions");
        if part < 1.0 / 3.0 {
            return Some(not_found(request.path));
        } else if part < 2.0 / 3.0 {
            return Some(problem(503, "Base.1.11.ServiceInUnknownState", "The service is starting.", &[]));
        } else if is_root {
            return None;
        }
        self.logins.1 += u64::from(is_login);
        Some(Self::denied(Denial::Wrong))
    }

    /// Takes a request.
    pub fn handle(&mut self, request: &Request<'_>, now: Timestamp) -> Outcome {
        self.advance(now);
        self.requests = self.requests.wrapping_add(1);
        let wait = self.wait(request.path);
        if self.is_deaf() {
            return Outcome { wait: Duration::ZERO, fate: Fate::Reset };
        }
        let fate = match self.while_starting(request, now) {
            Some(response) => Fate::Answer(response),
            None => self.fate(request, now),
        };
        Outcome { wait, fate }
    }

    fn fate(&mut self, request: &Request<'_>, now: Timestamp) -> Fate {
        if self.faults.all().is_empty() {
            return Fate::Answer(self.answer(request, now));
        }
        if self.faults.has(FaultKind::Hang) {
            return Fate::Hang;
        }
        if self.faults.has(FaultKind::Unavailable) {
            return Fate::Answer(unavailable(30));
        }
        if let Some(to) = self.faults.redirect() {
            let answer = Response::empty(307).with("Location", format!("https://{to}{}", request.path));
            return Fate::Answer(answer);
        }
        let mut asked = *request;
        let moved = self.faults.has(FaultKind::Moved).then(|| harm::before_move(request.path));
        let Some(path) = moved.unwrap_or(Some(request.path.into())) else {
            return Fate::Answer(not_found(request.path));
        };
        asked.path = &path;
        let answer = self.answer(&asked, now);
        if self.faults.has(FaultKind::Reboot) {
            self.faults.mend(FaultKind::Reboot);
            self.restart(now);
            return Fate::Cut(answer);
        }
        let mut dice = Dice::new(self.unit.seed ^ self.requests, "flaky");
        if dice.below(100) < self.faults.flaky() {
            return match dice.below(3) {
                0 => Fate::Answer(unavailable(1)),
                1 => Fate::Reset,
                _ => Fate::Cut(answer),
            };
        }
        harm::harm(&self.faults, answer, now)
    }

    /// How long this answer takes.
    fn wait(&self, path: &str) -> Duration {
        let mut dice = Dice::new(self.unit.seed ^ self.requests, "latency");
        let chance = dice.fraction();
        let wait = match self.latency {
            Latency::None => Duration::ZERO,
            Latency::Fixed { least, jitter } => least + jitter.mul_f64(chance),
            Latency::Real => {
                self.unit.replay.as_ref().and_then(|tree| tree.pace().wait(path, &mut dice)).unwrap_or_else(
                    || {
                        // Most answers near the usual time, one in a hundred many times slower, as captured.
                        let usual = Duration::from_millis(self.row().manner.usual_ms);
                        let slow = if dice.below(100) == 0 { 8.0 } else { 1.0 };
                        usual.mul_f64((0.6 + 0.8 * chance) * slow)
                    },
                )
            }
        };
        wait + self.faults.slow()
    }

    fn answer(&mut self, request: &Request<'_>, now: Timestamp) -> Response {
        if let Some(version) = request.odata_version.filter(|version| *version != "4.0") {
            let message = format!("The service does not support OData-Version {version}.");
            return problem(412, "Base.1.11.HeaderInvalid", &message, &[version]);
        }
        if let Some(tree) = self.unit.replay.clone() {
            return self.replayed(&tree, request, now);
        }
        let path = query::decode(request.path);
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        match (segments.next(), segments.next()) {
            (Some("redfish"), None) => return self.versions(request.method),
            (Some("redfish"), Some("v1")) => {}
            _ => return not_found(&path),
        }
        let rest: Vec<&str> = segments.collect();
        let open = matches!(rest.as_slice(), [] | ["$metadata" | "odata"])
            && matches!(request.method, "GET" | "HEAD");
        if request.method == "POST" && self.is_session_collection(&rest) {
            return self.counted_login(request, now);
        }
        if open {
            return self.get(request, &rest, now);
        }
        match self.who(request, now) {
            Err(denial) => Self::denied(denial),
            Ok(role) => self.dispatch(request, &rest, role, now),
        }
    }

    fn versions(&self, method: &str) -> Response {
        match method {
            "GET" | "HEAD" => Response::json(200, json!({ "v1": format!("{ROOT}/") })),
            _ => not_allowed("GET, HEAD"),
        }
    }

    /// Sessions are opened at the collection, also by its `Members` (DSP0266, "Session login").
    fn is_session_collection(&self, rest: &[&str]) -> bool {
        matches!(rest, ["SessionService", "Sessions"] | ["SessionService", "Sessions", "Members"])
    }

    fn dispatch(&mut self, request: &Request<'_>, rest: &[&str], role: Role, now: Timestamp) -> Response {
        if matches!(request.method, "GET" | "HEAD") {
            return self.get(request, rest, now);
        }
        let known = self.with_view(now, |view| view.document(rest));
        match request.method {
            "POST" if self.is_action(rest) => match role {
                Role::Administrator | Role::Operator => self.act(request, rest, now),
                Role::ReadOnly => forbidden(),
            },
            _ if known.is_none() && !self.is_action(rest) => not_found(request.path),
            "PATCH" | "DELETE" if role != Role::Administrator && self.allowed(rest) != "GET, HEAD" => {
                forbidden()
            }
            "POST" if rest == ["AccountService", "Accounts"] => match role {
                Role::Administrator => self.create_account(request, now),
                Role::Operator | Role::ReadOnly => forbidden(),
            },
            "PATCH" if self.allowed(rest).contains("PATCH") => {
                let etag = known.as_ref().and_then(|doc| etag_at(rest, doc));
                match (request.if_match, etag) {
                    (Some(asked), Some(etag)) if asked != "*" && asked != etag => problem(
                        412,
                        "Base.1.11.PreconditionFailed",
                        "The ETag does not match the resource's.",
                        &[],
                    ),
                    _ => self.patch(request, rest, now),
                }
            }
            "DELETE" => match rest {
                ["SessionService", "Sessions", id] => {
                    self.access.close(id);
                    Response::empty(204)
                }
                ["AccountService", "Accounts", id] => self.delete_account(id),
                _ => not_allowed(self.allowed(rest)),
            },
            "POST" | "PATCH" | "PUT" => not_allowed(self.allowed(rest)),
            other => problem(
                501,
                "Base.1.11.OperationNotAllowed",
                &format!("The method {other} is not implemented."),
                &[],
            ),
        }
    }

    /// What may be done with the resource at `rest`.
    fn allowed(&self, rest: &[&str]) -> &'static str {
        match rest {
            ["AccountService", "Accounts", _] => "GET, HEAD, PATCH, DELETE",
            ["Systems", id] if *id == self.row().ids.system => "GET, HEAD, PATCH",
            ["SessionService"] => "GET, HEAD, PATCH",
            ["Managers", id, "NetworkProtocol"] if *id == self.row().ids.manager => "GET, HEAD, PATCH",
            ["SessionService", "Sessions"] | ["AccountService", "Accounts"] => "GET, HEAD, POST",
            ["SessionService", "Sessions", _] => "GET, HEAD, DELETE",
            [.., "Actions", _] => "POST",
            _ => "GET, HEAD",
        }
    }

    fn get(&self, request: &Request<'_>, rest: &[&str], now: Timestamp) -> Response {
        if !matches!(request.method, "GET" | "HEAD") {
            return not_allowed("GET, HEAD");
        }
        if rest == ["$metadata"] {
            return Response { status: 200, headers: Vec::new(), body: Body::Xml(self.metadata()) };
        }
        self.with_view(now, |view| {
            let Some(doc) = view.document(rest) else {
                return if self.is_action(rest) { not_allowed("POST") } else { not_found(request.path) };
            };
            let etag = etag_at(rest, &doc);
            let described = describedby(&doc);
            // What is put into an answer by `$expand` has ETags of its own: the one of the document around it says
            // nothing of that.
            let etag = etag.filter(|_| !request.query.is_some_and(|query| query.contains("expand=")));
            if let (Some(asked), Some(etag)) = (request.if_none_match, &etag)
                && asked.split(',').any(|asked| matches!(asked.trim(), "*") || asked.trim() == etag)
            {
                return Response::empty(304).with("ETag", etag);
            }
            let resolve = |target: &str| view.at(target);
            let answer = match query::apply(view.row.into(), &resolve, doc, request.query) {
                Ok(doc) => Response::json(200, doc),
                Err(response) => return response,
            };
            let answer = answer.with("Allow", self.allowed(rest));
            let answer = if let Some(link) = described { answer.with("Link", link) } else { answer };
            if let Some(etag) = etag { answer.with("ETag", etag) } else { answer }
        })
    }

    pub(crate) fn with_view<T>(&self, now: Timestamp, look: impl FnOnce(&View<'_>) -> T) -> T {
        let row = self.row();
        let hardware = hardware::of(&self.unit);
        look(&View {
            unit: &self.unit,
            row,
            hardware: &hardware,
            power: &self.power,
            timing: Timing { row: &row.power, scale: self.scale },
            access: &self.access,
            settings: &self.settings,
            now,
        })
    }

    /// The service's metadata: which schemas it uses (DSP0266, "OData metadata").
    fn metadata(&self) -> String {
        let versions = &self.row().versions;
        let schemas = [
            ("ServiceRoot", versions.root),
            ("ComputerSystem", versions.system),
            ("Chassis", versions.chassis),
            ("Manager", versions.manager),
            ("Processor", versions.processor),
            ("Memory", versions.memory),
            ("Drive", versions.drive),
            ("EthernetInterface", versions.nic),
        ];
        let includes: String = schemas
            .iter()
            .map(|(name, version)| {
                format!(
                    "<edmx:Reference Uri=\"http://redfish.dmtf.org/schemas/v1/{name}_v1.xml\"><edmx:Include Namespace=\"{name}\"/><edmx:Include Namespace=\"{name}.{version}\"/></edmx:Reference>"
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\">{includes}<edmx:DataServices><Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"Service\"><EntityContainer Name=\"Service\" Extends=\"ServiceRoot.{}.ServiceContainer\"/></Schema></edmx:DataServices></edmx:Edmx>",
            versions.root
        )
    }
}

/// Where the schema of a document is (DSP0266, "Link header").
fn describedby(doc: &Value) -> Option<String> {
    let kind = doc.get("@odata.type")?.as_str()?.trim_start_matches('#');
    let (schema, _) = kind.rsplit_once('.')?;
    Some(format!("<http://redfish.dmtf.org/schemas/v1/{schema}.json>; rel=describedby"))
}

/// The ETag of a document. An account has one with every maker, in the header if nowhere else.
fn etag_at(rest: &[&str], doc: &Value) -> Option<String> {
    let own = doc.get("@odata.etag").and_then(Value::as_str).map(str::to_owned);
    let account = matches!(rest, ["AccountService", "Accounts", _]);
    own.or_else(|| account.then(|| format!("\"{:016x}\"", hash(doc.to_string().as_bytes()))))
}

/// A body that must be a JSON object.
///
/// # Errors
/// The answer to one that is not.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Response> {
    let malformed = || {
        let message =
            "The request body submitted was malformed JSON and could not be parsed by the receiving service.";
        bad_request("MalformedJSON", message, &[])
    };
    if body.len() > MAX_BODY {
        return Err(problem(413, "Base.1.11.PayloadTooLarge", "The request body is too large.", &[]));
    }
    serde_json::from_slice(body).ok().filter(Value::is_object).ok_or_else(malformed)
}

//! The one owner of our tables: what is confirmed, what is on trial, which pinholes are open, who is isolated.

use crate::drift::{self, Listing};
use crate::error::Error;
use crate::guard::{self, MARKER, Shape};
use crate::kernel;
use crate::message::{Answer, MAX_ELEMENTS, Pinhole, Request, Status, Transport, Trial};
use crate::nft::Nft;
use crate::state::{Rules, State};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// What holds where the confirmed policy cannot be loaded: the loopback alone.
const SHUT: &str = "\
table inet portcullis {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname \"lo\" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname \"lo\" accept
  }
}
";
/// How often a load is repeated that others have disturbed.
const TRIES: usize = 3;
/// An element this close to its end may be gone already.
const NEARLY: Duration = Duration::from_secs(2);

/// What the kernel should show.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Intended {
    /// The text that is loaded: `17_confirmed`, `18_trial`, `0_shut`.
    pub marker: String,
    /// Our tables.
    pub listing: Listing,
    /// Other tables' chains that came earlier when it was loaded.
    pub earlier: Vec<String>,
}

/// A listing, and other tables' chains that come earlier.
pub type Shown = (Listing, Vec<String>);

/// The owner.
#[derive(Debug)]
pub struct Keeper {
    nft: Nft,
    state: State,
    confirmed: Option<u64>,
    trial: Option<(u64, Instant)>,
    shut: bool,
    pinholes: BTreeMap<String, (Pinhole, Instant)>,
    isolated: BTreeSet<IpAddr>,
    intended: Option<Intended>,
    last: Listing,
    status: Status,
    /// Counted up with every load and, in the second, with every change of an element.
    changes: (u64, u64),
}

/// Lists our tables and the chains that come earlier.
///
/// # Errors
/// `nft` fails.
pub async fn list(nft: &Nft) -> Result<Shown, Error> {
    let mut listing = Listing::default();
    if let Some(json) = nft.table("inet").await? {
        listing = drift::parse(&json).map_err(Error::Listing)?;
    }
    let chains = nft.chains().await?;
    if String::from_utf8_lossy(&chains).contains(r#""family": "bridge", "table": "portcullis""#)
        && let Some(json) = nft.table("bridge").await?
    {
        listing.join(drift::parse(&json).map_err(Error::Listing)?);
    }
    Ok((listing, drift::earlier(&chains).map_err(Error::Listing)?))
}

impl Keeper {
    /// The owner, who has looked at nothing yet.
    #[must_use]
    pub fn new(nft: Nft, state: State) -> Self {
        Self {
            nft,
            state,
            confirmed: None,
            trial: None,
            shut: false,
            pinholes: BTreeMap::new(),
            isolated: BTreeSet::new(),
            intended: None,
            last: Listing::default(),
            status: Status::default(),
            changes: (0, 0),
        }
    }

    /// Loads what was confirmed last, at boot. If that cannot be, only the loopback stays open.
    ///
    /// # Errors
    /// Why it could not be loaded; the kernel is shut then.
    pub async fn boot(&mut self) -> Result<(), Error> {
        self.isolated = self.state.isolated().unwrap_or_default().into_iter().collect();
        let outcome = self.load_confirmed().await;
        if outcome.is_err() {
            self.shut = true;
            self.place(SHUT, "0_shut", &Shape::default(), None, String::new()).await?;
        }
        outcome
    }

    /// Finds out where the kernel stands, and goes on from there.
    ///
    /// # Errors
    /// As in [`Keeper::boot`], or the kernel does not say.
    pub async fn start(&mut self) -> Result<(), Error> {
        self.isolated = self.state.isolated()?.into_iter().collect();
        let (listing, _) = list(&self.nft).await?;
        self.remember_pinholes(&listing);
        let marker = listing.marker(MARKER).unwrap_or_default().to_owned();
        let pending = self.state.pending().ok().flatten().map(|rules| rules.generation);
        let confirmed = self.state.confirmed()?.map(|rules| rules.generation);
        let of =
            |generation: Option<u64>, kind| generation.is_some_and(|it| marker == format!("{it}_{kind}"));
        let known = self.state.intended::<Intended>().filter(|intended| intended.marker == marker);
        let left = listing.picks.iter().filter_map(|pick| pick.left).max();
        self.confirmed = confirmed;
        if of(pending, "confirmed") {
            // Killed between the kernel's yes and the file's: what the kernel holds is what was confirmed.
            self.state.confirm()?;
            self.confirmed = pending;
        } else if let (true, Some(left)) = (of(pending, "trial"), left) {
            let generation = pending.unwrap_or_default();
            self.trial = Some((generation, Instant::now() + left + Duration::from_secs(1)));
        } else if let (None, Some(lost)) = (confirmed, marker.strip_suffix("_confirmed")) {
            // The state directory is lost, the kernel's rules are not: they hold on.
            self.confirmed = lost.parse().ok();
        } else if !of(confirmed, "confirmed") {
            return if marker.is_empty() && confirmed.is_none() { Ok(()) } else { self.boot().await };
        }
        self.last = listing;
        match known {
            Some(intended) => self.intended = Some(intended),
            None if self.trial.is_none() && confirmed.is_some() => return self.boot().await,
            // On trial or lost, and unknown how it should look: what is there is what is compared with.
            None => {
                let (listing, earlier) = list(&self.nft).await?;
                self.intended = Some(Intended { marker, listing, earlier });
            }
        }
        Ok(())
    }

    /// Pinholes outlive the program in the kernel; of several with one key the longest one's name does.
    fn remember_pinholes(&mut self, listing: &Listing) {
        let elements = ["pinholes4", "pinholes6"].into_iter().filter_map(|set| listing.elements.get(set));
        for element in elements.flatten() {
            let (Some(left), Some((to, protocol, port))) = (element.left, drift::pinhole_key(&element.key))
            else {
                continue;
            };
            let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
            let pinhole = Pinhole { id: element.comment.clone(), to, protocol, port, seconds };
            self.pinholes.insert(pinhole.id.clone(), (pinhole, Instant::now() + left));
        }
    }

    /// Carries a request out. `Status` says what the last comparison saw.
    ///
    /// # Errors
    /// It was not done.
    pub async fn handle(&mut self, request: Request) -> Result<Answer, Error> {
        match request {
            Request::Load { trial, settled, seconds } => return self.load(&trial, settled, seconds).await,
            Request::Confirm { generation } => self.confirm(generation).await?,
            Request::Revert => self.revert().await?,
            Request::Repair if self.trial.is_some() || self.confirmed.is_none() => {
                return Err(Error::NoConfirmed);
            }
            Request::Repair => self.load_confirmed().await?,
            Request::Open(pinhole) => self.open(pinhole)?,
            Request::Close { id } => self.close(&id)?,
            Request::Isolate { address, on } => self.isolate(address.to_canonical(), on)?,
            Request::Status => return Ok(Answer::Status(Box::new(self.status()))),
            Request::Connections | Request::End { .. } | Request::Follow => {
                return Err(Error::Request("this is not the owner's".to_owned()));
            }
        }
        Ok(Answer::Done)
    }

    async fn load(&mut self, trial: &str, settled: String, seconds: u32) -> Result<Answer, Error> {
        let shape = guard::parse(trial.as_bytes())?;
        let settled_shape = guard::parse(settled.as_bytes())?;
        if shape.picks.is_empty() {
            return Err(Error::Request(
                "the trial has no map `pick…`: the kernel could not fall back".to_owned(),
            ));
        }
        let pending = self.state.pending().ok().flatten().map(|rules| rules.generation);
        let generation = self.confirmed.max(pending).unwrap_or_default() + 1;
        let marker = format!("{generation}_trial");
        self.nft.check(&self.transaction(trial, &marker, &shape, Some(seconds), "")).await?;
        self.nft.check(&self.transaction(&settled, &marker, &settled_shape, None, "")).await?;
        self.state.keep_pending(&Rules { generation, text: settled })?;
        let seconds_from = Instant::now();
        self.place(trial, &marker, &shape, Some(seconds), String::new()).await?;
        let patience = Duration::from_secs(seconds.into());
        if self.last.picks.iter().any(|pick| pick.left.is_none_or(|left| left > patience)) {
            self.load_confirmed().await?;
            return Err(Error::Request(format!(
                "an element of the text outlives the trial's {seconds} seconds"
            )));
        }
        self.trial = Some((generation, seconds_from + patience));
        Ok(Answer::Loaded { generation })
    }

    async fn confirm(&mut self, generation: u64) -> Result<(), Error> {
        if self.confirmed == Some(generation) && self.trial.is_none() {
            return Ok(());
        }
        let over = Error::Over(generation);
        if self.trial.is_none_or(|(number, _)| number != generation) || self.last.picks.is_empty() {
            return Err(over);
        }
        let pending = self.state.pending()?.filter(|rules| rules.generation == generation);
        let Some(Rules { text, .. }) = pending else { return Err(over) };
        let shape = guard::parse(text.as_bytes())?;
        // What picks the candidate must still be there, or the whole transaction fails: the kernel has fallen back.
        let mut first = String::new();
        for drift::Pick { map, key, target, .. } in &self.last.picks {
            let _ = writeln!(first, "delete element inet portcullis {map} {{ {key} : goto {target} }}");
        }
        match self.place(&text, &format!("{generation}_confirmed"), &shape, None, first).await {
            Err(Error::Nft(text)) if text.contains("No such file or directory") => return Err(over),
            other => other?,
        }
        self.trial = None;
        self.shut = false;
        self.confirmed = Some(generation);
        self.state.confirm()
    }

    async fn revert(&mut self) -> Result<(), Error> {
        if self.trial.is_some() {
            self.load_confirmed().await?;
            self.state.drop_pending()?;
        }
        Ok(())
    }

    /// When the trial is over, by the program's own clock; the kernel's decides.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.trial.map(|(_, ends)| ends + Duration::from_millis(200))
    }

    /// The trial's time is over: the kernel has fallen back; its table is put in order.
    ///
    /// # Errors
    /// The kernel refuses; the confirmed chains hold all the same.
    pub async fn fall_back(&mut self) -> Result<(), Error> {
        let shown = list(&self.nft).await;
        if !shown.as_ref().is_ok_and(|(listing, _)| listing.picks.is_empty()) {
            self.trial = self.trial.map(|(number, _)| (number, Instant::now() + Duration::from_secs(1)));
            return shown.map(drop);
        }
        let outcome = self.revert().await;
        self.trial = None;
        outcome
    }

    async fn load_confirmed(&mut self) -> Result<(), Error> {
        match self.state.confirmed()? {
            Some(Rules { generation, text }) => {
                let shape = guard::parse(text.as_bytes())?;
                self.place(&text, &format!("{generation}_confirmed"), &shape, None, String::new()).await?;
                self.confirmed = Some(generation);
            }
            None if self.confirmed.is_some() => return Err(Error::NoConfirmed),
            None => {
                self.nft.load(&self.removal(false)).await?;
                self.changes.0 += 1;
                self.intended = None;
                self.last = Listing::default();
            }
        }
        self.trial = None;
        self.shut = false;
        Ok(())
    }

    fn removal(&self, bridge: bool) -> String {
        let mut text = "add table inet portcullis\ndelete table inet portcullis\n".to_owned();
        if bridge || self.last.has_bridge() {
            text += "add table bridge portcullis\ndelete table bridge portcullis\n";
        }
        text
    }

    /// The whole transaction: the old tables go, the new ones come, and with them what they are marked and filled with.
    fn transaction(
        &self,
        text: &str,
        marker: &str,
        shape: &Shape,
        seconds: Option<u32>,
        first: &str,
    ) -> String {
        let mut all = format!("{first}{}{text}\nadd table inet portcullis\n", self.removal(shape.bridge));
        let _ = writeln!(all, "add chain inet portcullis {MARKER}{marker}");
        for (map, _) in shape.picks.iter().filter(|(_, is_filled)| !is_filled) {
            let (Some(seconds), Some(hook)) = (seconds, map.strip_prefix("pick_")) else { continue };
            let element = format!("timeout {seconds}s : goto candidate_{hook}");
            let _ = writeln!(all, "add element inet portcullis {map} {{ ipv4 {element}, ipv6 {element} }}");
        }
        let mut sets: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (key, (id, ends)) in self.openings() {
            let left = ends.saturating_duration_since(Instant::now()).as_millis();
            if left > 0 {
                let (to, protocol, port) = (key.0, key.1.name(), key.2);
                let element = format!("{to} . {protocol} . {port} timeout {left}ms comment \"{id}\"");
                sets.entry(pinhole_set(to)).or_default().push(element);
            }
        }
        for address in &self.isolated {
            sets.entry(isolation_set(*address)).or_default().push(address.to_string());
        }
        for (set, elements) in sets.iter().filter(|(set, _)| shape.sets.contains(**set)) {
            let _ = writeln!(all, "add element inet portcullis {set} {{ {} }}", elements.join(", "));
        }
        all
    }

    /// Loads a text, and keeps what the kernel shows then as what it should show: if nobody else has changed anything meanwhile.
    async fn place(
        &mut self,
        text: &str,
        marker: &str,
        shape: &Shape,
        seconds: Option<u32>,
        mut first: String,
    ) -> Result<(), Error> {
        let mut shown = Shown::default();
        let mut is_settled = false;
        for _ in 0..TRIES {
            let before = kernel::generation()?;
            self.nft.load(&self.transaction(text, marker, shape, seconds, &first)).await?;
            self.changes.0 += 1;
            first.clear();
            shown = list(&self.nft).await?;
            // The kernel leaves zero out when it counts round.
            is_settled = kernel::generation()? == before.wrapping_add(1).max(1);
            if is_settled {
                break;
            }
        }
        if !is_settled {
            eprintln!(
                "portcullis-firewall: others change rules at the same time: what they did is not told apart from ours"
            );
        }
        let (listing, earlier) = shown;
        self.last = listing.clone();
        self.status.earlier.clone_from(&earlier);
        let intended = Intended { marker: marker.to_owned(), listing, earlier };
        if let Err(error) = self.state.keep_intended(&intended) {
            eprintln!("portcullis-firewall: {error}; after a restart the policy is loaded anew");
        }
        self.intended = Some(intended);
        Ok(())
    }

    /// The openings in the kernel: of several pinholes with one key, the one that ends last.
    fn openings(&self) -> BTreeMap<(IpAddr, Transport, u16), (&str, Instant)> {
        let mut all = BTreeMap::new();
        for (id, (pinhole, ends)) in &self.pinholes {
            let opening = all.entry(key(pinhole)).or_insert((id.as_str(), *ends));
            if *ends > opening.1 {
                *opening = (id.as_str(), *ends);
            }
        }
        all
    }

    fn set(&self, set: &'static str) -> Result<&'static str, Error> {
        let is_there = self.intended.as_ref().is_some_and(|intended| intended.listing.has_set(set));
        if is_there { Ok(set) } else { Err(Error::NoSet(set)) }
    }

    fn open(&mut self, mut pinhole: Pinhole) -> Result<(), Error> {
        pinhole.to = pinhole.to.to_canonical();
        self.set(pinhole_set(pinhole.to))?;
        let now = Instant::now();
        self.pinholes.retain(|_, (_, ends)| *ends > now);
        if self.pinholes.len() >= MAX_ELEMENTS && !self.pinholes.contains_key(&pinhole.id) {
            return Err(Error::TooMany(MAX_ELEMENTS));
        }
        let ends = now + Duration::from_secs(pinhole.seconds.into());
        let was_open = self.pinholes.values().any(|(other, _)| key(other) == key(&pinhole));
        let new = pinhole.clone();
        let old = self.pinholes.insert(pinhole.id.clone(), (pinhole, ends));
        if let Err(error) = self.settle(&new, was_open) {
            self.pinholes.remove(&new.id);
            return Err(error);
        }
        // A name that now means another opening: the one that it meant before closes.
        old.map_or(Ok(()), |(old, _)| self.settle(&old, true))
    }

    fn close(&mut self, id: &str) -> Result<(), Error> {
        match self.pinholes.remove(id) {
            Some((pinhole, _)) => self.settle(&pinhole, true),
            None => Ok(()),
        }
    }

    /// Makes the kernel's element for a pinhole's key what the pinholes that are open say.
    fn settle(&mut self, pinhole: &Pinhole, was_open: bool) -> Result<(), Error> {
        let service = (pinhole.protocol.number(), pinhole.port);
        let same = self.pinholes.values().filter(|(other, _)| key(other) == key(pinhole));
        let opening = same.max_by_key(|(_, ends)| *ends);
        let left = opening.map(|(_, ends)| ends.saturating_duration_since(Instant::now()));
        let left = left.filter(|left| left.as_millis() > 0);
        let element = kernel::Element {
            set: self.set(pinhole_set(pinhole.to))?,
            key: kernel::key(pinhole.to, Some(service)),
            lifetime: left.unwrap_or_default(),
            comment: opening.map_or("", |(opening, _)| &opening.id),
        };
        kernel::change(&element, was_open, left.is_some())?;
        self.changes.1 += 1;
        Ok(())
    }

    fn isolate(&mut self, address: IpAddr, on: bool) -> Result<(), Error> {
        if on && self.isolated.len() >= MAX_ELEMENTS {
            return Err(Error::TooMany(MAX_ELEMENTS));
        }
        let set = self.set(isolation_set(address))?;
        let key = kernel::key(address, None);
        kernel::change(
            &kernel::Element { set, key, lifetime: Duration::ZERO, comment: "isolated" },
            !on,
            on,
        )?;
        self.changes.1 += 1;
        if on {
            self.isolated.insert(address)
        } else {
            self.isolated.remove(&address)
        };
        self.state.keep_isolated(&self.isolated)
    }

    /// What was loaded and changed up to now, for [`Keeper::compare`].
    #[must_use]
    pub const fn changes(&self) -> (u64, u64) {
        self.changes
    }

    /// Holds what the kernel shows against what it should; `since` is what [`Keeper::changes`] said when the listing
    /// began. Says whether something was found that was not known before, or nothing is found any more.
    pub fn compare(&mut self, (shown, earlier): Shown, since: (u64, u64)) -> bool {
        if since.0 != self.changes.0 {
            return false;
        }
        let mut found = Vec::new();
        if let Some(intended) = &self.intended {
            found = drift::compare(&intended.listing, &shown);
            let new = earlier.iter().filter(|chain| !intended.earlier.contains(chain));
            found.extend(new.map(|chain| format!("another table's chain comes before ours: {chain}")));
            if found.is_empty() && since.1 == self.changes.1 {
                found = self.compare_elements(&shown);
            }
            let back = self.last.counters.iter().zip(&shown.counters);
            if found.is_empty() && back.into_iter().any(|(before, now)| now.packets < before.packets) {
                found.push("counters were set back".to_owned());
            }
        } else if !shown.objects.is_empty() {
            found.push("somebody else has made the table inet portcullis".to_owned());
        }
        self.status.earlier = earlier;
        // What picks the candidate is remembered as it was loaded.
        let picks = std::mem::take(&mut self.last.picks);
        self.last = Listing { picks, ..shown };
        let is_news = found != self.status.drift;
        self.status.drift = found;
        is_news
    }

    fn compare_elements(&self, shown: &Listing) -> Vec<String> {
        let now = Instant::now();
        let mut should: BTreeMap<String, bool> = BTreeMap::new();
        for (key, (_, ends)) in self.openings() {
            let key = format!("{} {} {}", key.0, key.1.name(), key.2);
            should.insert(key, ends > now + NEARLY);
        }
        should.extend(self.isolated.iter().map(|address| (address.to_string(), true)));
        let are = shown.elements.values().flatten().filter(|element| element.left != Some(Duration::ZERO));
        let are: BTreeSet<&str> = are.map(|element| element.key.as_str()).collect();
        let is_held = |key: &String| {
            let address = key.split(' ').next().and_then(|address| address.parse().ok());
            address.is_none_or(|address: IpAddr| {
                let set = if key.contains(' ') { pinhole_set(address) } else { isolation_set(address) };
                self.set(set).is_ok()
            })
        };
        let mut found: Vec<String> = should
            .iter()
            .filter(|(key, is_due)| **is_due && !are.contains(key.as_str()) && is_held(key))
            .map(|(key, _)| format!("the opening or isolation {key} was removed"))
            .collect();
        let foreign = are.iter().filter(|key| !should.contains_key(**key));
        found.extend(foreign.map(|key| format!("the opening or isolation {key} was added by somebody else")));
        let is_due = self.trial.is_some_and(|(_, ends)| ends > now + NEARLY);
        if is_due && shown.picks.is_empty() {
            found.push("somebody has ended the trial: what was confirmed before holds".to_owned());
        }
        if self.trial.is_none() && !shown.picks.is_empty() {
            found.push("somebody has put a candidate in force".to_owned());
        }
        found
    }

    /// How things stand.
    #[must_use]
    pub fn status(&self) -> Status {
        let now = Instant::now();
        let left =
            |ends: Instant| u32::try_from(ends.saturating_duration_since(now).as_secs()).unwrap_or(u32::MAX);
        let open = self.pinholes.values().filter(|(_, ends)| *ends > now);
        Status {
            confirmed: self.confirmed,
            trial: self.trial.map(|(generation, ends)| Trial { generation, seconds_left: left(ends) }),
            shut: self.shut,
            pinholes: open.map(|(hole, ends)| Pinhole { seconds: left(*ends), ..hole.clone() }).collect(),
            isolated: self.isolated.iter().copied().collect(),
            counters: self.last.counters.clone(),
            ..self.status.clone()
        }
    }
}

/// What a pinhole opens; several may open the same.
const fn key(hole: &Pinhole) -> (IpAddr, Transport, u16) {
    (hole.to, hole.protocol, hole.port)
}

fn pinhole_set(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "pinholes4" } else { "pinholes6" }
}

fn isolation_set(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "isolated4" } else { "isolated6" }
}

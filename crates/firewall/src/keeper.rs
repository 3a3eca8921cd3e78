//! The one owner of our tables: what is confirmed, what is on trial, which pinholes are open, who is isolated.

use crate::drift::{self, Listing};
use crate::error::Error;
use crate::guard::{self, MARKER, Shape};
use crate::kernel;
use crate::links;
use crate::message::{Answer, Link, MAX_ELEMENTS, MAX_TRIAL, Pinhole, Request, Status, Trial};
use crate::nft::Nft;
use crate::opening::Key;
use crate::state::{INTENDED, ISOLATED, LINKS, Rules, State};
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

/// How far the owner had come at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Loads, and changes of elements.
    pub changes: (u64, u64),
    at: Instant,
}

/// The owner.
#[derive(Debug, Default)]
pub struct Keeper {
    /// Who carries out what it decides.
    pub nft: Nft,
    state: State,
    confirmed: Option<u64>,
    trial: Option<(u64, Instant)>,
    shut: bool,
    pinholes: BTreeMap<String, (Key, Instant)>,
    isolated: BTreeSet<IpAddr>,
    /// What the kernel should show: what it showed right after the last load.
    intended: Option<Listing>,
    last: Listing,
    /// What the last comparison found.
    drift: Vec<String>,
    /// Counted up with every load and, in the second, with every change of an element.
    changes: (u64, u64),
}

/// Lists what the kernel shows.
///
/// # Errors
/// `nft` fails.
pub async fn list(nft: &Nft) -> Result<Listing, Error> {
    let mut listing = Listing::default();
    for what in [&["chains"][..], &["table", "inet", "portcullis"], &["table", "bridge", "portcullis"]] {
        let is_there = what.get(1).is_none_or(|family| listing.has_chains(family));
        if let Some(json) = if is_there { nft.list(what).await? } else { None } {
            listing.read(&json).map_err(Error::Listing)?;
        }
    }
    Ok(listing)
}

impl Keeper {
    /// The owner, who has looked at nothing yet.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    /// Loads what was confirmed last, at boot. If that cannot be, only the loopback stays open.
    ///
    /// # Errors
    /// Why it could not be loaded; the kernel is shut then.
    pub async fn boot(&mut self) -> Result<(), Error> {
        self.isolated = self.state.get(ISOLATED).ok().flatten().unwrap_or_default();
        let outcome = self.load_confirmed().await;
        if outcome.is_err() {
            self.shut = true;
            self.place(SHUT, "0_shut", String::new()).await?;
        }
        outcome
    }

    /// Finds out where the kernel stands, and goes on from there.
    ///
    /// # Errors
    /// As in [`Keeper::boot`], or the kernel does not say.
    pub async fn start(&mut self) -> Result<(), Error> {
        let lines: Vec<Link> = self.state.get(LINKS).ok().flatten().unwrap_or_default();
        if let Err(error) = self.share(&lines).await {
            eprintln!("portcullis-firewall: classes on lines: {error}");
        }
        self.isolated = self.state.get(ISOLATED)?.unwrap_or_default();
        let listing = list(&self.nft).await?;
        // Pinholes outlive the program in the kernel; of several with one key the longest one's name does.
        let now = Instant::now();
        for (key, (left, comment)) in &listing.elements {
            if let (Some(left), Some(_)) = (left, key.service) {
                self.pinholes.insert(comment.clone(), (*key, now + *left));
            }
        }
        let pending = self.state.pending().ok().flatten().map(|rules| rules.generation);
        self.confirmed = self.state.confirmed()?.map(|rules| rules.generation);
        let marker = listing.marker().to_owned();
        let (number, kind) = marker.split_once('_').unwrap_or_default();
        let generation: Option<u64> = number.parse().ok();
        match (kind, listing.picks.values().max()) {
            // Killed between the kernel's yes and the file's: what the kernel holds is what was confirmed.
            ("confirmed", _) if generation == pending && pending.is_some() => {
                self.state.confirm()?;
                self.confirmed = generation;
            }
            ("confirmed", _) if generation == self.confirmed => {}
            // The state directory is lost, the kernel's rules are not: they hold on.
            ("confirmed", _) if self.confirmed.is_none() => self.confirmed = generation,
            ("trial", Some(left)) if generation == pending => {
                // One that stays was put there by somebody else; it is found by comparing.
                let left = (*left).min(Duration::from_secs(MAX_TRIAL.into()));
                let ends = Instant::now() + left + Duration::from_secs(1);
                self.trial = generation.map(|generation| (generation, ends));
            }
            ("", _) if self.confirmed.is_none() => return Ok(()),
            _ => return self.boot().await,
        }
        self.intended =
            self.state.get(INTENDED).ok().flatten().filter(|intended: &Listing| intended.marker() == marker);
        if self.intended.is_none() && self.trial.is_none() && self.state.confirmed()?.is_some() {
            return self.boot().await;
        }
        self.last = listing.clone();
        // On trial or lost, and unknown how it should look: what is there is what is compared with.
        self.intended.get_or_insert(listing);
        Ok(())
    }

    /// Carries a request out that changes something.
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
            Request::Links { links } => self.share(&links).await?,
            Request::Isolate { address, on } => self.isolate(address.to_canonical(), on)?,
            Request::Status | Request::Connections | Request::End { .. } | Request::Follow => {
                return Err(Error::Request("this is not the owner's".to_owned()));
            }
        }
        Ok(Answer::Done)
    }

    /// Puts classes on these lines and on no others.
    async fn share(&self, links: &[Link]) -> Result<(), Error> {
        let before: Vec<Link> = self.state.get(LINKS).ok().flatten().unwrap_or_default();
        for link in before.iter().chain(links) {
            match self.nft.shape(&links::removal(link)).await {
                // There is none of ours, which is as well.
                Err(Error::Nft(_)) => {}
                other => other?,
            }
        }
        self.state.keep(LINKS, &links)?;
        for link in links {
            self.nft.shape(&links::addition(link)).await?;
        }
        Ok(())
    }

    async fn load(&mut self, trial: &str, settled: String, seconds: u32) -> Result<Answer, Error> {
        let (picks, later) = (guard::parse(trial.as_bytes())?.picks, guard::parse(settled.as_bytes())?.picks);
        if picks.is_empty() || picks.iter().any(|(_, ends)| *ends != Some(seconds)) {
            let why =
                format!("the trial's maps `pick_…` do not let the kernel fall back after {seconds} seconds");
            return Err(Error::Request(why));
        }
        if later.iter().any(|(_, ends)| ends.is_some()) {
            return Err(Error::Request("what is to be confirmed has elements of a trial".to_owned()));
        }
        let pending = self.state.pending().ok().flatten().map(|rules| rules.generation);
        let generation = self.confirmed.max(pending).unwrap_or_default() + 1;
        let marker = format!("{generation}_trial");
        self.nft.check(&self.transaction(trial, &marker)?).await?;
        self.nft.check(&self.transaction(&settled, &marker)?).await?;
        self.state.keep_pending(&Rules { generation, text: settled })?;
        let ends = Instant::now() + Duration::from_secs(seconds.into());
        self.place(trial, &marker, String::new()).await?;
        self.trial = Some((generation, ends));
        Ok(Answer::Loaded { generation })
    }

    async fn confirm(&mut self, generation: u64) -> Result<(), Error> {
        if self.confirmed == Some(generation) && self.trial.is_none() {
            return Ok(());
        }
        let is_on = self.trial.is_some_and(|(on, _)| on == generation) && !self.last.picks.is_empty();
        let pending = self.state.pending()?.filter(|rules| is_on && rules.generation == generation);
        let Some(Rules { text, .. }) = pending else { return Err(Error::Over(generation)) };
        // What picks the candidate must still be there, or the whole transaction fails: the kernel has fallen back.
        let mut first = String::new();
        for map in self.last.picks.keys() {
            for family in ["ipv4", "ipv6"] {
                let hook = map.trim_start_matches("pick_");
                let element = format!("{{ {family} : goto candidate_{hook} }}");
                let _ = writeln!(first, "delete element inet portcullis {map} {element}");
            }
        }
        match self.place(&text, &format!("{generation}_confirmed"), first).await {
            Err(Error::Nft(text)) if text.contains("No such file or directory") => {
                return Err(Error::Over(generation));
            }
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
        if !shown.as_ref().is_ok_and(|listing| listing.picks.is_empty()) {
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
                self.place(&text, &format!("{generation}_confirmed"), String::new()).await?;
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
        if bridge || self.last.has_chains("bridge") {
            text += "add table bridge portcullis\ndelete table bridge portcullis\n";
        }
        text
    }

    /// The whole transaction: the old tables go, the new ones come, and with them what they are marked and filled with.
    fn transaction(&self, text: &str, marker: &str) -> Result<String, Error> {
        let Shape { sets: known, bridge, .. } = guard::parse(text.as_bytes())?;
        let mut all = format!("{}{text}\nadd table inet portcullis\n", self.removal(bridge));
        let _ = writeln!(all, "add chain inet portcullis {MARKER}{marker}");
        let mut sets: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (key, opening) in self.elements(Instant::now()) {
            let element = match opening {
                Some((left, id)) => format!("{key} timeout {}ms comment \"{id}\"", left.as_millis()),
                None => key.to_string(),
            };
            sets.entry(key.set()).or_default().push(element);
        }
        for (set, elements) in sets.iter().filter(|(set, _)| known.contains(**set)) {
            let _ = writeln!(all, "add element inet portcullis {set} {{ {} }}", elements.join(", "));
        }
        Ok(all)
    }

    /// Loads a text behind what is to be done first, and keeps what the kernel shows then as what it should show: if nobody
    /// else has changed anything meanwhile.
    async fn place(&mut self, text: &str, marker: &str, mut first: String) -> Result<(), Error> {
        let mut tries = 0..TRIES;
        let listing = loop {
            let before = kernel::generation()?;
            self.nft.load(&(std::mem::take(&mut first) + &self.transaction(text, marker)?)).await?;
            self.changes.0 += 1;
            let shown = list(&self.nft).await?;
            // The kernel leaves zero out when it counts round.
            if kernel::generation()? == before.wrapping_add(1).max(1) {
                break shown;
            }
            if tries.next().is_none() {
                let why = "others change rules at the same time: what they did is not told apart from ours";
                eprintln!("portcullis-firewall: {why}");
                break shown;
            }
        };
        self.last = listing.clone();
        if let Err(error) = self.state.keep(INTENDED, &listing) {
            eprintln!("portcullis-firewall: {error}; after a restart the policy is loaded anew");
        }
        self.intended = Some(listing);
        Ok(())
    }

    /// What the sets should hold at a moment: isolated addresses, and of several pinholes with one key the one that ends last,
    /// with the time that is left then and its name.
    fn elements(&self, now: Instant) -> BTreeMap<Key, Option<(Duration, &str)>> {
        let isolated = self.isolated.iter().map(|address| Key { address: *address, service: None });
        let mut all: BTreeMap<_, _> = isolated.map(|key| (key, None)).collect();
        for (id, (key, ends)) in &self.pinholes {
            let opening = Some((ends.saturating_duration_since(now), id.as_str()));
            if opening >= Some((Duration::from_millis(1), ""))
                && all.get(key).is_none_or(|other| *other < opening)
            {
                all.insert(*key, opening);
            }
        }
        all
    }

    fn open(&mut self, pinhole: Pinhole) -> Result<(), Error> {
        let Pinhole { id, to, protocol, port, seconds } = pinhole;
        let key = Key { address: to.to_canonical(), service: Some((protocol, port)) };
        let now = Instant::now();
        self.pinholes.retain(|_, (_, ends)| *ends > now);
        if self.pinholes.len() >= MAX_ELEMENTS && !self.pinholes.contains_key(&id) {
            return Err(Error::TooMany(MAX_ELEMENTS));
        }
        let was_open = self.pinholes.values().any(|(other, _)| *other == key);
        let old = self.pinholes.insert(id.clone(), (key, now + Duration::from_secs(seconds.into())));
        if let Err(error) = self.settle(&key, was_open) {
            self.pinholes.remove(&id);
            return Err(error);
        }
        // A name that now means another opening: the one that it meant before closes.
        old.filter(|(old, _)| *old != key).map_or(Ok(()), |(old, _)| self.settle(&old, true))
    }

    fn close(&mut self, id: &str) -> Result<(), Error> {
        self.pinholes.remove(id).map_or(Ok(()), |(key, _)| self.settle(&key, true))
    }

    fn isolate(&mut self, address: IpAddr, on: bool) -> Result<(), Error> {
        if on && self.isolated.len() >= MAX_ELEMENTS {
            return Err(Error::TooMany(MAX_ELEMENTS));
        }
        let (key, before) = (Key { address, service: None }, self.isolated.clone());
        if on {
            self.isolated.insert(address)
        } else {
            self.isolated.remove(&address)
        };
        if let Err(error) = self.settle(&key, !on) {
            self.isolated = before;
            return Err(error);
        }
        self.state.keep(ISOLATED, &self.isolated)
    }

    /// Makes the kernel's element for a key what it should be.
    fn settle(&mut self, key: &Key, was_there: bool) -> Result<(), Error> {
        if !self.holds(key) {
            return Err(Error::NoSet(key.set()));
        }
        kernel::change(key, was_there, self.elements(Instant::now()).get(key).copied())?;
        self.changes.1 += 1;
        Ok(())
    }

    /// Whether what is loaded has the set for this key.
    fn holds(&self, key: &Key) -> bool {
        self.intended.as_ref().is_some_and(|intended| intended.has_set(key.set()))
    }

    /// What was loaded and changed up to now, for [`Keeper::compare`].
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment { changes: self.changes, at: Instant::now() }
    }

    /// Holds what the kernel shows against what it should; `since` is what [`Keeper::moment`] said when the listing
    /// began. Says what is found now, if that is something else than before.
    pub fn compare(&mut self, shown: Listing, since: Moment) -> Option<Vec<String>> {
        if since.changes.0 != self.changes.0 {
            return None;
        }
        let mut found = Vec::new();
        if let Some(intended) = &self.intended {
            found = drift::compare(intended, &shown);
            if found.is_empty() && since.changes == self.changes {
                found = self.compare_elements(&shown, since.at);
            }
            let mut both = self.last.counters.iter().zip(&shown.counters);
            if found.is_empty() && both.any(|(before, now)| now.packets < before.packets) {
                found.push("counters were set back".to_owned());
            }
        } else if !shown.parts.is_empty() {
            found.push("somebody else has made the table inet portcullis".to_owned());
        }
        // What picks the candidate is remembered as it was loaded.
        let picks = std::mem::take(&mut self.last.picks);
        self.last = Listing { picks, ..shown };
        let is_news = found != self.drift;
        self.drift = found;
        is_news.then(|| self.drift.clone())
    }

    fn compare_elements(&self, shown: &Listing, began: Instant) -> Vec<String> {
        let should = self.elements(Instant::now());
        let is_due = |opening: &Option<(Duration, &str)>| opening.is_none_or(|(left, _)| left > NEARLY);
        let gone = should
            .iter()
            .filter(|(key, opening)| is_due(opening) && self.holds(key) && !shown.elements.contains_key(key));
        let mut found: Vec<String> =
            gone.map(|(key, _)| format!("the opening or isolation {key} was removed")).collect();
        // The listing takes its time, and the kernel may be late: what was ours shortly before it is ours.
        let were = self.elements(began.checked_sub(NEARLY).unwrap_or(began));
        let foreign = shown.elements.iter().filter(|(key, _)| !were.contains_key(key));
        found.extend(
            foreign.map(|(key, _)| format!("the opening or isolation {key} was added by somebody else")),
        );
        let is_due = self.trial.is_some_and(|(_, ends)| ends > Instant::now() + NEARLY);
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
        let open = self.pinholes.iter().filter(|(_, (_, ends))| *ends > now);
        let pinhole = |(id, (key, ends)): (&String, &(Key, Instant))| {
            let (protocol, port) = key.service?;
            Some(Pinhole { id: id.clone(), to: key.address, protocol, port, seconds: left(*ends) })
        };
        Status {
            confirmed: self.confirmed,
            trial: self.trial.map(|(generation, ends)| Trial { generation, seconds_left: left(ends) }),
            shut: self.shut,
            pinholes: open.filter_map(pinhole).collect(),
            isolated: self.isolated.iter().copied().collect(),
            counters: self.last.counters.clone(),
            drift: self.drift.clone(),
            earlier: self.last.earlier.clone(),
        }
    }
}

//! A log with a clock that is set by hand, and entries by chance.

use archive::Config;
use archive::firewall::{Log, Told};
use jiff::Timestamp;
use model::clock::ManualClock;
use model::firewall_log::{Entry, Line, Query, Verdict, Whose};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for everything that is tested.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// 2027-01-15T08:00:00Z.
pub const BEGIN: i64 = 1_800_000_000;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

pub struct Ground {
    pub directory: TempDir,
    pub clock: Arc<ManualClock>,
    pub told: Arc<Mutex<Vec<Told>>>,
    pub config: Config,
    pub log: Log,
}

impl Ground {
    pub fn new(config: Config) -> Self {
        let directory = TempDir::new().unwrap();
        let (clock, told) = (Arc::new(ManualClock::at(at(0))), Arc::default());
        let log = open(&directory, &config, &clock, &told);
        Self { directory, clock, told, config, log }
    }

    /// With room on whatever disk the tests run on.
    pub fn plain() -> Self {
        Self::new(Config { spare_megabytes: 0, ..Config::default() })
    }

    /// The appliance is killed and started again.
    pub fn restart(self) -> Self {
        let Self { directory, clock, told, config, log } = self;
        drop(log);
        let log = open(&directory, &config, &clock, &told);
        Self { directory, clock, told, config, log }
    }

    pub fn set(&self, second: i64) {
        self.clock.set(at(second));
    }

    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// All files, by their names.
    pub fn files(&self) -> Vec<PathBuf> {
        let list = |path: PathBuf| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        let root = self.directory.path().to_owned();
        let mut all: Vec<PathBuf> =
            list(root.join("open")).chain(list(root)).filter(|path| path.is_file()).collect();
        all.retain(|path| path.file_name().unwrap() != "state.json");
        all.sort();
        all
    }

    /// Everything that is found, page by page.
    pub fn all(&self, query: &Query) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut query = query.clone();
        loop {
            let found = self.log.find(&query, PATIENCE);
            assert!(!found.is_cut && found.lines.len() <= query.limit);
            lines.extend(found.lines);
            query.before = found.next;
            if query.before.is_none() {
                return lines;
            }
        }
    }
}

fn open(directory: &TempDir, config: &Config, clock: &Arc<ManualClock>, told: &Arc<Mutex<Vec<Told>>>) -> Log {
    let told = Arc::clone(told);
    let tell = move |it| told.lock().unwrap().push(it);
    Log::open(directory.path(), config.clone(), Arc::clone(clock) as _, tell).unwrap()
}

/// Numbers by chance, the same in every run (xorshift64).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    pub fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(5) > 0).then_some(value)
    }

    pub fn entry(&mut self, second: i64) -> Entry {
        // Now and then a clock that is wrong by days.
        let wrong = if self.below(20) == 0 { self.below(400_000) as i64 - 200_000 } else { 0 };
        let micros = (BEGIN + second + wrong) * 1_000_000 + self.below(1_000_000) as i64;
        let address = |chance: &mut Self| {
            let text =
                chance.of(&["10.0.0.1", "10.0.0.77", "10.20.3.4", "fd00::7", "2001:db8::1", "192.0.2.9"]);
            text.parse().unwrap()
        };
        let names: Vec<Arc<str>> = ["eth0", "trust", "schräg"].map(Arc::from).to_vec();
        let (from, to) = (address(self), address(self));
        let source = [None, None, Some("pf-1".into()), Some("192.0.2.1".into())];
        Entry {
            at: Timestamp::from_microsecond(micros).unwrap(),
            source: self.of(&source),
            verdict: self.of(&Verdict::ALL),
            rule: self.below(5).checked_sub(1).map(|rule| rule.to_string().into()),
            app: self.below(4).checked_sub(1).map(|app| format!("app_{app}").into()),
            from: self.maybe(from),
            to: self.maybe(to),
            protocol: self.of(&[None, Some(1), Some(6), Some(17), Some(255)]),
            source_port: self.of(&[None, Some(0), Some(65_535), Some(4000)]),
            port: self.of(&[None, Some(22), Some(443), Some(65_535)]),
            arrived: self.of(&[None, Some(names[0].clone()), Some(names[1].clone())]),
            leaves: self.of(&[None, Some(names[2].clone())]),
            bytes: self.of(&[None, Some(40), Some(u32::MAX)]),
            message: (self.below(7) == 0).then(|| format!("line {} \"ü\"\n", self.below(9)).into()),
        }
    }

    pub fn query(&mut self) -> Query {
        let mut query = Query { limit: self.of(&[200, 1000, 10_000]), ..Query::default() };
        let net = |chance: &mut Self| {
            let text = chance.of(&["10.0.0.0/8", "10.0.0.1/32", "fd00::/8", "0.0.0.0/0", "192.0.2.9/32"]);
            vec![text.parse().unwrap()]
        };
        for _ in 0..self.below(4) {
            match self.below(11) {
                0 => query.since = Some(at(self.below(12_000) as i64)),
                1 => query.until = Some(at(self.below(12_000) as i64)),
                2 => query.either = net(self),
                3 => query.from = net(self),
                4 => query.to = net(self),
                5 => query.rule = Some(self.below(4).to_string()),
                6 => query.app = Some(format!("app_{}", self.below(3))),
                7 => query.verdicts = vec![self.of(&Verdict::ALL), self.of(&Verdict::ALL)],
                8 => query.protocol = self.of(&[Some(6), Some(17)]),
                9 => query.port = self.of(&[Some(22), Some(65_535)]),
                _ => {
                    query.whose =
                        self.of(&[Whose::Ours, Whose::Of("pf-1".into()), Whose::Of("nobody".into())])
                }
            }
        }
        query
    }
}

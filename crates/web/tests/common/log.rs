//! A firewalls' log in memory, for tests.

use model::Failure;
use model::command::BoxFuture;
use model::firewall_log::{Bars, Counts, Entry, Found, Line, Log, Loss, Position, Query, Verdict, Why};
use std::sync::{Arc, Mutex};

/// The log.
#[derive(Default)]
pub struct Logged {
    lines: Mutex<Vec<Line>>,
    losses: Mutex<Vec<Loss>>,
}

impl Logged {
    /// With a packet of the policy's, one of another firewall's, and something missing, all just before `now`.
    pub fn with(now: jiff::Timestamp) -> Arc<Self> {
        let log = Self::default();
        let address = |text: &str| text.parse().ok();
        let ours = Entry {
            at: now,
            verdict: Verdict::Drop,
            rule: Some("6".into()),
            app: Some("clear_text_mgmt".into()),
            from: address("10.1.5.10"),
            to: address("10.0.3.1"),
            protocol: Some(6),
            source_port: Some(40_000),
            port: Some(23),
            bytes: Some(60),
            ..Entry::default()
        };
        let message: Box<str> = "<134>filterlog: =1+1, <script>alert(1)</script>".into();
        let foreign = Entry {
            source: Some("pf-1".into()),
            verdict: Verdict::Accept,
            message: Some(message),
            ..ours.clone()
        };
        log.keep(vec![ours, foreign]);
        log.lose(Loss { from: now, to: now, why: Why::Kernel, count: Some(1234) });
        Arc::new(log)
    }
}

impl Log for Logged {
    fn keep(&self, entries: Vec<Entry>) {
        let mut lines = self.lines.lock().unwrap();
        for entry in entries {
            let position = Position { hour: 500_000, row: lines.len() as u64 };
            lines.push(Line { position, received: entry.at, entry });
        }
    }

    fn lose(&self, loss: Loss) {
        self.losses.lock().unwrap().push(loss);
    }

    fn find(&self, query: Query) -> BoxFuture<'_, Result<Found, Failure>> {
        let is_asked = |line: &&Line| {
            query.matches(&line.entry)
                && query.before.is_none_or(|before| line.position < before)
                && query.after.is_none_or(|after| line.position > after)
        };
        let mut lines: Vec<Line> =
            self.lines.lock().unwrap().iter().rev().filter(is_asked).cloned().collect();
        let is_more = lines.len() > query.limit;
        lines.truncate(query.limit);
        let next = lines.last().map(|line| line.position).filter(|_| is_more);
        let missing = self.losses.lock().unwrap().clone();
        Box::pin(
            async move { Ok(Found { searched: lines.len() as u64, lines, next, is_cut: false, missing }) },
        )
    }

    fn count(&self, query: Query, bars: Bars) -> BoxFuture<'_, Result<Counts, Failure>> {
        let lines = self.lines.lock().unwrap();
        let number = lines.iter().filter(|line| query.matches(&line.entry)).count() as u64;
        let mut counts = vec![[0; 6]; bars.number];
        counts[0][1] = number;
        Box::pin(async move { Ok(Counts { bars: counts, cut_at: None, missing: Vec::new() }) })
    }
}

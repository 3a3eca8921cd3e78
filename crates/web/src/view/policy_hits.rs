//! What rules have counted, and what those that only log would have cost.

use super::Time;
use super::policy::Word;
use control::policy::shadow::Met;
use control::policy::{Cost, Hits};
use jiff::Timestamp;

/// What a rule that only logs would have cost.
#[derive(Clone, Debug)]
pub(crate) struct CostRow {
    pub place: usize,
    pub app_id: String,
    pub would: Word,
    pub packets: u64,
    pub bytes: u64,
    pub since: Time,
    pub pairs: Vec<PairRow>,
    /// Records of the log about other pairs.
    pub others: u64,
}

/// Who would have been held back.
#[derive(Clone, Debug)]
pub(crate) struct PairRow {
    pub from: String,
    pub to: String,
    pub service: String,
    pub records: u64,
    pub last: Time,
}

/// Since when what is counted longest is counted.
pub(crate) fn oldest(hits: &[Hits], now: Timestamp) -> Option<Time> {
    hits.iter().map(|hits| hits.since).min().map(|since| Time::new(since, now))
}

/// The rules that only log, in their order.
pub(crate) fn costs(all: &[Cost], now: Timestamp) -> Vec<CostRow> {
    all.iter().map(|cost| row(cost, now)).collect()
}

fn row(cost: &Cost, now: Timestamp) -> CostRow {
    let name = |met: &Met| match &met.device {
        Some(device) => format!("{device} ({})", met.address),
        None => met.address.to_string(),
    };
    let pairs = cost.pairs.iter().map(|pair| PairRow {
        from: name(&pair.from),
        to: name(&pair.to),
        service: pair.service.clone(),
        records: pair.records,
        last: Time::new(pair.last, now),
    });
    let Hits { rule, app_id, packets, bytes, since, .. } = &cost.hits;
    CostRow {
        place: rule.unwrap_or_default(),
        app_id: app_id.clone(),
        would: Word::of(cost.would),
        packets: *packets,
        bytes: *bytes,
        since: Time::new(*since, now),
        pairs: pairs.collect(),
        others: cost.others,
    }
}

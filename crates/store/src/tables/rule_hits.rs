//! What the policy's rules have counted, over loads of the kernel and starts of the appliance.

use crate::value::args;
use crate::{Result, Store};
use jiff::Timestamp;

/// What a rule has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHits {
    /// The scenario, by id.
    pub scenario: String,
    /// Which rule of it.
    pub rule: String,
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Since when.
    pub since: Timestamp,
    /// When it was last seen to count.
    pub last: Option<Timestamp>,
    /// What the kernel's own counter showed then: packets and bytes.
    pub seen: (u64, u64),
}

impl Store {
    /// Writes down what rules have counted.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_rule_hits(&self, all: Vec<RuleHits>) -> Result<()> {
        self.write("write down", "what rules have counted", move |c| {
            let sql = "INSERT INTO rule_hits (scenario, rule, packets, bytes, since, last, seen_packets, seen_bytes) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (scenario, rule) DO UPDATE SET \
                       packets = excluded.packets, bytes = excluded.bytes, since = excluded.since, \
                       last = excluded.last, seen_packets = excluded.seen_packets, seen_bytes = excluded.seen_bytes";
            for it in &all {
                let args = args![
                    &it.scenario,
                    &it.rule,
                    it.packets,
                    it.bytes,
                    it.since,
                    it.last,
                    it.seen.0,
                    it.seen.1
                ];
                c.execute(sql, args)?;
            }
            Ok(())
        })
        .await
    }

    /// What rules have counted.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn rule_hits(&self) -> Result<Vec<RuleHits>> {
        self.read("list", "what rules have counted", |c| {
            let sql = "SELECT scenario, rule, packets, bytes, since, last, seen_packets, seen_bytes \
                       FROM rule_hits ORDER BY scenario, rule";
            c.all(sql, &[], |row| {
                Ok(RuleHits {
                    scenario: row.take(0)?,
                    rule: row.take(1)?,
                    packets: row.take(2)?,
                    bytes: row.take(3)?,
                    since: row.take(4)?,
                    last: row.take(5)?,
                    seen: (row.take(6)?, row.take(7)?),
                })
            })
        })
        .await
    }
}

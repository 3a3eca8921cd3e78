//! The policy's versions, with their documents as they were uploaded.

use crate::value::{Row, args};
use crate::work::{Connection, Trouble};
use crate::{Result, Store};
use jiff::Timestamp;
use model::enforcement::{Version, VersionState};

/// The two documents of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyTexts {
    /// The scenario.
    pub scenario: String,
    /// The site's binding.
    pub site: String,
}

/// A version to write down.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// When it was proposed.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What for.
    pub note: String,
    /// Its documents.
    pub texts: PolicyTexts,
    /// SHA-256 of both.
    pub sha256: [String; 2],
}

const SELECT: &str = "SELECT number, state, proposed_at, proposed_by, note, scenario_sha256, site_sha256, \
                      generation, applied_at, applied_by, confirmed_at, confirmed_by FROM policy_versions";

fn read(row: &mut Row) -> Result<Version, Trouble> {
    Ok(Version {
        number: row.take(0)?,
        state: row.parsed(1, "state")?,
        proposed_at: row.take(2)?,
        proposed_by: row.take(3)?,
        note: row.take(4)?,
        scenario_sha256: row.take(5)?,
        site_sha256: row.take(6)?,
        generation: row.take(7)?,
        applied_at: row.take(8)?,
        applied_by: row.take(9)?,
        confirmed_at: row.take(10)?,
        confirmed_by: row.take(11)?,
    })
}

fn one(c: &dyn Connection, number: u64) -> Result<Option<Version>, Trouble> {
    c.first(&format!("{SELECT} WHERE number = $1"), args![number], read)
}

/// What is on trial no more: it was in force before, or never.
const TAKE_BACK: &str = "UPDATE policy_versions SET generation = NULL, \
                         state = CASE WHEN confirmed_at IS NULL THEN 'draft' ELSE 'superseded' END \
                         WHERE state = 'candidate'";

impl Store {
    /// Writes a proposed version down. Of the drafts that were never on trial all but the newest `keep` go.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn add_policy(&self, new: NewPolicy, keep: usize) -> Result<Version> {
        self.write("write down", "a version of the policy", move |c| {
            let tidy = "DELETE FROM policy_versions WHERE state = 'draft' AND applied_at IS NULL AND number NOT IN \
                        (SELECT number FROM policy_versions WHERE state = 'draft' AND applied_at IS NULL \
                         ORDER BY number DESC LIMIT $1)";
            c.execute(tidy, args![keep.saturating_sub(1)])?;
            let NewPolicy { at, by, note, texts, sha256: [scenario, site] } = new;
            let sql = "INSERT INTO policy_versions (state, proposed_at, proposed_by, note, scenario, site, \
                       scenario_sha256, site_sha256) VALUES ('draft', $1, $2, $3, $4, $5, $6, $7) RETURNING number";
            let args = args![at, by, note, texts.scenario, texts.site, scenario, site];
            let number = c.scalar(sql, args)?;
            one(c, number)?.ok_or(Trouble::Missing)
        })
        .await
    }

    /// All versions that are kept, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn policies(&self) -> Result<Vec<Version>> {
        self.read("list", "the policy's versions", |c| {
            c.all(&format!("{SELECT} ORDER BY number DESC"), &[], read)
        })
        .await
    }

    /// A version with its documents.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn policy(&self, number: u64) -> Result<Option<(Version, PolicyTexts)>> {
        self.read("read", format!("version {number} of the policy"), move |c| {
            let Some(version) = one(c, number)? else { return Ok(None) };
            let sql = "SELECT scenario, site FROM policy_versions WHERE number = $1";
            let texts = c.first(sql, args![number], |row| {
                Ok(PolicyTexts { scenario: row.take(0)?, site: row.take(1)? })
            })?;
            Ok(texts.map(|texts| (version, texts)))
        })
        .await
    }

    /// A version is on trial, under a number of the firewall's.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn policy_applied(&self, number: u64, generation: u64, at: Timestamp, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.write("write down", format!("the trial of version {number} of the policy"), move |c| {
            c.execute(TAKE_BACK, &[])?;
            let sql = "UPDATE policy_versions SET state = 'candidate', generation = $1, applied_at = $2, \
                       applied_by = $3 WHERE number = $4";
            if c.execute(sql, args![generation, at, by, number])? == 1 {
                Ok(())
            } else {
                Err(Trouble::Missing)
            }
        })
        .await
    }

    /// A version is in force; the one before is superseded. Comes back with it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn policy_confirmed(
        &self,
        number: u64,
        generation: u64,
        at: Timestamp,
        by: &str,
    ) -> Result<Version> {
        let by = by.to_owned();
        self.write("write down", format!("the confirmation of version {number} of the policy"), move |c| {
            let old = "UPDATE policy_versions SET state = 'superseded', generation = NULL WHERE state = 'confirmed'";
            c.execute(old, &[])?;
            let sql = "UPDATE policy_versions SET state = 'confirmed', generation = $1, confirmed_at = $2, \
                       confirmed_by = $3 WHERE number = $4";
            c.execute(sql, args![generation, at, by, number])?;
            one(c, number)?.ok_or(Trouble::Missing)
        })
        .await
    }

    /// What was on trial is so no more.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn policy_taken_back(&self) -> Result<()> {
        self.write("write down", "the end of a trial", |c| c.execute(TAKE_BACK, &[]).map(drop)).await
    }
}

/// The version in a state that only one can be in.
#[must_use]
pub fn only(versions: &[Version], state: VersionState) -> Option<&Version> {
    versions.iter().find(|version| version.state == state)
}

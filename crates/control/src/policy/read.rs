//! Versions and documents, for who may see them.

use super::{Bound, Checked, Policies, subject};
use ::policy::render;
use ::policy::shipped::{SCENARIO, SITE};
use model::enforcement::{Version, VersionState};
use model::{Action, Actor, Failure, Kind, Object};
use std::sync::Arc;
use store::PolicyTexts;

/// Which version is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Which {
    /// The one on trial, if the kernel holds it; else the confirmed one; else the newest draft; else the shipped one.
    #[default]
    Current,
    /// The one that ships with the product.
    Shipped,
    /// The one with this number.
    Number(u64),
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "current" => Ok(Self::Current),
            "shipped" | "0" => Ok(Self::Shipped),
            number => number.parse().map(Self::Number).map_err(|_no_number| {
                format!("{text:?} is no version: write its number, `current` or `shipped`")
            }),
        }
    }
}

/// Both documents, as they were uploaded.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The version; none for what ships.
    pub version: Option<Version>,
    /// The scenario's text.
    pub scenario: String,
    /// The site's text.
    pub site: String,
}

/// The documents that ship with the product.
pub(super) fn shipped() -> PolicyTexts {
    PolicyTexts { scenario: SCENARIO.to_owned(), site: SITE.to_owned() }
}

impl Policies {
    /// Refuses those who may not read the policy.
    pub(super) fn check_reader(&self, actor: &Actor) -> Result<(), Failure> {
        self.door.check(actor, Action::PolicyView, &Object::Appliance)
    }

    /// All versions that are kept, the newest first.
    ///
    /// # Errors
    /// `Refused` without a grant; `Unavailable` if the store cannot be read.
    pub async fn versions(&self, actor: &Actor) -> Result<Vec<Version>, Failure> {
        self.check_reader(actor)?;
        self.all().await
    }

    /// The documents of a version.
    ///
    /// # Errors
    /// `Refused` without a grant; `NotFound`; `Unavailable` if the store cannot be read.
    pub async fn documents(&self, actor: &Actor, which: Which) -> Result<Documents, Failure> {
        self.check_reader(actor)?;
        let (version, PolicyTexts { scenario, site }) = self.texts(which).await?;
        Ok(Documents { version, scenario, site })
    }

    /// What is to be told about a version today, its tests included.
    ///
    /// # Errors
    /// As [`Policies::documents`].
    pub async fn checked(&self, actor: &Actor, which: Which) -> Result<Checked, Failure> {
        self.check_reader(actor)?;
        let (_, texts) = self.texts(which).await?;
        self.look(texts).await
    }

    /// What is to be told about documents that are not kept; one that is left out is the current one.
    ///
    /// # Errors
    /// `Refused` for those who may not propose any.
    pub async fn check_texts(
        &self,
        actor: &Actor,
        scenario: Option<String>,
        site: Option<String>,
    ) -> Result<Checked, Failure> {
        self.door.check(actor, Action::PolicyPropose, &Object::Appliance)?;
        let (_, current) = self.texts(Which::Current).await?;
        let texts = PolicyTexts {
            scenario: scenario.unwrap_or(current.scenario),
            site: site.unwrap_or(current.site),
        };
        self.look(texts).await
    }

    /// A version, read and bound: scenario, site and plan.
    ///
    /// # Errors
    /// As [`Policies::documents`]; `Invalid` if it cannot be bound.
    pub async fn plan(&self, actor: &Actor, which: Which) -> Result<(Option<Version>, Arc<Bound>), Failure> {
        self.check_reader(actor)?;
        let version = self.resolve(which).await?;
        let bound = self.bound(version.as_ref().map_or(0, |version| version.number)).await?;
        Ok((version, bound))
    }

    /// A version as the rules that would be loaded once it is confirmed.
    ///
    /// # Errors
    /// As [`Policies::plan`].
    pub async fn rendered(&self, actor: &Actor, which: Which) -> Result<String, Failure> {
        let (_, bound) = self.plan(actor, which).await?;
        super::blocking(move || render::confirmed(bound.plan(), &render::Openings::default())).await
    }

    /// The JSON Schemas of scenario and site.
    ///
    /// # Errors
    /// `Refused` without a grant.
    pub fn schemas(&self, actor: &Actor) -> Result<(serde_json::Value, serde_json::Value), Failure> {
        self.check_reader(actor)?;
        Ok((::policy::schema::scenario(), ::policy::schema::site()))
    }

    /// The version that is meant; none for what ships.
    pub(super) async fn resolve(&self, which: Which) -> Result<Option<Version>, Failure> {
        let all = self.all().await?;
        match which {
            Which::Shipped => Ok(None),
            Which::Number(number) => {
                let found = all.into_iter().find(|version| version.number == number);
                found.map(Some).ok_or_else(|| {
                    Failure::new(Kind::NotFound, "find", subject(number), "there is no such version")
                        .hint("`portcullis policy history` lists them")
                })
            }
            Which::Current => {
                let only = |state| store::only_policy(&all, state);
                let newest = || all.iter().find(|version| version.state == VersionState::Draft);
                // The store may not have been told yet that a trial is over.
                let candidate = only(VersionState::Candidate).filter(|it| self.memory().holds(it));
                let held = candidate.or_else(|| only(VersionState::Confirmed));
                Ok(held.or_else(newest).cloned())
            }
        }
    }

    pub(super) async fn texts(&self, which: Which) -> Result<(Option<Version>, PolicyTexts), Failure> {
        match self.resolve(which).await? {
            None => Ok((None, shipped())),
            Some(version) => self.kept(version.number).await.map(|(version, texts)| (Some(version), texts)),
        }
    }
}

//! What a walk announces, so that its source may fetch ahead: never what it will not ask for.

use super::plan::{self, Form};
use super::still;
use super::walk::{Member, Walk};
use crate::client::document::link;
use crate::client::{Get, link as links};
use model::traffic::QueryUse;
use serde_json::Value;

impl<G: Get> Walk<'_, G> {
    /// Announces what is always followed out of a resource of this kind.
    pub(super) fn announce_links(&mut self, value: &Value) {
        let Some(plan) = plan::of_kind(still::kind(value)) else { return };
        let mut paths = Vec::new();
        for follow in plan.follows.iter().filter(|follow| follow.always) {
            let Some(link) = value.get(follow.field).filter(|field| field.is_object()).and_then(link) else {
                continue;
            };
            let levels = match follow.form {
                Form::Collection => plan::collection_depth(follow.name()),
                Form::Single | Form::List => self.depth_under(follow.name()),
            };
            self.promise(link, levels, &mut paths);
        }
        self.announce(&paths);
    }

    /// Announces the members of a collection that are links.
    pub(super) fn announce_members(&mut self, name: &str, members: &[Member]) {
        let levels = self.depth_under(name);
        let mut paths = Vec::new();
        for Member::Link { link, .. } in members {
            self.promise(link, levels, &mut paths);
        }
        self.announce(&paths);
    }

    fn announce(&mut self, paths: &[String]) {
        if !paths.is_empty() {
            self.source.soon(paths);
        }
    }

    /// Decides how a link will be asked for, unless it was or need not be.
    ///
    /// As long as it is not known whether expanding works, nothing is: all would be asked for in vain if not.
    fn promise(&mut self, link: &str, levels: u8, paths: &mut Vec<String>) {
        let unsure = self.offer.is_any() && self.habits.expand == QueryUse::Untried;
        if unsure || !self.is_missing(link) {
            return;
        }
        let Ok(path) = self.source.resolve(link) else { return };
        let identity = links::identity(&path).to_owned();
        if self.promised.contains_key(&identity) {
            return;
        }
        let asked = self.query(&path, levels).unwrap_or(path);
        paths.push(asked.clone());
        self.promised.insert(identity, asked);
    }
}

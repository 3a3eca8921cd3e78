//! What stands around every page: title, menu, banners, who is signed in.

use model::{Action, Object};

/// Something about the whole appliance that everybody must know, on every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// In a few words.
    pub title: String,
    /// In one sentence, with what to do.
    pub text: String,
    /// Whether it is shown as an alarm.
    pub urgent: bool,
}

/// A line on top of a page about what was just done.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// `ok`, `warn` or `bad`.
    pub tone: &'static str,
    pub text: String,
}

/// An entry of the menu.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub href: &'static str,
    pub text: &'static str,
    pub current: bool,
}

/// The parts of the appliance's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Fleet,
    Racks,
    Inventory,
    Discovery,
    Jobs,
    Policy,
    Findings,
    Audit,
    Users,
    Manual,
    /// None of the menu's.
    Other,
}

/// Area, address, text, and what one must be allowed to be shown the entry.
const MENU: &[(Area, &str, &str, Option<Action>)] = &[
    (Area::Fleet, "/", "Fleet", None),
    (Area::Racks, "/racks", "Racks", None),
    (Area::Inventory, "/inventory", "Inventory", None),
    (Area::Discovery, "/discovery", "Discovery", None),
    (Area::Jobs, "/jobs", "Jobs", None),
    (Area::Policy, "/policy", "Policy", Some(Action::PolicyView)),
    (Area::Findings, "/findings", "Findings", None),
    (Area::Audit, "/audit", "Audit", Some(Action::AuditView)),
    (Area::Users, "/users", "Users", Some(Action::UserView)),
    (Area::Manual, "/manual", "Manual", None),
];

/// What the layout needs.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub title: String,
    pub user: Option<String>,
    pub csrf: String,
    pub menu: Vec<Entry>,
    pub banners: Vec<Banner>,
    pub notice: Option<Notice>,
}

impl Frame {
    /// A page for somebody who is not signed in.
    pub(crate) fn outside(title: &str) -> Self {
        Self {
            title: title.into(),
            user: None,
            csrf: String::new(),
            menu: Vec::new(),
            banners: Vec::new(),
            notice: None,
        }
    }

    /// A page for somebody who is; `may` says what they may do to the appliance as such.
    pub(crate) fn inside(
        title: &str,
        area: Area,
        user: &str,
        csrf: String,
        may: impl Fn(Action, &Object) -> bool,
    ) -> Self {
        let shown =
            MENU.iter().filter(|(.., needs)| needs.is_none_or(|action| may(action, &Object::Appliance)));
        let menu = shown.map(|(of, href, text, _)| Entry { href, text, current: *of == area }).collect();
        Self { title: title.into(), user: Some(user.into()), csrf, menu, banners: Vec::new(), notice: None }
    }
}

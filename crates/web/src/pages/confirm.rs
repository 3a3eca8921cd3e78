//! The page between a click and an act that takes something away.

use crate::view::device::Row;
use crate::view::frame::Frame;
use crate::view::pacing::PacingForm;
use askama::Template;

#[derive(Template)]
#[template(path = "confirm.html")]
pub(crate) struct Confirm {
    pub frame: Frame,
    pub explanation: String,
    pub warning: Option<String>,
    /// Where the form goes.
    pub action: String,
    /// What it carries on.
    pub fields: Vec<(&'static str, String)>,
    /// What has to be typed.
    pub expect: Option<String>,
    /// How fast it goes, where it is about many.
    pub pacing: Option<PacingForm>,
    pub button: String,
    pub back: String,
    /// The first of the devices that it is about.
    pub devices: Vec<Row>,
    /// How many more there are.
    pub more: usize,
}

/// Rows on the page; the form carries all.
pub(crate) const MOST_ROWS: usize = 200;

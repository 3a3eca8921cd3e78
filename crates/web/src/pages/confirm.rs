//! The page between a click and an act that takes something away.

use crate::view::device::Row;
use crate::view::frame::Frame;
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
    pub button: String,
    pub back: String,
    pub devices: Vec<Row>,
}

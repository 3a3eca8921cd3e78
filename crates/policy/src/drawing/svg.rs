//! A drawing as a file: SVG 1.1 with its own style, light or dark as its reader's screen is. It loads nothing and runs nothing.

use super::{Arrow, Drawing, Label, Lane, MARGIN};
use std::fmt::Write as _;

const STYLE: &str = "\
.ground{fill:#fff}.head{fill:#f1f3f5;stroke:#868e96}.home{fill:#e7f0fa;stroke:#4a78a8}\
.appliance{fill:#d3e4f5;stroke:#1f5c99}.lane{stroke:#ced4da}text{font:12px system-ui,sans-serif;fill:#212529;\
paint-order:stroke;stroke:#fff;stroke-width:3px}.name,.small{stroke:none}\
.name{font-weight:600;font-size:13px}.small{font-size:11px;fill:#495057}\
.allow path{stroke:#1b7a3d}.allow .tip{fill:#1b7a3d}.drop path{stroke:#b42318;stroke-dasharray:none}\
.not-routed path{stroke:#6b5a00;stroke-dasharray:5 4}.not-routed .tip{fill:#fff;stroke-dasharray:none}\
path{fill:none;stroke-width:1.6}.unseen text{font-style:italic}\
@media (prefers-color-scheme:dark){.ground{fill:#15191e}.head{fill:#22282f;stroke:#6b7480}.home{fill:#1c2c3c;stroke:#5c8fc4}\
.appliance{fill:#24425f;stroke:#7fb2e5}.lane{stroke:#3b434c}text{fill:#e6e9ec;stroke:#15191e}.small{fill:#b3bac1}\
.allow path{stroke:#5fd38a}.allow .tip{fill:#5fd38a}.drop path{stroke:#ff8a7d}.not-routed path{stroke:#e2c65a}.not-routed .tip{fill:#15191e}}";

impl Drawing {
    /// The drawing as a file of SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let Self { width, height, .. } = self;
        let title = escaped(&self.title);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n"
        );
        for one in &self.lanes {
            lane(&mut out, one);
        }
        for arrow in self.arrows.iter().chain(&self.legend) {
            self::arrow(&mut out, arrow);
        }
        out.push_str("</svg>\n");
        out
    }
}

fn lane(out: &mut String, lane: &Lane) {
    let Lane { left, middle, width, head, bottom, .. } = lane;
    let class = if lane.is_appliance {
        "appliance"
    } else if lane.is_home {
        "home"
    } else {
        "head"
    };
    let high = head - MARGIN;
    // Writing to a text cannot fail.
    let _ = write!(
        out,
        "<g><title>{}</title><path class=\"lane\" d=\"M {middle} {head} V {bottom}\"/>\
         <rect class=\"{class}\" x=\"{left}\" y=\"{MARGIN}\" width=\"{width}\" height=\"{high}\" rx=\"6\"/>\
         <text class=\"name\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        escaped(&lane.all),
        MARGIN + 18,
        escaped(&lane.name)
    );
    for label in &lane.networks {
        text(out, label, "small", "middle");
    }
    out.push_str("</g>\n");
}

fn arrow(out: &mut String, arrow: &Arrow) {
    let unseen = if arrow.enforced { "" } else { " unseen" };
    let _ = write!(
        out,
        "<g class=\"{}{unseen}\"><title>{}</title><path d=\"{}\"/><path class=\"tip\" d=\"{}\"/>",
        arrow.class(),
        escaped(&arrow.title),
        arrow.line,
        arrow.head
    );
    let anchor = if arrow.is_left { "start" } else { "middle" };
    for label in &arrow.label {
        text(out, label, "label", anchor);
    }
    out.push_str("</g>\n");
}

fn text(out: &mut String, label: &Label, class: &str, anchor: &str) {
    let Label { x, y, text } = label;
    let _ = write!(
        out,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(text)
    );
}

/// A text as XML has it; what XML cannot have is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

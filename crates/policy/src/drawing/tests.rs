//! The shipped zones, drawn.

use super::*;
use crate::evaluate::Evaluator;
use crate::plan::Plan;
use crate::reach::picture;
use crate::read::{parse_scenario, parse_site};
use crate::shipped;

fn shipped() -> Picture {
    let scenario = parse_scenario(shipped::SCENARIO.as_bytes(), "s").document.unwrap().content;
    let site = parse_site(shipped::SITE.as_bytes(), "g").document.unwrap().content;
    picture(&Evaluator::new(&Plan::bind(&scenario, &site).unwrap()))
}

#[test]
fn who_asks_is_left_and_the_internet_right() {
    let drawing = draw(&shipped());
    let names: Vec<&str> = drawing.lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["trust", "management", "appliance", "internal", "internet"]);
    assert!(
        drawing
            .lanes
            .iter()
            .filter(|lane| lane.is_home)
            .map(|lane| &lane.name)
            .eq(["management", "appliance"])
    );
}

#[test]
fn every_edge_is_drawn_once_on_lines_of_its_own_and_inside_the_picture() {
    let picture = shipped();
    let drawing = draw(&picture);
    assert_eq!(drawing.arrows.len(), picture.edges.len());
    let mut last = drawing.lanes[0].head;
    for arrow in &drawing.arrows {
        let first = arrow.label[0].y - 12;
        assert!(first >= last - 1, "{} stands on what is above it", arrow.title);
        last = arrow.label.last().unwrap().y;
        assert!(last < drawing.lanes[0].bottom && drawing.lanes[0].bottom < drawing.height);
    }
    let dropped = drawing.arrows.iter().filter(|arrow| arrow.passage == Passage::Drop);
    assert!(
        dropped.clone().count() > 0
            && dropped.into_iter().all(|arrow| arrow.title.contains("clear_text_mgmt"))
    );
}

#[test]
fn the_file_is_what_was_laid_out_and_nothing_of_it_is_markup() {
    let mut picture = shipped();
    picture.nodes[0].networks.push("<script>\u{1b}&\"".into());
    picture.nodes[0].name = "<a href=\"x\">".into();
    let svg = draw(&picture).svg();
    assert!(
        svg.contains("&lt;a href=&quot;x&quot;&gt;") && !svg.contains("<script>") && !svg.contains('\u{1b}')
    );
    assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count());
}

#[test]
fn no_zone_and_no_edge_is_a_picture_too() {
    let drawing = draw(&Picture::default());
    assert!(
        drawing.width > 0
            && drawing.height > 0
            && drawing.arrows.is_empty()
            && drawing.svg().ends_with("</svg>\n")
    );
}

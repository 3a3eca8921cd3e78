//! The manual: Markdown that was embedded when the program was built, rendered once.
//!
//! Only what Markdown itself makes comes out: raw HTML is dropped, links lead to chapters, to places in
//! them, or openly to `https:`.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/manual.rs"));

static CHAPTERS: LazyLock<Vec<Chapter>> = LazyLock::new(|| {
    let mut chapters: Vec<Chapter> =
        SOURCES.iter().map(|(name, source)| Chapter::render(name, source)).collect();
    // The introduction comes first; its links say in which order the others follow.
    let is_first = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "readme" | "index");
    let introduction = SOURCES.iter().find(|(name, _)| is_first(name)).map_or("", |(_, source)| *source);
    let place = |name: &str| introduction.find(&format!("({name}.md")).unwrap_or(usize::MAX);
    chapters.sort_by_key(|chapter| (!is_first(&chapter.name), place(&chapter.name)));
    chapters
});

/// HTML made from Markdown by [`Chapter::render`] and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Rendered(String);

impl std::fmt::Display for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Rendered {}

/// One file of the manual.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    /// Its address: the file's name without `.md`.
    pub name: String,
    pub title: String,
    pub html: Rendered,
    pub headings: Vec<Heading>,
    /// Plain text by section, for the search.
    sections: Vec<Section>,
}

/// A heading below the title.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    pub id: String,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
struct Section {
    id: String,
    title: String,
    text: String,
}

/// A place where the search found something.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub chapter: String,
    pub anchor: String,
    pub title: String,
    pub before: String,
    pub matched: String,
    pub after: String,
}

/// All chapters in order.
pub(crate) fn chapters() -> &'static [Chapter] {
    &CHAPTERS
}

/// So many places are shown.
const MOST_HITS: usize = 40;
/// Characters around a hit.
const AROUND: usize = 90;

/// Every section that holds the text, whatever the case.
pub(crate) fn search(needle: &str) -> Vec<Hit> {
    let needle = needle.trim().to_lowercase();
    if needle.is_empty() {
        return Vec::new();
    }
    let all =
        chapters().iter().flat_map(|chapter| chapter.sections.iter().map(move |section| (chapter, section)));
    all.filter_map(|(chapter, section)| hit(chapter, section, &needle)).take(MOST_HITS).collect()
}

fn hit(chapter: &Chapter, section: &Section, needle: &str) -> Option<Hit> {
    let title = if section.title.is_empty() || section.title == chapter.title {
        chapter.title.clone()
    } else {
        format!("{}: {}", chapter.title, section.title)
    };
    let text: Vec<char> = section.text.chars().collect();
    let lower: Vec<char> = text.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    let wanted: Vec<char> = needle.chars().collect();
    let found = lower.windows(wanted.len()).position(|window| window == wanted.as_slice());
    if found.is_none() && !section.title.to_lowercase().contains(needle) {
        return None;
    }
    let (at, len) = found.map_or((0, 0), |at| (at, wanted.len()));
    let part =
        |from: usize, to: usize| text.get(from..to.min(text.len())).unwrap_or_default().iter().collect();
    Some(Hit {
        chapter: chapter.name.clone(),
        anchor: section.id.clone(),
        title,
        before: part(at.saturating_sub(AROUND), at),
        matched: part(at, at + len),
        after: part(at + len, at + len + AROUND),
    })
}

impl Chapter {
    fn render(name: &str, source: &str) -> Self {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let mut chapter = Self {
            name: name.into(),
            title: name.replace('-', " "),
            html: Rendered(String::new()),
            headings: Vec::new(),
            sections: vec![Section::default()],
        };
        let mut events: Vec<Event<'_>> = Vec::new();
        // Where in `events` the heading that is being read began.
        let mut heading: Option<(usize, HeadingLevel)> = None;
        for event in Parser::new_ext(source, options) {
            match event {
                Event::Html(_) | Event::InlineHtml(_) => {}
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some((events.len(), level));
                    chapter.sections.push(Section::default());
                    events.push(Event::Start(Tag::Heading {
                        level,
                        id: None,
                        classes: Vec::new(),
                        attrs: Vec::new(),
                    }));
                }
                Event::End(TagEnd::Heading(level)) => {
                    if let Some((at, _)) = heading.take() {
                        let id = chapter.name_section(level);
                        if let Some(Event::Start(Tag::Heading { id: own, .. })) = events.get_mut(at) {
                            *own = Some(id.into());
                        }
                    }
                    events.push(Event::End(TagEnd::Heading(level)));
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let dest_url = target(&dest_url);
                    events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
                Event::Text(ref text) | Event::Code(ref text) => {
                    chapter.note(text, heading.is_some());
                    events.push(event);
                }
                Event::SoftBreak
                | Event::HardBreak
                | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => {
                    chapter.note(" ", false);
                    events.push(event);
                }
                other => events.push(other),
            }
        }
        pulldown_cmark::html::push_html(&mut chapter.html.0, events.into_iter());
        chapter
    }

    fn note(&mut self, text: &str, is_heading: bool) {
        let Some(section) = self.sections.last_mut() else { return };
        if is_heading { section.title.push_str(text) } else { section.text.push_str(text) }
    }

    /// A heading has ended: gives it an anchor that no other has.
    fn name_section(&mut self, level: HeadingLevel) -> String {
        let title = self.sections.last().map(|section| section.title.clone()).unwrap_or_default();
        let slug = slug(&title);
        let taken = |id: &str| self.sections.iter().any(|section| section.id == id);
        let id =
            (1..).map(|n| if n == 1 { slug.clone() } else { format!("{slug}-{n}") }).find(|id| !taken(id));
        let id = id.unwrap_or(slug);
        if let Some(section) = self.sections.last_mut() {
            section.id.clone_from(&id);
        }
        match level {
            HeadingLevel::H1 => self.title = title,
            HeadingLevel::H2 => self.headings.push(Heading { id: id.clone(), text: title }),
            _ => {}
        }
        id
    }
}

/// As other Markdown tools make anchors: lower case, dashes for blanks, other signs left out.
fn slug(title: &str) -> String {
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>();
    kept.replace(' ', "-")
}

/// Where a link leads: `bmc.md#power` to that chapter; nowhere if it is of a kind that we do not write.
fn target(link: &str) -> CowStr<'static> {
    if link.starts_with('#') || link.starts_with("https://") || link.starts_with("http://") {
        return link.to_owned().into();
    }
    let (file, anchor) =
        link.split_once('#').map_or((link, String::new()), |(file, anchor)| (file, format!("#{anchor}")));
    match file.strip_suffix(".md") {
        Some(name) if !name.contains([':', '/', '\\']) => format!("/manual/{name}{anchor}").into(),
        _ => "#".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_html_and_foreign_schemes_do_not_come_through() {
        let source = "# T\n\n<script>alert(1)</script>\n\nA <b onclick=x>b</b> [c](javascript:alert(1)) ![i](data:x) <img src=x>";
        let html = Chapter::render("t", source).html.0;
        for bad in ["<script", "onclick", "javascript:", "<b "] {
            assert!(!html.contains(bad), "{bad}: {html}");
        }
    }

    #[test]
    fn links_between_files_become_links_between_chapters() {
        assert_eq!(&*target("bmc.md#power"), "/manual/bmc#power");
        assert_eq!(&*target("https://example.org/"), "https://example.org/");
        assert_eq!(&*target("../../etc/passwd"), "#");
        assert_eq!(&*target("../secret.md"), "#");
    }

    #[test]
    fn headings_have_anchors_of_their_own() {
        let chapter = Chapter::render(
            "t",
            "# The title\n\nx\n\n## Same\n\none\n\n## Same\n\ntwo `code`\n\n### Below\n",
        );
        assert_eq!(chapter.title, "The title");
        let ids: Vec<&str> = chapter.headings.iter().map(|heading| heading.id.as_str()).collect();
        assert_eq!(ids, ["same", "same-2"]);
        assert!(chapter.html.0.contains(r#"<h2 id="same-2">"#), "{}", chapter.html.0);
        let section = chapter.sections.iter().find(|section| section.id == "same-2").unwrap();
        let found = hit(&chapter, section, "code").unwrap();
        assert_eq!((found.anchor.as_str(), found.matched.as_str()), ("same-2", "code"));
        assert!(hit(&chapter, section, "absent").is_none());
    }

    #[test]
    fn every_link_inside_the_manual_leads_somewhere() {
        for chapter in chapters() {
            let links = chapter.html.0.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for link in links.filter(|link| !link.starts_with("http")) {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let of = path.strip_prefix("/manual/").unwrap_or(&chapter.name);
                let to = chapters().iter().find(|chapter| chapter.name == of);
                let to = to.unwrap_or_else(|| panic!("{}: {link} leads to no chapter", chapter.name));
                let there = anchor.is_empty() || to.sections.iter().any(|section| section.id == anchor);
                assert!(there && link != "#", "{}: {link} leads nowhere", chapter.name);
            }
        }
    }
}

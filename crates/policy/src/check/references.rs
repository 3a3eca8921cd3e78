//! Where facts come from, and names of hosts.

use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::words::Text;
use crate::yaml::Step;
use jiff::ToSpan;

pub fn look(look: &Look<'_>, found: &mut Found) {
    dates(look, found);
    vendors(look, found);
    names(look, found);
}

fn dates(look: &Look<'_>, found: &mut Found) {
    let months = look.terms.months.min(1_200);
    let oldest = look.terms.today.checked_sub(i64::from(months).months()).ok();
    for (at, reference) in look.scenario.references.iter().enumerate() {
        let path = steps!["references", at, "retrieved"];
        let hint = format!("read {} again and write today's date", reference.url);
        match reference.retrieved {
            None => {
                found.scenario(
                    Code::UndatedReference,
                    steps!["references", at],
                    "it is not said when this was read",
                    hint,
                );
            }
            Some(date) if date > look.terms.today => {
                let what = format!("it was read on {date}, and today is {}", look.terms.today);
                found.scenario(Code::FutureReference, path, what, "correct the date, or the clock");
            }
            Some(date) if oldest.is_some_and(|oldest| date < oldest) => {
                let what = format!("it was read on {date}, more than {months} months ago");
                found.scenario(Code::ExpiredReference, path, what, hint);
            }
            Some(_) => {}
        }
    }
}

/// Vendors and products in texts that are not about them.
fn vendors(look: &Look<'_>, found: &mut Found) {
    let references = &look.scenario.references;
    let mut names: Vec<&str> =
        references.iter().flat_map(|one| [one.vendor.trim(), one.product.trim()]).collect();
    names.retain(|name| name.chars().count() >= 2);
    names.sort_unstable();
    names.dedup();
    let scenario = look.scenario;
    let mut texts: Vec<(Vec<Step>, &Text, String)> = vec![
        (steps!["title"], &scenario.title, "the title".to_owned()),
        (steps!["description"], &scenario.description, "the description".to_owned()),
    ];
    texts.extend(
        look.rules()
            .map(|(index, rule)| (steps!["rules", index, "rationale"], &rule.rationale, named(index, rule))),
    );
    for (path, text, place) in texts {
        for (language, text) in text {
            for name in names.iter().filter(|name| names_it(text, name)) {
                let mut path = path.clone();
                path.push(language.into());
                let what = format!("{place} names {name}");
                found.scenario(
                    Code::VendorNamed,
                    path,
                    what,
                    "say what it does, and leave the name to `references`",
                );
                found.at_words(name);
            }
        }
    }
}

/// Whether a text has this name as words of its own.
fn names_it(text: &str, name: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(name).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
        is_edge(before) && is_edge(after)
    })
}

fn names(look: &Look<'_>, found: &mut Found) {
    let hint = "write a host name, `*.` before it for all names below; no scheme, no port, no path";
    for (at, reference) in look.scenario.references.iter().enumerate() {
        for (item, name) in reference.endpoints.iter().enumerate().filter(|(_, name)| !is_host_name(name)) {
            let path = steps!["references", at, "endpoints", item];
            found.scenario(Code::BadDomain, path, format!("{name:?} is no host name"), hint);
        }
    }
    for (app_id, names) in &look.site.domains {
        for (item, name) in names.iter().enumerate().filter(|(_, name)| !is_host_name(name)) {
            let path = steps!["domains", app_id, item];
            found.site(Code::BadDomain, path, format!("{name:?} is no host name"), hint);
        }
    }
}

/// Labels of letters, digits and `-` (RFC 1123, section 2.1), at most 253 bytes; the first may be `*`.
fn is_host_name(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && rest.contains('.') && rest.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_told_from_the_rest() {
        for name in ["download.example.com", "*.example.com", "a.b"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in
            ["https://example.com", "example.com:443", "*", "*.", "example", "a..b", "-a.b", "a b.c", "x.*.y"]
        {
            assert!(!is_host_name(name), "{name}");
        }
    }
}

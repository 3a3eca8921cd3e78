//! The firewalls' log for people: rows, a picture of how much of what came when, and what is missing.

use super::device::link;
use super::shown;
use ::api::firewall_log::LoggedEntry;
use jiff::Timestamp;
use model::firewall_log::{Bars, Counts, Loss, Verdict};

/// The picture's size, in its own units.
const WIDTH: usize = 1200;
const HEIGHT: u64 = 100;
/// Losses that are told one by one.
const GAPS: usize = 6;

/// A row of the table.
pub(crate) struct Row {
    pub id: String,
    pub at: String,
    pub iso: String,
    /// When it was received, where that is a minute off or more.
    pub received: Option<String>,
    pub source: Option<String>,
    pub verdict: String,
    pub tone: &'static str,
    pub icon: &'static str,
    pub rule: Option<String>,
    /// The rule's place on the policy's page.
    pub rule_link: Option<String>,
    pub app: Option<String>,
    /// From where, and to where.
    pub ends: [End; 2],
    pub service: String,
    pub interfaces: String,
    pub bytes: Option<u32>,
    pub message: Option<String>,
}

/// One end of it.
pub(crate) struct End {
    pub address: Option<String>,
    pub device: Option<String>,
    pub link: Option<String>,
}

impl End {
    fn new(address: Option<String>, device: Option<String>) -> Self {
        Self { address, link: device.as_deref().map(link), device }
    }
}

/// An entry as a row.
pub(crate) fn row(entry: LoggedEntry) -> Row {
    let (tone, icon) = match entry.verdict.as_str() {
        "accept" => ("ok", "h-ok"),
        "drop" | "reject" => ("critical", "h-critical"),
        "would-drop" | "would-reject" => ("warning", "h-warning"),
        _ => ("unknown", "h-unknown"),
    };
    let is_late = entry.received.duration_since(entry.at).as_secs().abs() >= 60;
    let is_ours = entry.source.is_none();
    let is_number = |rule: &&String| is_ours && rule.bytes().all(|byte| byte.is_ascii_digit());
    Row {
        id: entry.position,
        at: shown(entry.at),
        iso: entry.at.to_string(),
        received: is_late.then(|| shown(entry.received)),
        source: entry.source,
        tone,
        icon,
        verdict: entry.verdict.replace('-', " "),
        rule_link: entry.rule.as_ref().filter(is_number).map(|rule| format!("/policy#rule-{rule}")),
        rule: entry.rule,
        app: entry.app,
        ends: [End::new(entry.from, entry.from_device), End::new(entry.to, entry.to_device)],
        service: service(entry.protocol, entry.port, entry.source_port),
        interfaces: match (entry.arrived, entry.leaves) {
            (Some(arrived), Some(leaves)) => format!("{arrived} → {leaves}"),
            (Some(arrived), None) => format!("{arrived} →"),
            (None, Some(leaves)) => format!("→ {leaves}"),
            (None, None) => String::new(),
        },
        bytes: entry.bytes,
        message: entry.message,
    }
}

/// `tcp/443`, `icmp 8/0`.
fn service(protocol: Option<u8>, port: Option<u16>, source: Option<u16>) -> String {
    let Some(protocol) = protocol else { return "–".into() };
    let name = match protocol {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        58 => "icmpv6",
        other => return format!("protocol {other}"),
    };
    match (name, port, source) {
        ("icmp" | "icmpv6", Some(code), Some(kind)) => format!("{name} {kind}/{code}"),
        (_, Some(port), _) => format!("{name}/{port}"),
        _ => name.into(),
    }
}

/// How much came when: a bar for each span, passed below, dropped on top.
pub(crate) struct Chart {
    pub width: usize,
    pub bars: Vec<Bar>,
    pub most: String,
    pub begin: String,
    pub end: String,
    pub totals: Vec<Total>,
    /// Before this it was not counted.
    pub cut_at: Option<String>,
}

/// A bar.
pub(crate) struct Bar {
    pub title: String,
    pub pieces: Vec<Piece>,
}

/// A piece of a bar.
pub(crate) struct Piece {
    pub class: &'static str,
    pub x: usize,
    pub y: u64,
    pub height: u64,
}

/// What came altogether.
pub(crate) struct Total {
    pub class: &'static str,
    pub text: String,
}

/// What is shown together: its class, its word, and its verdicts.
const KINDS: [(&str, &str, &[Verdict]); 4] = [
    ("bar-ok", "accepted", &[Verdict::Accept]),
    ("bar-warn", "passed, and a rule on trial would stop it", &[Verdict::WouldDrop, Verdict::WouldReject]),
    ("bar-bad", "dropped or rejected", &[Verdict::Drop, Verdict::Reject]),
    ("bar-other", "not said", &[Verdict::Unknown]),
];

fn of(count: &[u64; 6], verdicts: &[Verdict]) -> u64 {
    Verdict::ALL
        .iter()
        .zip(count)
        .filter(|(verdict, _)| verdicts.contains(verdict))
        .map(|(_, count)| count)
        .sum()
}

impl Chart {
    /// None where nothing came.
    pub(crate) fn new(counts: &Counts, spans: Bars) -> Option<Self> {
        let most = counts.bars.iter().map(|bar| bar.iter().sum::<u64>()).max().unwrap_or_default();
        if most == 0 {
            return None;
        }
        let step = WIDTH / spans.number.max(1);
        let bars = counts.bars.iter().enumerate().map(|(number, count)| {
            let mut top = HEIGHT;
            let pieces = KINDS.iter().filter_map(|(class, _, verdicts)| {
                let count = of(count, verdicts);
                // What is there is seen, however little it is.
                let height = (count.saturating_mul(HEIGHT - 4) / most).max(u64::from(count > 0) * 2);
                top = top.saturating_sub(height);
                (height > 0).then_some(Piece { class, x: number * step, y: top, height })
            });
            let pieces: Vec<Piece> = pieces.collect();
            Bar { title: title(count, number, spans), pieces }
        });
        let totals = KINDS.iter().filter_map(|(class, word, verdicts)| {
            let sum: u64 = counts.bars.iter().map(|count| of(count, verdicts)).sum();
            (sum > 0).then(|| Total { class, text: format!("{} {word}", thousands(sum)) })
        });
        Some(Self {
            width: step.saturating_sub(2).max(1),
            bars: bars.collect(),
            most: thousands(most),
            begin: shown(spans.begin),
            end: shown(spans.end()),
            totals: totals.collect(),
            cut_at: counts.cut_at.map(shown),
        })
    }
}

fn title(count: &[u64; 6], number: usize, spans: Bars) -> String {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let begin = spans.step.checked_mul(number).and_then(|after| spans.begin.checked_add(after).ok());
    let mut title = shown(begin.unwrap_or(Timestamp::UNIX_EPOCH));
    for (verdict, count) in Verdict::ALL.iter().zip(count).filter(|(_, count)| **count > 0) {
        title.push_str(&format!(", {} {}", thousands(*count), verdict.name()));
    }
    title
}

/// A number that people can read.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is missing, in a line.
pub(crate) struct Gap {
    pub from: String,
    pub to: String,
    pub text: String,
}

/// The first few, and how many more there are.
pub(crate) fn gaps(missing: &[Loss]) -> (Vec<Gap>, usize) {
    let gap = |loss: &Loss| {
        let count = match loss.count {
            Some(1) => "one entry".to_owned(),
            Some(count) => format!("{} entries", thousands(count)),
            None => "nobody knows how many".to_owned(),
        };
        Gap { from: shown(loss.from), to: shown(loss.to), text: format!("{count}: {}", loss.why.meaning()) }
    };
    (missing.iter().take(GAPS).map(gap).collect(), missing.len().saturating_sub(GAPS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn every_bar_says_what_came_and_the_highest_fills_the_picture() {
        let begin = Timestamp::from_second(1_800_000_000).unwrap();
        let spans = Bars { begin, step: SignedDuration::from_secs(60), number: 3 };
        let bars = vec![[1, 0, 0, 0, 0, 0], [0; 6], [2_000, 1_000, 500, 0, 10, 0]];
        let chart = Chart::new(&Counts { bars, cut_at: None, missing: Vec::new() }, spans).unwrap();
        assert_eq!(chart.most, "3,510");
        assert!(chart.bars[0].pieces[0].height == 2 && chart.bars[1].pieces.is_empty());
        assert_eq!(chart.bars[2].pieces.len(), 3);
        let lowest = chart.bars[2].pieces.last().unwrap();
        assert!(lowest.y <= 6, "{}", lowest.y);
        assert_eq!(
            chart.bars[2].title,
            "2027-01-15 08:02:00, 2,000 accept, 1,000 drop, 500 reject, 10 would-reject"
        );
        assert_eq!(chart.totals.iter().map(|it| it.text.as_str()).next(), Some("2,001 accepted"));
        assert!(
            Chart::new(&Counts { bars: vec![[0; 6]; 3], cut_at: None, missing: Vec::new() }, spans).is_none()
        );
    }

    #[test]
    fn a_rule_of_ours_leads_to_the_policy_and_another_firewalls_does_not() {
        let entry = |source: Option<&str>, rule: &str| LoggedEntry {
            source: source.map(Into::into),
            rule: Some(rule.into()),
            verdict: "would-drop".into(),
            ..LoggedEntry::default()
        };
        assert_eq!(row(entry(None, "6")).rule_link.as_deref(), Some("/policy#rule-6"));
        assert_eq!(row(entry(None, "default")).rule_link, None);
        assert_eq!(row(entry(Some("pf"), "6")).rule_link, None);
        assert_eq!(
            (service(Some(6), Some(443), Some(1)), service(Some(1), Some(0), Some(8))),
            ("tcp/443".into(), "icmp 8/0".into())
        );
    }
}

//! The fleet as a page: counts, sorted columns, a hundred rows at a time.

use super::query::{Query, reach_word};
use model::Device;
use model::device::{Health, Power, Stage};
use model::table::{Cell, Table, Type};
use std::cmp::Ordering;
use std::sync::Arc;

/// Rows on a page.
pub(crate) const PAGE: usize = 100;

/// A number over the fleet that is also a filter.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    pub number: usize,
    pub text: &'static str,
    pub class: &'static str,
    pub href: String,
    pub current: bool,
}

/// Label, colour, filter, test.
type Counter = (&'static str, &'static str, &'static str, fn(&Device) -> bool);

const COUNTERS: &[Counter] = &[
    ("devices", "none", "", |_| true),
    ("on", "on", "power:on", |device| device.state.power == Power::On),
    ("off", "off", "power:off", |device| device.state.power == Power::Off),
    ("unknown", "unknown", "power:unknown", |device| device.state.power == Power::Unknown),
    ("warning", "warning", "health:warning", |device| device.state.health == Health::Warning),
    ("critical", "critical", "health:critical", |device| device.state.health == Health::Critical),
    ("no answer", "offline", "reach:offline", |device| reach_word(&device.state.reach) == "offline"),
    ("to adopt", "none", "stage:seen", |device| device.stage == Stage::Seen),
    ("maintenance", "warning", "stage:maintenance", |device| device.stage == Stage::Maintenance),
];

/// The numbers on top; decommissioned devices do not count.
pub(crate) fn tally(devices: &[Arc<Device>], filter: &str) -> Vec<Count> {
    let of = |(text, class, term, test): &Counter| Count {
        number: devices.iter().filter(|device| device.stage != Stage::Decommissioned && test(device)).count(),
        text,
        class,
        href: if term.is_empty() { "/".into() } else { format!("/?q={term}") },
        current: filter == *term,
    };
    COUNTERS.iter().map(of).collect()
}

/// A column's head.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub text: &'static str,
    pub href: String,
    pub order: Option<&'static str>,
    pub narrow_hides: bool,
}

/// Key in the address, text, whether a phone leaves it out.
const COLUMNS: &[(&str, &str, bool)] = &[
    ("power", "Power", false),
    ("health", "Health", false),
    ("name", "Name", false),
    ("place", "Rack / unit", true),
    ("stage", "Stage", true),
    ("model", "Model", true),
    ("serial", "Serial", true),
    ("address", "Address", false),
    ("firmware", "BMC firmware", true),
    ("read", "Read", true),
];

/// The heads, each a link that sorts by it, or turns the order round.
pub(crate) fn columns(query: &Query) -> Vec<Column> {
    let (key, descending) = split(&query.sort);
    let of = |(of, text, narrow_hides): &(&'static str, &'static str, bool)| {
        let sorted = *of == key;
        let next = if sorted && !descending { format!("-{of}") } else { (*of).to_owned() };
        let order = sorted.then_some(if descending { "descending" } else { "ascending" });
        Column { text, href: address(&query.text, &next, 1), order, narrow_hides: *narrow_hides }
    };
    COLUMNS.iter().map(of).collect()
}

/// Whether there is such a column.
pub(crate) fn is_column(sort: &str) -> bool {
    let (key, _) = split(sort);
    COLUMNS.iter().any(|(of, ..)| *of == key)
}

fn split(sort: &str) -> (&str, bool) {
    sort.strip_prefix('-').map_or((sort, false), |key| (key, true))
}

/// Where a page of the fleet is.
pub(crate) fn address(text: &str, sort: &str, page: usize) -> String {
    let mut address = form_urlencoded::Serializer::for_suffix(String::from("/?"), 2);
    if !text.is_empty() {
        address.append_pair("q", text);
    }
    if sort != "name" {
        address.append_pair("sort", sort);
    }
    if page > 1 {
        address.append_pair("page", &page.to_string());
    }
    let address = address.finish();
    address.trim_end_matches('?').to_owned()
}

/// Sorts by a column, then by name.
pub(crate) fn sort(devices: &mut [Arc<Device>], by: &str) {
    let (key, descending) = split(by);
    devices.sort_by(|a, b| {
        let order = compare(key, a, b);
        let order = if descending { order.reverse() } else { order };
        order.then_with(|| natural(&a.name, &b.name))
    });
}

fn compare(key: &str, a: &Device, b: &Device) -> Ordering {
    let (left, right) = (&a.identity, &b.identity);
    match key {
        "power" => a.state.power.cmp(&b.state.power),
        // The worst first.
        "health" => urgency(a.state.health).cmp(&urgency(b.state.health)),
        "place" => {
            let rack =
                |device: &Device| device.labels.get("rack").cloned().unwrap_or_else(|| "\u{10ffff}".into());
            let unit = |device: &Device| device.labels.get("unit").cloned().unwrap_or_default();
            natural(&rack(a), &rack(b)).then_with(|| natural(&unit(a), &unit(b)))
        }
        "stage" => a.stage.cmp(&b.stage),
        "model" => left.model.cmp(&right.model),
        "serial" => left.serial.cmp(&right.serial),
        "address" => a.endpoint.cmp(&b.endpoint),
        "firmware" => natural_or_none(&left.bmc_firmware, &right.bmc_firmware),
        "read" => b.state.read_at.cmp(&a.state.read_at),
        _ => natural(&a.name, &b.name),
    }
}

const fn urgency(health: Health) -> u8 {
    match health {
        Health::Critical => 0,
        Health::Warning => 1,
        Health::Unknown => 2,
        Health::Ok => 3,
    }
}

fn natural_or_none(a: &Option<String>, b: &Option<String>) -> Ordering {
    natural(a.as_deref().unwrap_or_default(), b.as_deref().unwrap_or_default())
}

/// Digits count as numbers: `u9` before `u10`.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let (Some(x), Some(y)) = (left.peek().copied(), right.peek().copied()) else {
            return left.peek().is_some().cmp(&right.peek().is_some()).then_with(|| a.cmp(b));
        };
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            take_number(&mut left).cmp(&take_number(&mut right))
        } else {
            left.next();
            right.next();
            x.cmp(&y)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn take_number(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> u64 {
    let mut number = 0_u64;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        number = number.saturating_mul(10).saturating_add(u64::from(digit));
        chars.next();
    }
    number
}

/// The list as it leaves the appliance.
pub(crate) fn table(devices: &[Arc<Device>]) -> Table {
    let mut table = Table::new(&[
        ("id", Type::Text),
        ("name", Type::Text),
        ("stage", Type::Text),
        ("zone", Type::Text),
        ("address", Type::Text),
        ("power", Type::Text),
        ("health", Type::Text),
        ("reach", Type::Text),
        ("vendor", Type::Text),
        ("model", Type::Text),
        ("serial", Type::Text),
        ("system_uuid", Type::Text),
        ("hostname", Type::Text),
        ("asset_tag", Type::Text),
        ("bmc_firmware", Type::Text),
        ("bios_version", Type::Text),
        ("rack", Type::Text),
        ("unit", Type::Text),
        ("labels", Type::Text),
        ("read_at", Type::Time),
        ("last_seen", Type::Time),
    ]);
    table.rows = devices.iter().map(|device| row(device)).collect();
    table
}

fn row(device: &Device) -> Vec<Cell> {
    let (identity, state) = (&device.identity, &device.state);
    let label = |key| device.labels.get(key).cloned();
    let labels: Vec<String> = device.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    vec![
        device.id.0.as_str().into(),
        device.name.as_str().into(),
        device.stage.word().into(),
        device.zone.as_str().into(),
        device.endpoint.to_string().into(),
        state.power.word().into(),
        state.health.word().into(),
        reach_word(&state.reach).into(),
        identity.vendor.clone().into(),
        identity.model.clone().into(),
        identity.serial.clone().into(),
        identity.system_uuid.clone().into(),
        identity.hostname.clone().into(),
        identity.asset_tag.clone().into(),
        identity.bmc_firmware.clone().into(),
        identity.bios_version.clone().into(),
        label("rack").into(),
        label("unit").into(),
        labels.join(" ").into(),
        state.read_at.into(),
        device.last_seen.into(),
    ]
}

/// Which rows of how many are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub first: usize,
    pub last: usize,
    pub total: usize,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Page {
    /// Page `number` (from 1) of `total` rows; a number past the end is the last page.
    pub(crate) fn new(number: usize, total: usize, query: &Query) -> Self {
        let pages = total.div_ceil(PAGE).max(1);
        let number = number.clamp(1, pages);
        let go = |to: usize| address(&query.text, &query.sort, to);
        Self {
            first: ((number - 1) * PAGE + 1).min(total),
            last: (number * PAGE).min(total),
            total,
            previous: (number > 1).then(|| go(number - 1)),
            next: (number < pages).then(|| go(number + 1)),
        }
    }

    /// The rows of this page.
    pub(crate) fn rows<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        all.get(self.first.saturating_sub(1)..self.last).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::device::fixture;

    #[test]
    fn numbers_in_names_sort_as_numbers() {
        let mut names = vec!["r1-u10", "r1-u9", "r1", "r10-u1", "r2-u1", "a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "r1", "r1-u9", "r1-u10", "r2-u1", "r10-u1"]);
    }

    #[test]
    fn pages_cover_every_row_once() {
        let query = Query::new("", "name", |_| false);
        let all: Vec<usize> = (0..250).collect();
        let seen: Vec<usize> =
            (1..=3).flat_map(|n| Page::new(n, all.len(), &query).rows(&all).to_vec()).collect();
        assert_eq!(seen, all);
        let last = Page::new(99, 250, &query);
        assert_eq!((last.first, last.last), (201, 250));
        assert_eq!(last.next, None);
        assert_eq!(last.previous.as_deref(), Some("/?page=2"));
        let none = Page::new(1, 0, &query);
        assert_eq!((none.first, none.last, none.rows(&all[..0]).len()), (0, 0, 0));
    }

    #[test]
    fn the_worst_health_comes_first() {
        let with = |number: u8, health: Health| {
            let mut device = fixture(number);
            device.state.health = health;
            Arc::new(device)
        };
        let mut devices = vec![
            with(1, Health::Ok),
            with(2, Health::Critical),
            with(3, Health::Warning),
            with(4, Health::Unknown),
        ];
        sort(&mut devices, "health");
        assert_eq!(
            devices.iter().map(|d| d.state.health).collect::<Vec<_>>(),
            [Health::Critical, Health::Warning, Health::Unknown, Health::Ok]
        );
        sort(&mut devices, "-health");
        assert_eq!(devices[0].state.health, Health::Ok);
    }

    #[test]
    fn a_column_turns_its_order_round() {
        let query = Query::new("power:on", "health", |_| false);
        let health = columns(&query).into_iter().find(|column| column.text == "Health").unwrap();
        assert_eq!(health.order, Some("ascending"));
        assert_eq!(health.href, "/?q=power%3Aon&sort=-health");
    }
}

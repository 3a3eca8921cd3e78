//! Every part of every device, to be searched: "which servers hold this part number".

use crate::value::{Row, Value, args};
use crate::work::{Connection, Trouble};
use crate::{Result, Store};
use model::DeviceId;
use model::components::Component;

/// One part of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartRow {
    /// Its row; rows come in this order.
    pub number: i64,
    /// The device.
    pub device: String,
    /// `processor`, `memory module`, `drive`, ...
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The slot, socket or bay.
    pub place: Option<String>,
    /// The maker.
    pub manufacturer: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The part number.
    pub part_number: Option<String>,
    /// The part number that the server's maker gives it.
    pub oem_part_number: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The version of what runs on it.
    pub firmware: Option<String>,
    /// Its MAC addresses, with blanks between them.
    pub macs: Option<String>,
}

/// What parts are asked for: all that is said must hold. A text is compared whole, without case; one that ends
/// with `*` is a beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartQuery {
    /// The kind.
    pub kind: Option<String>,
    /// The part number, of either maker.
    pub part_number: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The firmware version.
    pub firmware: Option<String>,
    /// The MAC address, lower case with colons.
    pub mac: Option<String>,
    /// Somewhere in name, place, maker, model, part numbers, serial number, firmware or MAC address.
    pub text: Option<String>,
    /// On this device.
    pub device: Option<String>,
}

const COLUMNS: &str = "number, device, kind, name, place, manufacturer, model, part_number, oem_part_number, serial, firmware, macs";

/// Kinds that are no parts.
const NO_PARTS: &[&str] =
    &["account", "boot option", "certificate", "fault", "log", "licence", "service", "sign-in rules"];

fn read(row: &mut Row) -> Result<PartRow, Trouble> {
    Ok(PartRow {
        number: row.take(0)?,
        device: row.take(1)?,
        kind: row.take(2)?,
        name: row.take(3)?,
        place: row.take(4)?,
        manufacturer: row.take(5)?,
        model: row.take(6)?,
        part_number: row.take(7)?,
        oem_part_number: row.take(8)?,
        serial: row.take(9)?,
        firmware: row.take(10)?,
        macs: row.take(11)?,
    })
}

/// Writes a device's parts in place of those that it had.
pub(super) fn replace(c: &dyn Connection, device: &DeviceId, parts: &[Component]) -> Result<(), Trouble> {
    c.execute("DELETE FROM components WHERE device = $1", args![&device.0])?;
    for part in parts.iter().filter(|part| !NO_PARTS.contains(&part.kind.as_str())) {
        let macs = part.macs();
        let sql = "INSERT INTO components (device, kind, name, place, manufacturer, model, part_number, oem_part_number, serial, firmware, macs) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING number";
        let oem = part.field("oem_part_number").or_else(|| part.field("spare_part_number"));
        let args = args![
            &device.0,
            &part.kind,
            &part.name,
            part.place(),
            part.field("manufacturer"),
            part.field("model"),
            part.field("part_number"),
            oem,
            part.serial(),
            part.firmware(),
            (!macs.is_empty()).then(|| macs.join(" ")),
        ];
        let number: i64 = c.scalar(sql, args)?;
        for mac in macs {
            c.execute("INSERT INTO component_macs (mac, component) VALUES ($1, $2)", args![mac, number])?;
        }
    }
    Ok(())
}

/// A statement's conditions as they gather.
#[derive(Default)]
struct Where {
    terms: Vec<String>,
    args: Vec<Value>,
    /// Whether an index narrows the rows down.
    narrow: bool,
}

impl Where {
    fn arg(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// One of the columns is the text, or begins with it.
    fn columns(&mut self, columns: &[&str], text: &Option<String>) {
        let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return };
        self.narrow = true;
        let one = match text.strip_suffix('*') {
            Some(start) => {
                let (from, to) = (self.arg(start), self.arg(format!("{start}\u{10FFFF}")));
                columns
                    .iter()
                    .map(|column| format!("({column} >= {from} AND {column} < {to})"))
                    .collect::<Vec<_>>()
            }
            None => {
                let is = self.arg(text);
                columns.iter().map(|column| format!("{column} = {is}")).collect()
            }
        };
        self.terms.push(format!("({})", one.join(" OR ")));
    }

    fn of(query: &PartQuery) -> Self {
        let mut all = Self::default();
        all.columns(&["part_number", "oem_part_number"], &query.part_number);
        all.columns(&["serial"], &query.serial);
        all.columns(&["model"], &query.model);
        all.columns(&["firmware"], &query.firmware);
        all.columns(&["device"], &query.device);
        if let Some(mac) = &query.mac {
            let from = all.arg(mac.trim_end_matches('*'));
            let term = if mac.ends_with('*') {
                let to = all.arg(format!("{}\u{10FFFF}", mac.trim_end_matches('*')));
                format!("mac >= {from} AND mac < {to}")
            } else {
                format!("mac = {from}")
            };
            all.terms.push(format!("number IN (SELECT component FROM component_macs WHERE {term})"));
            all.narrow = true;
        }
        if let Some(kind) = &query.kind {
            let kind = all.arg(kind);
            all.terms.push(format!("kind = {kind}"));
        }
        if let Some(text) = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            let like = all.arg(format!("%{}%", escaped(text)));
            let somewhere = [
                "part_number",
                "serial",
                "model",
                "macs",
                "oem_part_number",
                "firmware",
                "name",
                "place",
                "manufacturer",
            ];
            let any: Vec<String> =
                somewhere.iter().map(|column| format!("{column} LIKE {like} ESCAPE '\\'")).collect();
            all.terms.push(format!("({})", any.join(" OR ")));
        }
        all
    }
}

/// A text in which nothing stands for something else.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

impl Store {
    /// Parts in the order of their rows, after the row `beyond`: at most `most`.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn parts(&self, query: &PartQuery, beyond: i64, most: usize) -> Result<Vec<PartRow>> {
        let mut found = Where::of(query);
        // Rows that an index finds are sorted; without one they are read in order until there are enough.
        let number = if found.narrow { "+number" } else { "number" };
        let (after, limit) = (found.arg(beyond), found.arg(most));
        found.terms.push(format!("{number} > {after}"));
        let terms = found.terms.join(" AND ");
        let sql = format!("SELECT {COLUMNS} FROM components WHERE {terms} ORDER BY {number} LIMIT {limit}");
        self.read("search", "parts", move |c| c.all(&sql, &found.args, read)).await
    }

    /// Every kind of part, in order.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn part_kinds(&self) -> Result<Vec<String>> {
        self.read("list", "kinds of parts", |c| {
            // One step for each kind, not one for each part.
            let sql = "WITH RECURSIVE kinds (kind) AS (SELECT min(kind) FROM components UNION ALL \
                       SELECT (SELECT min(c.kind) FROM components c WHERE c.kind > kinds.kind) FROM kinds WHERE kind IS NOT NULL) \
                       SELECT kind FROM kinds WHERE kind IS NOT NULL";
            c.all(sql, &[], |row| row.take(0))
        })
        .await
    }
}

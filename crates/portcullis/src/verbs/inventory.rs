//! An inventory as tables for people.

use crate::output::{or_dash, table};
use model::inventory::table::{Row, Table, tables};
use model::{Clock as _, Inventory, SystemClock};

/// A headline, then a table for each kind of component that there is, then what was wrong.
pub fn human(inventory: &Inventory) -> String {
    let kinds = tables(inventory, SystemClock.now());
    let faults = faults(inventory);
    let faults = (!faults.is_empty())
        .then(|| titled("Faults", faults.len(), &["Kind", "Resource", "Field", "Problem"], &faults));
    let all: Vec<String> = kinds.iter().map(kind).chain(faults).collect();
    format!("{}\n{}", headline(inventory), all.join("\n"))
}

fn kind(kind: &Table) -> String {
    let cells = |row: &Row| row.cells.iter().map(model::inventory::table::Cell::text).collect();
    let rows: Vec<Vec<String>> = kind.all().map(cells).collect();
    titled(kind.title, rows.len(), &kind.columns, &rows)
}

fn titled(title: &str, count: usize, head: &[&str], rows: &[Vec<String>]) -> String {
    format!("{title} ({count})\n{}\n", table(head, rows))
}

fn headline(inventory: &Inventory) -> String {
    let identity = inventory.identity();
    format!(
        "{} {}, serial {}, power {}, health {}; {} requests in {:.1} s\n",
        or_dash(identity.vendor.as_ref()),
        or_dash(identity.model.as_ref()),
        or_dash(identity.serial.as_ref()),
        inventory.power(),
        inventory.health(),
        inventory.requests,
        std::time::Duration::from_millis(inventory.elapsed_ms).as_secs_f64(),
    )
}

fn faults(inventory: &Inventory) -> Vec<Vec<String>> {
    let row = |fault: &model::inventory::Fault| {
        vec![fault.kind.to_string(), fault.path.clone(), fault.field.clone(), fault.problem.clone()]
    };
    inventory.faults.iter().map(row).collect()
}

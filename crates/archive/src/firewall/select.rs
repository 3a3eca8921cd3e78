//! Which rows of a group are asked for: column by column, and no column more than is needed.

use super::columns::Column;
use super::decode::Group;
use ipnet::IpNet;
use model::firewall_log::{Query, Verdict, Whose};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use std::collections::HashMap;
use std::net::IpAddr;

/// The rows that match, in their order.
pub fn select(group: &Group<'_>, query: &Query) -> Result<Vec<usize>, ParquetError> {
    let mut rows: Vec<usize> = (0..group.rows()).collect();
    let (since, until) =
        (query.since.map(|at| at.as_microsecond()), query.until.map(|at| at.as_microsecond()));
    if since.is_some() || until.is_some() {
        let at = group.ints(Column::At)?;
        narrow(&mut rows, &at, |at| {
            at.is_some_and(|at| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until))
        });
    }
    for (column, wanted) in
        [(Column::Protocol, query.protocol.map(i64::from)), (Column::Port, query.port.map(i64::from))]
    {
        if let Some(wanted) = wanted.filter(|_| !rows.is_empty()) {
            narrow(&mut rows, &group.ints(column)?, |number| *number == Some(wanted));
        }
    }
    let source = match &query.whose {
        Whose::Of(name) => Some(name),
        _ => None,
    };
    let texts =
        [(Column::Rule, query.rule.as_ref()), (Column::App, query.app.as_ref()), (Column::Source, source)];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted.filter(|_| !rows.is_empty()) {
            narrow(&mut rows, &group.texts(column)?, |text| {
                text.as_ref().is_some_and(|text| text.data() == wanted.as_bytes())
            });
        }
    }
    if query.whose == Whose::Ours && !rows.is_empty() {
        narrow(&mut rows, &group.texts(Column::Source)?, Option::is_none);
    }
    if !query.verdicts.is_empty() && !rows.is_empty() {
        let names: Vec<&[u8]> =
            query.verdicts.iter().map(|verdict| Verdict::name(*verdict).as_bytes()).collect();
        narrow(&mut rows, &group.texts(Column::Verdict)?, |text| {
            text.as_ref().is_some_and(|text| names.contains(&text.data()))
        });
    }
    select_addresses(group, query, &mut rows)?;
    Ok(rows)
}

fn select_addresses(group: &Group<'_>, query: &Query, rows: &mut Vec<usize>) -> Result<(), ParquetError> {
    if rows.is_empty() || (query.either.is_empty() && query.from.is_empty() && query.to.is_empty()) {
        return Ok(());
    }
    let (from, to) = (group.texts(Column::From)?, group.texts(Column::To)?);
    let mut either = Nets::new(&query.either);
    if !query.either.is_empty() {
        rows.retain(|row| either.hold(from.get(*row)) || either.hold(to.get(*row)));
    }
    for (nets, column) in [(&query.from, &from), (&query.to, &to)] {
        if !nets.is_empty() {
            let mut nets = Nets::new(nets);
            rows.retain(|row| nets.hold(column.get(*row)));
        }
    }
    Ok(())
}

fn narrow<T>(rows: &mut Vec<usize>, column: &[Option<T>], matches: impl Fn(&Option<T>) -> bool) {
    rows.retain(|row| column.get(*row).is_some_and(&matches));
}

/// Networks, and which addresses were found to lie in them: they repeat.
struct Nets<'a> {
    nets: &'a [IpNet],
    known: HashMap<Box<[u8]>, bool>,
}

/// So many addresses are remembered.
const MOST: usize = 64 * 1024;

impl<'a> Nets<'a> {
    fn new(nets: &'a [IpNet]) -> Self {
        Self { nets, known: HashMap::new() }
    }

    fn hold(&mut self, text: Option<&Option<ByteArray>>) -> bool {
        let Some(Some(text)) = text else { return false };
        if let Some(known) = self.known.get(text.data()) {
            return *known;
        }
        let address = text.as_utf8().ok().and_then(|text| text.parse::<IpAddr>().ok());
        let holds = address.is_some_and(|address| self.nets.iter().any(|net| net.contains(&address)));
        if self.known.len() < MOST {
            self.known.insert(text.data().into(), holds);
        }
        holds
    }
}

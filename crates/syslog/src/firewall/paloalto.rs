//! PAN-OS: traffic logs in the default format, a list of values.

use super::Told;
use super::fields::{csv, ip, protocol, some, verdict};
use crate::message::{Context, Message, of_date_and_time};

pub(super) fn read<'a>(message: &'a Message, context: &Context) -> Option<Told<'a>> {
    let fields = csv(message.text());
    let field = |at: usize| fields.get(at).copied();
    (field(3)? == "TRAFFIC").then_some(())?;
    let word = |at: usize| field(at).and_then(some);
    let number = |at: usize| field(at).and_then(|number| number.parse().ok());
    // The times of the list are local ones without a zone; a header that says more is believed before them.
    let generated = || {
        let (date, time) = field(6)?.split_once(' ')?;
        of_date_and_time(date, time, None, context)
    };
    Some(Told {
        at: if message.at.is_none() { generated() } else { None },
        host: word(52),
        verdict: field(30).map(verdict).unwrap_or_default(),
        rule: word(11),
        app: word(14).filter(|app| *app != "not-applicable"),
        from: field(7).and_then(ip),
        to: field(8).and_then(ip),
        protocol: field(29).and_then(protocol),
        source_port: number(24),
        port: number(25),
        arrived: word(18),
        leaves: word(19),
        bytes: field(31).and_then(|bytes| bytes.parse().ok()),
    })
}

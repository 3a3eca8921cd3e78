//! Times as headers write them.

use super::Context;
use crate::cursor::Cursor;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What a header tells of the time.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// All of it.
    Moment(Timestamp),
    /// All but the zone.
    Civil(DateTime),
    /// All but the year, and the zone unless it is UTC: month, day and time of day.
    Yearly { month: i8, day: i8, time: Time, is_utc: bool },
}

impl Told {
    /// The moment that it must mean; `None` if there is no such day.
    pub fn resolve(self, context: &Context) -> Option<Timestamp> {
        let at = |civil: DateTime| context.zone.to_timestamp(civil).ok();
        let at_utc = |civil: DateTime| Offset::UTC.to_timestamp(civil).ok();
        match self {
            Self::Moment(moment) => Some(moment),
            Self::Civil(civil) => at(civil),
            Self::Yearly { month, day, time, is_utc } => {
                let year = context.zone.to_datetime(context.received).year();
                let years = [year.checked_sub(1), Some(year), year.checked_add(1)].into_iter().flatten();
                let moments = years.filter_map(|year| {
                    let date = jiff::civil::Date::new(year, month, day).ok()?;
                    if is_utc { at_utc(date.to_datetime(time)) } else { at(date.to_datetime(time)) }
                });
                let away = |moment: &Timestamp| moment.duration_since(context.received).abs();
                moments.min_by_key(away)
            }
        }
    }
}

/// `2026-11-20T20:00:00.123456+01:00` and its like: a space for the `T`, `/` in the date, no fraction, `Z`, `+0100`, no zone.
pub fn iso(cursor: &mut Cursor<'_>) -> Option<Told> {
    let mut ahead = *cursor;
    let year = ahead.number(4, 4)?;
    let between = ["-", "/"].into_iter().find(|between| ahead.eat(between))?;
    let month = ahead.number(2, 2)?;
    ahead.eat(between).then_some(())?;
    let day = ahead.number(2, 2)?;
    (ahead.eat("T") || ahead.eat(" ")).then_some(())?;
    let time = time_of_day(&mut ahead)?;
    let civil = date(year, month, day)?.to_datetime(time);
    let told = match zone(&mut ahead) {
        Some(offset) => Told::Moment(offset.to_timestamp(civil).ok()?),
        None => Told::Civil(civil),
    };
    *cursor = ahead;
    Some(told)
}

/// `Nov 20 20:00:00`, with a year before it, in its middle or behind it, a fraction, and a zone in letters.
pub fn bsd(cursor: &mut Cursor<'_>) -> Option<Told> {
    let mut ahead = *cursor;
    let mut year = year(&mut ahead);
    let name = ahead.run(3, |letter| letter.is_ascii_alphabetic());
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))? + 1;
    ahead.eat(" ").then_some(())?;
    ahead.spaces();
    let day = ahead.number(1, 2)?;
    ahead.eat(" ").then_some(())?;
    ahead.spaces();
    year = year.or_else(|| self::year(&mut ahead));
    let time = time_of_day(&mut ahead)?;
    let mut behind = ahead;
    if year.is_none() && behind.eat(" ") {
        year = self::year(&mut behind);
        if year.is_some() {
            // The space behind the year belongs to what follows.
            ahead.0 = ahead.0.get(5..).unwrap_or_default();
        }
    }
    let is_utc = zone_word(&mut ahead);
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let told = match year {
        None => {
            // The 29th of February is a day of some year.
            jiff::civil::Date::new(2024, month, day).ok()?;
            Told::Yearly { month, day, time, is_utc }
        }
        Some(year) => {
            let civil = date(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?.to_datetime(time);
            if is_utc { Told::Moment(Offset::UTC.to_timestamp(civil).ok()?) } else { Told::Civil(civil) }
        }
    };
    *cursor = ahead;
    Some(told)
}

/// A date and a time of day in fields of their own, with or without a zone such as `+0100`.
pub fn of_date_and_time(date: &str, time: &str, zone: Option<&str>, context: &Context) -> Option<Timestamp> {
    let whole = format!("{date} {time}{}", zone.unwrap_or_default());
    let mut cursor = Cursor(&whole);
    let told = iso(&mut cursor)?;
    cursor.0.is_empty().then_some(())?;
    told.resolve(context)
}

/// A year of four digits and the space behind it.
fn year(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut ahead = *cursor;
    let year = ahead.number(4, 4).filter(|year| (1970..=2999).contains(year))?;
    ahead.eat(" ").then(|| *cursor = ahead)?;
    Some(year)
}

fn date(year: u32, month: u32, day: u32) -> Option<jiff::civil::Date> {
    let small = |number: u32| i8::try_from(number).ok();
    jiff::civil::Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()
}

/// `20:00:00`, with a fraction of up to nine digits. A leap second is told as the second before it.
fn time_of_day(cursor: &mut Cursor<'_>) -> Option<Time> {
    let mut part = |before: &str| {
        cursor.eat(before).then_some(())?;
        i8::try_from(cursor.number(2, 2)?).ok()
    };
    let (hour, minute, second) = (part("")?, part(":")?, part(":")?);
    let mut fraction = 0;
    let mut ahead = *cursor;
    if ahead.eat(".") || ahead.eat(",") {
        let digits = ahead.run(9, |letter| letter.is_ascii_digit());
        ahead.run(usize::MAX, |letter| letter.is_ascii_digit());
        if !digits.is_empty() {
            let scale = 10_i32.pow(9_u32.saturating_sub(u32::try_from(digits.len()).ok()?));
            fraction = digits.parse::<i32>().ok()? * scale;
            *cursor = ahead;
        }
    }
    Time::new(hour, minute, second.min(59 + i8::from(second > 60)), fraction).ok()
}

/// `Z`, `+01:00`, `+0100` or `-03`.
fn zone(cursor: &mut Cursor<'_>) -> Option<Offset> {
    if cursor.eat("Z") || cursor.eat("z") {
        return Some(Offset::UTC);
    }
    let mut ahead = *cursor;
    let sign = if ahead.eat("+") {
        1
    } else if ahead.eat("-") {
        -1
    } else {
        return None;
    };
    let digits = ahead.run(4, |letter| letter.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        4 => (digits.get(..2)?.parse::<i32>().ok()?, digits.get(2..)?.parse::<i32>().ok()?),
        2 if ahead.eat(":") => (digits.parse().ok()?, i32::try_from(ahead.number(2, 2)?).ok()?),
        2 => (digits.parse().ok()?, 0),
        _ => return None,
    };
    let offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
    *cursor = ahead;
    Some(offset)
}

/// Goes past the zone that Cisco's devices name in letters between the time and a colon; whether it is UTC. What other
/// letters mean depends on where one asks, so the configured zone holds.
fn zone_word(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    if !ahead.eat(" ") {
        return false;
    }
    let word = ahead.run(5, |letter| letter.is_ascii_uppercase());
    let is_utc = matches!(word, "UTC" | "GMT");
    // `CRON: …` is a tag; behind a zone comes `: %`, or it is one that is known.
    if word.len() >= 3 && (ahead.0.starts_with(": %") || is_utc && ahead.0.starts_with([' ', ':'])) {
        *cursor = ahead;
        return is_utc;
    }
    false
}

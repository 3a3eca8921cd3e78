//! Numbers and dates as controllers write them: `32 GB`, `3.2 GHz`, `08/11/2022`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Mebibytes.
    MiB,
    /// Gibibytes.
    GiB,
    /// Megahertz, or megatransfers.
    MHz,
    /// Megabits per second.
    Mbps,
    /// Gigabits per second.
    Gbps,
    /// Watts.
    Watts,
}

/// The number at the start of a text, converted from the unit after it; `None` if either makes no sense.
///
/// Sizes of memory count in powers of 1024 however they are written; a number without a unit is in `wanted`.
#[must_use]
pub fn parse(text: &str, wanted: Unit) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let number: f64 = digits.replace(',', "").parse().ok()?;
    let unit: String = unit.chars().filter(|c| !c.is_whitespace() && *c != '/').collect();
    let unit = unit.to_ascii_lowercase();
    if unit.is_empty() {
        return Some(number);
    }
    let power = |letters: &str| match letters {
        "k" | "ki" => Some(1.0),
        "m" | "mi" => Some(2.0),
        "g" | "gi" => Some(3.0),
        "t" | "ti" => Some(4.0),
        "" => Some(0.0),
        _ => None,
    };
    let factor = match wanted {
        Unit::Count => return None,
        // Drives are sold in powers of 1000.
        Unit::Bytes => {
            let letters = unit.strip_suffix('b').or_else(|| unit.strip_suffix("bytes"))?;
            let base: f64 = if letters.ends_with('i') { 1024.0 } else { 1000.0 };
            base.powf(power(letters)?)
        }
        Unit::MiB => 1024f64.powf(power(unit.strip_suffix('b')?)? - 2.0),
        Unit::GiB => 1024f64.powf(power(unit.strip_suffix('b')?)? - 3.0),
        Unit::MHz => match unit.as_str() {
            "mhz" | "mts" => 1.0,
            "ghz" | "gts" => 1000.0,
            _ => return None,
        },
        Unit::Mbps => match unit.as_str() {
            "mbps" | "mbits" | "mb" | "m" => 1.0,
            "gbps" | "gbits" | "gb" | "gbe" | "g" => 1000.0,
            _ => return None,
        },
        Unit::Gbps => match unit.as_str() {
            "mbps" | "mbits" | "mb" | "m" => 0.001,
            "gbps" | "gbits" | "gb" | "gbe" | "g" => 1.0,
            _ => return None,
        },
        Unit::Watts => match unit.as_str() {
            "w" | "watts" => 1.0,
            "kw" => 1000.0,
            _ => return None,
        },
    };
    Some(number * factor)
}

/// The number rounded to a whole one, unless it is negative or beyond 2^53, where it is no longer exact.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
pub fn whole(number: f64) -> Option<u64> {
    (0.0..=9_007_199_254_740_992.0).contains(&number).then(|| number.round() as u64)
}

/// Whether a text starts with a date between 1980 and 2199: `2022-08-11…`, `08/11/2022`, `20220811`.
///
/// Clocks that were never set write 1970 or the year 1; those are no dates of a release.
#[must_use]
pub fn is_date(text: &str) -> bool {
    let numbers = |at: usize, length: usize| -> Option<i16> {
        let digits = text.get(at..at + length)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let small = |at| numbers(at, 2).and_then(|number| i8::try_from(number).ok());
    let separator =
        |at: usize, allowed: &[u8]| text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte));
    let parts = if separator(4, b"-/.") && separator(7, b"-/.") {
        (numbers(0, 4), small(5), small(8))
    } else if separator(2, b"/-.") && separator(5, b"/-.") {
        // Either month or day may come first; a date either way is a date.
        match (small(0), small(3)) {
            (Some(day @ 13..), month) => (numbers(6, 4), month, Some(day)),
            (month, day) => (numbers(6, 4), month, day),
        }
    } else {
        (numbers(0, 4), small(4), small(6))
    };
    let (Some(year), Some(month), Some(day)) = parts else { return false };
    (1980..2200).contains(&year) && Date::new(year, month, day).is_ok()
}

/// The moment that a text names: RFC 3339, or a date or time of day without a zone, which is taken as UTC.
///
/// What was never set is written as a year before 1980; that is no moment.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    const DATES: &[&str] = &["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%m/%d/%Y"];
    let text = text.trim();
    let zoned = || text.parse::<Timestamp>().ok();
    let at_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    let bare = || text.parse::<DateTime>().ok().and_then(at_utc);
    let date = || DATES.iter().find_map(|form| Date::strptime(form, text).ok());
    let found = zoned().or_else(bare).or_else(|| at_utc(date()?.at(0, 0, 0, 0)))?;
    // 1980-01-01.
    (found.as_second() >= 315_532_800).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted() {
        for (text, unit, number) in [
            ("32 GB", Unit::MiB, Some(32768.0)),
            ("32GiB", Unit::MiB, Some(32768.0)),
            ("65536 MB", Unit::MiB, Some(65536.0)),
            ("65536", Unit::MiB, Some(65536.0)),
            ("1 TB", Unit::GiB, Some(1024.0)),
            ("3200 MHz", Unit::MHz, Some(3200.0)),
            ("4800 MT/s", Unit::MHz, Some(4800.0)),
            ("2.8 GHz", Unit::MHz, Some(2800.0)),
            ("1,024 MB", Unit::MiB, Some(1024.0)),
            ("1.92 TB", Unit::Bytes, Some(1.92e12)),
            ("10 Gbps", Unit::Mbps, Some(10_000.0)),
            ("200 Gbps", Unit::Gbps, Some(200.0)),
            ("8", Unit::Count, Some(8.0)),
            ("8 pieces", Unit::Count, None),
            ("32 apples", Unit::MiB, None),
            ("", Unit::MiB, None),
            ("..", Unit::MiB, None),
        ] {
            let found = parse(text, unit);
            let close = match (found, number) {
                (Some(found), Some(number)) => (found - number).abs() < 1e-6 * number,
                (found, number) => found == number,
            };
            assert!(close, "{text}: {found:?}");
        }
    }

    #[test]
    fn moments() {
        for (text, expected) in [
            ("2032-11-23T01:28:00+00:00", Some("2032-11-23T01:28:00Z")),
            ("2021-08-05T20:48:42-05:00", Some("2021-08-06T01:48:42Z")),
            ("2034-07-16T22:00:55", Some("2034-07-16T22:00:55Z")),
            ("2034-07-16", Some("2034-07-16T00:00:00Z")),
            ("18 Jan 2023", Some("2023-01-18T00:00:00Z")),
            ("20230720", Some("2023-07-20T00:00:00Z")),
            ("0001-01-01T00:00:00Z", None),
            ("1970-01-01", None),
            ("NO CONSTRAINTS", None),
            ("", None),
        ] {
            assert_eq!(moment(text).map(|found| found.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn dates() {
        for text in
            ["2022-08-11", "2021-04-09T00:00:00Z", "08/11/2022", "31/12/2022", "20220811", "2022/08/11"]
        {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "",
            "00:00:00Z",
            "T00:00:00Z",
            "N/A",
            "1970-01-01T00:00:00Z",
            "0001-01-01",
            "2022-13-01",
            "2022-02-30",
            "2022",
            "é022-08-11",
            "ééééé",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}

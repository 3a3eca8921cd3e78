//! What a plain scalar means in YAML 1.2's core schema (section 10.3.2).

use serde_json::{Number, Value};

/// The value of an unquoted scalar; `None` where it is a number that JSON cannot say.
pub fn resolve(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_integer(text) => Value::Number(integer(text)?),
        _ if is_special(text) => return None,
        _ if is_float(text) => Value::Number(Number::from_f64(text.parse().ok()?)?),
        _ => Value::String(text.to_owned()),
    })
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn is_integer(text: &str) -> bool {
    let is_of = |digits: &str, radix: u32| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_of(unsigned(text), 10)
        || text.strip_prefix("0o").is_some_and(|digits| is_of(digits, 8))
        || text.strip_prefix("0x").is_some_and(|digits| is_of(digits, 16))
}

fn integer(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix).ok().map(Number::from);
        }
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from)).ok()
}

fn is_special(text: &str) -> bool {
    matches!(unsigned(text), ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = unsigned(text);
    let (mantissa, has_good_exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, !unsigned(exponent).is_empty() && is_digits(unsigned(exponent)))
        }
        None => (text, true),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    has_good_exponent && is_digits(whole) && is_digits(part) && !(whole.is_empty() && part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_core_schema_is_followed() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("010", json!(10)),
            ("0o10", json!(8)),
            ("0x1F", json!(31)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.50", json!(1.5)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
        ] {
            assert_eq!(resolve(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_looks_like_something_else_is_text() {
        for text in
            ["no", "on", "1.0.0", "2026-06-04", "12:30", "e3", ".", "-", "+", "1e", "0xg", "10.0.0.0/8"]
        {
            assert_eq!(resolve(text), Some(json!(text)), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_not_rounded() {
        for text in [
            ".inf",
            "-.Inf",
            ".nan",
            "18446744073709551616",
            "-9223372036854775809",
            "1e999",
            "0xfffffffffffffffff",
        ] {
            assert_eq!(resolve(text), None, "{text}");
        }
    }
}

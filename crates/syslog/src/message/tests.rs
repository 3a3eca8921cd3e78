//! Messages of both standards, as the standards show them and as devices send them.

use super::*;
use proptest::prelude::*;

fn context() -> Context {
    Context { received: "2026-11-20T20:00:00Z".parse().unwrap(), zone: TimeZone::UTC }
}

fn read(line: &str) -> Message {
    parse(line.as_bytes(), &context())
}

/// Time, host, application, process and text, of which those that are missing are empty.
fn parts(line: &str) -> [String; 5] {
    let message = read(line);
    let text = message.text().to_owned();
    let word = |word: Option<String>| word.unwrap_or_default();
    let at = message.at.map(|at| at.to_string()).unwrap_or_default();
    [at, word(message.host), word(message.app), word(message.process), text]
}

#[test]
fn rfc_5424_is_read_in_full() {
    let line = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
                [exampleSDID@32473 iut=\"3\" eventSource=\"App\\\"l\\\\ica\\]tion\" eventID=\"1\\011\"][x@1] \u{feff}An event";
    let message = read(line);
    assert_eq!((message.facility, message.severity), (Some(20), Some(5)));
    assert_eq!(message.at.unwrap().to_string(), "2003-10-11T22:14:15.003Z");
    assert_eq!(message.host.as_deref(), Some("mymachine.example.com"));
    assert_eq!(message.app.as_deref(), Some("evntslog"));
    assert_eq!((message.process.as_deref(), message.id.as_deref()), (None, Some("ID47")));
    assert_eq!(message.text(), "An event");
    assert_eq!(message.line, line);
    let values: Vec<_> =
        message.data[0].values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(values, [("iut", "3"), ("eventSource", "App\"l\\ica]tion"), ("eventID", "1\\011")]);
    assert_eq!((message.data.len(), message.data[1].id.as_str()), (2, "x@1"));
}

#[test]
fn rfc_5424_without_a_value_or_a_text() {
    let message = read("<0>1 - - - - - -");
    assert_eq!((message.facility, message.severity), (Some(0), Some(0)));
    assert!(message.at.is_none() && message.host.is_none() && message.app.is_none());
    assert_eq!(message.text(), "");
    assert_eq!(
        parts("<34>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's"),
        ["2003-08-24T12:14:15.000003Z", "192.0.2.1", "myproc", "8710", "%% It's"]
    );
    // Broken structured data is left to the text.
    assert_eq!(parts("<34>1 - h a - - [open x=\"1 text")[4], "[open x=\"1 text");
}

#[test]
fn rfc_3164_as_devices_send_it() {
    for (line, expected) in [
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
            ["2026-10-11T22:14:15Z", "mymachine", "su", "", "'su root' failed"],
        ),
        (
            "<13>Nov  5 01:02:03 fw1 kernel: [1.5] IN=",
            ["2026-11-05T01:02:03Z", "fw1", "kernel", "", "[1.5] IN="],
        ),
        // No host.
        (
            "<134>Nov 20 19:59:59 filterlog[4242]: 5,,",
            ["2026-11-20T19:59:59Z", "", "filterlog", "4242", "5,,"],
        ),
        // No priority.
        ("Nov 20 19:59:59 fw1 app: x", ["2026-11-20T19:59:59Z", "fw1", "app", "", "x"]),
        // No tag.
        (
            "<14>Nov 20 19:59:59 PA-220 1,2026/11/20",
            ["2026-11-20T19:59:59Z", "PA-220", "", "", "1,2026/11/20"],
        ),
        // No time.
        ("<13>app[7]: x", ["", "", "app", "7", "x"]),
        ("<4>firewall,info forward: in:a", ["", "", "", "", "firewall,info forward: in:a"]),
        // ISO times, with a zone and without.
        ("<13>2026-11-20T20:00:00.25+01:00 fw1 app: x", ["2026-11-20T19:00:00.25Z", "fw1", "app", "", "x"]),
        ("<13>2026-11-20 20:00:00 fw1 app: x", ["2026-11-20T20:00:00Z", "fw1", "app", "", "x"]),
        // With a year.
        ("<13>Nov 20 2025 20:00:00 fw1 app: x", ["2025-11-20T20:00:00Z", "fw1", "app", "", "x"]),
        ("<13>2025 Nov 20 20:00:00 fw1 app: x", ["2025-11-20T20:00:00Z", "fw1", "app", "", "x"]),
        ("<13>Nov 20 20:00:00 2025 fw1 app: x", ["2025-11-20T20:00:00Z", "fw1", "app", "", "x"]),
    ] {
        assert_eq!(parts(line), expected, "{line}");
    }
}

#[test]
fn ciscos_headers() {
    let text = "%ASA-4-106023: Deny";
    for (line, at, host) in [
        ("<166>%ASA-4-106023: Deny", "", ""),
        ("<166>Nov 20 2026 19:00:00: %ASA-4-106023: Deny", "2026-11-20T19:00:00Z", ""),
        ("<166>Nov 20 2026 19:00:00 fw1 : %ASA-4-106023: Deny", "2026-11-20T19:00:00Z", "fw1"),
        ("<166>2026-11-20T19:00:00Z fw1 : %ASA-4-106023: Deny", "2026-11-20T19:00:00Z", "fw1"),
        ("<166>:Nov 20 19:00:00 UTC: %ASA-4-106023: Deny", "2026-11-20T19:00:00Z", ""),
        ("<189>123: *Nov 20 19:00:00.123: %ASA-4-106023: Deny", "2026-11-20T19:00:00.123Z", ""),
        ("<189>123: .Nov 20 19:00:00 CET: %ASA-4-106023: Deny", "2026-11-20T19:00:00Z", ""),
        ("<189>123: fw1: Nov 20 2026 19:00:00.5 UTC: %ASA-4-106023: Deny", "2026-11-20T19:00:00.5Z", "fw1"),
    ] {
        assert_eq!(parts(line), [at, host, "", "", text], "{line}");
    }
}

#[test]
fn the_year_is_the_nearest() {
    let at = |received: &str, line: &str| {
        let context = Context { received: received.parse().unwrap(), zone: TimeZone::UTC };
        parse(line.as_bytes(), &context).at.map(|at| at.to_string())
    };
    assert_eq!(at("2027-01-01T00:00:05Z", "<13>Dec 31 23:59:59 h a: x").unwrap(), "2026-12-31T23:59:59Z");
    assert_eq!(at("2026-12-31T23:59:55Z", "<13>Jan  1 00:00:01 h a: x").unwrap(), "2027-01-01T00:00:01Z");
    assert_eq!(at("2028-03-01T00:00:00Z", "<13>Feb 29 12:00:00 h a: x").unwrap(), "2028-02-29T12:00:00Z");
    assert_eq!(at("2030-03-01T00:00:00Z", "<13>Feb 29 12:00:00 h a: x"), None);
}

#[test]
fn a_time_without_a_zone_is_of_the_configured_one() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let at = |line: &str| {
        let context = Context { received: "2026-07-01T00:00:00Z".parse().unwrap(), zone: zone.clone() };
        parse(line.as_bytes(), &context).at.unwrap().to_string()
    };
    assert_eq!(at("<13>Jul  1 02:00:00 h a: x"), "2026-07-01T00:00:00Z");
    assert_eq!(at("<13>Jan  1 02:00:00 h a: x"), "2026-01-01T01:00:00Z");
    assert_eq!(at("<13>2026-07-01T02:00:00Z h a: x"), "2026-07-01T02:00:00Z");
    assert_eq!(at("<189>7: Jul  1 02:00:00 UTC: %X-1-Y: x"), "2026-07-01T02:00:00Z");
}

#[test]
fn days_that_are_none_and_words_that_look_like_times_are_text() {
    for line in [
        "<13>Nov 31 20:00:00 fw1 app: x",
        "<13>Foo 20 20:00:00 fw1 app: x",
        "<13>Nov 20 25:00:00 fw1 app: x",
        "<13>2026-13-01T00:00:00Z fw1 app: x",
        "<13>99999999999: x",
    ] {
        assert_eq!((read(line).at, read(line).host), (None, None), "{line}");
        assert_eq!(read(line).line, line);
    }
    assert_eq!(parts("<13>Jun 30 23:59:60 h a: x")[0], "2026-06-30T23:59:59Z", "a leap second");
}

#[test]
fn a_priority_that_is_none_is_text() {
    for line in ["<192>x", "<>x", "<1x", "<0001>x", "<-1>x"] {
        assert_eq!((read(line).facility, read(line).text()), (None, line));
    }
}

#[test]
fn what_ends_a_line_is_left_out_and_what_would_move_a_terminal_is_replaced() {
    assert_eq!(parse(b"<13>a\tb\x1b[0m\x00c\r\n\0", &context()).line, "<13>a\tb\u{fffd}[0m\u{fffd}c");
    assert_eq!(parse(b"<13>Gr\xfc\xdfe", &context()).line, "<13>Gr\u{fffd}\u{fffd}e");
    let long = parse(&[0xff; 2 * MOST], &context());
    assert!(long.is_cut && long.line.len() <= MOST);
    assert!(!parse(&[b'x'; MOST], &context()).is_cut && parse(&[b'x'; MOST + 1], &context()).is_cut);
}

proptest! {
    #[test]
    fn what_rfc_5424_can_say_is_read_as_it_was_written(
        priority in 0u8..=191,
        seconds in 0i64..4_000_000_000,
        words in prop::array::uniform4("[!-~]{1,32}"),
        values in prop::collection::vec(("[a-zA-Z][a-zA-Z0-9@.-]{0,20}", "[^\\p{C}]{0,40}"), 0..6),
        text in "[a-zA-Z\u{e4}\u{20ac}][^\\p{C}]{0,200}",
    ) {
        let at = Timestamp::from_second(seconds).unwrap();
        let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        let data: String = values.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
        let [host, app, process, id] = &words;
        let line = format!("<{priority}>1 {at} {host} {app} {process} {id} [id@1{data}] {text}");
        let message = parse(line.as_bytes(), &context());
        let known = |word: &String| Some(word.clone()).filter(|word| word != "-");
        prop_assert_eq!(message.facility.unwrap() * 8 + message.severity.unwrap(), priority);
        prop_assert_eq!(message.at, Some(at));
        prop_assert_eq!([&message.host, &message.app, &message.process, &message.id].map(Clone::clone), [host, app, process, id].map(known));
        prop_assert_eq!(&message.data[0].values, &values);
        prop_assert_eq!(message.text(), text);
    }
}

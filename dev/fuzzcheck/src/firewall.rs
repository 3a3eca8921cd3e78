//! Promises about what the firewall's program reads: requests, rules, logged packets, listings.

use ::firewall::message::{self, Request};
use ::firewall::{drift, guard, netlink, packet};

/// A request that is read is within its bounds, and is the same when it is written and read again.
pub fn request(bytes: &[u8]) {
    let Ok(request) = message::parse(bytes) else { return };
    match &request {
        Request::Load { seconds, .. } => {
            assert!((1..=3600).contains(seconds), "a trial of {seconds} seconds")
        }
        Request::Open(pinhole) => {
            assert!((1..=86_400).contains(&pinhole.seconds), "a pinhole of {} seconds", pinhole.seconds);
            let odd = |byte: u8| !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            assert!(!pinhole.id.is_empty() && pinhole.id.len() <= 64, "an id of {} bytes", pinhole.id.len());
            assert!(!pinhole.id.bytes().any(odd), "{:?} is no id, and would stand in a rule", pinhole.id);
        }
        _ => {}
    }
    let written = serde_json::to_vec(&request).unwrap_or_default();
    assert!(
        message::parse(&written).is_ok_and(|again| again == request),
        "written and read again, it is another"
    );
}

/// A text that passes names no table but ours at its top, as a reader sees it who knows nothing but quotes and braces.
pub fn guard(bytes: &[u8]) {
    let Ok(shape) = guard::parse(bytes) else { return };
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let (mut depth, mut quoted, mut top) = (0_i64, false, String::new());
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth -= 1,
                _ if depth == 0 && !quoted => top.push(letter),
                _ => {}
            }
            assert!(depth >= 0, "a block ends that has not begun");
        }
        assert!(!quoted, "a string goes on in the next line");
        let head: Vec<&str> =
            top.split_whitespace().filter(|word| !["add", "delete"].contains(word)).collect();
        let is_ours = matches!(*head.as_slice(), [] | ["table", "inet" | "bridge", "portcullis"]);
        assert!(is_ours, "{head:?} passed at the top");
        top.clear();
    }
    assert!(depth == 0, "a block is open at the end");
    assert!(!text.contains('\r') && !text.contains('\\'), "a control character passed");
    let is_bridge = shape.bridge && !text.contains("bridge");
    assert!(!is_bridge, "a bridge table is told that is not there");
}

/// Any bytes are a logged packet and a row of netlink messages, and what is told of them is bounded.
pub fn log(bytes: &[u8]) {
    let logged = packet::parse(bytes);
    assert!(logged.packet.first.len() <= 256, "{} digits of what it carries", logged.packet.first.len());
    assert!(logged.packet.prefix.len() <= 3 * 128, "a prefix of {} bytes", logged.packet.prefix.len());
    let total: usize = netlink::messages(bytes).map(|message| message.body.len() + 16).sum();
    assert!(total <= bytes.len(), "more messages than bytes");
}

/// A listing does not differ from itself.
pub fn listing(bytes: &[u8]) {
    let Ok(listing) = drift::parse(bytes) else { return };
    assert!(drift::compare(&listing, &listing).is_empty(), "a listing differs from itself");
}

//! From a link as a controller writes it to a path on that same controller.

use super::Target;

/// The longest path that is asked for.
const MAX_LENGTH: usize = 2048;

/// The path (with its query) that `link` leads to on the controller itself.
///
/// Takes absolute paths, and absolute URLs that name the very scheme, host and port of the target. A
/// fragment is cut off: it points inside the document. What may not stand in a request line is
/// percent-encoded.
///
/// # Errors
/// What is wrong with the link, to be put after it in a message.
pub fn resolve(target: &Target, link: &str) -> Result<String, String> {
    let path = if link.starts_with("//") {
        return Err("leads to another host".into());
    } else if link.starts_with('/') {
        link
    } else if let Some((scheme, rest)) = link.split_once("://") {
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(at).ok_or("is not a URL")?;
        if !target.is_itself(scheme, authority) {
            return Err("leads to another host".into());
        }
        if path.is_empty() { "/" } else { path }
    } else {
        return Err("is neither a path nor a URL".into());
    };
    let path = path.split('#').next().unwrap_or_default();
    let path = encode(path);
    if !path.starts_with('/') || path.len() > MAX_LENGTH {
        return Err(format!("is not a path of at most {MAX_LENGTH} bytes"));
    }
    Ok(path)
}

/// The path of a `Location` header in an answer of success, whatever host stands before it.
///
/// The thing was made on the controller that answers, even where that calls itself by a name which nobody
/// else knows; and it is asked for over the same connection, so nothing reaches another host by it.
#[must_use]
pub fn path_of(target: &Target, location: &str) -> Option<String> {
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.get(rest.find('/')?..)?,
        None => location,
    };
    resolve(target, path).ok()
}

/// What tells one resource from another: the path without a trailing slash.
#[must_use]
pub fn identity(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed }
}

/// Percent-encodes what is no visible ASCII, and the few visible ones that no URI may contain (RFC 3986).
fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Scheme, Trust};

    fn target(port: u16, host: Option<&str>) -> Target {
        Target {
            endpoint: model::Endpoint { addr: "10.0.3.7".parse().unwrap(), port },
            host: host.map(Into::into),
            scheme: Scheme::Https,
            trust: Trust::Look { authorities: None },
        }
    }

    #[test]
    fn links_stay_on_the_controller() {
        let at = target(443, Some("bmc.example"));
        for (link, path) in [
            ("/redfish/v1/Systems/1/", "/redfish/v1/Systems/1/"),
            ("https://10.0.3.7/redfish/v1", "/redfish/v1"),
            ("https://10.0.3.7:443/redfish/v1", "/redfish/v1"),
            ("HTTPS://BMC.example/redfish/v1?x=1", "/redfish/v1?x=1"),
            ("/redfish/v1/Power#/Voltages/0", "/redfish/v1/Power"),
            ("/redfish/v1/A B", "/redfish/v1/A%20B"),
            ("/redfish/v1/A\r\nHost: x", "/redfish/v1/A%0D%0AHost:%20x"),
            ("https://10.0.3.7", "/"),
        ] {
            assert_eq!(resolve(&at, link).as_deref(), Ok(path), "{link}");
        }
        for link in [
            "//10.0.3.8/x",
            "http://10.0.3.7/x",
            "https://10.0.3.7:8443/x",
            "https://10.0.3.8/x",
            "https://10.0.3.7@10.0.3.8/x",
            "https://10.0.3.7.evil/x",
            "Systems/1",
            "",
            "#/x",
        ] {
            assert!(resolve(&at, link).is_err(), "{link}");
        }
        assert!(resolve(&at, &format!("/{}", "a".repeat(3000))).is_err());
        assert!(resolve(&target(8443, None), "https://10.0.3.7:8443/x").is_ok());
        assert!(resolve(&target(8443, None), "https://10.0.3.7/x").is_err());
    }

    #[test]
    fn what_was_made_is_found_under_any_name_of_the_controller() {
        let at = target(443, None);
        for (location, path) in [
            ("https://ilo-7.example/redfish/v1/S/1/", Some("/redfish/v1/S/1/")),
            ("/redfish/v1/S/1", Some("/redfish/v1/S/1")),
            ("https://ilo-7.example", None),
            ("https://x//y", None),
            ("S/1", None),
            ("", None),
        ] {
            assert_eq!(path_of(&at, location).as_deref(), path, "{location}");
        }
    }

    #[test]
    fn a_trailing_slash_makes_no_other_resource() {
        assert_eq!(identity("/redfish/v1/"), identity("/redfish/v1"));
        assert_eq!(identity("/"), "/");
    }
}

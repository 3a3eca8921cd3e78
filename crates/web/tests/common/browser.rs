//! As much of a browser as the tests need: cookies, forms, redirects, and an authenticator.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use model::Secret;

/// The password of every test user.
pub const PASSWORD: &str = "seven lamps over the gate";

/// One browser.
pub struct Browser {
    router: Router,
    pub cookie: Option<String>,
    pub csrf: String,
    /// The authenticator's key.
    pub key: Secret<Vec<u8>>,
    pub recovery: Vec<String>,
    /// The next code may be of this step at the earliest: each works once.
    pub step: i64,
}

/// An answer, read to its end.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser {
    pub fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookie: None,
            csrf: String::new(),
            key: Secret::new(Vec::new()),
            recovery: Vec::new(),
            step: 0,
        }
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub async fn send(&mut self, request: Request<Body>) -> Got {
        let response = TowerToHyperService::new(self.router.clone()).call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let bytes = axum::body::to_bytes(body, 64 * 1024 * 1024).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let token = between(&text, "<meta name=\"csrf\" content=\"", "\"");
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            self.csrf = token.to_owned();
        }
        Got { status: parts.status, headers: parts.headers, text }
    }

    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut builder = Request::builder().method(method).uri(path).header(header::HOST, "box");
        if let Some(cookie) = &self.cookie {
            builder = builder.header(header::COOKIE, cookie);
        }
        builder
    }

    pub async fn get(&mut self, path: &str) -> Got {
        let request = self.request(Method::GET, path).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Sends a form as our own page would.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Got {
        let request = self.form(path, fields);
        self.send(request).await
    }

    /// The same over a connection from an administrator's workstation that was accepted now.
    pub async fn post_over_new(&mut self, path: &str, fields: &[(&str, &str)]) -> Got {
        self.post_from("10.1.5.10:50000", path, fields).await
    }

    /// The same from another end.
    pub async fn post_from(&mut self, from: &str, path: &str, fields: &[(&str, &str)]) -> Got {
        let mut request = self.form(path, fields);
        request.extensions_mut().insert(web::server::Accepted(std::time::Instant::now()));
        request.extensions_mut().insert(web::server::Peer(from.parse().unwrap()));
        self.send(request).await
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let csrf = self.csrf.clone();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &csrf).extend_pairs(fields);
        self.request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.finish()))
            .unwrap()
    }

    /// Chooses password and second factor through the one-time link.
    pub async fn enrol(&mut self, link: &str) {
        let page = self.get(link).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let typed = between(&page.text, "<p class=\"secret\">", "</p>").unwrap();
        self.key = Secret::new(base32(typed));
        let code = self.code();
        let done = self.post(link, &[("password", PASSWORD), ("again", PASSWORD), ("code", &code)]).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        self.recovery = done
            .text
            .split("<li class=\"secret\">")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect();
        assert!(!self.recovery.is_empty());
    }

    /// Signs in; with a recovery code, since a code of the authenticator works once in 30 seconds.
    pub async fn sign_in(&mut self, name: &str) {
        let code = self.recovery.pop().unwrap();
        let got = self.post("/sign-in", &[("name", name), ("password", PASSWORD), ("code", &code)]).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.text);
        self.get("/account").await;
    }

    /// What the authenticator shows now.
    pub fn code(&self) -> String {
        use model::Clock as _;
        identity::totp::code(&self.key, identity::totp::step_at(model::SystemClock.now()))
    }
}

/// The text between two others.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(found, _)| found)
}

/// RFC 4648 base32.
fn base32(typed: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for c in typed.chars().filter(char::is_ascii_alphanumeric) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
        held = held << 5 | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    bytes
}

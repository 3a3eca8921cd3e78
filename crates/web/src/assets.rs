//! Style, script and icon: embedded, named by their hash, cached by browsers for good.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// One embedded file.
struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /assets/{file}`.
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    let found = ALL.iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(file.as_str()));
    let Some(asset) = found else { return StatusCode::NOT_FOUND.into_response() };
    let headers =
        [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.bytes).into_response()
}

/// `GET /favicon.ico`, for browsers that ask before they read the page.
pub(crate) async fn icon() -> Response {
    axum::response::Redirect::permanent(ICON).into_response()
}

/// `GET /robots.txt`: nothing here is for search engines.
pub(crate) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

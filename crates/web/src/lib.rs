//! HTTPS: pages, live events, and the server that the JSON API is merged into.
//!
//! It asks `control` for everything: what an actor may see, and every act. It must never decide a right
//! by itself, talk to a controller, or know the database. A page works without JavaScript and without
//! any request to another site; nothing inline is ever executed or styled.
//!
//! | module | what it does |
//! |---|---|
//! | [`server`] | sockets, TLS handshakes, connections |
//! | [`tls`] | the certificate, read again when its files change |
//! | [`router`] | every address, and what stands before its handler |
//! | [`headers`] | headers on every answer |
//! | [`session`] | who is asking |
//! | [`csrf`] | refuses what another site makes a browser send |
//! | [`fields`] | what a form sent |
//! | [`answer`] | from templates and failures to HTTP answers |
//! | [`export`] | tables that leave as a file |
//! | [`live`] | news for open pages |
//! | [`api`] | the JSON API under `/api/v1` |
//! | [`pages`] | one module for each page |
//! | [`view`] | what templates are given |
//! | `parts_export` | parts over the fleet as a file |
//! | `since` | a moment that somebody names |
//! | [`manual`] | the manual, from Markdown |
//! | [`assets`] | style, script, icon |
//! | [`observe`] | health and metrics |
//! | [`app`] | what the handlers share |

pub mod answer;
pub mod api;
pub mod app;
mod assets;
pub mod config;
pub mod csrf;
pub mod error;
mod export;
mod fields;
mod firewall_log;
pub mod headers;
mod live;
mod manual;
pub mod metrics;
mod observe;
mod pages;
mod parts_export;
pub mod router;
pub mod server;
pub mod session;
mod since;
pub mod tls;
mod view;

pub use app::{App, Parts};
pub use config::Web;
pub use error::Error;
pub use router::router;
pub use server::{Accepted, Server};
pub use view::frame::Banner;

//! HTTPS: pages, JSON API, live events.

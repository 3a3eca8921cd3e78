//! The endpoints are called without rights, and the list comes from the router itself.
//!
//! A list kept by hand would grow holes. So the rule is about the test: where `web` has a router there is a
//! test file `rights.rs`, and it reads the endpoints from the OpenAPI document that the router makes.

use super::Violation;
use crate::tree::Tree;

const ROUTER: &str = "crates/web/src/";
const TESTS: &str = "crates/web/tests/";
const TEST: &str = "rights.rs";

/// Looks for the router and for its test.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let routed = tree.rust().find(|source| {
        source.path.starts_with(ROUTER)
            && (source.text.contains("OpenApiRouter") || source.text.contains("Router::new"))
    });
    let Some(router) = routed else { return Vec::new() };
    let tests = tree.rust().filter(|source| source.path.starts_with(TESTS) && source.name() == TEST);
    if tests.into_iter().any(|source| source.text.contains("api::document()")) {
        return Vec::new();
    }
    let text = format!(
        "there are routes, and no {TEST} under {TESTS} that calls each one of `web::api::document()` without rights"
    );
    vec![Violation::new(&router.path, 1, text)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: (&str, &str) = ("crates/web/src/router.rs", "//! x\nfn f() { Router::new() }");

    #[test]
    fn a_router_needs_its_test() {
        assert!(check(&Tree::of(&[("crates/web/src/lib.rs", "//! x")])).is_empty());
        assert_eq!(check(&Tree::of(&[ROUTES])).len(), 1);
        assert_eq!(check(&Tree::of(&[ROUTES, ("crates/web/tests/rights.rs", "//! x\nfn f() {}")])).len(), 1);
        assert!(
            check(&Tree::of(&[
                ROUTES,
                ("crates/web/tests/api/rights.rs", "//! x\nfn f() { each(web::api::document()) }")
            ]))
            .is_empty()
        );
    }
}

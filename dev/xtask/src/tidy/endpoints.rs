//! The endpoints are called without rights, and the list comes from the router itself.
//!
//! A list kept by hand would grow holes. So the rule is about the test: where `web` has a router, its test
//! `without_rights` is there, and it takes the routes from `web` instead of writing them down again.

use super::Violation;
use crate::tree::Tree;

const ROUTER: &str = "crates/web/src/";
const TEST: &str = "without_rights";

/// Looks for the router and for its test.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let routed = tree.rust().find(|source| {
        source.path.starts_with(ROUTER)
            && (source.text.contains("OpenApiRouter") || source.text.contains("Router::new"))
    });
    let Some(router) = routed else { return Vec::new() };
    let is_test = |path: &String| {
        path.starts_with("crates/")
            && path.ends_with(".rs")
            && path.rsplit('/').next().is_some_and(|n| n.contains(TEST))
    };
    if tree.paths.iter().any(is_test) {
        return Vec::new();
    }
    let text = format!(
        "there are routes and no test file `{TEST}….rs` under crates/: call each route without rights"
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
        assert!(check(&Tree::of(&[ROUTES, ("crates/web/tests/without_rights.rs", "//! x")])).is_empty());
    }
}

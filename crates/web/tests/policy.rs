//! The policy's pages: what they say in each state, questions, and the way of a version into the kernel.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use axum::http::StatusCode;
use common::browser::{Browser, between};
use common::{Appliance, devices};
use control::policy::drawing;
use model::{Role, Scope};

async fn alice(appliance: &Appliance) -> Browser {
    appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await
}

/// The text of a page's field, as a browser would send it again.
fn field(page: &str, name: &str) -> String {
    let text = between(page, &format!("name=\"{name}\""), "</textarea>").unwrap();
    let text = text.split_once(">\n").unwrap().1;
    [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The shipped documents, as the form offers them.
async fn offered(browser: &mut Browser) -> (String, String) {
    let form = browser.get("/policy/propose").await.text;
    (field(&form, "scenario"), field(&form, "site"))
}

#[tokio::test]
async fn before_the_first_confirmed_policy_every_page_says_that_nothing_is_enforced() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let page = browser.get("/policy").await.text;
    assert!(page.contains("<strong>Nothing is enforced.</strong> No policy was confirmed yet"), "{page}");
    for path in ["/", "/racks", "/jobs", "/findings", "/policy/ask", "/policy/documents", "/users", "/manual"]
    {
        let page = browser.get(path).await.text;
        let said = page.matches("<strong>Nothing is enforced</strong>").count();
        assert_eq!(said, 1, "{path} says it in one place");
    }
}

#[tokio::test]
async fn without_the_firewall_s_program_it_is_planned_and_not_enforced() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    appliance.kernel.is_there(false);
    let mut browser = alice(&appliance).await;
    let page = browser.get("/policy").await.text;
    assert!(page.contains("<strong>Planned, not enforced.</strong>"), "{page}");
    assert!(page.contains("no firewall program listens at /nowhere"));
    assert!(browser.get("/").await.text.contains("It is not known what is enforced"));
}

#[tokio::test]
async fn the_rules_are_shown_with_why_they_are_there() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let page = browser.get("/policy").await.text;
    for text in [
        "the policy that ships with the product",
        "id=\"rule-10\"",
        "infra_mgmt_web <span class=\"muted\">infrastructure</span>",
        "only for <b>infrastructure administrators</b>",
        "title=\"Exploit Public-Facing Application, initial-access\">T1190</span>",
        "logged <b>at the start, loudly, at most 10/s</b>",
        "Management in clear text gives passwords away",
        "identity user group",
        "Network requirements",
    ] {
        assert!(page.contains(text), "the page does not say {text:?}");
    }
    assert_eq!(page.matches("<tbody id=\"rule-").count(), 11);
}

#[tokio::test]
async fn the_picture_shows_every_zone_and_arrow_and_more() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let page = browser.get("/policy").await.text;
    let svg = between(&page, "<svg class=\"zones\"", "</svg>").unwrap();
    for zone in ["trust", "internal", "management", "internet", "appliance"] {
        assert!(svg.contains(&format!("text-anchor=\"middle\">{zone}</text>")), "{zone}");
    }
    let actor = model::Actor::system("operator");
    let drawn: drawing::Drawing =
        appliance.app.policies.drawing(&actor, control::policy::Which::Shipped).await.unwrap();
    let arrows = drawn.arrows.len() + drawn.legend.len();
    assert_eq!(svg.matches("class=\"tip\"").count(), arrows);
}

#[tokio::test]
async fn a_question_is_answered_and_a_wrong_one_says_what_to_do() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let mut told = async |question: &str| {
        let got = browser.get(&format!("/policy/ask?{question}")).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
        between(&got.text, "<div id=\"told\"", "</form>").unwrap().to_owned()
    };
    let allowed = told("from=10.1.5.10&to=10.20.0.1&service=443").await;
    assert!(allowed.contains("<b>allow</b>") && allowed.contains("href=\"/policy#rule-0\""), "{allowed}");
    let dropped = told("from=10.0.9.4&to=10.20.0.7&service=tcp/443").await;
    assert!(dropped.contains("<b>drop</b>") && dropped.contains("<dt>Nearest</dt>"), "{dropped}");
    let device = told("from=appliance&to=r1-u01&service=bmc_management").await;
    assert!(device.contains("10.0.0.") && device.contains("The same question"), "{device}");
    let wrong = told("from=10.0.9.4&to=controler&service=443").await;
    assert!(wrong.contains("is no address, host, zone") && wrong.contains("did you mean"), "{wrong}");
    let wrong = told("from=%3Cscript%3E&to=a&service=%3Cb%3E").await;
    assert!(!wrong.contains("<script>") && !wrong.contains("<b>&"), "{wrong}");
    let nothing = told("").await;
    assert!(!nothing.contains("verdict") && !nothing.contains("note bad"), "{nothing}");
}

#[tokio::test]
async fn what_is_told_stands_beside_the_lines() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let page = browser.get("/policy/documents").await.text;
    assert!(page.contains("<strong>The site’s tests:</strong> 7 hold, 0 do not."), "{page}");
    let (scenario, site) = offered(&mut browser).await;
    let line = scenario.lines().position(|line| line.contains("risk: 4")).unwrap() + 1;
    let wrong = scenario.replacen("risk: 4", "risk: 9", 1);
    for act in ["check", "keep"] {
        let fields = [("scenario", wrong.as_str()), ("site", &site), ("do", act), ("note", "more risk")];
        let got = browser.post("/policy/propose", &fields).await;
        assert_eq!(got.status, StatusCode::OK, "an error keeps it from being kept");
        let row =
            between(&got.text, &format!("<tr id=\"scenario-{line}\" class=\"told\">"), "</tr>").unwrap();
        assert!(row.contains("risk_out_of_range") && row.contains("<pre>"), "{row}");
        assert!(got.text.contains("value=\"more risk\"") && field(&got.text, "scenario") == wrong);
    }
    assert!(browser.get("/policy/versions").await.text.contains("None was proposed yet"));
}

#[tokio::test]
async fn a_version_is_proposed_looked_at_tried_and_confirmed_over_a_new_connection() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let (scenario, site) = offered(&mut browser).await;
    let kept = [("scenario", scenario.as_str()), ("site", &site), ("do", "keep"), ("note", "the first")];
    let got = browser.post("/policy/propose", &kept).await;
    assert_eq!(got.location(), "/policy/diff?new=1", "{}", got.text);
    let diff = browser.get("/policy/diff?new=1").await.text;
    assert!(
        diff.contains("Before the first confirmed policy everything passes")
            && diff.contains("Put version 1 on trial"),
        "{diff}"
    );
    assert_eq!(
        browser.post("/policy/apply", &[("version", "1"), ("seconds", "60")]).await.location(),
        "/policy"
    );
    let page = browser.get("/policy").await.text;
    assert!(
        page.contains("<strong>Version 1 is on trial</strong>") && page.contains("data-left=\""),
        "{page}"
    );
    assert!(browser.get("/").await.text.contains("A policy is on trial"));
    let got = browser.post("/policy/confirm", &[("version", "1")]).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    assert!(got.text.contains("open a new connection"), "{}", got.text);
    let here = "127.0.0.1:50000";
    let got = browser.post_from(here, "/policy/confirm", &[("version", "1")]).await;
    assert!(got.text.contains("the appliance itself") && got.text.contains("name=\"local\""), "{}", got.text);
    let got = browser.post_over_new("/policy/confirm", &[("version", "1")]).await;
    assert_eq!(got.location(), "/policy", "{}", got.text);
    let page = browser.get("/policy").await.text;
    assert!(page.contains("<strong>Version 1 is enforced.</strong>"), "{page}");
    assert!(!browser.get("/").await.text.contains("class=\"banner"), "nothing is to be said");
    let versions = browser.get("/policy/versions").await.text;
    assert!(
        versions.contains("<span class=\"tag accent\">confirmed</span>") && versions.contains("the first")
    );
}

#[tokio::test]
async fn a_change_tells_who_gains_before_it_is_tried_and_is_taken_back() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let (scenario, site) = offered(&mut browser).await;
    let first = [("scenario", scenario.as_str()), ("site", &site), ("do", "keep")];
    browser.post("/policy/propose", &first).await;
    browser.post("/policy/apply", &[("version", "1"), ("seconds", "60")]).await;
    browser.post_from("127.0.0.1:1", "/policy/confirm", &[("version", "1"), ("local", "true")]).await;
    let wider = site.replacen("services: [tcp/636]", "services: [tcp/636, tcp/389]", 1);
    let second = [("scenario", scenario.as_str()), ("site", &wider), ("do", "keep")];
    assert_eq!(browser.post("/policy/propose", &second).await.location(), "/policy/diff?new=2");
    let diff = browser.get("/policy/diff?new=2").await.text;
    assert!(diff.contains("d-added") && diff.contains("on tcp/389: rule 10 (directory) allows it"), "{diff}");
    assert!(!diff.contains("d-removed"));
    browser.post("/policy/apply", &[("version", "2"), ("seconds", "60")]).await;
    assert!(browser.get("/policy").await.text.contains("Version 2 is on trial"));
    assert_eq!(browser.post("/policy/revert", &[]).await.location(), "/policy");
    let page = browser.get("/policy").await.text;
    assert!(page.contains("<strong>Version 1 is enforced.</strong>"), "{page}");
}

#[tokio::test]
async fn a_device_is_opened_for_a_while_and_cut_off_and_let_back() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let open = [("device", "r1-u01"), ("application", "bmc_management"), ("minutes", "5"), ("why", "a look")];
    let got = browser.post("/policy/openings/open", &open).await;
    assert_eq!(got.status, StatusCode::CONFLICT, "nothing is loaded that could be opened: {}", got.text);
    let (scenario, site) = offered(&mut browser).await;
    browser.post("/policy/propose", &[("scenario", &scenario), ("site", &site), ("do", "keep")]).await;
    browser.post("/policy/apply", &[("version", "1"), ("seconds", "60")]).await;
    browser.post_over_new("/policy/confirm", &[("version", "1")]).await;
    assert_eq!(browser.post("/policy/openings/open", &open).await.location(), "/policy/openings");
    let page = browser.get("/policy/openings").await.text;
    let row = between(&page, "<tr data-row id=\"o-", "</tr>").unwrap();
    for text in ["bmc_management", "tcp/443", "alice", "a look", "or with the session", "min left"] {
        assert!(row.contains(text), "{text}: {row}");
    }
    let id = row.split('"').next().unwrap().to_owned();
    assert_eq!(browser.post("/policy/openings/close", &[("id", &id)]).await.location(), "/policy/openings");
    assert!(browser.get("/policy/openings").await.text.contains("Nothing is open."));
    let cut = [("device", "r1-u01"), ("on", "true"), ("why", "it calls home")];
    assert_eq!(browser.post("/policy/quarantine", &cut).await.location(), "/policy/openings");
    assert_eq!(appliance.kernel.held().isolated.len(), 1);
    let page = browser.get("/policy/openings").await.text;
    let row = between(&page, "<tr data-row id=\"q-", "</tr>").unwrap();
    assert!(row.contains("it calls home") && row.contains("Let back"), "{row}");
    let id = row.split('"').next().unwrap().to_owned();
    browser.post("/policy/quarantine", &[("device", &id), ("on", "false")]).await;
    assert!(appliance.kernel.held().isolated.is_empty());
    assert!(browser.get("/policy/openings").await.text.contains("No device is cut off."));
}

#[tokio::test]
async fn a_viewer_is_offered_nothing_that_is_refused() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = appliance.signed_in("vera", &[(Role::Viewer, Scope::All)]).await;
    let openings = browser.get("/policy/openings").await.text;
    assert!(
        !openings.contains("action=\"/policy/openings/") && !openings.contains("action=\"/policy/quarantine")
    );
    for path in ["/policy", "/policy/documents", "/policy/versions", "/policy/diff?new=shipped"] {
        let got = browser.get(path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        assert!(!got.text.contains("/policy/propose") && !got.text.contains("/policy/apply"), "{path}");
    }
    assert_eq!(browser.get("/policy/propose").await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        browser.post("/policy/apply", &[("version", "1"), ("seconds", "9")]).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_form_carries_documents_as_large_as_they_may_be() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = alice(&appliance).await;
    let (scenario, site) = offered(&mut browser).await;
    // Each of these letters is three in a form.
    let long = |text: &str, bytes: usize| {
        let rest = bytes - text.len();
        format!("{text}{}", "#?\n".repeat(rest / 3))
    };
    let most = control::policy::LARGEST_DOCUMENT;
    let both = [("scenario", long(&scenario, most - 9)), ("site", long(&site, most - 9))];
    let fields = [("scenario", both[0].1.as_str()), ("site", &both[1].1), ("do", "check")];
    let got = browser.post("/policy/propose", &fields).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(!got.text.contains("[limit]"));
    let other = browser.post("/policy/apply", &fields).await;
    assert_eq!(other.status, StatusCode::PAYLOAD_TOO_LARGE, "elsewhere a form stays small");
}

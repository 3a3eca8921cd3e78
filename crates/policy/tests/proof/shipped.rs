//! The scenario that the product is made for, asked what people ask.

use policy::assertion::{self, Outcome};
use policy::diff::diff;
use policy::document::site::Assertion;
use policy::document::words::Action;
use policy::evaluate::{Asked, Cause, Evaluator, Pinhole};
use policy::explain::{Explanation, explain};
use policy::names::{Hosts, Subject, resolve};
use policy::packet::{Packet, Path, Payload};
use policy::plan::{Log, Plan, Rule, Zone};
use policy::reach::{Passage, picture, reach};
use std::net::IpAddr;

const TRUST: usize = 0;
const INTERNAL: usize = 1;
pub const MANAGEMENT: usize = 2;
const INTERNET: usize = 3;

fn zone(name: &str, interface: &str, networks: &[&str]) -> Zone {
    Zone {
        name: name.into(),
        interfaces: vec![interface.into()],
        networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
        is_choke_point: false,
    }
}

fn rule(app_id: &str, action: Action, from: &[usize], to: usize, services: &[&str]) -> Rule {
    Rule {
        index: 0,
        app_id: app_id.into(),
        action,
        from: from.to_vec(),
        to,
        sources: None,
        services: services.iter().map(|service| service.parse().unwrap()).collect(),
        multicast: Vec::new(),
        log: Log { at_start: true, at_end: false, is_high: action == Action::Drop, per_second: None },
        is_shadow: false,
        class: Default::default(),
        is_clear_text: action == Action::Drop,
        rationale: [("en".to_owned(), format!("why {app_id}"))].into(),
    }
}

/// Twelve rules, as an out-of-band site has them.
pub fn plan() -> Plan {
    use Action::{Allow, Drop};
    let clear = ["tcp/5988", "tcp/115", "udp/623", "tcp/23", "tcp/21", "udp/69", "tcp/80"];
    let mut rules = vec![
        rule("infra_mgmt_web", Allow, &[TRUST, INTERNAL, MANAGEMENT], MANAGEMENT, &["tcp/443"]),
        rule("clear_text_mgmt", Drop, &[MANAGEMENT], MANAGEMENT, &clear),
        rule("bmc_management", Allow, &[MANAGEMENT], MANAGEMENT, &["tcp/443", "tcp/5989"]),
        rule("icmp_probe", Allow, &[MANAGEMENT], MANAGEMENT, &["icmp/echo-request"]),
        rule("slp", Allow, &[MANAGEMENT], MANAGEMENT, &["udp/427", "tcp/427"]),
        rule("dns", Allow, &[MANAGEMENT], INTERNAL, &["udp/53", "tcp/53"]),
        rule("firmware_update", Allow, &[MANAGEMENT], INTERNET, &["tcp/443"]),
        rule("ntp", Allow, &[MANAGEMENT], INTERNAL, &["udp/123"]),
        rule("syslog", Allow, &[MANAGEMENT], MANAGEMENT, &["udp/514", "tcp/6514"]),
        rule("directory", Allow, &[MANAGEMENT], INTERNAL, &["tcp/636"]),
        rule("ssh", Allow, &[TRUST], MANAGEMENT, &["tcp/22"]),
        rule("sinkhole_dns", Allow, &[MANAGEMENT], MANAGEMENT, &["udp/53", "tcp/53"]),
    ];
    for (index, rule) in rules.iter_mut().enumerate() {
        rule.index = index;
    }
    rules[4].multicast = vec!["239.255.255.253".parse().unwrap(), "ff02::116".parse().unwrap()];
    rules[10].sources = Some(vec!["192.168.10.64/26".parse().unwrap()]);
    Plan {
        scenario: "out_of_band_management 1.0.0".into(),
        zones: vec![
            zone("trust", "eth0", &["192.168.10.0/24", "2001:db8:10::/64"]),
            zone("internal", "eth0", &["192.168.20.0/24", "2001:db8:20::/64"]),
            zone("management", "eth1", &["10.20.0.0/16", "fd20::/64"]),
            zone("internet", "eth0", &["0.0.0.0/0", "::/0"]),
        ],
        home: MANAGEMENT,
        own: ["192.168.20.5", "10.20.0.1", "2001:db8:20::5", "fd20::1"].map(|a| a.parse().unwrap()).to_vec(),
        rules,
        routed: Vec::new(),
        limits: Vec::new(),
        links: Vec::new(),
        urgent: Vec::new(),
    }
}

fn ask(from: &str, to: &str, payload: Payload) -> Explanation {
    let packet = Packet { from: from.parse().unwrap(), to: to.parse().unwrap(), payload, interface: None };
    explain(&Evaluator::new(&plan()), &packet, &Asked::default(), "fr")
}

#[test]
fn an_administrator_reaches_the_appliance_and_no_further() {
    let said = ask("192.168.10.7", "192.168.20.5", Payload::Tcp(443));
    assert_eq!((said.verdict, said.rule, said.path), (Action::Allow, Some(0), Path::Input));
    assert_eq!(said.why, "rule 0 (infra_mgmt_web) allows tcp/443 from trust to the appliance");
    assert_eq!(said.rationale.as_deref(), Some("why infra_mgmt_web"));
    let said = ask("192.168.10.7", "10.20.3.4", Payload::Tcp(443));
    assert_eq!((said.verdict, said.rule, said.path), (Action::Drop, None, Path::Forward));
    assert!(said.why.contains("rule 0 (infra_mgmt_web) allows it by the document"), "{}", said.why);
    assert_eq!(said.nearest.as_ref().map(|near| near.rule), Some(0));
}

#[test]
fn what_is_missing_is_named() {
    for (from, to, payload, rule, missing) in [
        ("192.168.10.7", "192.168.20.5", Payload::Tcp(22), 10, "group of people"),
        (
            "192.168.20.7",
            "192.168.20.5",
            Payload::Tcp(22),
            10,
            "it comes from internal, the rule is for trust",
        ),
        ("10.20.0.1", "10.20.3.4", Payload::Tcp(8443), 0, "the rule is about tcp/443, not tcp/8443"),
        ("10.20.0.1", "239.255.255.253", Payload::Udp { source: 1, to: 53 }, 5, "does not list the group"),
    ] {
        let near = ask(from, to, payload).nearest.unwrap();
        assert_eq!(near.rule, rule, "{near:?}");
        assert!(near.missing.contains(missing), "{near:?}");
    }
}

#[test]
fn the_explanation_is_the_json_that_is_promised() {
    let said =
        serde_json::to_value(ask("10.20.3.4", "10.20.0.1", Payload::Udp { source: 0, to: 623 })).unwrap();
    let expected = serde_json::json!({
        "verdict": "drop", "rule": 1, "app_id": "clear_text_mgmt", "path": "input", "enforced": true,
        "why": "rule 1 (clear_text_mgmt) drops udp/623 from management to the appliance",
        "rationale": "why clear_text_mgmt",
        "from": {"address": "10.20.3.4", "zone": "management", "appliance": false},
        "to": {"address": "10.20.0.1", "zone": "management", "appliance": true},
        "shadow": [], "nearest": {
            "rule": 4, "app_id": "slp", "missing": "the rule is about udp/427, tcp/427, not udp/623"
        },
    });
    assert_eq!(said, expected);
}

#[test]
fn inside_a_zone_the_answer_says_that_nobody_holds_to_it() {
    let said = ask("10.20.3.4", "10.20.3.5", Payload::Tcp(23));
    assert_eq!((said.path, said.verdict, said.enforced), (Path::Inside, Action::Drop, false));
    assert!(said.why.contains("without the appliance"), "{}", said.why);
}

#[test]
fn a_request_to_a_group_lets_its_answers_in() {
    let evaluator = Evaluator::new(&plan());
    let packet = |from: &str, to: &str, source: u16, port: u16| Packet {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        payload: Payload::Udp { source, to: port },
        interface: Some("eth1".into()),
    };
    let request = packet("10.20.0.1", "239.255.255.253", 40001, 427);
    let judgement = evaluator.judge(&request, &Asked::default());
    assert!(judgement.passes());
    let answer = packet("10.20.9.9", "10.20.0.1", 427, 40001);
    assert!(!evaluator.judge(&answer, &Asked::default()).passes());
    let mut asked =
        Asked { answers: evaluator.awaits(&request, &judgement).into_iter().collect(), ..Asked::default() };
    let judgement = evaluator.judge(&answer, &asked);
    assert_eq!((judgement.passes(), judgement.cause), (true, Cause::Answer));
    let other = packet("10.20.9.9", "10.20.0.1", 428, 40001);
    assert!(!evaluator.judge(&other, &asked).passes());
    asked.quarantined.insert("10.20.9.9".parse().unwrap());
    assert_eq!(evaluator.judge(&answer, &asked).cause, Cause::Quarantined);
}

#[test]
fn a_quarantined_device_is_still_reached_by_the_appliance() {
    let evaluator = Evaluator::new(&plan());
    let asked = Asked {
        quarantined: ["10.20.3.4".parse().unwrap()].into(),
        pinholes: [Pinhole { to: "10.20.3.4".parse().unwrap(), protocol: 6, port: 8080 }].into(),
        ..Asked::default()
    };
    let judge = |from: &str, to: &str, port: u16| {
        let packet = Packet {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            payload: Payload::Tcp(port),
            interface: None,
        };
        evaluator.judge(&packet, &asked)
    };
    assert!(judge("10.20.0.1", "10.20.3.4", 443).passes());
    assert_eq!(judge("10.20.0.1", "10.20.3.4", 8080).cause, Cause::Pinhole);
    assert!(!judge("10.20.0.1", "10.20.3.5", 8080).passes());
    assert_eq!(judge("10.20.3.4", "10.20.0.1", 443).cause, Cause::Quarantined);
    assert_eq!(judge("10.20.3.5", "10.20.3.4", 443).cause, Cause::Quarantined);
}

#[test]
fn reach_lists_what_a_zone_may_do() {
    let evaluator = Evaluator::new(&plan());
    let rows = reach(&evaluator, &Subject::Zone(TRUST));
    let apps: Vec<(&str, bool, Path)> =
        rows.iter().map(|row| (row.app_id.as_str(), row.to_appliance, row.path)).collect();
    assert_eq!(apps, [("infra_mgmt_web", true, Path::Input), ("ssh", true, Path::Input)]);
    let people: Vec<String> = rows[1].from.iter().map(ToString::to_string).collect();
    assert_eq!(people, ["192.168.10.64/26"]);
    let picture = picture(&evaluator);
    let edge = |from: &str, to: &str, action: Passage| {
        picture
            .edges
            .iter()
            .find(|edge| (edge.from.as_str(), edge.to.as_str(), edge.action) == (from, to, action))
    };
    assert_eq!(edge("trust", "appliance", Passage::Allow).unwrap().app_ids, ["infra_mgmt_web", "ssh"]);
    assert_eq!(edge("trust", "management", Passage::NotRouted).unwrap().rules, [0, 10]);
    assert!(edge("management", "appliance", Passage::Drop).is_some());
    assert!(edge("internet", "appliance", Passage::Allow).is_none());
}

#[test]
fn a_difference_in_words() {
    let old = plan();
    let mut new = plan();
    new.rules[10].sources = Some(vec!["192.168.10.64/27".parse().unwrap()]);
    new.rules[6].services.push("tcp/80".parse().unwrap());
    let words: Vec<String> =
        diff(&Evaluator::new(&old), &Evaluator::new(&new)).iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), 2, "{words:#?}");
    assert!(words[0].starts_with(
        "the appliance (10.20.0.1, 192.168.20.5, 2001:db8:20::5, fd20::1) may now reach internet ("
    ));
    assert!(
        words[0].ends_with(") on tcp/80: rule 6 (firmware_update) allows it, where no rule did before"),
        "{}",
        words[0]
    );
    assert_eq!(
        words[1],
        "trust (192.168.10.96/27) may no longer reach the appliance (10.20.0.1, 192.168.20.5) on tcp/22: \
         rule 10 (ssh) allowed it; now no rule does"
    );
}

#[test]
fn assertions_are_asked_of_every_address_that_a_name_stands_for() {
    let evaluator = Evaluator::new(&plan());
    let hosts: Hosts = [("r1-u07".to_owned(), vec!["10.20.1.7".parse::<IpAddr>().unwrap()])].into();
    let test = |from: &str, to: &str, service: &str, expect: Action, app: Option<&str>| Assertion {
        from: from.into(),
        to: to.into(),
        service: service.parse().unwrap(),
        expect,
        app_id: app.map(Into::into),
        unknown: Default::default(),
    };
    let tests = [
        test("trust", "appliance", "tcp/443", Action::Allow, Some("infra_mgmt_web")),
        test("appliance", "r1-u07", "tcp/5989", Action::Allow, Some("bmc_management")),
        test("trust", "r1-u07", "tcp/443", Action::Drop, None),
        test("r1-u07", "appliance", "tcp/23", Action::Allow, None),
        test("r1-u08", "appliance", "tcp/23", Action::Drop, None),
        test("r1-u07", "appliance", "tcp/23", Action::Drop, Some("slp")),
        test("r1-u07", "2001:db8:20::5", "tcp/443", Action::Allow, None),
    ];
    let range = [test("trust", "appliance", "tcp/440-450", Action::Drop, None)];
    let outcome = &assertion::run(&evaluator, &range, &hosts)[0];
    assert!(outcome.failure.as_ref().unwrap().contains(" on tcp/443 is allowed: "), "{outcome:?}");
    let outcomes = assertion::run(&evaluator, &tests, &hosts);
    let passed: Vec<bool> = outcomes.iter().map(Outcome::passed).collect();
    assert_eq!(passed, [true, true, true, false, false, false, false]);
    let failure = |at: usize| outcomes[at].failure.as_deref().unwrap();
    assert!(failure(3).contains("10.20.1.7 -> 192.168.20.5 is dropped: rule 1 (clear_text_mgmt)"));
    assert!(failure(4).contains("\"r1-u08\" is no address, host, zone"));
    assert!(failure(5).contains("decided by clear_text_mgmt, not by slp"));
    assert!(failure(6).contains("no addresses of one family"));
    assert_eq!(
        outcomes[0].asked, 6,
        "IPv4 in two parts, because ssh is for a group, and IPv6 in one; to two addresses each"
    );
    assert!(outcomes[0].explanation.is_none(), "what holds needs no explanation");
    let explained = outcomes[5].explanation.as_ref().unwrap();
    assert_eq!((explained.verdict, explained.app_id.as_deref()), (Action::Drop, Some("clear_text_mgmt")));
    let many: Hosts = [("many".to_owned(), vec!["10.20.1.7".parse::<IpAddr>().unwrap(); 101])].into();
    let outcome =
        &assertion::run(&evaluator, &[test("many", "many", "tcp/443", Action::Drop, None)], &many)[0];
    assert!(outcome.failure.as_ref().unwrap().contains("10201 pairs"), "{outcome:?}");
    assert_eq!(
        resolve("internet", &evaluator, &hosts).unwrap().addresses(&evaluator)[0].to_string(),
        "0.0.0.1"
    );
}

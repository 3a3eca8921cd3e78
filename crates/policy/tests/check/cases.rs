//! Which words of the shipped files are exchanged for which, and where what comes of it is told.

use crate::{Case, both, scenario, site};
use policy::diagnostic::Code;

/// At least one case for each code.
pub fn all() -> Vec<Case> {
    let mut all = reading();
    all.extend(documents());
    all.extend(zones());
    all.extend(applications());
    all.extend(order());
    all.extend(inspection());
    all.extend(passage());
    all.extend(people());
    all.extend(flows_and_prose());
    all.extend(tests());
    all
}

fn reading() -> Vec<Case> {
    vec![
        scenario(Code::Syntax, &[("trust_tier: community", "trust_tier: [community")], ("\nauthors", ":")),
        scenario(
            Code::Encoding,
            &[("trust_tier: community", "trust_tier: comm\u{7}unity")],
            ("trust_tier", "\u{7}"),
        ),
        scenario(
            Code::Limit,
            &[(
                "[trust, internal, management]",
                "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[trust]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
            )],
            ("# 0", "[[[[[[[[[[trust"),
        ),
        scenario(Code::Unsupported, &[("id: out", "id: !name out")], ("id: ", "!name")),
        scenario(
            Code::DuplicateKey,
            &[("trust_tier: community", "version: 1.0.1")],
            ("version: 1.0.1", "version"),
        ),
        scenario(Code::MissingField, &[("    action: allow\n", "")], ("# 0", "application")),
        scenario(Code::UnknownWord, &[("direction: inbound", "direction: inbund")], ("# 0", "inbund")),
        scenario(Code::WrongValue, &[("risk: 4", "risk: high")], ("# 0", "high")),
        scenario(
            Code::MisspeltField,
            &[("trust_tier", "trust_teir")],
            ("version: 1.0.0\ntrust", "trust_teir"),
        ),
        site(Code::UnknownField, &[("hosts:", "colours: [red]\nhosts:")], ("\ncolours", "colours")),
        site(Code::WrongValue, &[("10.2.0.0/16", "10.2.0.0/40")], ("zones:", "10.2.0.0/40")),
        site(Code::WrongValue, &[("services: [udp/123]", "services: [udp/99999]")], ("ntp:", "udp/99999")),
    ]
}

fn documents() -> Vec<Case> {
    vec![
        scenario(
            Code::UnsupportedVersion,
            &[("schema_version: 1.0.0", "schema_version: 2.0.0")],
            ("schema", "2.0.0"),
        ),
        site(
            Code::UnsupportedVersion,
            &[("schema_version: 1.0.0", "schema_version: 2.0.0")],
            ("schema", "2.0.0"),
        ),
        site(
            Code::ScenarioMismatch,
            &[("scenario: out_of_band", "scenario: in_band")],
            ("scenario: ", "in_band"),
        ),
        scenario(Code::NoRules, &[("\nrules:\n", "\nrules: []\nx_rules:\n")], ("\nrules", "rules")),
        scenario(
            Code::BadVersion,
            &[("version: 1.0.0\ntrust", "version: 1.0.0.0\ntrust")],
            ("\nversion", "1.0.0.0"),
        ),
        scenario(Code::BadIdentifier, &[("app_id: slp", "app_id: SLP")], ("# 3", "SLP")),
        site(Code::BadIdentifier, &[("  ssl:", "  TLS-1:")], ("applications", "TLS-1")),
        scenario(Code::BadLanguage, &[("  fr: Serveurs", "  french: Serveurs")], ("title", "french")),
        scenario(
            Code::NoRationale,
            &[("    rationale:\n      en: The appliance takes its own time from the site's servers.\n", "")],
            ("# 8", "application"),
        ),
        scenario(Code::RiskOutOfRange, &[("risk: 4", "risk: 6")], ("# 0", "6,")),
        scenario(Code::BadTechnique, &[("id: T1190", "id: T119")], ("mitre", "T119")),
        scenario(Code::BadTechnique, &[("initial-access", "initial_acces")], ("mitre", "initial_acces")),
        scenario(
            Code::ExpiredReference,
            &[("retrieved: 2026", "retrieved: 2025")],
            ("references", "2025-06-04"),
        ),
        scenario(Code::UndatedReference, &[("    retrieved: 2026-06-04\n", "")], ("references", "vendor")),
        scenario(
            Code::FutureReference,
            &[("retrieved: 2026", "retrieved: 2027")],
            ("references", "2027-06-04"),
        ),
        scenario(Code::VendorNamed, &[("The appliance fetches", "Lenovo's tool fetches")], ("# 5", "Lenovo")),
        scenario(Code::BadDomain, &[("- support.", "- https://support.")], ("references", "https://support")),
        site(Code::BadDomain, &[("- support.", "- https://support.")], ("domains:", "https://support")),
    ]
}

fn zones() -> Vec<Case> {
    vec![
        scenario(Code::UnknownZone, &[("from: [trust,", "from: [trsut,")], ("# 0", "trsut")),
        site(Code::UnknownZone, &[("zone: management", "zone: managment")], ("appliance:", "managment")),
        site(
            Code::ZoneWithoutNetwork,
            &[("    networks: [10.2.0.0/16, \"fd12:3456:789a:2::/64\"]   # CHANGE\n", "")],
            ("zones:", "internal"),
        ),
        site(Code::SameNetwork, &[("10.2.0.0/16", "10.1.0.0/16")], ("  trust:", "10.1.0.0/16")),
        site(Code::OverlappingNetworks, &[("10.2.0.0/16", "10.1.64.0/18")], ("internal:", "10.1.64.0/18")),
        site(Code::HostBits, &[("10.2.0.0/16", "10.2.0.7/16")], ("internal:", "10.2.0.7/16")),
        site(
            Code::Ipv6Forgotten,
            &[("[10.2.0.0/16, \"fd12:3456:789a:2::/64\"]", "[10.2.0.0/16]")],
            ("internal:", "networks"),
        ),
        site(Code::Ipv6Forgotten, &[("icmp/echo-request]", "icmp/8]")], ("icmp_probe:", "services")),
        site(
            Code::Ipv6Forgotten,
            &[("[239.255.255.253, \"ff02::116\", \"ff05::116\"]", "[239.255.255.253]")],
            ("  slp:", "multicast"),
        ),
        site(
            Code::UnusedZone,
            &[("  internet:  ", "  dmz: {networks: [10.9.0.0/16]}\n  internet:  ")],
            ("zones:", "dmz"),
        ),
        site(Code::BadVlan, &[("    segment:", "    vlan: 4095\n    segment:")], ("zones:", "4095")),
        site(Code::BadInterface, &[("[eth1]", "[\"eth1; drop\"]")], ("zones:", "\"eth1; drop\"")),
        site(
            Code::NoInterface,
            &[("    interfaces: [eth0]                 # CHANGE\n", "")],
            ("zones:", "trust"),
        ),
        site(Code::SharedInterface, &[("[eth1]", "[eth0]")], ("  trust:", "eth0")),
        site(
            Code::ApplianceWithoutAddress,
            &[
                ("addresses:                           # CHANGE: all of its own addresses", "addresses: []"),
                (
                    "    - 10.1.0.5\n    - fd12:3456:789a:1::5\n    - 10.20.0.1\n    - fd12:3456:789a:20::1\n",
                    "",
                ),
            ],
            ("\nappliance:", "appliance"),
        ),
        site(Code::ApplianceOutside, &[("- 10.1.0.5", "- 192.0.2.5")], ("addresses", "192.0.2.5")),
        site(
            Code::ApplianceNotHome,
            &[("    - 10.20.0.1\n    - fd12:3456:789a:20::1\n", "")],
            ("appliance:", "management"),
        ),
        site(Code::BadAddress, &[("- 10.1.0.5", "- 224.0.0.5")], ("addresses", "224.0.0.5")),
        site(Code::BadAddress, &[("[10.2.0.53,", "[127.0.0.1,")], ("hosts:", "127.0.0.1")),
        site(
            Code::AmbiguousHost,
            &[("\n  controller: [", "\n  trust: [10.1.5.11]\n  controller: [")],
            ("hosts:", "trust"),
        ),
        site(
            Code::HostOutside,
            &[("[0.0.0.0/0, \"::/0\"]", "[192.0.2.0/24, \"2001:db8::/32\"]"), ("[10.2.0.53,", "[10.3.0.53,")],
            ("hosts:", "10.3.0.53"),
        ),
    ]
}

fn applications() -> Vec<Case> {
    vec![
        both(Code::UnknownApplication, &[("  dns:\n    services: [udp/53, tcp/53]\n", "")], ("# 4", "dns,")),
        site(Code::NoServices, &[("services: [udp/123]", "services: []")], ("applications:", "ntp")),
        site(Code::NotMulticast, &[("[239.255.255.253", "[10.20.0.9")], ("  slp:", "10.20.0.9")),
        site(
            Code::MulticastWithoutUdp,
            &[("    services: [udp/427, tcp/427]", "    services: [tcp/427]")],
            ("  slp:", "multicast"),
        ),
        site(
            Code::MulticastUnanswered,
            &[("    multicast: [239.255.255.253, \"ff02::116\", \"ff05::116\"]\n", "")],
            ("applications:", "slp"),
        ),
        site(
            Code::UnusedApplication,
            &[("  ntp:", "  ssh: {services: [tcp/22]}\n  ntp:")],
            ("applications:", "ssh"),
        ),
        site(
            Code::UnboundApplication,
            &[("#shadow: [clear_text_mgmt]", "shadow: [clear_text_mgnt]")],
            ("\nshadow", "clear_text_mgnt"),
        ),
        site(
            Code::UnboundApplication,
            &[("  firmware_update:                     # CHANGE", "  firmware_updates:")],
            ("domains:", "firmware_updates"),
        ),
        site(
            Code::UnboundApplication,
            &[("- application: bmc_management", "- application: bmc_managment")],
            ("compensating", "bmc_managment"),
        ),
        both(
            Code::ClearTextAllowed,
            &[("services: [tcp/443, tcp/5989]", "services: [tcp/443, tcp/5988]")],
            ("# 1", "allow"),
        ),
        site(
            Code::ClearTextUnmarked,
            &[("    clear_text: true                   # an attempt raises a finding\n", "")],
            ("applications:", "clear_text_mgmt"),
        ),
        both(
            Code::NoAllowList,
            &[("  firmware_update:                     # CHANGE", "  dns:")],
            ("# 5", "internet"),
        ),
        scenario(
            Code::UnknownDependency,
            &[("depends_on: [dns, ssl]", "depends_on: [dns, tls]")],
            ("# 5", "tls"),
        ),
        scenario(
            Code::DependencyNotAllowed,
            &[("depends_on: [dns, ssl]", "depends_on: [dns, clear_text_mgmt]")],
            ("# 5", "clear_text_mgmt"),
        ),
        both(
            Code::DependencyNotAllowed,
            &[("services: [tcp/443]\n  clear", "services: [tcp/444]\n  clear")],
            ("# 5", "ssl"),
        ),
        scenario(
            Code::DependencyCycle,
            &[(
                "app_id: dns, category: networking, risk: 2",
                "app_id: dns, category: networking, risk: 2, depends_on: [infra_mgmt_web]",
            )],
            ("# 4", "infra_mgmt_web"),
        ),
    ]
}

fn order() -> Vec<Case> {
    vec![
        both(
            Code::ShadowedRule,
            &[("services: [icmp/echo-request]", "services: [tcp/1-1024, tcp/5988, tcp/115, udp/1-1024]")],
            ("# 6", "clear_text_mgmt"),
        ),
        both(
            Code::UnreachableRule,
            &[("services: [udp/514, tcp/6514]", "services: [udp/123]")],
            ("# 9", "syslog"),
        ),
        both(
            Code::OverlappingRules,
            &[("services: [udp/514, tcp/6514]", "services: [udp/514, udp/623]")],
            ("# 9", "syslog"),
        ),
        both(Code::OverlappingRules, &[("- tcp/80 ", "- tcp/443 ")], ("# 6", "clear_text_mgmt")),
    ]
}

fn inspection() -> Vec<Case> {
    vec![
        both(
            Code::BlindProfile,
            &[("profiles: [antivirus, sandboxing]", "profiles: [antivirus]")],
            ("# 1", "sandboxing"),
        ),
        scenario(
            Code::ProfileOnDrop,
            &[(
                "    logging: {at_start: true, priority",
                "    security_profiles: {ips: {}}\n    logging: {at_start: true, priority",
            )],
            ("# 6", "ips"),
        ),
        scenario(
            Code::ProfileOnDrop,
            &[(
                "    logging: {at_start: true, priority",
                "    decryption: {mode: ssl_forward_proxy}\n    logging: {at_start: true, priority",
            )],
            ("# 6", "ssl_forward_proxy"),
        ),
        scenario(
            Code::InspectionElsewhere,
            &[("mode: none", "mode: ssl_forward_proxy")],
            ("# 1", "ssl_forward_proxy"),
        ),
        scenario(
            Code::UnguardedRisk,
            &[("    logging: {at_start: true, at_end: true}\n", "")],
            ("# 0", "4, depends"),
        ),
        scenario(
            Code::UnknownExclusion,
            &[("exclusions: [cert_pinned_app]", "exclusions: [cert_pined_app]")],
            ("# 1", "cert_pined_app"),
        ),
        site(
            Code::EmptyControl,
            &[(
                "      en: Images come by rule 5 alone, where each is opened and scanned; only what passed there is sent to a controller.",
                "      en: \"\"",
            )],
            ("compensating_controls", "application"),
        ),
    ]
}

fn passage() -> Vec<Case> {
    vec![
        scenario(
            Code::WrongDirection,
            &[("direction: outbound", "direction: internal")],
            ("# 5", "internal"),
        ),
        scenario(Code::WrongDirection, &[("direction: inbound", "direction: outbound")], ("# 0", "outbound")),
        scenario(Code::NoSource, &[("from: [trust, internal, management]", "from: []")], ("# 0", "from")),
        scenario(
            Code::RepeatedSource,
            &[("from: [trust, internal, management]", "from: [trust, internal, trust]")],
            ("internal, trust]", "trust]"),
        ),
        both(Code::IntraZone, &[("segment: choke_point ", "segment: shared ")], ("# 2", "management]")),
        scenario(
            Code::NotForwarded,
            &[(
                "# 4\n  - application: {app_id: dns, category: networking, risk: 2}\n    zones: {from: [management]",
                "# 4\n  - application: {app_id: dns, category: networking, risk: 2}\n    zones: {from: [trust, management]",
            )],
            ("# 4", "trust"),
        ),
        site(Code::RoutedPassage, &[("#routed:\n#  - {", "routed:\n  - {")], ("\nrouted:", "{from")),
        site(
            Code::RoutedWithoutRule,
            &[(
                "#routed:\n#  - {from: management, to: internal, applications: [ntp]}",
                "routed:\n  - {from: trust, to: internal, applications: [ntp]}",
            )],
            ("\nrouted:", "ntp"),
        ),
        scenario(
            Code::InternetInbound,
            &[("from: [trust, internal, management]", "from: [trust, internet]")],
            ("# 0", "internet"),
        ),
        site(
            Code::ZeroLimit,
            &[(
                "#traffic_classes:\n#  - {from: internet, to: management, mbit: 100}",
                "traffic_classes:\n  - {from: internet, to: management, mbit: 0}",
            )],
            ("\ntraffic_classes", "0}"),
        ),
        site(
            Code::ZeroLimit,
            &[("#links:\n#  eth1: {mbit: 100}", "links:\n  eth1: {mbit: 0}")],
            ("\nlinks", "0}"),
        ),
        scenario(Code::ZeroLimit, &[("rate_limit: 10", "rate_limit: 0")], ("# 6", "0}")),
        site(
            Code::RepeatedLimit,
            &[(
                "#traffic_classes:\n#  - {from: internet, to: management, mbit: 100}",
                "traffic_classes:\n  - {from: internet, to: management, mbit: 100}\n  - {from: internet, to: management, mbit: 50}",
            )],
            ("\ntraffic_classes", "50}"),
        ),
    ]
}

fn people() -> Vec<Case> {
    vec![
        scenario(
            Code::UnboundGroup,
            &[("user_group: infrastructure_administrators", "user_group: infrastructure_administrator")],
            ("# 0", "infrastructure_administrator"),
        ),
        both(
            Code::GroupElsewhere,
            &[
                (
                    "    - 10.1.5.0/24                      # administrators' workstations\n    - \"fd12:3456:789a:1:5::/80\"\n    - 10.2.0.10/32                     # the virtualization manager\n    - \"fd12:3456:789a:2::10/128\"\n",
                    "    - 172.16.0.0/12\n",
                ),
                ("[0.0.0.0/0, \"::/0\"]", "[192.0.2.0/24, \"2001:db8::/32\"]"),
            ],
            ("# 0", "infrastructure_administrators"),
        ),
        site(
            Code::UnusedGroup,
            &[("groups:\n", "groups:\n  guests: [10.1.9.0/24]\n")],
            ("groups:\n", "guests"),
        ),
        scenario(
            Code::UncheckedPosture,
            &[(
                "{user_group: infrastructure_administrators}",
                "{user_group: infrastructure_administrators, device_posture: compliant}",
            )],
            ("# 0", "compliant"),
        ),
        scenario(
            Code::UnmetKeyControl,
            &[("decryption: {mode: ssl_forward_proxy}", "decryption: {mode: none}")],
            ("key_controls", "ssl_forward_proxy"),
        ),
        scenario(
            Code::UnmetKeyControl,
            &[("    identity: {user_group: infrastructure_administrators}\n", "")],
            ("key_controls", "identity_user_group"),
        ),
        scenario(
            Code::UnknownKeyControl,
            &[("- firmware_sandboxing", "- firmware_sandbox")],
            ("key_controls", "firmware_sandbox"),
        ),
        scenario(
            Code::Lockout,
            &[("from: [trust, internal, management]", "from: [management]")],
            ("\nrules:", "rules"),
        ),
    ]
}

fn tests() -> Vec<Case> {
    vec![
        site(Code::NoTests, &[("\ntests:\n", "\nx_tests:\n")], ("# A site", "schema_version")),
        site(Code::NoTests, &[("\ntests:\n", "\ntests: []\nx_tests:\n")], ("\ntests", "tests")),
        site(
            Code::UnknownEnd,
            &[("- {from: workstation", "- {from: workstatoin")],
            ("\ntests", "workstatoin"),
        ),
        site(
            Code::FailedTest,
            &[(
                "to: controller, service: tcp/443, expect: drop",
                "to: controller, service: tcp/443, expect: allow",
            )],
            ("to: controller, service: tcp/443, expect", "allow"),
        ),
        site(
            Code::FailedTest,
            &[("expect: allow, app_id: dns", "expect: allow, app_id: ntp")],
            ("service: udp/53", "allow"),
        ),
    ]
}

fn flows_and_prose() -> Vec<Case> {
    vec![
        both(Code::NoTimeFlow, &[("services: [udp/123]", "services: [udp/124]")], ("\nrules:", "rules")),
        both(
            Code::NoLogFlow,
            &[("services: [udp/514, tcp/6514]", "services: [udp/515]")],
            ("\nrules:", "rules"),
        ),
        both(Code::NoDirectoryFlow, &[("services: [tcp/636]", "services: [tcp/637]")], ("\nrules:", "rules")),
        both(
            Code::ClearTextForgotten,
            &[("      - tcp/23                         # telnet\n", "")],
            ("key_controls", "block_cleartext_management"),
        ),
        scenario(
            Code::EstablishedSessions,
            &[("A session that was open before is judged like a new one, and ends.", "")],
            ("# 6", "drop"),
        ),
        scenario(Code::LoudDrop, &[(", rate_limit: 10", "")], ("# 6", "high")),
        scenario(
            Code::CountedFromOne,
            &[(
                "goes along with every update (icmp_probe)",
                "goes along with every update (an ICMP probe, rule 3)",
            )],
            ("# 1", "rule 3"),
        ),
        scenario(
            Code::CountedFromOne,
            &[("with every update (icmp_probe).", "with every update. See rule 11.")],
            ("# 1", "rule 11"),
        ),
        scenario(
            Code::DanglingRule,
            &[("with every update (icmp_probe).", "with every update. See rule 12.")],
            ("# 1", "rule 12"),
        ),
        scenario(
            Code::PortOnlyInProse,
            &[("simple file transfer and IPMI.", "simple file transfer, tcp/5900 and IPMI.")],
            ("# 6", "tcp/5900"),
        ),
        both(
            Code::PortOnlyInProse,
            &[("      - tcp/23                         # telnet\n", "")],
            ("# 6", "telnet"),
        ),
        scenario(
            Code::UnlistedTechnique,
            &[("against its pages (T1190)", "against its pages (T1133)")],
            ("# 0", "T1133"),
        ),
    ]
}

//! Every mistake that can be told, in one table: the manual's is made from it.

use super::Severity::{self, Error, Note, Warning};
use serde::{Serialize, Serializer};
use std::fmt;

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $meaning:literal $why:literal;)*) => {
        /// Which mistake it is. Its name in snake_case stays the same from version to version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// All of them, in the order in which they are looked for.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name, in snake_case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => $severity,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// Why it matters, in one line.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$name => $why,)* }
            }
        }
    };
}

codes! {
    // Reading.
    Syntax "syntax" Error
        "The text is not YAML, or not one mapping."
        "What cannot be read cannot be enforced.";
    Encoding "encoding" Error
        "The text is not UTF-8, or holds a control character."
        "Readers disagree about such bytes, so that two of them see two policies.";
    Limit "limit" Error
        "The text is too large, too deep or too repetitive."
        "A file that cannot be read in bounded time and memory is refused as a whole.";
    Unsupported "unsupported" Error
        "A part of YAML that these files do without: tags, merge keys, several documents, keys that are no text."
        "Readers disagree about it, so that two of them see two policies.";
    DuplicateKey "duplicate_key" Error
        "A key stands twice in the same mapping."
        "Which of the two counts would depend on the reader.";
    SwappedFiles "swapped_files" Error
        "The scenario's file holds a site, and the site's file a scenario."
        "Neither can be read as the other.";
    MissingField "missing_field" Error
        "A field that must be there is not."
        "Nothing sensible can be put in its place.";
    UnknownWord "unknown_word" Error
        "A word that is none of those that may stand there."
        "A word that is not understood cannot be enforced.";
    WrongValue "wrong_value" Error
        "A value of the wrong kind, or one that cannot be read."
        "What is not understood cannot be enforced.";
    MisspeltField "misspelt_field" Warning
        "An unknown field that looks like a known one, or stands in the wrong place."
        "It is kept and has no effect.";
    UnknownField "unknown_field" Note
        "A field that this version does not know."
        "It is kept and has no effect.";

    // Names that bind.
    UnknownZone "unknown_zone" Error
        "A zone that the site does not have."
        "Without its place in the network nothing can be decided about it.";
    UnknownApplication "unknown_application" Error
        "An application whose services the site does not say."
        "Without ports and protocols a rule matches nothing.";

    // The documents themselves.
    UnsupportedVersion "unsupported_version" Error
        "A `schema_version` other than 1.x.y."
        "A later format may mean something else by the same words.";
    ScenarioMismatch "scenario_mismatch" Error
        "The site binds another scenario than this one."
        "A binding made for other rules opens other doors.";
    TooMany "too_many" Error
        "More than 1,000 rules, zones, applications, or entries of another list that is compared with them."
        "So many can be neither reviewed nor compared with each other.";
    NoRules "no_rules" Warning
        "A scenario without rules."
        "Nothing passes then, the administrator included.";
    BadVersion "bad_version" Warning
        "A `version` that is no semantic version (1.2.3)."
        "Which of two versions is the newer cannot be told.";
    BadIdentifier "bad_identifier" Warning
        "A name that is not snake_case."
        "Identifiers are shared by files, logs and rules of the kernel, and never translated.";
    BadLanguage "bad_language" Warning
        "A text under a key that is no language tag."
        "Pages look texts up by language and will not find it.";
    NoRationale "no_rationale" Warning
        "A rule without a rationale."
        "Nobody will dare to change a rule whose reason is not known.";
    RiskOutOfRange "risk_out_of_range" Error
        "A risk outside 1 to 5."
        "The scale is 1 to 5; what 0 or 9 means, nobody knows.";
    BadTechnique "bad_technique" Warning
        "A technique's id or tactic that ATT&CK does not have in this form."
        "Findings are held against techniques by these words.";

    // Where facts come from.
    ExpiredReference "expired_reference" Warning
        "A reference that was read too long ago (12 months, if nothing else is said)."
        "Vendors change hosts and ports without telling.";
    UndatedReference "undated_reference" Warning
        "A reference without the date when it was read."
        "Nobody can tell whether it still holds.";
    FutureReference "future_reference" Warning
        "A reference that was read in the future."
        "The date, or this machine's clock, is wrong.";
    VendorNamed "vendor_named" Warning
        "A vendor or product named outside `references`."
        "Rules outlive products; what names one belongs into its reference.";
    BadDomain "bad_domain" Error
        "A host name that is none."
        "A name that no look-up can have allows nothing.";

    // Zones and addresses.
    ZoneWithoutNetwork "zone_without_network" Error
        "A zone that a rule names and that has no network."
        "No address belongs to it, so its rules match nothing.";
    SameNetwork "same_network" Error
        "The same network in two zones."
        "To which of the two an address belongs cannot be decided.";
    OverlappingNetworks "overlapping_networks" Warning
        "A network inside another zone's network (but for 0.0.0.0/0 and ::/0)."
        "The longer prefix decides, which is easily overlooked.";
    HostBits "host_bits" Warning
        "A network with bits set behind its prefix."
        "It may be an address that was meant, or another prefix.";
    Ipv6Forgotten "ipv6_forgotten" Warning
        "IPv4 without its IPv6 counterpart: a zone's networks, ICMP, a multicast group."
        "Hosts speak IPv6 among themselves whether it was planned or not; nothing of it is allowed or named.";
    UnusedZone "unused_zone" Note
        "A zone that no rule names."
        "Nothing passes from or to it.";
    AmbiguousHost "ambiguous_host" Warning
        "A named host with the name of a zone, of the appliance, or of an address."
        "A test or question that was meant for one is asked of the other.";
    BadVlan "bad_vlan" Error
        "A VLAN outside 1 to 4094."
        "IEEE 802.1Q has no other.";
    BadInterface "bad_interface" Error
        "A name that no network interface can have."
        "The kernel has names of at most 15 letters, without blanks and slashes.";
    NoInterface "no_interface" Warning
        "A zone that a rule names and that has no interface."
        "A packet with a forged address of this zone is believed on every interface.";
    SharedInterface "shared_interface" Warning
        "The appliance's zone shares an interface with another zone."
        "What is to be apart is on one wire, and forged addresses are not noticed.";
    ApplianceWithoutAddress "appliance_without_address" Error
        "An appliance without addresses."
        "Nothing is to it or from it then, so no rule is enforced.";
    ApplianceOutside "appliance_outside" Warning
        "An address of the appliance that no zone's network holds (but 0.0.0.0/0 and ::/0)."
        "Its neighbours belong to no zone, so they reach nothing.";
    ApplianceNotHome "appliance_not_home" Warning
        "No address of the appliance is in its own zone."
        "Hosts of that zone cannot reach it.";
    BadAddress "bad_address" Error
        "An address that no host can have: multicast, unspecified, loopback."
        "Nothing can be sent there, or everything stays inside the machine.";
    HostOutside "host_outside" Warning
        "A named host that is in no zone."
        "Nothing passes from or to it.";

    // Applications.
    NoServices "no_services" Error
        "An application without services."
        "Its rules match nothing.";
    NotMulticast "not_multicast" Error
        "A multicast group that is no multicast address."
        "Groups are in 224.0.0.0/4 and ff00::/8.";
    MulticastWithoutUdp "multicast_without_udp" Warning
        "An application that asks by multicast and has no UDP service."
        "Only UDP can be asked by multicast.";
    MulticastUnanswered "multicast_unanswered" Warning
        "An application that asks by multicast by its standard, without its groups."
        "The request is to a group and the answer from a host: connection tracking does not pair the two, so answers are dropped.";
    UnusedApplication "unused_application" Note
        "An application that no rule names and none depends on."
        "It has no effect.";
    UnboundApplication "unbound_application" Warning
        "The site says something about an application that no rule is about."
        "It has no effect.";
    ClearTextAllowed "clear_text_allowed" Warning
        "A protocol in clear text is allowed."
        "Passwords can be read, and commands changed, by anybody on the wire.";
    ClearTextUnmarked "clear_text_unmarked" Warning
        "A dropped application of clear-text protocols that the site does not mark as `clear_text`."
        "An attempt raises no finding.";
    NoAllowList "no_allow_list" Warning
        "A way to the Internet without a list of the names that may be reached."
        "Every host of the Internet is allowed.";

    // Which rule decides.
    ShadowedRule "shadowed_rule" Warning
        "A rule that never decides, because earlier ones decide otherwise."
        "It looks as if it held, and does not.";
    UnreachableRule "unreachable_rule" Warning
        "A rule that never decides, because earlier ones decide the same."
        "It counts nothing and explains nothing; changing it changes nothing.";
    OverlappingRules "overlapping_rules" Warning
        "Some of what a rule forbids is allowed by an earlier one, or the other way round."
        "Only their order decides, and an edit that moves one changes what passes.";
    UnknownDependency "unknown_dependency" Error
        "A dependency that is neither a rule's application nor one of the site's."
        "What cannot be done without it will fail, and nothing says what is missing.";
    DependencyNotAllowed "dependency_not_allowed" Warning
        "A dependency that no rule allows from or to where it is needed."
        "The rule allows something that cannot work.";
    DependencyCycle "dependency_cycle" Warning
        "Applications that depend on each other in a circle."
        "None of them can be the first to work.";

    // Looking into traffic.
    BlindProfile "blind_profile" Warning
        "A profile that reads content, on encrypted traffic that nothing opens, without a named compensating control."
        "It sees nothing of what it is to inspect.";
    ProfileOnDrop "profile_on_drop" Warning
        "Profiles or decryption on a rule that lets nothing pass."
        "There is nothing to look into.";
    InspectionElsewhere "inspection_elsewhere" Warning
        "Decryption that the appliance cannot do for these zones."
        "It opens what ends at itself, and what goes out through its proxy; nothing else.";
    UnguardedRisk "unguarded_risk" Warning
        "An allowed application of risk 4 or 5 without any profile, or without logging."
        "What is most dangerous passes unseen.";
    UnknownExclusion "unknown_exclusion" Warning
        "An exclusion from decryption that is none of the known."
        "Nothing is excluded by it.";
    EmptyControl "empty_control" Warning
        "A compensating control that does not say what it is."
        "A control that nobody can name is none.";

    // Where the rule holds.
    WrongDirection "wrong_direction" Warning
        "A direction that contradicts the zones."
        "Reviewers read the direction, the kernel obeys the zones.";
    NoSource "no_source" Error
        "A rule without a source zone."
        "It matches nothing.";
    RepeatedSource "repeated_source" Warning
        "A source zone that is there twice."
        "One of the two was probably meant to be another zone.";
    IntraZone "intra_zone" Warning
        "A rule inside a zone whose members reach each other without the appliance."
        "It holds for the appliance's own traffic only; the rest never comes by.";
    NotForwarded "not_forwarded" Warning
        "A rule that allows passage between two zones of which the appliance is in neither, without a routed opt-in."
        "Nothing is forwarded, so nothing passes by this rule.";
    RoutedPassage "routed_passage" Note
        "Packets are routed past the appliance's own programs."
        "What is routed is filtered, and neither opened nor recorded.";
    RoutedWithoutRule "routed_without_rule" Warning
        "A routed opt-in that no rule allows."
        "Nothing passes by it.";
    InternetInbound "internet_inbound" Warning
        "A rule that lets the Internet in."
        "The appliance would stand open to everybody.";
    ZeroLimit "zero_limit" Error
        "A limit of nothing."
        "Leave the limit out, or forbid the traffic by a rule.";
    RepeatedLimit "repeated_limit" Warning
        "Two limits for the same pair of zones."
        "Which of the two holds would depend on their order.";

    // People.
    UnboundGroup "unbound_group" Warning
        "A group of people without networks in the site."
        "Its rule matches nobody.";
    GroupElsewhere "group_elsewhere" Warning
        "A group whose networks are in none of the rule's source zones."
        "The rule matches nobody.";
    UnusedGroup "unused_group" Note
        "A group that no rule names."
        "It has no effect.";
    UncheckedPosture "unchecked_posture" Warning
        "A condition on the state of people's machines."
        "Nothing here can see that state: the rule holds for every machine.";
    UnmetKeyControl "unmet_key_control" Warning
        "A key control that no rule carries out."
        "The threat model counts on something that is not there.";
    UnknownKeyControl "unknown_key_control" Note
        "A key control that this version does not know."
        "Whether a rule carries it out cannot be checked.";
    Lockout "lockout" Warning
        "No rule lets people reach the appliance."
        "Once this is enforced nobody can administer it over the network.";

    // Flows that are easily forgotten.
    NoTimeFlow "no_time_flow" Warning
        "No rule lets the management zone get the time."
        "Clocks drift, logs cannot be compared, certificates fail.";
    NoLogFlow "no_log_flow" Warning
        "No rule lets the management zone send its logs."
        "What a controller logs stays where an intruder deletes it.";
    NoDirectoryFlow "no_directory_flow" Warning
        "People are let in by group, and no rule lets the appliance ask the directory."
        "Whoever belongs to the group cannot be asked, so nobody is let in.";
    ClearTextForgotten "clear_text_forgotten" Warning
        "Clear-text management is to be blocked, and some of its protocols are in no dropping rule."
        "They are dropped by default, but in silence: no finding tells who tried.";
    EstablishedSessions "established_sessions" Note
        "A clear-text protocol is dropped after others were allowed, and nothing says what becomes of open sessions."
        "A firewall that accepts established connections first would keep old sessions in clear text alive.";
    LoudDrop "loud_drop" Warning
        "What is dropped is logged loudly, without a rate limit."
        "Whoever sends enough of it fills the log: the log becomes the attack.";

    // Prose.
    CountedFromOne "counted_from_one" Warning
        "A rationale that counts rules from 1, where they are counted from 0."
        "The reader is led to another rule.";
    DanglingRule "dangling_rule" Warning
        "A rationale that names a rule that is not there."
        "The reader is led nowhere.";
    PortOnlyInProse "port_only_in_prose" Warning
        "A port or clear-text protocol that a rationale names and no rule is about."
        "It reads as if it were handled, and is not.";
    UnlistedTechnique "unlisted_technique" Warning
        "A technique that a rationale names and `mitre_attack` does not."
        "Techniques are found by the list.";

    // What must hold.
    NoTests "no_tests" Note
        "A site without tests."
        "A mistake in the rules is noticed when somebody is locked out.";
    UnknownEnd "unknown_end" Error
        "A test that names no address, host or zone of the site."
        "It cannot be asked, so nothing may be applied.";
    FailedTest "failed_test" Error
        "A test that does not come out as expected."
        "Either the rules or the expectation are wrong; nothing is applied until they agree.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

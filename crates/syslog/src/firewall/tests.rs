//! Lines in the form that each maker documents, and what is read from them.

use super::*;
use crate::message::parse;
use jiff::tz::TimeZone;

/// What was read of a line, in the order of a log: format, verdict, rule, protocol, ends, interfaces, bytes; `-` for nothing.
fn told(line: &str) -> String {
    let context = Context { received: "2026-11-20T20:00:00Z".parse().unwrap(), zone: TimeZone::UTC };
    let message = parse(line.as_bytes(), &context);
    let Some((format, told)) = read(&message, &context) else { return "-".into() };
    let word = |word: Option<&str>| word.unwrap_or("-").to_owned();
    let number = |number: Option<u32>| number.map_or("-".into(), |number| number.to_string());
    let end = |address: Option<IpAddr>, port: Option<u16>| {
        format!(
            "{},{}",
            address.map_or("-".into(), |address| address.to_string()),
            number(port.map(u32::from))
        )
    };
    [
        format.to_owned(),
        told.verdict.name().to_owned(),
        word(told.rule),
        word(told.app),
        number(told.protocol.map(u32::from)),
        end(told.from, told.source_port),
        end(told.to, told.port),
        word(told.arrived),
        word(told.leaves),
        number(told.bytes),
    ]
    .join(" ")
}

fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(told(line), *expected, "{line}");
    }
}

#[test]
fn linux() {
    let tcp = "IN=eth0 OUT= MAC=52:54:00:00:00:01:52:54:00:00:00:02:08:00 SRC=198.51.100.7 DST=192.0.2.4 LEN=60 TOS=0x00 \
               PREC=0x00 TTL=57 ID=4711 DF PROTO=TCP SPT=40112 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0";
    let packet = "- 6 198.51.100.7,40112 192.0.2.4,22 eth0 - 60";
    check(&[
        (
            &format!("<4>Nov 20 19:00:00 fw1 kernel: [12345.678901] [UFW BLOCK] {tcp}"),
            &format!("netfilter drop UFW BLOCK {packet}"),
        ),
        (
            &format!("<4>Nov 20 19:00:00 fw1 kernel: fw-accept: {tcp}"),
            &format!("netfilter accept fw-accept {packet}"),
        ),
        (&format!("<4>Nov 20 19:00:00 fw1 kernel: {tcp}"), &format!("netfilter unknown - {packet}")),
        (&format!("<4>Nov 20 19:00:00 fw1 REJECT: {tcp}"), &format!("netfilter reject REJECT {packet}")),
        (
            &format!("<13>Nov 20 19:00:00 fw1 ulogd[77]: drop-all {tcp}"),
            &format!("netfilter drop drop-all {packet}"),
        ),
        (
            "<4>1 2026-11-20T19:00:00Z fw1 kernel - - - OUT-DROP IN= OUT=wg0 SRC=192.0.2.4 DST=203.0.113.9 LEN=84 TOS=0x00 PREC=0x00 \
             TTL=64 ID=0 DF PROTO=UDP SPT=68 DPT=67 LEN=64",
            "netfilter drop OUT-DROP - 17 192.0.2.4,68 203.0.113.9,67 - wg0 84",
        ),
        // An error of ICMP tells of the packet that it is about, too.
        (
            "<4>kernel: DROP IN=eth0 OUT=eth1 SRC=192.0.2.1 DST=192.0.2.2 LEN=88 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=1 \
             [SRC=192.0.2.2 DST=192.0.2.3 LEN=60 TTL=63 ID=2 PROTO=TCP SPT=1 DPT=2 ]",
            "netfilter drop DROP - 1 192.0.2.1,3 192.0.2.2,1 eth0 eth1 88",
        ),
        (
            "<4>kernel: in6 IN=eth0 OUT= SRC=fe80:0000:0000:0000:0000:0000:0000:0001 DST=ff02:0000:0000:0000:0000:0000:0000:0002 LEN=56 \
             TC=0 HOPLIMIT=255 FLOWLBL=0 PROTO=ICMPv6 TYPE=133 CODE=0",
            "netfilter unknown in6 - 58 fe80::1,133 ff02::2,0 eth0 - 56",
        ),
        (
            "<4>kernel: PROTO: IN=eth0 OUT= SRC=192.0.2.1 DST=224.0.0.1 LEN=32 PROTO=2",
            "netfilter unknown PROTO - 2 192.0.2.1,- 224.0.0.1,- eth0 - 32",
        ),
        ("<4>kernel: ARP IN=eth0 OUT= ARP HTYPE=1", "-"),
    ]);
}

/// Written by Linux 6.18 about packets on a loopback interface, for `log prefix` in nftables 1.0.6.
#[test]
fn lines_of_a_real_kernel() {
    let kernel = |line: &str| told(&format!("<4>Nov 20 19:00:00 vm kernel: {line}"));
    let ether = "MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00";
    let v6 = "SRC=0000:0000:0000:0000:0000:0000:0000:0001 DST=0000:0000:0000:0000:0000:0000:0000:0001";
    let udp6 = "LEN=50 TC=0 HOPLIMIT=64 FLOWLBL=414041 PROTO=UDP SPT=55038 DPT=9999 LEN=10 ";
    for (line, expected) in [
        (
            format!(
                "[48463.552007] slgtest-drop: IN=lo OUT= {ether} SRC=127.0.0.1 DST=127.0.0.1 LEN=30 TOS=0x00 PREC=0x00 TTL=64 ID=12454 DF PROTO=UDP SPT=40457 DPT=5353 LEN=10 "
            ),
            "drop slgtest-drop - 17 127.0.0.1,40457 127.0.0.1,5353 lo - 30",
        ),
        (
            format!(
                "[48463.552612] [slgtest REJECT] IN=lo OUT= {ether} SRC=127.0.0.1 DST=127.0.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=60117 DF PROTO=TCP SPT=37400 DPT=22 WINDOW=65495 RES=0x00 SYN URGP=0 "
            ),
            "reject slgtest REJECT - 6 127.0.0.1,37400 127.0.0.1,22 lo - 60",
        ),
        (
            format!(
                "[48501.978347] slgtest accept IN=lo OUT= {ether} SRC=127.0.0.1 DST=127.0.0.1 LEN=58 TOS=0x00 PREC=0xC0 TTL=64 ID=53529 PROTO=ICMP TYPE=3 CODE=3 [SRC=127.0.0.1 DST=127.0.0.1 LEN=30 TOS=0x00 PREC=0x00 TTL=64 ID=12958 DF PROTO=UDP SPT=50639 DPT=9999 LEN=10 ] "
            ),
            "accept slgtest accept - 1 127.0.0.1,3 127.0.0.1,3 lo - 58",
        ),
        (
            format!("[48501.978406] slgtest-out IN= OUT=lo {v6} {udp6}UID=0 GID=0 "),
            "unknown slgtest-out - 17 ::1,55038 ::1,9999 - lo 50",
        ),
        (
            format!("[48501.978415] slgtest6-ALLOW:IN=lo OUT= {ether} {v6} {udp6}"),
            "accept slgtest6-ALLOW - 17 ::1,55038 ::1,9999 lo - 50",
        ),
        (
            format!(
                "[48501.978434] slgtest6 IN=lo OUT= {ether} {v6} LEN=98 TC=0 HOPLIMIT=64 FLOWLBL=606419 PROTO=ICMPv6 TYPE=1 CODE=4 [{v6} {udp6}] "
            ),
            "unknown slgtest6 - 58 ::1,1 ::1,4 lo - 98",
        ),
    ] {
        assert_eq!(kernel(&line), format!("netfilter {expected}"), "{line}");
    }
}

#[test]
fn pfsense_and_opnsense() {
    check(&[
        (
            "<134>Nov 20 19:00:00 filterlog[4242]: 5,,,1000000103,vtnet0,match,block,in,4,0x0,,64,1234,0,DF,6,tcp,60,198.51.100.7,192.0.2.4,40112,22,0,S,1,,64240,,mss",
            "filterlog drop 1000000103 - 6 198.51.100.7,40112 192.0.2.4,22 vtnet0 - 60",
        ),
        (
            "<134>1 2026-11-20T19:00:00+00:00 edge.example filterlog 4242 - [meta sequenceId=\"7\"] 81,,,fae559338f65e11c53669fc3642c93c2,vtnet1,match,pass,out,4,0x0,,63,1,0,none,17,udp,72,192.0.2.4,198.51.100.53,5353,53,52",
            "filterlog accept fae559338f65e11c53669fc3642c93c2 - 17 192.0.2.4,5353 198.51.100.53,53 - vtnet1 72",
        ),
        (
            "<134>Nov 20 19:00:00 fw1 filterlog[1]: 9,,,0,igb0,match,block,in,4,0x0,,64,1,0,none,1,icmp,84,192.0.2.1,192.0.2.2,request,1,2",
            "filterlog drop 9 - 1 192.0.2.1,8 192.0.2.2,- igb0 - 84",
        ),
        (
            "<134>Nov 20 19:00:00 filterlog[1]: 7,,,1000000105,em0,match,block,in,6,0x00,0x00000,1,udp,17,122,fe80::1,ff02::1:2,546,547,122",
            "filterlog drop 1000000105 - 17 fe80::1,546 ff02::1:2,547 em0 - 122",
        ),
        ("<134>Nov 20 19:00:00 filterlog[1]: 7,,,1", "-"),
    ]);
}

#[test]
fn cisco_asa() {
    let asa = |text: &str| told(&format!("<166>Nov 20 2026 19:00:00 fw1 : %ASA-4-{text}"));
    for (text, expected) in [
        (
            "106001: Inbound TCP connection denied from 198.51.100.7/40112 to 192.0.2.4/22 flags SYN on interface outside",
            "drop - - 6 198.51.100.7,40112 192.0.2.4,22 outside - -",
        ),
        (
            "106006: Deny inbound UDP from 198.51.100.7/53 to 192.0.2.4/40000 on interface outside",
            "drop - - 17 198.51.100.7,53 192.0.2.4,40000 outside - -",
        ),
        (
            "106014: Deny inbound icmp src outside:198.51.100.7 dst inside:192.0.2.4 (type 8, code 0)",
            "drop - - 1 198.51.100.7,8 192.0.2.4,0 outside inside -",
        ),
        (
            "106015: Deny TCP (no connection) from 192.0.2.4/443 to 198.51.100.7/40112 flags FIN ACK on interface inside",
            "drop - - 6 192.0.2.4,443 198.51.100.7,40112 inside - -",
        ),
        (
            "106023: Deny tcp src outside:198.51.100.7/40112 dst inside:192.0.2.4/22 by access-group \"OUTSIDE_IN\" [0x0, 0x0]",
            "drop OUTSIDE_IN - 6 198.51.100.7,40112 192.0.2.4,22 outside inside -",
        ),
        (
            "106023: Deny icmp src outside:198.51.100.7 dst inside:192.0.2.4 (type 3, code 13) by access-group \"A B\" [0x0, 0x0]",
            "drop A B - 1 198.51.100.7,3 192.0.2.4,13 outside inside -",
        ),
        (
            "106023: Deny udp src outside:2001:db8::7/500(LOCAL\\ada) dst dmz:2001:db8::4/isakmp by access-group \"V6\"",
            "drop V6 - 17 2001:db8::7,500 2001:db8::4,500 outside dmz -",
        ),
        (
            "106023: Deny protocol 47 src outside:198.51.100.7 dst inside:192.0.2.4 by access-group \"X\"",
            "drop X - 47 198.51.100.7,- 192.0.2.4,- outside inside -",
        ),
        (
            "106100: access-list tcp permitted udp inside/192.0.2.4(40112) -> outside/198.51.100.53(53) hit-cnt 1 first hit [0x1, 0x2]",
            "accept tcp - 17 192.0.2.4,40112 198.51.100.53,53 inside outside -",
        ),
        (
            "106100: access-list OUT denied tcp outside/198.51.100.7(40112)(LOCAL\\ada)-> inside/192.0.2.4(22) hit-cnt 3 (300-second interval)",
            "drop OUT - 6 198.51.100.7,40112 192.0.2.4,22 outside inside -",
        ),
        (
            "302013: Built inbound TCP connection 42 for outside:198.51.100.7/40112 (198.51.100.7/40112) to inside:192.0.2.4/443 (203.0.113.4/443)",
            "accept - - 6 198.51.100.7,40112 192.0.2.4,443 outside inside -",
        ),
        (
            "302015: Built outbound UDP connection 43 for outside:198.51.100.53/53 (198.51.100.53/53) to inside:192.0.2.4/40112 (203.0.113.4/40112)",
            "accept - - 17 192.0.2.4,40112 198.51.100.53,53 inside outside -",
        ),
        (
            "302014: Teardown TCP connection 42 for outside:198.51.100.7/40112 to inside:192.0.2.4/443 duration 0:00:30 bytes 4711 TCP FINs",
            "accept - - 6 198.51.100.7,40112 192.0.2.4,443 outside inside 4711",
        ),
        (
            "710003: TCP access denied by ACL from 198.51.100.7/40112 to outside:203.0.113.4/ssh",
            "drop - - 6 198.51.100.7,40112 203.0.113.4,22 outside - -",
        ),
    ] {
        assert_eq!(asa(text), format!("cisco-asa {expected}"), "{text}");
    }
    assert_eq!(asa("111008: User 'enable_15' executed the 'write' command."), "-");
}

#[test]
fn juniper_srx() {
    check(&[
        (
            "<14>1 2026-11-20T19:00:00.123Z srx1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.129 source-address=\"198.51.100.7\" \
             source-port=\"40112\" destination-address=\"192.0.2.4\" destination-port=\"22\" service-name=\"junos-ssh\" protocol-id=\"6\" \
             icmp-type=\"0\" policy-name=\"default-deny\" source-zone-name=\"untrust\" destination-zone-name=\"trust\" \
             application=\"UNKNOWN\" packet-incoming-interface=\"ge-0/0/0.0\"]",
            "junos drop default-deny junos-ssh 6 198.51.100.7,40112 192.0.2.4,22 ge-0/0/0.0 - -",
        ),
        (
            "<14>1 2026-11-20T19:00:00.123Z srx1 RT_FLOW - RT_FLOW_SESSION_CLOSE [junos@2636.1.1.1.2.129 reason=\"TCP FIN\" \
             source-address=\"192.0.2.4\" source-port=\"40112\" destination-address=\"198.51.100.7\" destination-port=\"443\" \
             protocol-id=\"6\" policy-name=\"out\" bytes-from-client=\"1000\" bytes-from-server=\"4000\" application=\"SSL\"] session closed",
            "junos accept out SSL 6 192.0.2.4,40112 198.51.100.7,443 - - 5000",
        ),
        (
            "<14>Nov 20 19:00:00 srx1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied 198.51.100.7/40112->192.0.2.4/22 junos-ssh 6(0) default-deny untrust trust",
            "junos drop - - 6 198.51.100.7,40112 192.0.2.4,22 - - -",
        ),
        ("<14>Nov 20 19:00:00 srx1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied", "-"),
    ]);
}

#[test]
fn fortigate() {
    let line = |action: &str, more: &str| {
        format!(
            "<189>date=2026-11-20 time=20:00:00 devname=\"fg1\" devid=\"FG100\" eventtime=1795201200123456789 tz=\"+0100\" logid=\"0000000013\" \
             type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=192.0.2.4 srcport=40112 srcintf=\"port 1\" dstip=198.51.100.7 \
             dstport=443 dstintf=\"wan1\" proto=6 action=\"{action}\" policyid=7 service=\"HTTPS\" {more}"
        )
    };
    let ends = "6 192.0.2.4,40112 198.51.100.7,443 port 1 wan1";
    check(&[
        (&line("deny", ""), &format!("fortinet drop 7 HTTPS {ends} -")),
        (
            &line("close", "policyname=\"to the net\" app=\"SSL\" sentbyte=1000 rcvdbyte=2000"),
            &format!("fortinet accept to the net SSL {ends} 3000"),
        ),
        ("<189>date=2026-11-20 time=20:00:00 type=\"event\" action=\"login\" srcip=192.0.2.4", "-"),
    ]);
    let context = Context { received: "2026-11-20T20:00:00Z".parse().unwrap(), zone: TimeZone::UTC };
    let at = |line: &str| {
        let message = parse(line.as_bytes(), &context);
        let (_, told) = read(&message, &context).unwrap();
        assert_eq!(told.host, Some("fg1"));
        told.at.unwrap().to_string()
    };
    assert_eq!(at(&line("deny", "")), "2026-11-20T19:00:00.123456789Z");
    assert_eq!(at(&line("deny", "").replace("eventtime=1795201200123456789", "")), "2026-11-20T19:00:00Z");
    assert_eq!(at(&line("deny", "").replace("1795201200123456789", "1795201200")), "2026-11-20T19:00:00Z");
}

#[test]
fn palo_alto() {
    let line = |action: &str| {
        format!(
            "<14>Nov 20 19:00:00 pa1 1,2026/11/20 19:00:00,0070000001,TRAFFIC,end,2560,2026/11/20 19:00:00,192.0.2.4,198.51.100.7,203.0.113.4,\
             198.51.100.7,\"out, all\",,,ssl,vsys1,trust,untrust,ethernet1/1,ethernet1/2,forward,2026/11/20 19:00:00,4711,1,40112,443,50000,443,\
             0x400053,tcp,{action},5000,1000,4000,20,2026/11/20 18:59:30,30,any,0,1,0x0,a,b,0,10,10,tcp-fin,0,0,0,0,,pa-edge,from-policy"
        )
    };
    let rest = "out, all ssl 6 192.0.2.4,40112 198.51.100.7,443 ethernet1/1 ethernet1/2 5000";
    check(&[
        (&line("allow"), &format!("paloalto accept {rest}")),
        (&line("deny"), &format!("paloalto drop {rest}")),
        (&line("reset-both"), &format!("paloalto reject {rest}")),
        (&line("allow").replace("TRAFFIC", "SYSTEM"), "-"),
    ]);
}

#[test]
fn mikrotik() {
    check(&[
        (
            "<134>Nov 20 19:00:00 mt1 firewall,info DROP-IN input: in:ether1 out:(unknown 0), connection-state:new src-mac 52:54:00:00:00:01, \
             proto TCP (SYN), 198.51.100.7:40112->192.0.2.4:22, len 60",
            "mikrotik drop DROP-IN - 6 198.51.100.7,40112 192.0.2.4,22 ether1 - 60",
        ),
        (
            "firewall,info forward: in:bridge1 out:ether1, proto UDP, 192.0.2.4:5353->198.51.100.53:53, NAT (192.0.2.4:5353->203.0.113.4:5353)->198.51.100.53:53, len 72",
            "mikrotik unknown forward - 17 192.0.2.4,5353 198.51.100.53,53 bridge1 ether1 72",
        ),
        (
            "<134>firewall,info input: in:ether1 out:(unknown 0), proto ICMP (type 8, code 0), 192.0.2.1->192.0.2.2, len 84",
            "mikrotik unknown input - 1 192.0.2.1,8 192.0.2.2,0 ether1 - 84",
        ),
        (
            "<134>firewall,info input: in:ether1 out:(unknown 0), proto UDP, [fe80::1]:546->[ff02::1:2]:547, len 122",
            "mikrotik unknown input - 17 fe80::1,546 ff02::1:2,547 ether1 - 122",
        ),
        ("<134>system,info user admin logged in: via ssh", "-"),
    ]);
}

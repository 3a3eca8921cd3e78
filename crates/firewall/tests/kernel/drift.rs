//! What others change in the kernel's rules is found; what the program itself changes is none of that.

use crate::ground::{Ground, HERE, THERE, permit};
use crate::pinholes::pinhole;
use crate::rendered::shipped;
use crate::trial::confirm_open;
use firewall::message::Record;
use firewall::{Client, Records};
use std::net::UdpSocket;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A rule's handle, by its comment or text.
fn handle(ground: &Ground, text: &str) -> String {
    let listing = ground.nft_with(&["-a", "list", "table", "inet", "portcullis"]);
    let listing = String::from_utf8(listing.stdout).unwrap();
    let line = listing.lines().find(|line| line.contains(text)).expect(text);
    line.rsplit(' ').next().unwrap().to_owned()
}

/// What others do, and what the finding says.
type Kind = (&'static str, fn(&Ground) -> String);

const RULE: &str = "test 1.0.0 rule 0";
const KINDS: [Kind; 25] = [
    ("a rule was added", |_| "add rule inet portcullis confirmed_input tcp dport 22 accept".into()),
    ("a rule was added", |_| "insert rule inet portcullis confirmed_input accept".into()),
    ("a rule was removed", |g| {
        format!("delete rule inet portcullis confirmed_input handle {}", handle(g, RULE))
    }),
    ("a rule was changed", |g| {
        format!("replace rule inet portcullis confirmed_input handle {} tcp dport 8443 drop", handle(g, RULE))
    }),
    ("the order was changed", |g| {
        let rule = handle(g, RULE);
        format!(
            "delete rule inet portcullis confirmed_input handle {rule}; add rule inet portcullis confirmed_input tcp dport 8443 counter accept comment \"{RULE}\""
        )
    }),
    ("a rule was changed", |g| {
        let rule = handle(g, RULE);
        format!(
            "replace rule inet portcullis confirmed_input handle {rule} tcp dport 8443 counter accept comment \"x\""
        )
    }),
    ("a rule was removed", |_| "flush chain inet portcullis confirmed_input".into()),
    ("counters were set back", |g| {
        let rule = handle(g, RULE);
        format!(
            "replace rule inet portcullis confirmed_input handle {rule} tcp dport 8443 counter accept comment \"{RULE}\""
        )
    }),
    ("an element was added", |_| "add element inet portcullis managed4 { 192.0.2.0/24 }".into()),
    ("an element was removed", |_| "delete element inet portcullis managed4 { 10.20.0.0/16 }".into()),
    ("was changed", |_| "add chain inet portcullis input { policy accept ; }".into()),
    ("was removed", |_| "rename chain inet portcullis confirmed_input other".into()),
    ("chain more was added", |_| "add chain inet portcullis more".into()),
    ("chain early was added", |_| {
        "add chain inet portcullis early { type filter hook prerouting priority -300 ; }".into()
    }),
    ("set more was added", |_| "add set inet portcullis more { type ipv4_addr ; }".into()),
    ("is gone", |_| "delete table inet portcullis".into()),
    ("a rule was removed", |_| "flush table inet portcullis".into()),
    ("is gone", |_| "flush ruleset".into()),
    ("was changed", |_| "add table inet portcullis { flags dormant ; }".into()),
    ("comes before ours", |_| {
        "add table ip other; add chain ip other c { type filter hook input priority -10 ; }".into()
    }),
    // What iptables-nft makes for its first rule.
    ("comes before ours", |_| {
        "add table ip filter; add chain ip filter INPUT { type filter hook input priority 0 ; }; add rule ip filter INPUT accept".into()
    }),
    ("comes before ours", |_| {
        "add table ip nat; add chain ip nat PREROUTING { type nat hook prerouting priority -100 ; }; add rule ip nat PREROUTING tcp dport 1 redirect to :2".into()
    }),
    ("comes before ours", |_| {
        "add table netdev other; add chain netdev other c { type filter hook ingress device w0 priority 0 ; }"
            .into()
    }),
    ("was added by somebody else", |_| {
        "add element inet portcullis pinholes4 { 10.9.0.2 . tcp . 1 timeout 1h }".into()
    }),
    ("was removed", |_| "delete element inet portcullis isolated4 { 10.9.0.77 }".into()),
];

/// Waits until the stream says so, and for how long.
async fn until(records: &mut Records, wanted: &str) -> Duration {
    let begun = Instant::now();
    let mut seen = Vec::new();
    while begun.elapsed() < Duration::from_secs(5) {
        let Ok(next) = timeout(Duration::from_secs(5), records.next()).await else { break };
        for record in next.unwrap() {
            let Record::Drift { differences } = record else { continue };
            let is_it = match wanted {
                "" => differences.is_empty(),
                _ => differences.iter().any(|difference| difference.contains(wanted)),
            };
            if is_it {
                return begun.elapsed();
            }
            seen = differences;
        }
    }
    panic!("not found: {wanted:?}, but {seen:?}");
}

async fn agrees(client: &mut Client) {
    assert_eq!(client.status().await.unwrap().drift, [""; 0]);
}

#[tokio::test]
async fn every_kind_of_foreign_change_is_found_in_two_seconds() {
    let Some(mut ground) = Ground::new("every_kind_of_foreign_change") else { return };
    ground.start();
    let mut client = ground.client().await;
    confirm_open(&mut client).await;
    client.isolate(&permit(), "10.9.0.77".parse().unwrap(), true).await.unwrap();
    let mut records = ground.client().await.follow().await.unwrap();
    let _listener = ground.listen(crate::ground::PORT);
    let mut slowest = Duration::ZERO;
    for (wanted, change) in KINDS {
        assert!(ground.knock(crate::ground::PORT).is_some());
        agrees(&mut client).await;
        let change = change(&ground);
        ground.nft(&change);
        let took = until(&mut records, wanted).await;
        println!("{:>5} ms  {wanted}: {change}", took.as_millis());
        slowest = slowest.max(took);
        let earlier = client.status().await.unwrap().earlier;
        assert_eq!(earlier.is_empty(), wanted != "comes before ours", "{earlier:?}");
        client.repair(&permit()).await.unwrap();
        if wanted != "counters were set back" {
            until(&mut records, "").await;
        }
        for table in ["ip other", "ip filter", "ip nat", "netdev other"] {
            ground.nft(&format!("add table {table}; delete table {table}"));
        }
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

/// For how many seconds; `make prove` asks for an hour.
fn seconds() -> u64 {
    std::env::var("PORTCULLIS_PROVE_DRIFT").ok().and_then(|number| number.parse().ok()).unwrap_or(4)
}

/// What differs, as the stream tells it meanwhile.
async fn told(records: &mut Records) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok(next) = timeout(Duration::from_millis(150), records.next()).await {
        let differences = next.unwrap().into_iter().filter_map(|record| match record {
            Record::Drift { differences } => Some(differences),
            _ => None,
        });
        all.extend(differences.flatten());
    }
    all
}

/// The shipped policy, with pinholes that are opened, prolonged, closed and run out, and a device that is isolated and not.
#[tokio::test]
async fn what_the_program_changes_itself_is_no_drift() {
    let Some(mut ground) = Ground::new("what_the_program_changes_itself") else { return };
    ground.start();
    let mut client = ground.client().await;
    let (trial, settled) = shipped(None, 30);
    let generation = client.load(&permit(), trial, settled, 30).await.unwrap();
    client.confirm(&permit(), generation).await.unwrap();
    let mut records = ground.client().await.follow().await.unwrap();
    let begun = Instant::now();
    let (mut count, mut compared, mut found) = (0, 0, Vec::new());
    // For so long, and however busy the machine is, so often that openings ran out and comparisons were made.
    while begun.elapsed() < Duration::from_secs(seconds()) || count <= 10 || compared <= 1 {
        count += 1;
        let lasts = 1 + count % 3;
        let opening = pinhole(&format!("p{}", count % 40), 1000 + count % 60, lasts);
        client.open(&permit(), opening).await.unwrap();
        client.close(&permit(), format!("p{}", (count + 7) % 40)).await.unwrap();
        client.isolate(&permit(), THERE.parse().unwrap(), count % 2 == 0).await.unwrap();
        // What is dropped is counted and logged.
        ground.there(|| {
            let socket = UdpSocket::bind((THERE, 0)).unwrap();
            (0..50).for_each(|port| drop(socket.send_to(b"x", (HERE, 5000 + port))));
        });
        // Others' chains that come later do not matter.
        if count == 5 {
            ground.nft("add table ip late; add chain ip late c { type filter hook input priority 10 ; }");
        }
        if count % 2 == 0 {
            found.extend(client.status().await.unwrap().drift);
            compared += 1;
        }
        found.extend(told(&mut records).await);
    }
    let (took, log) = (begun.elapsed(), records.log());
    println!(
        "{took:.0?}: {count} pinholes opened, {} packets logged, {compared} comparisons asked for, {} findings",
        log.read,
        found.len()
    );
    assert_eq!(found, [""; 0]);
    ground.nft("add rule inet portcullis confirmed_input accept");
    let took = until(&mut records, "a rule was added").await;
    println!("a foreign change after that was found in {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

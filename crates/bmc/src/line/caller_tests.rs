//! Callers against a line that a test plays.

use super::*;
use crate::client::Trust;
use model::device::Endpoint;
use serde_json::json;
use std::future::Future;
use std::time::Duration;
use tokio::time::advance;

/// The other end of a wire.
struct Line {
    asks: mpsc::Receiver<Box<Asked>>,
    generation: Arc<AtomicU64>,
    log: Vec<(String, bool)>,
}

fn wire(share: usize) -> (Wire, Line) {
    let (asks, inbox) = mpsc::channel(64);
    let generation = Arc::new(AtomicU64::new(0));
    let wire = Wire::new(asks, generation.clone(), Arc::new(Semaphore::new(share)));
    (wire, Line { asks: inbox, generation, log: Vec::new() })
}

fn caller(wire: Wire) -> Caller {
    let endpoint = Endpoint { addr: "10.0.3.7".parse().unwrap(), port: 443 };
    let target = Target::https(endpoint, Trust::Look { authorities: None });
    Caller::new(wire, Arc::new(target), Lane::Inventory)
}

fn document(path: &str) -> Outcome {
    let value = json!({ "@odata.id": path });
    Ok(Reply::Document(Document { path: path.into(), etag: None, bytes: 10, value }))
}

impl Line {
    /// Answers everything until `work` is done.
    async fn serve<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(asked) = self.asks.recv() => {
                    self.log.push((asked.request.path.clone(), asked.ahead));
                    drop(asked.reply.send(document(&asked.request.path)));
                }
            }
        }
    }

    fn asked(&self, path: &str) -> usize {
        self.log.iter().filter(|(it, _)| it == path).count()
    }
}

fn paths(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("/redfish/v1/{n}")).collect()
}

#[tokio::test]
async fn what_will_be_wanted_is_asked_for_once_and_ahead() {
    let (wire, mut line) = wire(1000);
    let mut caller = caller(wire);
    let paths = paths(100);
    caller.soon(&paths);
    assert_eq!(caller.ahead.len(), AHEAD, "no more answers are kept than that");
    let mut got = Vec::new();
    for path in &paths {
        got.push(line.serve(caller.document(path)).await.unwrap().path);
    }
    assert_eq!(got, paths);
    assert!(paths.iter().all(|path| line.asked(path) == 1), "{:?}", line.log);
    assert!(line.log.iter().all(|(_, ahead)| *ahead));
    let cost = caller.cost(Timestamp::UNIX_EPOCH);
    assert_eq!((cost.requests, cost.bytes), (100, 1000));
    assert_eq!(caller.cost(Timestamp::UNIX_EPOCH).requests, 0);
}

#[tokio::test]
async fn the_fleet_shares_what_may_be_kept() {
    let (wire, mut line) = wire(3);
    let (mut first, mut second) = (caller(wire.clone()), caller(wire));
    first.soon(&paths(100));
    second.soon(&paths(100));
    assert_eq!((first.ahead.len(), second.ahead.len()), (FREE_AHEAD, FREE_AHEAD));
    for path in paths(100) {
        line.serve(first.document(&path)).await.unwrap();
    }
    drop(first);
    second.soon(&paths(100));
    assert_eq!(second.ahead.len(), FREE_AHEAD + 3, "what was used is free again");
}

#[tokio::test]
async fn an_answer_from_before_a_change_is_not_used_after_it() {
    let (wire, mut line) = wire(1000);
    let mut caller = caller(wire);
    caller.soon(&paths(2));
    line.generation.store(1, Ordering::Relaxed);
    for path in paths(2) {
        line.serve(caller.document(&path)).await.unwrap();
        assert_eq!(line.asked(&path), 2);
    }
}

#[tokio::test]
async fn deeper_links_come_first_and_foreign_ones_never() {
    let (wire, mut line) = wire(0);
    let mut caller = caller(wire);
    caller.soon(&paths(8));
    caller.soon(&["/deep/1".into(), "https://10.0.3.8/x".into(), "/deep/2".into()]);
    for path in paths(5) {
        line.serve(caller.document(&path)).await.unwrap();
    }
    let order: Vec<&str> = line.log.iter().map(|(path, _)| path.as_str()).collect();
    assert!(order.contains(&"/deep/1") && !order.iter().any(|path| path.contains('x')), "{order:?}");
    let at = |path: &str| order.iter().position(|it| *it == path);
    assert!(at("/deep/1").unwrap() < at("/redfish/v1/5").unwrap_or(usize::MAX), "{order:?}");
    let error = line.serve(caller.get("https://10.0.3.8/x")).await.unwrap_err();
    assert!(matches!(error, Error::BadLink { .. }));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_deadline() {
    let (wire, mut line) = wire(0);
    let mut caller = caller(wire).until(Instant::now() + Duration::from_secs(3));
    let asked = async {
        let asked = line.asks.recv().await.unwrap();
        advance(Duration::from_secs(4)).await;
        asked
    };
    let (trouble, asked) = tokio::join!(caller.document("/redfish/v1/"), asked);
    assert!(
        matches!(trouble, Err(Trouble::Request(Error::TimedOut { awaited: "answer", .. }))),
        "{trouble:?}"
    );
    assert!(asked.reply.is_closed(), "the line sees that nobody waits any more");
}

#[tokio::test]
async fn a_trouble_that_is_no_requests_own_is_kept() {
    let (wire, mut line) = wire(0);
    let mut caller = caller(wire);
    let refuse = async {
        let asked = line.asks.recv().await.unwrap();
        drop(asked.reply.send(Err(Trouble::RefusedBefore)));
    };
    let (error, ()) = tokio::join!(caller.get("/redfish/v1/"), refuse);
    let error = error.unwrap_err();
    assert!(error.is_final(), "a reading ends here");
    assert!(error.cause().contains("refused the credential"), "{error}");
    assert!(matches!(caller.trouble(error), Trouble::RefusedBefore));
    drop(line);
    assert!(matches!(caller.document("/redfish/v1/").await, Err(Trouble::Gone)), "the owner has ended");
}

#[tokio::test]
async fn a_change_goes_in_order_and_with_its_body() {
    let (wire, mut line) = wire(0);
    let mut caller = caller(wire).urgent(true);
    let serve = async {
        let asked = line.asks.recv().await.unwrap();
        assert!(asked.urgent && !asked.ahead && asked.request.verb.writes());
        assert_eq!(asked.request.body, Some(json!({ "ResetType": "On" })));
        let answer = Answer { status: 204, location: None, retry_after: None, body: None };
        drop(asked.reply.send(Ok(Reply::Done(answer))));
    };
    let (answer, ()) = tokio::join!(caller.post("/reset", json!({ "ResetType": "On" })), serve);
    assert_eq!(answer.unwrap().status, 204);
}

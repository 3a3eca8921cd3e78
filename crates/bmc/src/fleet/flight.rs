//! One request under way: how it is sent, and what its loss means.

use super::pool::Seat;
use crate::Error;
use crate::client::Client;
use crate::line::lanes::Started;
use crate::line::pace::Pushback;
use crate::line::retry::Fate;
use crate::line::{Reply, Request, Verb};
use futures_util::future::AbortHandle;
use model::traffic::Lane;
use serde_json::Value;
use std::sync::Arc;
use tokio::time::Instant;

/// A request under way.
pub struct Flight {
    /// Breaks it off.
    pub handle: AbortHandle,
    /// Over which connection.
    pub seat: Option<Seat>,
    /// Of the link's sign-ins: an answer to a request of an earlier one says nothing of the present session.
    pub epoch: u64,
    /// Whether it was sent in a session.
    pub in_session: bool,
    /// What was sent, and from which lane.
    pub started: Started<Arc<Request>>,
    /// When.
    pub sent_at: Instant,
    /// It was broken off to let a command through.
    pub cut: bool,
}

/// A lane as metrics call it.
pub const fn lane_word(lane: Lane) -> &'static str {
    match lane {
        Lane::Control => "control",
        Lane::Person => "person",
        Lane::Inventory => "inventory",
        Lane::Telemetry => "telemetry",
    }
}

/// What a loss says of the controller's pace.
pub const fn pushback(fate: Fate) -> Pushback {
    match fate {
        Fate::NotNow(after) => Pushback::Busy(after),
        Fate::Gateway => Pushback::Busy(None),
        Fate::Silent | Fate::NoConnection => Pushback::Silent,
        Fate::Unsent | Fate::Broken | Fate::Answered | Fate::Held => Pushback::Broken,
    }
}

/// Sends one request. A GET that is refused in a session is followed by one that was not: if that is refused as
/// well, the session has ended; otherwise the resource is forbidden.
pub async fn fly(
    mut client: Client,
    request: Arc<Request>,
    in_session: bool,
    witness: Option<String>,
) -> (Client, Result<Reply, Error>) {
    let result = send(&mut client, &request).await;
    let refused = matches!(result, Err(Error::Answered { status: 401, .. }));
    if !in_session || !refused || request.verb != Verb::Get {
        return (client, result);
    }
    match witness.filter(|witness| *witness != request.path) {
        Some(witness) => match client.get(&witness).await {
            Err(ended @ Error::SessionEnded { .. }) => (client, Err(ended)),
            _ => (client, result),
        },
        None => {
            let second = send(&mut client, &request).await;
            (client, second)
        }
    }
}

async fn send(client: &mut Client, request: &Request) -> Result<Reply, Error> {
    let (path, body, etag) = (request.path.as_str(), request.body.as_ref(), request.etag.as_deref());
    match (request.verb, etag) {
        (Verb::Get, None) => client.get(path).await.map(Reply::Document),
        (Verb::Get, Some(etag)) => {
            client.get_unless(path, etag).await.map(|found| found.map_or(Reply::Unchanged, Reply::Document))
        }
        (Verb::Post, _) => client.post(path, body.unwrap_or(&Value::Null)).await.map(Reply::Done),
        (Verb::Patch, _) => client.patch(path, body.unwrap_or(&Value::Null), etag).await.map(Reply::Done),
        (Verb::Delete, _) => client.delete(path).await.map(Reply::Done),
    }
}

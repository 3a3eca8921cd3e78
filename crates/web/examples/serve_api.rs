//! Serves the API over plain HTTP on loopback, with made-up devices and controllers that do nothing, to be
//! tried out by programs such as schemathesis. Prints one line, `URL TOKEN`, and ends when stdin ends.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what serves tests fails by panicking"
)]

#[path = "../tests/harness/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod harness;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let harness = harness::Harness::start().await;
    let token = harness.administrator().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{} {token}", listener.local_addr()?);
    let over = async {
        let _end =
            tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
    };
    axum::serve(listener, harness.router.clone()).with_graceful_shutdown(over).await
}

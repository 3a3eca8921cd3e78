//! The first step at an address: a TCP connection, and what it means when there is none.
//!
//! Most addresses of a range are empty, so this step is small: no task of its own, no TLS, no buffer.

use model::device::Endpoint;
use rustix::io::Errno;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What came of a try to connect.
#[derive(Debug)]
pub enum Tried {
    /// Something takes connections there.
    Accepted(TcpStream),
    /// The network says that nothing does.
    Nothing,
    /// Nothing is known of the address: there is no way to it.
    NoWay,
    /// The appliance itself had no file, port or memory left for it: the address was not asked.
    Short(io::Error),
}

/// Tries to connect.
pub async fn connect(endpoint: Endpoint, patience: Duration) -> Tried {
    match timeout(patience, TcpStream::connect(SocketAddr::from(endpoint))).await {
        Err(_) => Tried::Nothing,
        Ok(Ok(stream)) => Tried::Accepted(stream),
        Ok(Err(error)) if is_short(&error) => Tried::Short(error),
        Ok(Err(error)) if is_nothing(&error) => Tried::Nothing,
        Ok(Err(_)) => Tried::NoWay,
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::TimedOut
            | ErrorKind::ConnectionReset
    )
}

/// What the appliance lacks, and will have again when less is under way.
fn is_short(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::ADDRNOTAVAIL | Errno::AGAIN)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_appliance_lacks_says_nothing_of_an_address() {
        // EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL; then ECONNREFUSED, EHOSTUNREACH; then ENETUNREACH, EACCES.
        let of = |code: i32| io::Error::from_raw_os_error(code);
        for code in [24, 23, 105, 12, 99] {
            assert!(is_short(&of(code)) && !is_nothing(&of(code)), "{code}");
        }
        for code in [111, 113] {
            assert!(is_nothing(&of(code)) && !is_short(&of(code)), "{code}");
        }
        for code in [101, 13] {
            assert!(!is_nothing(&of(code)) && !is_short(&of(code)), "{code}");
        }
    }

    #[tokio::test]
    async fn a_listener_accepts_and_a_free_port_is_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::from(listener.local_addr().unwrap());
        let patience = Duration::from_secs(10);
        assert!(matches!(connect(endpoint, patience).await, Tried::Accepted(_)));
        drop(listener);
        assert!(matches!(connect(endpoint, patience).await, Tried::Nothing));
    }
}

//! What the kernel keeps of a socket: its buffer, and how many datagrams found it full.

use rustix::fs::fstat;
use std::os::fd::AsFd;
use tokio::net::UdpSocket;

/// Room for bursts. The kernel gives an ordinary program less (`net.core.rmem_max`) and does not complain.
const BUFFER: usize = 8 * 1024 * 1024;

/// Gives a socket as large a buffer as it may have.
pub fn widen(socket: &std::net::UdpSocket) {
    if let Err(error) = rustix::net::sockopt::set_socket_recv_buffer_size(socket, BUFFER) {
        tracing::debug!(%error, "the buffer of a socket for syslog stays as it is");
    }
}

/// What the kernel dropped for a full buffer.
pub struct Drops {
    inode: Option<u64>,
    counted: u64,
}

impl Drops {
    /// Those of a socket.
    pub fn of(socket: &UdpSocket) -> Self {
        Self { inode: fstat(socket.as_fd()).ok().map(|found| found.st_ino), counted: 0 }
    }

    /// How many were dropped since the last look.
    pub fn look(&mut self) -> u64 {
        // Those of the process: of the rest of /proc the unit shows it nothing.
        let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"].into_iter();
        let mut texts = tables.filter_map(|table| std::fs::read_to_string(table).ok());
        let found = self.inode.and_then(|inode| texts.find_map(|text| dropped(&text, inode)));
        let drops = found.unwrap_or(self.counted);
        let new = drops.saturating_sub(self.counted);
        self.counted = drops;
        new
    }
}

/// The drops of the socket with this inode, in the kernel's table of sockets (proc(5), `/proc/pid/net/udp`): the columns of a row are
/// slot, addresses, state, queues, timer, retransmits, user, timeout, inode, references, pointer, drops.
fn dropped(table: &str, inode: u64) -> Option<u64> {
    let mut rows = table.lines().skip(1).map(|row| row.split_ascii_whitespace());
    rows.find_map(|mut row| {
        let found: u64 = row.nth(9)?.parse().ok()?;
        (found == inode).then_some(())?;
        row.nth(2)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_table_is_read() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let inode = fstat(&socket).unwrap().st_ino;
        let table = std::fs::read_to_string("/proc/net/udp").unwrap();
        assert_eq!(dropped(&table, inode), Some(0));
        assert_eq!(dropped(&table, 0), None);
        // As many as its buffer does not hold are counted.
        let to = socket.local_addr().unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4096).unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            sender.send_to(&[0; 1000], to).unwrap();
        }
        let mut kept = 0;
        socket.set_nonblocking(true).unwrap();
        while socket.recv(&mut [0; 1000]).is_ok() {
            kept += 1;
        }
        let table = std::fs::read_to_string("/proc/net/udp").unwrap();
        assert_eq!(dropped(&table, inode), Some(100 - kept));
    }
}

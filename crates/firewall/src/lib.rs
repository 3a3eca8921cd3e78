//! The only code that changes the kernel's packet path: the program `portcullis-firewall`, and the client that talks to it.
//!
//! The program gets rendered text over its socket, checks that it touches nothing but the tables `inet portcullis` and
//! `bridge portcullis`, loads it, and keeps what was confirmed for the next boot. It must never know what a policy means, never
//! trust whoever sends, and never be needed for a candidate to end: the kernel takes that back itself.
//!
//! What it expects of the text:
//!
//! - A statement a line, a block's `{` at the end of a line and its `}` on one of its own.
//! - `map pick_<hook>` with the lines `type nf_proto : verdict` and `flags timeout`, and on trial `elements = { ipv4 timeout 60s : goto
//!   candidate_<hook>, ipv6 timeout 60s : goto candidate_<hook> }` with the trial's seconds; chains `candidate_<hook>` and `confirmed_<hook>`,
//!   and a base chain that asks `meta nfproto vmap @pick_<hook>` and then goes to `confirmed_<hook>`.
//! - `set pinholes4` and `set pinholes6` of the type `ipv4_addr . inet_proto . inet_service` (or `ipv6_addr …`) with `flags timeout`, and
//!   `set isolated4`, `set isolated6` of plain addresses, none with `flags interval` and all without elements. The program
//!   fills them, again at each load: the text is rendered without openings.
//! - Names that begin with `generation_` are the program's own.
//!
//! | module | what it is |
//! |---|---|
//! | [`message`] | what is said over the socket |
//! | [`wire`] | frames on a stream, and sockets handed over on it |
//! | [`guard`] | the strict reader of the text |
//! | [`keeper`] | the owner of the tables: trial, confirmation, pinholes, isolation |
//! | [`opening`] | the elements of the sets for pinholes and isolation |
//! | [`drift`] | what the kernel shows, and where it differs from what it should |
//! | [`state`] | the state directory |
//! | [`links`] | classes of traffic on a line |
//! | [`nft`] | runs `nft` and `tc` |
//! | [`netlink`] | netlink messages and sockets |
//! | [`kernel`] | generation, set elements, tracked connections, local sockets |
//! | [`nflog`] | binds to the kernel's log |
//! | [`serve`] | the program at work |
//! | [`error`] | why something was not done |
//!
//! And what only the client needs, which runs without any right:
//!
//! | module | what it is |
//! |---|---|
//! | [`client`] | the client |
//! | [`records`] | the stream of records |
//! | [`packet`] | a logged packet |
//! | [`sinkhole`] | a minimal sinkhole |

pub mod client;
pub mod drift;
pub mod error;
pub mod guard;
pub mod keeper;
pub mod kernel;
pub mod links;
pub mod message;
pub mod netlink;
pub mod nflog;
pub mod nft;
pub mod opening;
pub mod packet;
pub mod records;
pub mod serve;
pub mod sinkhole;
pub mod state;
pub mod wire;

pub use client::{Client, ClientError};
pub use records::{Log, Records};

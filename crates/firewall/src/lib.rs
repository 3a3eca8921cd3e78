//! The only code that changes the kernel's packet path: the program `portcullis-firewall`, and the client that talks to it.
//!
//! The program gets rendered text over its socket, checks that it touches nothing but the tables `inet portcullis` and
//! `bridge portcullis`, loads it, and keeps what was confirmed for the next boot. It must never know what a policy means, never
//! trust whoever sends, and never be needed for a candidate to end: the kernel takes that back itself.
//!
//! What it expects of the text:
//!
//! - `map pick_<hook> { type nf_proto : verdict; flags timeout }` without elements, chains `candidate_<hook>` and `confirmed_<hook>`, and
//!   a base chain that asks `meta nfproto vmap @pick_<hook>` and then goes to `confirmed_<hook>`. The program adds the elements, with
//!   the trial's time-out. Elements in the text are taken too, if each has a time-out.
//! - `set pinholes4` and `set pinholes6` of the type `ipv4_addr . inet_proto . inet_service` (or `ipv6_addr …`) with `flags timeout`, and
//!   `set isolated4`, `set isolated6` of plain addresses, none with `flags interval` and all without elements. The program
//!   fills them, again at each load: the text is rendered without openings.
//! - Names that begin with `generation_` are the program's own.
//!
//! | module | what it is |
//! |---|---|
//! | [`message`] | what is said over the socket |
//! | [`client`] | the client |
//! | [`wire`] | frames on a stream |
//! | [`guard`] | the strict reader of the text |
//! | [`keeper`] | the owner of the tables: trial, confirmation, pinholes, isolation |
//! | [`drift`] | what the kernel shows, and where it differs from what it should |
//! | [`state`] | the state directory |
//! | [`nft`] | runs `nft` |
//! | [`netlink`] | netlink messages and sockets |
//! | [`kernel`] | generation, set elements, tracked connections, local sockets |
//! | [`nflog`] | the kernel's log |
//! | [`packet`] | a logged packet, read by whoever follows |
//! | [`sinkhole`] | a minimal listener |
//! | [`serve`] | the program at work |
//! | [`error`] | why something was not done |

pub mod client;
pub mod drift;
pub mod error;
pub mod guard;
pub mod keeper;
pub mod kernel;
pub mod message;
pub mod netlink;
pub mod nflog;
pub mod nft;
pub mod packet;
pub mod serve;
pub mod sinkhole;
pub mod state;
pub mod wire;

pub use client::{Client, ClientError, Records};

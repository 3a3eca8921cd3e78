//! Secrets sealed at rest.
//!
//! A [`Vault`] holds one key and seals secrets with XChaCha20-Poly1305, each bound to a context such as
//! `device:7`, so a sealed secret that is moved to another row does not open. Where the sealed bytes are kept is the
//! caller's business; where the key comes from is [`source`]'s.
//!
//! It must never write a key or a secret anywhere but to the key file that it is told to make, never show one in
//! `Debug`, an error or a log line, and never give a secret out other than as [`model::Secret`].
//!
//! | module | what it does |
//! |---|---|
//! | [`error`] | the operations that can fail |
//! | [`key`] | the key, its identifier, its file |
//! | [`passphrase`] | a key stretched from a passphrase, and the record that lies beside |
//! | [`seal`] | the sealed format, sealing and opening |
//! | [`source`] | where the key comes from, as the configuration says it |

pub mod error;
pub mod key;
pub mod passphrase;
pub mod seal;
pub mod source;

pub use error::Error;
pub use key::{Key, KeyId, generate_key_file};
pub use passphrase::Stretch;
pub use seal::{Sealed, Vault, reseal};
pub use source::{KeySource, Surroundings};

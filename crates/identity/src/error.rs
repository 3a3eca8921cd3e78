//! The operations that can fail for a reason of the appliance's own; a refusal is a value, not an error.

/// An operation that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system gave no random bytes.
    #[error("take {bytes} random bytes from the operating system")]
    Random {
        /// How many were asked for.
        bytes: usize,
        /// What it said.
        source: getrandom::Error,
    },
    /// Hashing a password failed (out of memory).
    #[error("hash a password with argon2id")]
    HashPassword(#[source] argon2::password_hash::Error),
    /// The hash kept for an account is not one of argon2.
    #[error("read the stored password hash: it is not an argon2id PHC string; reset the user's password")]
    StoredHash,
    /// The text does not fit a QR code.
    #[error("draw a QR code of {length} bytes")]
    QrCode {
        /// How long the text was.
        length: usize,
        /// What the encoder said.
        source: qrcode::types::QrError,
    },
}

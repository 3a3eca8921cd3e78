//! What a site may choose about who comes in.

use model::settings;

settings! {
    /// Who comes in, and how.
    Access {
        /// Whether a person needs a second factor (TOTP) beside the password. Leave it on.
        second_factor: bool = true,
        /// How many passwords may be hashed at once; each takes 19 MiB and some 30 ms of a core.
        hash_at_once: usize = 2,
    }
}

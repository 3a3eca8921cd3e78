//! What a site may choose about who comes in, and about what is kept.

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

settings! {
    /// What is kept of inventories.
    Inventory {
        /// How many versions of each device's inventory are kept: one is made whenever a component was added,
        /// removed, moved, replaced or changed, never by readings, power or health. At least 2.
        versions: u32 = 30,
    }
}

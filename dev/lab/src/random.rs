//! Numbers that look random and are the same for the same seed: serial numbers, MACs, noise.
//!
//! Not for secrets that matter: whoever knows the seed knows them all.

/// A generator (splitmix64) that is seeded by a number and a purpose, so that one more use of it
/// somewhere does not change the numbers everywhere else.
#[derive(Clone, Debug)]
pub struct Dice(u64);

const UPPER_HEX: &[u8] = b"0123456789ABCDEF";
const DIGITS: &[u8] = b"0123456789";

impl Dice {
    /// A generator for `purpose`.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mixed = purpose.bytes().fold(seed ^ 0x5bd1_e995_9e37_79b9, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5)
        });
        Self(mixed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; zero if `bound` is.
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// A number from 0 up to, not including, 1.
    pub fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }

    /// One of `from`; the default of an empty list.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let at = self.below(u64::try_from(from.len()).unwrap_or(0));
        usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
    }

    /// `length` characters out of `alphabet`.
    pub fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(self.pick(alphabet))).collect()
    }

    /// `length` upper-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.text(UPPER_HEX, length)
    }

    /// `length` decimal digits.
    pub fn digits(&mut self, length: usize) -> String {
        self.text(DIGITS, length)
    }

    /// A UUID of version 4 in lower case (RFC 9562, section 5.4).
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let version = (high & !0xf000) | 0x4000;
        let variant = (low & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            version >> 32,
            (version >> 16) & 0xffff,
            version & 0xffff,
            variant >> 48,
            variant & 0xffff_ffff_ffff
        )
    }

    /// The lower three bytes of a MAC address, with room above for the ports of one card.
    pub const fn mac_tail(&mut self) -> u32 {
        let [.., a, b, c] = self.next().to_be_bytes();
        u32::from_be_bytes([0, a, b, c & 0xf0])
    }
}

/// A MAC address in lower case with colons: the maker's three bytes, then the card's own.
#[must_use]
pub fn mac(oui: &str, tail: u32) -> String {
    let [_, a, b, c] = tail.to_be_bytes();
    format!("{oui}:{a:02x}:{b:02x}:{c:02x}")
}

/// A number from the bytes of `text`, for ETags and the like (FNV-1a, 64 bits).
#[must_use]
pub fn hash(text: &[u8]) -> u64 {
    text.iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers() {
        let mut one = Dice::new(7, "serial");
        let mut two = Dice::new(7, "serial");
        let mut other = Dice::new(7, "mac");
        assert_eq!(one.next(), two.next());
        assert_ne!(one.next(), other.next());
    }

    #[test]
    fn uuids_are_of_version_4() {
        let uuid = Dice::new(1, "uuid").uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.chars().nth(14), Some('4'));
        assert!(matches!(uuid.chars().nth(19), Some('8' | '9' | 'a' | 'b')));
    }

    #[test]
    fn an_empty_list_has_no_pick() {
        assert_eq!(Dice::new(1, "x").pick::<u8>(&[]), 0);
    }
}

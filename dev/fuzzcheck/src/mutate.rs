//! Seeded changes to an input: the same seed makes the same inputs on every machine.

/// Words that parsers of JSON and of logs are sensitive to.
const WORDS: [&[u8]; 16] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"\\u0000",
    b"\\ud800",
    b"\n",
    b"\xff",
    b"\"@odata.id\":\"/\"",
    b"18446744073709551616",
];

/// A sequence of numbers that depends on its seed alone (xorshift64*). Not for secrets.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins a sequence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32).unwrap_or(0);
        drawn.checked_rem(limit).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

/// One to eight changes to a copy of `input`; `other` lends parts of itself.
#[must_use]
pub fn mutated(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(8) {
        change(&mut bytes, other, dice);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let to = bytes.len().min(at + dice.below(32));
    match dice.below(8) {
        0 => bytes.get_mut(at).into_iter().for_each(|there| *there ^= 1 << (at % 8)),
        1 => {
            let byte = dice.byte();
            bytes.get_mut(at).into_iter().for_each(|there| *there = byte);
        }
        2 => bytes.insert(at, dice.byte()),
        3 => drop(bytes.drain(at..to)),
        4 => bytes.truncate(at),
        5 => splice(bytes, at, WORDS.get(dice.below(WORDS.len())).copied().unwrap_or_default()),
        6 => {
            let part = bytes.get(at..to).unwrap_or_default().to_vec();
            (0..dice.below(64)).for_each(|_| splice(bytes, at, &part));
        }
        _ => {
            let from = dice.below(other.len() + 1);
            let part = other.get(from..other.len().min(from + dice.below(256))).unwrap_or_default();
            splice(bytes, at, part);
        }
    }
}

fn splice(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    bytes.splice(at..at, part.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_another_others() {
        let made = |seed| {
            let mut dice = Dice::new(seed);
            (0..100).map(|_| mutated(b"{\"a\":1}", b"[2]", &mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(3));
        assert!(made(1).iter().filter(|input| *input != b"{\"a\":1}").count() > 90);
    }
}

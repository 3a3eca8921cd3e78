//! The only source of randomness: the operating system's.

use crate::error::Error;
use zeroize::Zeroizing;

/// `N` random bytes, wiped when dropped.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|source| Error::Random { bytes: N, source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(*bytes::<32>().unwrap(), *bytes::<32>().unwrap());
    }
}

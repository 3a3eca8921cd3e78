//! Packing of what is large and alike: zstd (RFC 8878), with the length that it has unpacked.

use crate::error::Cause;
use serde::{Serialize, de::DeserializeOwned};
use std::cell::RefCell;
use zstd::bulk::{Compressor, Decompressor};

/// How hard zstd tries: the level at which packing keeps up with a thousand inventories a minute on one core.
const LEVEL: i32 = 3;
/// Nothing that is packed is longer than this unpacked; what says so is damaged.
const LONGEST: u32 = 256 << 20;

thread_local! {
    /// To make a context costs more than to pack an inventory: each thread keeps its own.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packed bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// How many bytes it has unpacked.
    pub length: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Packed {
    /// Packs bytes.
    ///
    /// # Errors
    /// If they are too many, or zstd fails.
    pub fn new(bytes: &[u8]) -> Result<Self, Cause> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| format!("{} bytes are too many to be packed", bytes.len()))?;
        let mut bytes = PACKER.with_borrow_mut(|kept| match kept {
            Some(packer) => packer.compress(bytes),
            None => kept.insert(Compressor::new(LEVEL)?).compress(bytes),
        })?;
        // It comes with room for the worst case.
        bytes.shrink_to_fit();
        Ok(Self { length, bytes })
    }

    /// Packs a value's JSON.
    ///
    /// # Errors
    /// As [`Packed::new`], or if it cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, Cause> {
        Self::new(&serde_json::to_vec(value)?)
    }

    /// Unpacks the bytes.
    ///
    /// # Errors
    /// If they are damaged.
    pub fn open(&self) -> Result<Vec<u8>, Cause> {
        if self.length > LONGEST {
            return Err(format!("it says that it has {} bytes unpacked", self.length).into());
        }
        let length = usize::try_from(self.length)?;
        let bytes = UNPACKER.with_borrow_mut(|kept| match kept {
            Some(unpacker) => unpacker.decompress(&self.bytes, length),
            None => kept.insert(Decompressor::new()?).decompress(&self.bytes, length),
        })?;
        if bytes.len() != length {
            return Err(format!("it has {} bytes unpacked, not {length}", bytes.len()).into());
        }
        Ok(bytes)
    }

    /// Unpacks the value whose JSON was packed.
    ///
    /// # Errors
    /// If the bytes are damaged or another value's.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Cause> {
        Ok(serde_json::from_slice(&self.open()?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_back_and_what_was_spoilt_does_not() {
        let text = "serial ".repeat(1000);
        let packed = Packed::json(&text).unwrap();
        assert!(packed.bytes.len() < 100);
        assert_eq!(packed.value::<String>().unwrap(), text);
        for length in [0, 10, packed.length - 1, packed.length + 1, u32::MAX] {
            assert!(Packed { length, ..packed.clone() }.open().is_err(), "{length}");
        }
        let mut cut = packed.clone();
        cut.bytes.truncate(20);
        assert!(cut.open().is_err());
        assert!(Packed::default().open().is_err() || Packed::default().open().unwrap().is_empty());
    }
}

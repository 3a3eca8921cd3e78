//! Packs documents with zstd (RFC 8878). Each thread keeps a context and two buffers: to make them anew costs more
//! than to pack a document.

use serde::Serialize;
use std::cell::RefCell;
use std::io::{Error, Result};
use zstd::bulk::{Compressor, Decompressor};

/// How hard is packed: the fastest that halves the documents. They are repetitive text, and many readings are under
/// way at once.
const LEVEL: i32 = 1;

/// A buffer that has grown beyond this is given back, in bytes.
const LARGEST_KEPT: usize = 256 * 1024;

thread_local! {
    static PACKER: RefCell<Option<Packer>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Unpacker>> = const { RefCell::new(None) };
}

struct Packer {
    context: Compressor<'static>,
    text: Vec<u8>,
    packed: Vec<u8>,
}

impl Packer {
    fn within(kept: &mut Option<Self>) -> Result<&mut Self> {
        match kept {
            Some(packer) => Ok(packer),
            None => {
                let context = Compressor::new(LEVEL)?;
                Ok(kept.insert(Self { context, text: Vec::new(), packed: Vec::new() }))
            }
        }
    }
}

struct Unpacker {
    context: Decompressor<'static>,
    text: Vec<u8>,
}

/// Packs a value's JSON into as much memory as it then takes; with what `look` makes of the JSON.
///
/// # Errors
/// If the value cannot be written as JSON, or zstd fails, which in memory it does not.
pub fn pack<T>(value: &impl Serialize, look: impl FnOnce(&[u8]) -> T) -> Result<(Vec<u8>, T)> {
    PACKER.with_borrow_mut(|kept| {
        let Packer { context, text, packed } = Packer::within(kept)?;
        text.clear();
        serde_json::to_writer(&mut *text, value)?;
        let result = (compress(context, text, packed)?, look(text));
        text.shrink_to(LARGEST_KEPT);
        Ok(result)
    })
}

/// Packs a text into as much memory as it then takes.
///
/// # Errors
/// As [`pack`].
pub fn pack_text(text: &[u8]) -> Result<Vec<u8>> {
    PACKER.with_borrow_mut(|kept| {
        let Packer { context, packed, .. } = Packer::within(kept)?;
        compress(context, text, packed)
    })
}

fn compress(context: &mut Compressor<'static>, text: &[u8], packed: &mut Vec<u8>) -> Result<Vec<u8>> {
    packed.clear();
    packed.reserve(zstd::zstd_safe::compress_bound(text.len()));
    context.compress_to_buffer(text, packed)?;
    let result = packed.as_slice().into();
    packed.shrink_to(LARGEST_KEPT);
    Ok(result)
}

/// Unpacks a text of which it is known how long it is, and comes back with what `read` makes of it.
///
/// # Errors
/// If it is damaged, or not as long.
pub fn unpack<T>(packed: &[u8], length: usize, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
    UNPACKER.with_borrow_mut(|kept| {
        let Unpacker { context, text } = match kept {
            Some(unpacker) => unpacker,
            None => kept.insert(Unpacker { context: Decompressor::new()?, text: Vec::new() }),
        };
        text.clear();
        text.reserve(length);
        context.decompress_to_buffer(packed, text)?;
        let result = (text.len() == length).then(|| read(text));
        text.shrink_to(LARGEST_KEPT);
        result.ok_or_else(|| Error::other("another length than was kept"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(packed: &[u8], length: usize) -> Result<Value> {
        unpack(packed, length, |text| serde_json::from_slice(text).unwrap())
    }

    #[test]
    fn what_was_packed_comes_back_whatever_was_packed_before_it() {
        let values =
            [json!({}), json!({"Id": "1"}), json!({"Long": "long ".repeat(200_000)}), json!({"Id": "2"})];
        let packed: Vec<_> = values.iter().map(|value| pack(value, <[u8]>::len).unwrap()).collect();
        for (value, (packed, length)) in values.iter().zip(&packed).rev() {
            assert_eq!(read(packed, *length).unwrap(), *value);
            assert_eq!(packed.len(), packed.capacity());
            // The same bytes as from a context of its own.
            let text = serde_json::to_vec(value).unwrap();
            assert_eq!(*packed, zstd::bulk::compress(&text, LEVEL).unwrap());
        }
        let kept = PACKER
            .with_borrow(|kept| kept.as_ref().map(|kept| (kept.text.capacity(), kept.packed.capacity())));
        assert!(kept.is_some_and(|(text, packed)| text.max(packed) <= 2 * LARGEST_KEPT), "{kept:?}");
    }

    #[test]
    fn what_was_spoilt_does_not_come_back_and_spoils_nothing_after_it() {
        let value = json!({"Serials": vec!["serial"; 100]});
        let (packed, length) = pack(&value, <[u8]>::len).unwrap();
        assert!(read(&packed[..packed.len() / 2], length).is_err());
        assert!(read(&packed, length + 1).is_err());
        assert_eq!(read(&packed, length).unwrap(), value);
    }
}

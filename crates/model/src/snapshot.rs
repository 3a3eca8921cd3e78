//! The documents of one full reading, less their readings, so that the same hardware gives the same bytes.

/// SHA-256 of a document's bytes.
pub type Hash = [u8; 32];

/// One document: without what moves by itself (sensor readings, clocks, entity tags), its keys in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument {
    /// Its path on the controller without a trailing slash, a page's query (`$skip`) included. What came inside
    /// of another document by `$expand` is a document of its own, as if it had been asked for by itself.
    pub path: String,
    /// Of its bytes before packing.
    pub hash: Hash,
    /// How many bytes it has unpacked.
    pub length: u32,
    /// Its bytes, packed with zstd (RFC 8878).
    pub packed: Vec<u8>,
}

/// All documents of one reading, in the order they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Of all paths and hashes, by path: equal for two readings that differ in nothing that is kept.
    pub tree: Hash,
    /// The documents, each path once; none where they are those that [`crate::book::DeviceBook::kept_tree`] told of.
    pub documents: Vec<RawDocument>,
}

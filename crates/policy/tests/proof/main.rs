//! The evaluator against a plain reading of the words and against the kernel, and every answer that is made from it
//! against the evaluator.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod aerleon;
mod answers;
mod changes;
mod kernel;
mod reference;
mod render;
mod sample;
mod shipped;
mod speed;

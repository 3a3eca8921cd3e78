//! The evaluator against a plain reading of the words, and every answer that is made from it against the evaluator.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod answers;
mod kernel;
mod reference;
mod render;
mod sample;
mod shipped;
mod speed;

//! Who may reach what, by which rule, and why: a scenario and a site's binding are read, checked and bound into a
//! plan, and the plan is asked, compared and rendered for the kernel.
//!
//! Nothing here opens a socket, reads a file or knows the time: files come as text, and today as an argument. The same
//! evaluator answers every question and is what the rendered rules are held against.
//!
//! | module | what it is |
//! |---|---|
//! | [`assertion`] | the site's tests against the evaluator |
//! | [`bind`] | a scenario and a site to a plan |
//! | [`check`] | what is wrong with both documents, or worth knowing |
//! | [`diagnostic`] | what is told about a document: which mistake, where, why, what to do |
//! | [`diff`] | what gains and what loses reach between two plans |
//! | [`document`] | the two files that people write, as types |
//! | [`drawing`] | a picture of zones, laid out and as SVG |
//! | [`evaluate`] | one packet in, its verdict out |
//! | [`explain`] | a verdict in words, and what is missing |
//! | [`names`] | names in questions |
//! | [`near`] | words that look alike |
//! | [`packet`] | a packet, as far as the policy looks at it |
//! | [`plan`] | a checked scenario bound to a site |
//! | [`question`] | a question as it is asked, and its answers |
//! | [`reach`] | all that somebody may reach, and a picture of zones |
//! | [`read`] | the two files from their bytes, and back |
//! | [`region`] | all packets at once, in classes |
//! | [`render`] | the plan as text for `nft -f` |
//! | [`schema`] | the JSON Schemas of both documents |
//! | [`service`] | what an application is on the wire |
//! | [`shipped`] | the documents that ship with the product |
//! | [`yaml`] | text to a bounded tree that remembers where everything stands |

pub mod assertion;
pub mod bind;
pub mod check;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod drawing;
pub mod evaluate;
pub mod explain;
pub mod names;
pub mod near;
pub mod packet;
pub mod plan;
pub mod question;
pub mod reach;
pub mod read;
pub mod region;
pub mod render;
pub mod schema;
pub mod service;
pub mod shipped;
pub mod yaml;

//! Who may reach what, by which rule, and why: a scenario and a site's binding are read, checked and bound into a
//! plan, and the plan is asked, compared and rendered for the kernel.
//!
//! Nothing here opens a socket, reads a file or knows the time: files come as text, and today as an argument. The same
//! evaluator answers every question and is what the rendered rules are held against.
//!
//! | module | what it is |
//! |---|---|
//! | [`document`] | the two files that people write, as types |
//! | [`packet`] | a packet, as far as the policy looks at it |
//! | [`plan`] | a checked scenario bound to a site |
//! | [`service`] | what an application is on the wire |

pub mod document;
pub mod packet;
pub mod plan;
pub mod service;

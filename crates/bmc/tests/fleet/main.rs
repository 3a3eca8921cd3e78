//! The fleet against controllers that misbehave, and against a real one that is not ours.

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod book;
#[cfg(test)]
mod closer;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod explaining;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod owner;
#[cfg(test)]
mod power;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sushy;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod traffic;

#[cfg(test)]
use support::{Running, book_of, config, id, permit};

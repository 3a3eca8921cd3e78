//! The client and the reader against controllers on the loopback and in memory.

#[cfg(test)]
mod client;
#[cfg(test)]
mod economy;
#[cfg(test)]
mod inspection;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod peculiar;
#[cfg(test)]
mod spoiled;
#[cfg(test)]
mod stillness;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trees;

//! The program in a kernel of its own: network namespaces that each test makes.

#[cfg(test)]
mod ground;
#[cfg(test)]
mod trial;

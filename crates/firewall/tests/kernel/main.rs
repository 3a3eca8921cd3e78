//! The program in a kernel of its own: network namespaces that each test makes.

#[cfg(test)]
mod classes;
#[cfg(test)]
mod drift;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod lockout;
#[cfg(test)]
mod log;
#[cfg(test)]
mod pinholes;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod rendered;
#[cfg(test)]
mod trial;

//! The firewalls' log against a plain list in memory: whatever was kept is found by every question, wherever it lies; and what
//! happens when the appliance dies, the disk fills, files are spoiled or the log is too large.

#[cfg(test)]
mod bounded;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod found;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod peer;

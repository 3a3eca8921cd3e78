//! The policy in the real kernel: the appliance and the firewall's program in a network namespace, an administrator's
//! workstation in another, two controllers in a third. They stand where the shipped site file says.

mod demonstration;
mod enforced;
mod ground;

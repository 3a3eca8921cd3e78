//! What the appliance withstands, and how much it needs: killed, stopped, without space on its disk, with
//! its clock set back, with another certificate, with a thousand controllers.
//!
//! `make prove` runs those called `kill` at length, `make bench` those called `figures`; otherwise each
//! is a short, seeded slice.

mod adopting;
mod certificate;
mod clock;
mod command;
mod disk_full;
mod faults;
mod figures;
mod ground;
mod jobs;
mod kill;
mod lab_process;
mod load;
mod readings;
mod report;
mod start;
mod stop;
mod sweep;

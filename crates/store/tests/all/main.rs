//! The store from outside: what is written is read back, whatever happens in between.

mod access;
mod backup;
mod concurrency;
mod devices;
mod full;
mod killed;
mod sample;

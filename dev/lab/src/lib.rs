//! A simulated management network: BMCs by vendor.

//! The real binary, the lab, third-party peers and headless Chromium.

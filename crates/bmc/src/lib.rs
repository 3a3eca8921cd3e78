//! Drivers for controllers: discovery, sessions, inventory, power over Redfish.

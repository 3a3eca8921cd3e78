//! What is plugged into networks.

use super::{HealthReading, Part};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

component! {
    /// A network interface (DSP0268 EthernetInterface), of the server or of a controller.
    Nic {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// The MAC address in use, lower case with colons.
        mac: Option<String>,
        /// The MAC address it was made with.
        permanent_mac: Option<String>,
        /// Speed in Mbit/s.
        speed_mbps: Option<u64>,
        /// `LinkUp`, `LinkDown`, `NoLink`.
        link: Option<String>,
        /// Its addresses of both families.
        #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
        addresses: Vec<IpAddr>,
        /// The host name it uses, where it says one.
        hostname: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A network adapter (DSP0268 NetworkAdapter).
    Adapter {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The firmware version.
        firmware: Option<String>,
        /// MAC addresses of its ports and functions.
        macs: Vec<String>,
        /// Its ports.
        ports: Vec<AdapterPort>,
        /// What the server sees of it.
        functions: Vec<AdapterFunction>,
        /// What is plugged into its ports.
        transceivers: Vec<Part>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A port of an adapter (DSP0268 Port, NetworkPort).
    AdapterPort {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `Ethernet`, `InfiniBand`, `FibreChannel`, ...
        kind: Option<String>,
        /// `LinkUp`, `LinkDown`, `NoLink`, ...
        link: Option<String>,
        /// Speed in Mbit/s.
        speed_mbps: Option<u64>,
        /// The MAC addresses behind it.
        macs: Vec<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A function of an adapter (DSP0268 NetworkDeviceFunction): what the server sees as one interface.
    AdapterFunction {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `Ethernet`, `InfiniBand`, `iSCSI`, ...
        kind: Option<String>,
        /// Its MAC addresses, the one in use and the one it was made with.
        macs: Vec<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

//! What can be bought: processors, memory, drives and network cards as the makers name them.

/// A processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuPart {
    /// Maker, as controllers write it.
    pub maker: &'static str,
    /// Full name.
    pub model: &'static str,
    /// Cores; twice as many threads.
    pub cores: u32,
    /// Greatest speed in MHz.
    pub mhz: u32,
}

/// A memory module.
#[derive(Clone, Copy, Debug, Default)]
pub struct DimmPart {
    /// Maker.
    pub maker: &'static str,
    /// The maker's number (JEP106), as controllers write it.
    pub maker_id: &'static str,
    /// Part number.
    pub part: &'static str,
    /// Capacity in GiB.
    pub gib: u32,
    /// `DDR4` or `DDR5`.
    pub kind: &'static str,
    /// Speed in MT/s.
    pub speed: u32,
}

/// A drive.
#[derive(Clone, Copy, Debug, Default)]
pub struct DrivePart {
    /// Maker.
    pub maker: &'static str,
    /// Model, and part number.
    pub model: &'static str,
    /// Capacity in bytes.
    pub bytes: u64,
    /// `NVMe`, `SATA` or `SAS`.
    pub protocol: &'static str,
    /// `SSD` or `HDD`.
    pub media: &'static str,
    /// Speed in Gbit/s.
    pub gbps: u32,
    /// Firmware version.
    pub firmware: &'static str,
}

/// A network card.
#[derive(Clone, Copy, Debug, Default)]
pub struct NicPart {
    /// Maker.
    pub maker: &'static str,
    /// Model.
    pub model: &'static str,
    /// Part number.
    pub part: &'static str,
    /// Ports.
    pub ports: u32,
    /// Speed of each in Mbit/s.
    pub mbps: u32,
    /// Firmware version.
    pub firmware: &'static str,
    /// The first three bytes of its MAC addresses.
    pub oui: &'static str,
    /// The PCI vendor.
    pub vendor_id: u16,
}

/// A GPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct GpuPart {
    /// Maker.
    pub maker: &'static str,
    /// Model.
    pub model: &'static str,
    /// Part number.
    pub part: &'static str,
    /// Firmware version.
    pub firmware: &'static str,
    /// The PCI device.
    pub device: u16,
    /// Memory in GiB.
    pub gib: u32,
}

/// A controller of drives.
#[derive(Clone, Copy, Debug, Default)]
pub struct RaidPart {
    /// Maker.
    pub maker: &'static str,
    /// Model.
    pub model: &'static str,
    /// Firmware version.
    pub firmware: &'static str,
}

/// The PCI vendor of all GPUs here.
pub const GPU_VENDOR: u16 = 0x10de;

/// GPUs on cards.
pub const GPUS: &[GpuPart] = &[
    GpuPart {
        maker: "NVIDIA Corporation",
        model: "NVIDIA A30",
        part: "900-21001-0040-000",
        firmware: "92.00.66.00.0B",
        device: 0x20b7,
        gib: 24,
    },
    GpuPart {
        maker: "NVIDIA Corporation",
        model: "NVIDIA H100 PCIe",
        part: "699-21010-0200-600",
        firmware: "96.00.5E.00.01",
        device: 0x2331,
        gib: 80,
    },
];
/// GPUs on modules of their own.
pub const MODULES: &[GpuPart] = &[GpuPart {
    maker: "NVIDIA",
    model: "NVIDIA GB200",
    part: "2941-892-A1",
    firmware: "97.00.1A.00.03",
    device: 0x2941,
    gib: 186,
}];

const fn cpu(maker: &'static str, model: &'static str, cores: u32, mhz: u32) -> CpuPart {
    CpuPart { maker, model, cores, mhz }
}

const fn dimm(maker: &'static str, part: &'static str, gib: u32, kind: &'static str, speed: u32) -> DimmPart {
    let maker_id = match maker.as_bytes() {
        [b'H', ..] => "0xad80",
        [b'S', ..] => "0xce80",
        _ => "0x2c80",
    };
    DimmPart { maker, maker_id, part, gib, kind, speed }
}

/// Intel, third generation.
pub const ICE_LAKE: &[CpuPart] = &[
    cpu("Intel", "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 32, 3200),
    cpu("Intel", "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz", 28, 3100),
    cpu("Intel", "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz", 16, 3400),
];
/// Intel, fourth generation.
pub const SAPPHIRE_RAPIDS: &[CpuPart] = &[
    cpu("Intel(R) Corporation", "Intel(R) Xeon(R) Gold 6430", 32, 3400),
    cpu("Intel(R) Corporation", "Intel(R) Xeon(R) Platinum 8480+", 56, 3800),
    cpu("Intel(R) Corporation", "Intel(R) Xeon(R) Gold 6438Y+", 32, 4000),
];
/// Intel, first and second generation.
pub const CASCADE_LAKE: &[CpuPart] = &[
    cpu("Intel", "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz", 20, 3900),
    cpu("Intel", "Intel(R) Xeon(R) Silver 4214 CPU @ 2.20GHz", 12, 3200),
];
/// AMD, third and fourth generation. The blanks at the end are what some firmware really sends.
pub const EPYC: &[CpuPart] = &[
    cpu("Advanced Micro Devices, Inc.", "AMD EPYC 7543 32-Core Processor                ", 32, 3700),
    cpu("Advanced Micro Devices, Inc.", "AMD EPYC 9354 32-Core Processor                ", 32, 3800),
    cpu("Advanced Micro Devices, Inc.", "AMD EPYC 7713 64-Core Processor                ", 64, 3675),
];

/// NVIDIA's own.
pub const GRACE: &[CpuPart] = &[cpu("NVIDIA", "Grace A02", 72, 4000)];

/// DDR4 modules.
pub const DDR4: &[DimmPart] = &[
    dimm("Hynix", "HMA84GR7CJR4N-XN", 32, "DDR4", 3200),
    dimm("Samsung", "M393A4K40DB3-CWE", 32, "DDR4", 3200),
    dimm("Micron Technology", "36ASF4G72PZ-3G2J3", 32, "DDR4", 3200),
    dimm("Samsung", "M393A8G40BB4-CWE", 64, "DDR4", 3200),
];
/// DDR5 modules.
pub const DDR5: &[DimmPart] = &[
    dimm("Samsung", "M321R4GA3BB6-CQKET", 32, "DDR5", 4800),
    dimm("Hynix", "HMCG88AEBRA168N", 32, "DDR5", 4800),
    dimm("Micron Technology", "MTC40F2046S1RC48BA1", 64, "DDR5", 4800),
];

/// Memory that is soldered beside the processor.
pub const LPDDR5: &[DimmPart] = &[dimm("Micron Technology", "MT62F2G128D8DS-023", 60, "LPDDR5_SDRAM", 6400)];

/// Drives.
pub const DRIVES: &[DrivePart] = &[
    DrivePart {
        maker: "SAMSUNG",
        model: "MZQL23T8HCLS-00A07",
        bytes: 3_840_755_982_336,
        protocol: "NVMe",
        media: "SSD",
        gbps: 32,
        firmware: "GDC5902Q",
    },
    DrivePart {
        maker: "KIOXIA",
        model: "KCD61LUL3T84",
        bytes: 3_840_755_982_336,
        protocol: "NVMe",
        media: "SSD",
        gbps: 32,
        firmware: "0105",
    },
    DrivePart {
        maker: "INTEL",
        model: "SSDSC2KG960G8R",
        bytes: 960_197_124_096,
        protocol: "SATA",
        media: "SSD",
        gbps: 6,
        firmware: "XCV1DL69",
    },
    DrivePart {
        maker: "SEAGATE",
        model: "ST2400MM0159",
        bytes: 2_400_476_553_216,
        protocol: "SAS",
        media: "HDD",
        gbps: 12,
        firmware: "ST5B",
    },
];

/// What sits on the board.
pub const ONBOARD: NicPart = NicPart {
    maker: "Broadcom Inc. and subsidiaries",
    model: "BCM5720 Gigabit Ethernet",
    part: "00FCGN",
    ports: 2,
    mbps: 1000,
    firmware: "22.31.6",
    oui: "d0:8e:79",
    vendor_id: 0x14e4,
};
/// What is plugged in.
pub const CARDS: &[NicPart] = &[
    NicPart {
        maker: "Mellanox Technologies",
        model: "ConnectX-6 Lx EN 2-port 25GbE SFP28",
        part: "MCX631102AN-ADAT",
        ports: 2,
        mbps: 25_000,
        firmware: "26.36.10.10",
        oui: "94:6d:ae",
        vendor_id: 0x15b3,
    },
    NicPart {
        maker: "Intel Corporation",
        model: "Ethernet Converged Network Adapter X710-T2L",
        part: "K91258-010",
        ports: 2,
        mbps: 10_000,
        firmware: "22.0.9",
        oui: "b4:96:91",
        vendor_id: 0x8086,
    },
    NicPart {
        maker: "Broadcom Inc. and subsidiaries",
        model: "BCM57414 NetXtreme-E 10Gb/25Gb",
        part: "024GFD",
        ports: 2,
        mbps: 25_000,
        firmware: "22.31.13.70",
        oui: "e4:3d:1a",
        vendor_id: 0x14e4,
    },
];

//! A real virtual machine: libvirt drives qemu, sushy-emulator drives libvirt, the appliance drives that.
//!
//! Needs root, and the packages of `dev/scripts/setup.sh prove`; KVM is not needed.

use crate::emulator::{adopt, start};
use crate::support::{Verbs, needed};
use e2e::appliance::Appliance;
use e2e::operator::Operator;
use e2e::slot::Slot;
use e2e::wait::until;
use model::device::Power;
use model::inventory::System;
use serde_json::json;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const MACHINE: &str = "<domain type='qemu'>
  <name>portcullis-test</name>
  <uuid>5e1c2a94-8f5e-4c35-9d10-0c0ffee0b0b0</uuid>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='network'/></os>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <interface type='user'><mac address='52:54:00:ab:cd:01'/><model type='virtio'/></interface>
  </devices>
</domain>";

/// libvirt's daemons, where none ran before; they end with this, and the machine too.
struct Libvirt {
    virsh: PathBuf,
    daemons: Vec<Child>,
}

impl Libvirt {
    /// `None`, with a loud word, where something that is needed is missing.
    fn start(test: &str, folder: &Path) -> Option<Self> {
        let programs = ["libvirtd", "virtlogd", "virsh", "qemu-system-x86_64"];
        let found: Vec<PathBuf> = programs.iter().filter_map(|program| needed(test, program)).collect();
        let [libvirtd, virtlogd, virsh, _] = &found[..] else { return None };
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED {test}: libvirt's system instance needs root");
            return None;
        }
        let mut it = Self { virsh: virsh.clone(), daemons: Vec::new() };
        if !it.answers() {
            for daemon in [virtlogd, libvirtd] {
                let log = File::create(folder.join(daemon.file_name().unwrap())).unwrap();
                let mut command = Command::new(daemon);
                command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
                it.daemons.push(command.spawn().unwrap());
            }
            let up = until("libvirt answers", Duration::from_secs(60), || Ok(it.answers().then_some(())));
            if up.is_err() {
                let log = std::fs::read_to_string(folder.join("libvirtd")).unwrap_or_default();
                println!("SKIPPED {test}: libvirtd does not run on this machine: {log}");
                return None;
            }
        }
        drop(it.virsh(&["destroy", "portcullis-test"]));
        let file = folder.join("machine.xml");
        std::fs::write(&file, MACHINE).unwrap();
        let defined = it.virsh(&["define", &file.display().to_string()]);
        assert!(defined.status.success(), "{}", String::from_utf8_lossy(&defined.stderr));
        Some(it)
    }

    fn virsh(&self, arguments: &[&str]) -> Output {
        Command::new(&self.virsh).args(["-c", "qemu:///system"]).args(arguments).output().unwrap()
    }

    fn answers(&self) -> bool {
        self.virsh(&["list"]).status.success()
    }

    /// What libvirt itself says of the machine.
    fn state(&self) -> String {
        let said = self.virsh(&["domstate", "portcullis-test"]).stdout;
        String::from_utf8(said).unwrap().trim().to_owned()
    }
}

impl Drop for Libvirt {
    fn drop(&mut self) {
        drop(self.virsh(&["destroy", "portcullis-test"]));
        drop(self.virsh(&["undefine", "portcullis-test"]));
        for mut daemon in self.daemons.drain(..).rev() {
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }
}

#[test]
fn a_virtual_machine_is_found_read_and_switched() {
    let test = "a_virtual_machine_is_found_read_and_switched";
    let (Some(program), Some(openssl)) = (needed(test, "sushy-emulator"), needed(test, "openssl")) else {
        return;
    };
    let appliance = Appliance::fresh().unwrap();
    let Some(libvirt) = Libvirt::start(test, appliance.scratch()) else { return };
    if !has_libvirt_driver(&program) {
        println!("SKIPPED {test}: the Python of {} has no libvirt-python", program.display());
        return;
    }
    let mut admin = Operator::enrol(&appliance).unwrap();
    let slot = Slot::take().unwrap();
    let driver = ["--libvirt-uri", "qemu:///system"];
    let (_peer, at) = start(&program, &openssl, appliance.scratch(), &slot, &driver);
    let system = first_look(&appliance, at);
    assert_eq!(system.power.0, Power::Off);
    let verbs = Verbs::of(&appliance, &mut admin);
    let id = adopt(&verbs, at);
    let found = verbs.json(&["device", "find", "52:54:00:ab:cd:01"]);
    assert_eq!(found["devices"][0]["id"], json!(id), "{found}");
    let shown = verbs.json(&["device", "show", &id]);
    let inventory: model::Inventory = serde_json::from_value(shown["inventory"].clone()).unwrap();
    let system = &inventory.systems[0];
    assert_eq!(system.nics[0].mac.as_deref(), Some("52:54:00:ab:cd:01"));
    assert_eq!(system.uuid.as_deref(), Some("5e1c2a94-8f5e-4c35-9d10-0c0ffee0b0b0"));
    assert_eq!(libvirt.state(), "shut off");
    for (act, after, state) in
        [("on", "on", "running"), ("power_cycle", "on", "running"), ("force_off", "off", "shut off")]
    {
        assert_eq!(verbs.json(&["device", "power", act, &id])["power"], after, "{act}");
        assert_eq!(libvirt.state(), state, "{act}: libvirt is of the same opinion");
    }
}

/// What `bmc inspect`, with the password in every request, says of the machine as soon as it can.
///
/// The emulator's first look has libvirt ask qemu what it can do, and wait until the processes that were
/// asked are gone. Where process 1 is no init and takes no notice of them, that is three minutes.
fn first_look(appliance: &Appliance, at: SocketAddr) -> System {
    let (url, file) = (format!("https://{at}"), appliance.scratch().join("password").display().to_string());
    let verb = ["--json", "bmc", "inspect", &url, "--user", "admin", "--password-file", &file];
    until("the emulator knows the machine", Duration::from_secs(400), || {
        let output = appliance.verb(&verb)?.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{said}");
        let inventory: model::Inventory = serde_json::from_slice(&output.stdout)?;
        Ok(inventory.systems.into_iter().next())
    })
    .unwrap()
}

/// Whether the Python that runs sushy-emulator can talk to libvirt.
fn has_libvirt_driver(program: &Path) -> bool {
    let beside = program.with_file_name("python3");
    let mut command = Command::new(if beside.is_file() { beside } else { "python3".into() });
    command.args(["-c", "import libvirt"]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

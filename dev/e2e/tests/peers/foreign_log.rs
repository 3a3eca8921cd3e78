//! Other firewalls' logs, sent by programs that are not ours to the running appliance.

use crate::support::needed;
use archive::Config;
use archive::firewall::Log;
use e2e::appliance::{Appliance, section};
use e2e::slot::Slot;
use e2e::wait;
use model::SystemClock;
use model::firewall_log::{Entry, Query, Verdict, Whose};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// What a machine that does ten things at once gets.
const PATIENCE: Duration = Duration::from_secs(60);
const PACKET: &str =
    "DROP-IN IN=eth0 OUT= SRC=198.51.100.7 DST=192.0.2.4 LEN=60 TTL=57 ID=1 PROTO=TCP SPT=40112 DPT=23 SYN";

/// An appliance that listens to loopback addresses.
fn listening(plain: &Slot, tls: &Slot) -> Appliance {
    let at = |slot: &Slot| format!("127.0.0.1:{}", slot.port());
    Appliance::with(|config| {
        let syslog = section(config, "syslog");
        syslog.insert("udp".into(), at(plain).into());
        syslog.insert("tcp".into(), at(plain).into());
        syslog.insert("tls".into(), at(tls).into());
        syslog.insert("from".into(), vec![toml::Value::from("127.0.0.0/8")].into());
        let names = section(syslog, "names");
        names.insert("127.0.0.1".into(), "edge".into());
    })
    .unwrap()
}

/// Messages that were counted, of netfilter's format, over this transport.
fn counted(appliance: &Appliance, transport: &str) -> u64 {
    let text = appliance.agent().unwrap().get(appliance.at("/metrics")).call().unwrap();
    let text = text.into_body().read_to_string().unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("portcullis_syslog_messages_total{"));
    let ours =
        lines.find(|line| line.contains(&format!("\"{transport}\"")) && line.contains("\"netfilter\""));
    ours.and_then(|line| line.rsplit(' ').next()).map_or(0, |count| count.parse().unwrap())
}

fn wait_for(appliance: &Appliance, transport: &str, count: u64) {
    let what = format!("{count} messages came over {transport}");
    wait::until(&what, PATIENCE, || Ok((counted(appliance, transport) == count).then_some(()))).unwrap();
}

/// rsyslog; it is killed when this is dropped.
struct Rsyslog(Child);

impl Drop for Rsyslog {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// rsyslog, as the manual says how to set it up, but reading a file and not the kernel.
fn rsyslog(program: &Path, folder: &Path, authority: &Path, port: u16, lines: &str) -> Rsyslog {
    let (input, config) = (folder.join("input.log"), folder.join("rsyslog.conf"));
    std::fs::write(&input, lines).unwrap();
    let (folder, input, authority) = (folder.display(), input.display(), authority.display());
    let text = format!(
        "global(workDirectory=\"{folder}\" defaultNetstreamDriverCAFile=\"{authority}\")\n\
         module(load=\"imfile\")\n\
         input(type=\"imfile\" file=\"{input}\" tag=\"kernel:\" facility=\"kern\" severity=\"warning\")\n\
         if $syslogfacility-text == \"kern\" then action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{port}\" protocol=\"tcp\"\n\
           tcp_framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\" streamDriver=\"gtls\" streamDriverMode=\"1\"\n\
           streamDriverAuthMode=\"x509/name\" streamDriverPermittedPeers=\"localhost\" action.resumeInterval=\"1\")\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(program);
    command.arg("-n").arg("-f").arg(config).arg("-i").arg(format!("{folder}/rsyslog.pid"));
    Rsyslog(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn what_other_firewalls_send_stands_in_the_log() {
    let test = "what_other_firewalls_send_stands_in_the_log";
    let (Some(logger), Some(rsyslogd)) = (needed(test, "logger"), needed(test, "rsyslogd")) else { return };
    let (plain, tls) = (Slot::take().unwrap(), Slot::take().unwrap());
    let mut appliance = listening(&plain, &tls);
    for (transport, options, count) in
        [("udp", &["--udp"][..], 1), ("tcp", &["--tcp"], 1), ("tcp", &["--tcp", "--octet-count"], 2)]
    {
        let mut command = Command::new(&logger);
        command.args(["--server", "127.0.0.1", "--tag", "kernel", "--port", &plain.port().to_string()]);
        assert!(command.args(options).arg(PACKET).status().unwrap().success());
        wait_for(&appliance, transport, count);
    }
    let authority = appliance.data().join("tls/certificate.pem");
    let lines = format!("{PACKET}\n").repeat(100);
    let _rsyslog = rsyslog(&rsyslogd, appliance.scratch(), &authority, tls.port(), &lines);
    wait_for(&appliance, "tls", 100);
    appliance.stop().unwrap();
    let entries = logged(&appliance.data());
    assert_eq!(entries.len(), 103, "three by logger and a hundred by rsyslog");
    for entry in entries {
        assert_eq!((entry.source.as_deref(), entry.verdict), (Some("edge"), Verdict::Drop));
        assert_eq!((entry.rule.as_deref(), entry.arrived.as_deref()), (Some("DROP-IN"), Some("eth0")));
        assert_eq!((entry.from, entry.source_port), ("198.51.100.7".parse().ok(), Some(40112)));
        assert_eq!((entry.to, entry.port), ("192.0.2.4".parse().ok(), Some(23)));
        assert_eq!((entry.protocol, entry.bytes), (Some(6), Some(60)));
        let message = entry.message.unwrap();
        assert!(message.ends_with(PACKET), "{message}");
    }
}

/// What the log on disk has of the firewall that is called `edge`.
fn logged(data: &Path) -> Vec<Entry> {
    let directory = data.join("archive/firewall");
    let log = Log::open(&directory, Config::default(), Arc::new(SystemClock), |_told| {}).unwrap();
    let query = Query { whose: Whose::Of("edge".into()), port: Some(23), limit: 1000, ..Query::default() };
    log.find(&query, PATIENCE).lines.into_iter().map(|line| line.entry).collect()
}

//! `portcullis lab`: a simulated rack; with `--serve`, an appliance in front of it that has found and
//! adopted most of it, so that there is something to see and something left to do.
//!
//! | module | what it does |
//! |---|---|
//! | [`rack`] | the rack beside the appliance, on a thread of its own |
//! | [`zones`] | each zone in a network namespace, and a policy that is enforced |

mod rack;
mod zones;

use crate::cli::{Lab as Options, Place};
use crate::config::{self, Config};
use crate::exit::Exit;
use crate::serve::{Appliance, stop_signal};
use crate::{init, telemetry};
use anyhow::Context as _;
use control::zones::Zone;
use lab::Lab;
use model::Actor;
use model::command::bmc::{Adopt, AdoptBy, Discover};
use model::command::records::{Edit, ImportCredentials, MeantFor};
use model::device::Stage;
use model::event::What;
use rack::Rack;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zones::Zones;

/// One controller in so many is left for people to adopt by hand.
const LEFT_BY_HAND: usize = 8;
/// How fast the demonstration sweeps its own rack.
const RATE: u32 = 500;

/// Runs the verb until a signal.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    if let Some(verb) = &options.verb {
        return crate::verbs::lab::run(verb, json);
    }
    // Threads stay where they are made: the runtime's too.
    let zones = options.zones.as_ref().map(|name| Zones::enter(name, options.listen)).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if options.serve {
        return runtime.block_on(serve(options, zones));
    }
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let stop = stop_signal()?;
        let lab = lab::run_args(&options.rack, cancel.clone(), |lab| announce(lab, json));
        tokio::pin!(lab);
        tokio::select! {
            ended = &mut lab => ended.map_err(anyhow::Error::from)?,
            () = stop => {
                cancel.cancel();
                lab.await.map_err(anyhow::Error::from)?;
            }
        }
        Ok(())
    })
}

fn announce(lab: &Lab, json: bool) {
    for bmc in lab.bmcs() {
        if json {
            println!("{}", serde_json::json!({ "name": bmc.name, "addr": bmc.addr, "serial": bmc.serial }));
        } else {
            println!("{:<8} https://{:<22} {}", bmc.name, bmc.addr.to_string(), bmc.model);
        }
    }
}

async fn serve(options: &Options, mut zones: Option<Zones>) -> Result<(), Exit> {
    let place = Place { data: options.data.clone(), config: None };
    let rack = rack_of(options, zones.is_some())?;
    let range = network(&rack);
    let is_new = !place.config_file().exists();
    if is_new {
        init::make(&place, &config_of(options, range, zones.is_some()))?;
    }
    let config = config::read(&place.config_file()).map_err(crate::check::problems)?;
    let metrics = telemetry::start(&config.log)?;
    let authority = format!("{}:{}", config.appliance.name, options.listen.port());
    let link = if is_new || !is_enrolled(&place, &config).await? {
        Some(init::first_login_async(&place, &config, "admin").await?)
    } else {
        None
    };
    let port = rack.port;
    let rack = Rack::start(rack, zones.as_ref().map(Zones::rack)).await?;
    let credentials = place.data.join("lab-credentials.csv");
    write_private(&credentials, &rack.credentials)?;
    if let Some(zones) = &mut zones {
        zones.start_firewall(&config, &place.data).await?;
    }
    let appliance = Appliance::start(&place, &config, metrics).await?;
    if let Some(zones) = zones.as_ref().filter(|_| is_new) {
        zones.enforce(&appliance.parts.door, &appliance.policies).await?;
    }
    println!("\n  Portcullis     https://{authority}");
    match link {
        Some(path) => println!("  first login    https://{authority}{path}"),
        None => println!(
            "  sign in as     admin (a new first login: portcullis init --reset-login --data {})",
            place.data.display()
        ),
    }
    println!(
        "  rack           {} simulated controllers; their passwords: {}",
        rack.bmcs.len(),
        credentials.display()
    );
    println!("{}", zones.as_ref().map(Zones::hints).unwrap_or_default());
    if let Some(zones) = &mut zones {
        zones.open_door()?;
    }
    let stop = stop_signal()?;
    if is_new {
        furnish(&appliance, &rack.bmcs, range, port).await?;
    }
    appliance.until(stop).await;
    if let Some(zones) = zones {
        zones.end().await;
    }
    rack.stop().await;
    Ok(())
}

async fn is_enrolled(place: &Place, config: &Config) -> anyhow::Result<bool> {
    let store = store::Store::open(&config.store_url(&place.data))?;
    let users = store.users().await?;
    Ok(users.iter().any(|user| user.password.is_some()))
}

fn config_of(options: &Options, range: ipnet::Ipv4Net, in_zones: bool) -> Config {
    let mut config = Config::default();
    config.web.listen = vec![options.listen];
    // A demonstration should move before one's eyes.
    config.bmc.poll_interval = 10;
    config.bmc.telemetry_interval = 30;
    config.zone = vec![Zone { name: "management".into(), networks: vec![ipnet::IpNet::from(range)] }];
    if in_zones {
        Zones::configure(&mut config, &options.data);
    }
    config
}

/// The /24 networks that the rack's addresses lie in, as one range.
fn network(rack: &lab::LabConfig) -> ipnet::Ipv4Net {
    let bits = usize::BITS - (rack.count + 16).leading_zeros();
    let prefix = 32_u8.saturating_sub(u8::try_from(bits).unwrap_or(16).max(8));
    ipnet::Ipv4Net::new(rack.first_addr, prefix).map_or(ipnet::Ipv4Net::default(), |network| network.trunc())
}

fn rack_of(options: &Options, in_zones: bool) -> anyhow::Result<lab::LabConfig> {
    let mut rack = options.rack.config().context("the rack's options")?;
    // Certificates must outlive the process: they are pinned.
    rack.state.get_or_insert_with(|| options.data.join("lab"));
    if in_zones {
        (rack.first_addr, rack.port) = (zones::RACK, zones::RACK_PORT);
    }
    Ok(rack)
}

fn write_private(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    let _old = std::fs::remove_file(path);
    crate::files::write_new(path, text.as_bytes(), 0o600)
}

/// Imports most of the rack's credentials, sweeps it, and labels what was found.
async fn furnish(
    appliance: &Appliance,
    bmcs: &[lab::BmcInfo],
    range: ipnet::Ipv4Net,
    port: u16,
) -> Result<(), Exit> {
    let (door, actor) = (&appliance.parts.door, Actor::system("operator"));
    let entries = bmcs.iter().enumerate().filter(is_adopted);
    let entries =
        entries.map(|(_, bmc)| (MeantFor::Serial(bmc.serial.clone()), bmc.credential.clone())).collect();
    door.run(&actor, &appliance.records, ImportCredentials { entries }).await?;
    let mut news = door.events().listen();
    let sweep = Discover { range: range.into(), port, rate: RATE, near_only: false };
    door.run(&actor, &appliance.fleet, sweep).await?;
    loop {
        match news.recv().await {
            Ok(event) => {
                if matches!(event.what, What::SweepProgress { ended: true, .. }) {
                    break;
                }
            }
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
        }
    }
    label(appliance, bmcs).await?;
    adopt_by_hand(appliance, bmcs).await;
    Ok(())
}

/// Says where each server stands, as a site would after its own plan.
async fn label(appliance: &Appliance, bmcs: &[lab::BmcInfo]) -> Result<(), Exit> {
    let (door, actor) = (&appliance.parts.door, Actor::system("operator"));
    let height = lab::RackLayout::default().height_units.to_string();
    for device in door.book().all() {
        let Some(bmc) = bmcs.iter().find(|bmc| bmc.addr == device.endpoint.into()) else { continue };
        let unit = format!("{:02}", bmc.rack_unit);
        let labels = [("rack", bmc.rack.clone()), ("unit", unit), ("height", height.clone())];
        let labels: BTreeMap<String, String> =
            labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let edit = Edit { device: device.id.clone(), name: Some(bmc.name.clone()), labels: Some(labels) };
        door.run(&actor, &appliance.records, edit).await?;
    }
    Ok(())
}

/// Adopts those whose controllers tell nobody their serial number before a sign-in, so that no rule
/// applies, as a person would: with the fingerprint that was seen.
async fn adopt_by_hand(appliance: &Appliance, bmcs: &[lab::BmcInfo]) {
    let ruled = appliance.parts.door.book().adoptable().await.unwrap_or_default();
    let mut adoptions = JoinSet::new();
    for (at, bmc) in bmcs.iter().enumerate().filter(is_adopted) {
        let devices = appliance.parts.door.book().all();
        let Some(device) = devices.iter().find(|device| bmc.addr == device.endpoint.into()) else { continue };
        if device.stage != Stage::Seen || device.identity.serial.is_some() || ruled.contains(&device.id) {
            continue;
        }
        let fingerprint = device.presented.as_ref().map(|certificate| certificate.fingerprint);
        let by = AdoptBy::Hand { credential: bmc.credential.clone(), fingerprint };
        let command = Adopt { device: device.id.clone(), by };
        let (door, fleet) = (appliance.parts.door.clone(), Arc::clone(&appliance.fleet));
        adoptions.spawn(async move {
            if let Err(failure) = door.run(&Actor::system("operator"), &fleet, command).await {
                tracing::warn!(%failure, at, "a simulated controller could not be adopted");
            }
        });
    }
    while adoptions.join_next().await.is_some() {}
}

/// Whether a controller of the rack is not one of those that are left for people.
fn is_adopted((at, _): &(usize, &lab::BmcInfo)) -> bool {
    at % LEFT_BY_HAND != LEFT_BY_HAND - 1
}

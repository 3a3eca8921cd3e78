//! What the other tests stand on does what it says.

use api::device::DeviceQuery;
use e2e::appliance::Appliance;
use e2e::operator::Operator;
use e2e::rack::Rack;
use e2e::site::Site;
use e2e::wait::until;
use lab::Change;
use std::time::Duration;

#[test]
fn a_fresh_appliance_is_enrolled_killed_started_and_stopped() {
    let rack = Rack::start(3).unwrap();
    assert_eq!(rack.bmcs().len(), 3);
    let mut appliance = Appliance::fresh().unwrap();
    let mut admin = Operator::enrol(&appliance).unwrap();
    let session = admin.sign_in(&appliance).unwrap();
    assert_eq!(session.get("/discovery").unwrap().status, 200);
    assert!(session.token("administrator", "all").unwrap().expose().starts_with("pc"));
    let started = session.post(
        "/discovery/start",
        &[("range", &rack.range()), ("port", &rack.port().to_string()), ("rate", "500")],
    );
    assert_eq!(started.unwrap().location.as_deref(), Some("/discovery"));

    appliance.kill9().unwrap();
    assert_eq!(appliance.pid(), None);
    appliance.start().unwrap();
    assert_eq!(session.get("/").unwrap().status, 200, "the session outlives the crash");
    assert!(appliance.stop().unwrap().success());
}

#[test]
fn a_site_is_adopted_and_its_token_opens_the_api() {
    let mut site = Site::adopted(5).unwrap();
    let client = site.admin.client(&site.appliance).unwrap();
    assert_eq!(client.who_am_i().unwrap().user.as_deref(), Some("admin"));
    assert_eq!(client.devices(&DeviceQuery::default()).unwrap().total, 5);
    site.rack.lab().set(site.bmc(2).unwrap().addr, Change::Power(false)).unwrap();
    let off = DeviceQuery { q: Some("power:off".into()), ..DeviceQuery::default() };
    until("the poll sees it off", Duration::from_secs(20), || {
        Ok((client.devices(&off)?.total == 1).then_some(()))
    })
    .unwrap();
}

//! What the other tests stand on does what it says.

use e2e::appliance::Appliance;
use e2e::operator::Operator;
use e2e::rack::Rack;

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

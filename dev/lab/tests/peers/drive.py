"""Drives one simulated BMC with the clients sushy and redfish; arguments: library, URL, user, password file.

Prints one JSON object with what the library saw; the test holds it against what the lab knows.
"""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

TIMEOUT = 20.0


def wait_for(state, wanted):
    """Reads the power until it is the wanted one; the deadline fails the test, it does not pass it."""
    deadline = time.monotonic() + TIMEOUT
    while state() != wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"power is {state()!r} and not {wanted!r} after {TIMEOUT} s")
        time.sleep(0.02)


def with_sushy(url, user, password):
    import sushy
    from sushy import auth

    session = auth.SessionAuth(user, password)
    root = sushy.Sushy(url + "/redfish/v1", auth=session, verify=False)
    systems = root.get_system_collection().get_members()
    system = systems[0]

    def power():
        system.refresh(force=True)
        return system.power_state.value

    before = power()
    if before == "Off":
        system.reset_system(sushy.RESET_ON)
        wait_for(power, "On")
    system.reset_system(sushy.RESET_FORCE_OFF)
    wait_for(power, "Off")
    system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
    system.refresh(force=True)
    seen = {
        "systems": len(systems),
        "model": system.model,
        "serial": root.get_chassis_collection().get_members()[0].serial_number,
        "boot": system.boot.target.value,
        "processors": len(system.processors.get_members()),
        "drives": sum(len(storage.drives) for storage in system.storage.get_members()),
        "managers": [manager.manager_type.value for manager in root.get_manager_collection().get_members()],
        "firmware": len(root.get_update_service().firmware_inventory.get_members()),
    }
    session.close()
    return seen


def with_redfish(url, user, password):
    import redfish

    client = redfish.redfish_client(base_url=url, username=user, password=password)
    client.login(auth="session")
    member = client.get("/redfish/v1/Systems").dict["Members"][0]["@odata.id"]

    def power():
        return client.get(member).dict["PowerState"]

    system = client.get(member).dict
    if power() == "Off":
        client.post(system["Actions"]["#ComputerSystem.Reset"]["target"], body={"ResetType": "On"})
        wait_for(power, "On")
    answer = client.post(system["Actions"]["#ComputerSystem.Reset"]["target"], body={"ResetType": "ForceOff"})
    wait_for(power, "Off")
    sessions = client.get(client.root["Links"]["Sessions"]["@odata.id"]).dict["Members@odata.count"]
    client.logout()
    return {"systems": 1, "model": system["Model"], "serial": system["SerialNumber"], "reset": answer.status, "sessions": sessions}


def main():
    library, url, user, password_file = sys.argv[1:]
    with open(password_file, encoding="utf-8") as file:
        password = file.read().strip()
    drive = {"sushy": with_sushy, "redfish": with_redfish}[library]
    print(json.dumps(drive(url, user, password)))


main()

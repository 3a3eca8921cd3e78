//! The documents that ship with the product: the out-of-band scenario, and a site file to begin with.

/// The out-of-band scenario, as text.
pub const SCENARIO: &str = include_str!("../shipped/out_of_band_management.yaml");
/// The name that diagnostics tell for it.
pub const SCENARIO_FILE: &str = "out_of_band_management.yaml";
/// A site file of examples, whose remarks say what is to be changed.
pub const SITE: &str = include_str!("../shipped/site.yaml");
/// The name that diagnostics tell for it.
pub const SITE_FILE: &str = "site.yaml";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::read::{parse_scenario, parse_site, write};

    #[test]
    fn they_are_read_and_bound_and_survive_writing() {
        let scenario = parse_scenario(SCENARIO.as_bytes(), SCENARIO_FILE);
        assert_eq!(scenario.diagnostics, []);
        let scenario = scenario.document.unwrap().content;
        let site = parse_site(SITE.as_bytes(), SITE_FILE);
        assert_eq!(site.diagnostics, []);
        let site = site.document.unwrap().content;
        let plan = Plan::bind(&scenario, &site).unwrap();
        let rules: Vec<&str> = plan.rules.iter().map(|rule| rule.app_id.as_str()).collect();
        assert_eq!(
            rules,
            [
                "infra_mgmt_web",
                "bmc_management",
                "icmp_probe",
                "slp",
                "dns",
                "firmware_update",
                "clear_text_mgmt",
                "ntp",
                "ntp",
                "syslog",
                "directory"
            ]
        );
        let again = parse_scenario(write(&scenario).unwrap().as_bytes(), "again").document.unwrap();
        assert_eq!(again.content, scenario);
        let again = parse_site(write(&site).unwrap().as_bytes(), "again").document.unwrap();
        assert_eq!(again.content, site);
    }
}

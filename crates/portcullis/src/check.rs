//! `portcullis check`: what is wrong with the configuration, before the appliance is started.

use crate::cli::Place;
use crate::config::{Problem, read};
use crate::exit::Exit;

/// Runs the verb.
pub fn run(place: &Place, json: bool) -> Result<(), Exit> {
    let file = place.config_file();
    match read(&file) {
        Ok(_) if json => println!("{}", serde_json::json!({ "problems": [] })),
        Ok(_) => println!("{}: nothing is wrong", file.display()),
        Err(problems) if json => {
            println!("{}", serde_json::json!({ "problems": problems }));
            return Err(Exit::Wrong(Vec::new()));
        }
        Err(found) => return Err(problems(found)),
    }
    Ok(())
}

/// The problems as the exit that ends the program.
pub fn problems(problems: Vec<Problem>) -> Exit {
    Exit::Wrong(problems.iter().map(ToString::to_string).collect())
}

//! The client of the appliance's API that the verbs use.

use crate::cli::Remote;
use crate::exit::Exit;
use anyhow::Context as _;
use api::Client;
use model::Secret;

/// A client from the options.
pub fn client(remote: &Remote) -> Result<Client, Exit> {
    let token = match &remote.token_file {
        Some(file) => {
            let read = std::fs::read_to_string(file).with_context(|| format!("read the token in {}", file.display()))?;
            Some(Secret::new(read.trim().to_owned()))
        }
        None => None,
    };
    let authority = match &remote.ca {
        Some(file) => Some(std::fs::read(file).with_context(|| format!("read the certificate {}", file.display()))?),
        None => None,
    };
    Ok(Client::new(&remote.url, authority.as_deref(), token)?)
}

/// A password from a file, its last line end removed.
pub fn password(file: &std::path::Path) -> Result<Secret<String>, Exit> {
    let read = std::fs::read_to_string(file).with_context(|| format!("read the password in {}", file.display()))?;
    let text = Secret::new(read);
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

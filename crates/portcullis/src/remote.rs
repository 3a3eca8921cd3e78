//! The client of the appliance's API that the verbs use.

use crate::cli::Remote;
use crate::exit::Exit;
use crate::files;
use anyhow::Context as _;
use api::Client;

/// A client from the options.
pub fn client(remote: &Remote) -> Result<Client, Exit> {
    let token = match &remote.token_file {
        Some(file) => Some(files::secret(file)?),
        None => None,
    };
    let authority = match &remote.ca {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("read the certificate {}", file.display()))?)
        }
        None => None,
    };
    Ok(Client::new(&remote.url, authority.as_deref(), token)?)
}

//! A person at the forms, with a browser that knows no JavaScript: first login, sign-in, an API token.

use crate::appliance::Appliance;
use crate::totp;
use anyhow::{Context as _, ensure};
use api::Client;
use model::Secret;
use ureq::http::header::{LOCATION, SET_COOKIE};

/// What every test's administrator chooses.
pub const PASSWORD: &str = "seven grey herons at 3am";

/// Somebody who has an account.
pub struct Operator {
    /// The account.
    pub name: String,
    /// The authenticator's key, Base32.
    pub key: String,
    /// Recovery codes that are not used up.
    pub recovery: Vec<String>,
}

/// A browser that is signed in.
pub struct Session {
    agent: ureq::Agent,
    root: String,
    /// The cookie, `name=value`.
    pub cookie: String,
    /// What every form carries.
    pub csrf: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Where it sends the browser, for a redirect.
    pub location: Option<String>,
    /// Its text.
    pub text: String,
}

impl Operator {
    /// Walks through the first login of `admin`.
    ///
    /// # Errors
    /// If a page is not as it should be.
    pub fn enrol(appliance: &Appliance) -> anyhow::Result<Self> {
        Self::enrol_with(appliance, "admin", appliance.first_login())
    }

    /// Walks through the first login behind any one-time link.
    ///
    /// # Errors
    /// If a page is not as it should be.
    pub fn enrol_with(appliance: &Appliance, name: &str, link: &str) -> anyhow::Result<Self> {
        let agent = appliance.agent()?;
        let form = agent.get(link).call()?.body_mut().read_to_string()?;
        let key: String = between(&form, "<p class=\"secret\">", "</p>").context("the key")?.replace(' ', "");
        let code = totp::code(&key, 0)?;
        let sent = [("password", PASSWORD), ("again", PASSWORD), ("code", &code)];
        let mut answer = agent.post(link).send_form(sent)?;
        let text = answer.body_mut().read_to_string()?;
        ensure!(answer.status() == 200, "the first login was refused: {text}");
        let mut recovery: Vec<String> = text
            .split("<li class=\"secret\">")
            .skip(1)
            .filter_map(|item| item.split('<').next())
            .map(str::to_owned)
            .collect();
        ensure!(recovery.len() > 1, "no recovery codes were shown: {text}");
        recovery.reverse();
        Ok(Self { name: name.to_owned(), key, recovery })
    }

    /// Signs in, with a recovery code: one of the authenticator is good for one sign-in in half a minute.
    ///
    /// # Errors
    /// If it is refused.
    pub fn sign_in(&mut self, appliance: &Appliance) -> anyhow::Result<Session> {
        let code = self.recovery.pop().context("all recovery codes are used up")?;
        let agent = appliance.agent()?;
        let sent =
            [("name", self.name.as_str()), ("password", PASSWORD), ("code", &code), ("next", "/account")];
        let mut answer = agent.post(appliance.at("/sign-in")).send_form(sent)?;
        let cookie =
            answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()?.split(';').next());
        let Some(cookie) = cookie.map(str::to_owned) else {
            anyhow::bail!("the sign-in was refused: {}", answer.body_mut().read_to_string()?);
        };
        let mut session = Session { agent, root: appliance.url(), cookie, csrf: String::new() };
        let account = session.get("/account")?.text;
        session.csrf = between(&account, "<meta name=\"csrf\" content=\"", "\"").context("csrf")?.to_owned();
        Ok(session)
    }

    /// Signs in, makes a token that may all that the account may, and is the API's client from then on.
    ///
    /// # Errors
    /// If a page is not as it should be.
    pub fn client(&mut self, appliance: &Appliance) -> anyhow::Result<Client> {
        let token = self.sign_in(appliance)?.token("administrator", "all")?;
        Ok(Client::new(&appliance.url(), Some(appliance.certificate()), Some(token))?)
    }
}

impl Session {
    /// Reads a page.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Page> {
        Page::read(self.ask(path)?)
    }

    /// Asks for a page, or anything else, and comes back with the answer's first bytes.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn ask(&self, path: &str) -> anyhow::Result<ureq::http::Response<ureq::Body>> {
        Ok(self.agent.get(format!("{}{path}", self.root)).header("cookie", &self.cookie).call()?)
    }

    /// Sends a form, with what it must carry.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let asked = self.agent.post(format!("{}{path}", self.root)).header("cookie", &self.cookie);
        let all = fields.iter().copied().chain([("csrf", self.csrf.as_str())]);
        Page::read(asked.send_form(all)?)
    }

    /// Makes an API token on the account's page.
    ///
    /// # Errors
    /// If it is refused.
    pub fn token(&self, role: &str, scope: &str) -> anyhow::Result<Secret<String>> {
        let fields = [("label", "tests"), ("role", role), ("scope", scope), ("days", "1")];
        let page = self.post("/account/tokens", &fields)?;
        let token = between(&page.text, "<p class=\"secret\">", "</p>");
        Ok(token.with_context(|| format!("no token was made: {}", page.text))?.into())
    }
}

impl Page {
    fn read(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<Self> {
        let location = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string()?;
        Ok(Self { status: answer.status().as_u16(), location, text })
    }
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

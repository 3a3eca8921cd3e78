//! Questions as people write them, and the picture of zones.

use super::{Policies, Which, blocking};
use ::policy::drawing::Drawing;
use ::policy::names::Hosts;
use ::policy::question::{Known, ask};
use model::{Actor, Failure, Kind};

pub use ::policy::explain::{End, Nearest, Shadow};
pub use ::policy::question::{Answer, Answers, Question as Written};

impl Policies {
    /// Answers a question as somebody wrote it: for every address and service that it stands for.
    ///
    /// # Errors
    /// As [`Policies::plan`]; `Invalid` for what cannot be asked, with what to do.
    pub async fn ask(
        &self,
        actor: &Actor,
        which: Which,
        question: Written,
        language: &str,
    ) -> Result<Answers, Failure> {
        let (_, bound) = self.plan(actor, which).await?;
        let mut hosts = bound.site.hosts.clone();
        for name in [question.from.trim(), question.to.trim()] {
            self.add_device(actor, name, &mut hosts);
        }
        let (asked, language) = (self.asked(), language.to_owned());
        let answers = blocking(move || {
            let known = Known { hosts: &hosts, applications: &bound.site.applications };
            ask(&bound.evaluator, known, &question, &asked, &language)
        });
        answers.await?.map_err(|wrong| {
            Failure::new(Kind::Invalid, "ask", format!("about `{}`", wrong.field), wrong.what)
                .hint(wrong.hint)
        })
    }

    /// A device that the actor may see, under its name; the site's own hosts go before.
    fn add_device(&self, actor: &Actor, name: &str, hosts: &mut Hosts) {
        if !hosts.contains_key(name)
            && let Ok(device) = self.door.device(actor, name)
        {
            hosts.insert(name.to_owned(), vec![device.endpoint.addr.to_canonical()]);
        }
    }

    /// The zones and what passes between them, laid out.
    ///
    /// # Errors
    /// As [`Policies::plan`].
    pub async fn drawing(&self, actor: &Actor, which: Which) -> Result<Drawing, Failure> {
        let (_, bound) = self.plan(actor, which).await?;
        blocking(move || bound.drawing().clone()).await
    }
}

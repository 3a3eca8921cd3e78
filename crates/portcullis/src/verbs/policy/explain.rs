//! `portcullis policy explain`: may this pass, by which rule, and why.

use super::files::{self, Files};
use super::paint::{self, Colour, Colours};
use super::{questions, refused, wrong};
use crate::exit::Exit;
use crate::output::{harmless, show, table};
use clap::Args;
use policy::evaluate::Asked;
use policy::explain::{End, Explanation};
use policy::question::{Answer, Answers, Known, Question, ask};
use std::net::IpAddr;
use std::path::PathBuf;

/// Options of `policy explain`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    pub files: Files,
    /// Who asks: an address, a host's name, a zone (one address of each part of it that rules tell apart), or `appliance`.
    #[arg(long, value_name = "WHO", required_unless_present = "questions")]
    pub from: Option<String>,
    /// Who is asked.
    #[arg(long, value_name = "WHOM", required_unless_present = "questions")]
    pub to: Option<String>,
    /// `tcp`, `udp`, `icmp` (ICMPv6 between IPv6 addresses), `icmp6`, or a protocol's number.
    #[arg(long, value_name = "PROTOCOL")]
    pub proto: Option<String>,
    /// The port of TCP or UDP that is to be reached.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// The port of UDP that it comes from; it matters for answers to a multicast request.
    #[arg(long, value_name = "PORT")]
    pub source_port: Option<u16>,
    /// The type of ICMP; the echo request, if nothing is said.
    #[arg(long = "type", value_name = "NUMBER")]
    pub icmp_type: Option<u8>,
    /// In place of --proto and --port: `tcp/443`, `443`, `ping`, or an application by its app_id.
    #[arg(long, visible_alias = "app", value_name = "SERVICE|APP_ID")]
    pub service: Option<String>,
    /// The appliance's interface that it comes in by, or leaves by where the appliance sends it.
    #[arg(long, value_name = "IFACE")]
    pub via: Option<String>,
    /// It belongs to a connection that was open before; it is judged like a new one.
    #[arg(long)]
    pub established: bool,
    /// The destination has asked this multicast group a moment ago, and this may be the answer.
    #[arg(long, value_name = "GROUP")]
    pub asked: Option<IpAddr>,
    /// The language of rationales.
    #[arg(long, default_value = "en", value_name = "TAG")]
    pub language: String,
    /// Many questions at once: a file with a JSON object on each line, `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to", "proto", "port", "source_port", "icmp_type", "service", "via", "established", "asked"])]
    pub questions: Option<PathBuf>,
}

impl Options {
    fn question(&self) -> Question {
        Question {
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone().unwrap_or_default(),
            proto: self.proto.clone(),
            port: self.port,
            source_port: self.source_port,
            icmp_type: self.icmp_type,
            service: self.service.clone(),
            via: self.via.clone(),
            established: self.established,
            asked: self.asked,
        }
    }
}

/// Runs the verb.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    let bound = files::bound(&options.files, json)?;
    let known = Known::of(&bound.site.content);
    if let Some(file) = &options.questions {
        return questions::run(file, &bound.evaluator, known, &options.language, json);
    }
    if options.asked.is_some() && options.source_port.is_none() {
        let hint = "give the port that was asked with --source-port, such as 427";
        return Err(refused("ask about", "--asked", "an answer comes from the port that was asked", hint));
    }
    let question = options.question();
    let answers = ask(&bound.evaluator, known, &question, &Asked::default(), &options.language);
    let answers = answers.map_err(|error| wrong(&error))?;
    if json {
        return Ok(show(true, &answers, |_| String::new())?);
    }
    paint::print(&human(&answers, Colours::of_output()));
    Ok(())
}

fn human(answers: &Answers, colours: Colours) -> String {
    if answers.also.is_empty() {
        return one(&answers.first, colours);
    }
    let rows: Vec<Vec<String>> = answers.all().map(row).collect();
    let all = harmless(&table(&["Verdict", "Rule", "From", "To", "On", "Why"], &rows));
    format!("{all}\n\n{}", one(&answers.first, colours))
}

fn row(answer: &Answer) -> Vec<String> {
    let Explanation { verdict, why, from, to, .. } = &answer.explanation;
    vec![
        paint::verdict(*verdict, Colours::Off),
        decider(&answer.explanation),
        from.address.to_string(),
        to.address.to_string(),
        answer.service.clone(),
        why.clone(),
    ]
}

/// The rule that decided.
pub fn decider(explanation: &Explanation) -> String {
    match (explanation.rule, &explanation.app_id) {
        (Some(rule), Some(app_id)) => format!("{rule} {app_id}"),
        _ => "-".to_owned(),
    }
}

fn one(answer: &Answer, colours: Colours) -> String {
    let Explanation { verdict, why, rationale, path, enforced, from, to, shadow, nearest, .. } =
        &answer.explanation;
    let via = answer.via.as_ref().map(|via| format!(", via {via}")).unwrap_or_default();
    let path = format!("{path:?}").to_lowercase();
    let mut lines = vec![format!(
        "{}  {} -> {} on {}, {path}{}",
        paint::verdict(*verdict, colours),
        end(from),
        end(to),
        answer.service,
        harmless(&via)
    )];
    let mut add = |title: &str, text: &str| {
        lines.push(format!("  {}  {}", colours.paint(Colour::Grey, &format!("{title:<9}")), harmless(text)));
    };
    add("why", why);
    if let Some(rationale) = rationale {
        add("rationale", rationale.trim());
    }
    if !enforced {
        add("enforced", "no: the appliance does not see it");
    }
    for one in shadow {
        let would = paint::verdict(one.would, Colours::Off);
        add("shadow", &format!("rule {} ({}) would {would} it, were it not on trial", one.rule, one.app_id));
    }
    if let Some(nearest) = nearest {
        add("nearest", &format!("rule {} ({}): {}", nearest.rule, nearest.app_id, nearest.missing));
    }
    lines.join("\n")
}

fn end(end: &End) -> String {
    let place = match (&end.zone, end.appliance) {
        (_, true) => "the appliance",
        (Some(zone), false) => zone,
        (None, false) => "no zone",
    };
    harmless(&format!("{} ({place})", end.address))
}

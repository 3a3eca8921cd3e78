//! Many questions at once: a JSON object on each line in, an answer on each line out, in the same order.

use super::{explain, paint, refused};
use crate::exit::Exit;
use crate::output::harmless;
use policy::evaluate::{Asked, Evaluator};
use policy::question::{Answers, Known, MAX_QUESTION_BYTES, Wrong, ask, parse};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::Path;

/// What is printed for a line.
#[derive(Serialize)]
struct Line<'a> {
    /// Which line of the input.
    line: usize,
    #[serde(flatten)]
    answers: Option<Answers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Wrong>,
}

/// Answers all questions of a file.
pub fn run(
    path: &Path,
    evaluator: &Evaluator,
    known: Known<'_>,
    language: &str,
    json: bool,
) -> Result<(), Exit> {
    let unreadable = |error: io::Error| {
        refused(
            "read",
            &path.display().to_string(),
            &error.to_string(),
            "name a file with --questions, or `-` for standard input",
        )
    };
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failed = 0usize;
    for number in 1.. {
        let Some(line) = next(&mut input).map_err(unreadable)? else { break };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answers =
            parse(&line).and_then(|question| ask(evaluator, known, &question, &Asked::default(), language));
        failed += usize::from(answers.is_err());
        let written =
            if json { as_json(&mut out, number, answers) } else { as_text(&mut out, number, answers) };
        if written.is_err() {
            // A reader that has seen enough (`| head`) is no error.
            return Ok(());
        }
    }
    let _closed = out.flush();
    match failed {
        0 => Ok(()),
        failed => Err(Exit::Wrong(vec![format!(
            "{failed} of the questions could not be asked; their lines say why"
        )])),
    }
}

/// The next line without its end, as much of it as a question may have and one byte more; `None` at the end.
fn next(input: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = MAX_QUESTION_BYTES as u64 + 1;
    if input.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else {
        // What is beyond the bound is passed over, not kept.
        input.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

fn as_json(out: &mut dyn Write, line: usize, answers: Result<Answers, Wrong>) -> io::Result<()> {
    let line = match &answers {
        Ok(answers) => Line { line, answers: Some(answers.clone()), error: None },
        Err(error) => Line { line, answers: None, error: Some(error) },
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

fn as_text(out: &mut dyn Write, line: usize, answers: Result<Answers, Wrong>) -> io::Result<()> {
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            return writeln!(out, "{line}: {} ({})", harmless(&error.to_string()), harmless(&error.hint));
        }
    };
    for answer in answers.all() {
        let told = &answer.explanation;
        let verdict = paint::verdict(told.verdict, paint::Colours::of_output());
        let (from, to) = (told.from.address, told.to.address);
        let why = harmless(&told.why);
        writeln!(
            out,
            "{line}: {verdict} {from} -> {to} {}: {} ({why})",
            answer.service,
            explain::decider(told)
        )?;
    }
    Ok(())
}

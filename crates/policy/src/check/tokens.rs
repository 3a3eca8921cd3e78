//! Prose as sentences and words.

/// A word, and where it begins in the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub at: usize,
}

/// The sentences of a text, each as its words. `udp/623`, `CIM-HTTP` and `T1542.001` are one word each.
pub fn sentences(text: &str) -> Vec<Vec<Token<'_>>> {
    let mut sentences = vec![Vec::new()];
    let mut chars = text.char_indices().peekable();
    let mut start = None;
    let mut ends = false;
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let joins =
            matches!(c, '/' | '-' | '.' | '_') && start.is_some() && next.is_some_and(char::is_alphanumeric);
        if c.is_alphanumeric() || joins {
            start = start.or(Some(at));
            if std::mem::take(&mut ends) {
                sentences.push(Vec::new());
            }
            if next.is_some_and(|next| next.is_alphanumeric() || matches!(next, '/' | '-' | '.' | '_')) {
                continue;
            }
            push(&mut sentences, text, start.take(), at + c.len_utf8());
        } else {
            push(&mut sentences, text, start.take(), at);
            ends |= matches!(c, '.' | '!' | '?' | '。') && next.is_none_or(char::is_whitespace);
        }
    }
    push(&mut sentences, text, start, text.len());
    sentences
}

fn push<'a>(sentences: &mut [Vec<Token<'a>>], text: &'a str, start: Option<usize>, end: usize) {
    if let (Some(start), Some(sentence)) = (start, sentences.last_mut())
        && let Some(word) = text.get(start..end)
    {
        sentence.push(Token { text: word, at: start });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<&str>> {
        sentences(text).into_iter().map(|words| words.into_iter().map(|word| word.text).collect()).collect()
    }

    #[test]
    fn a_text_falls_into_sentences_and_words() {
        assert_eq!(
            words("Dropped (udp/623, CIM-HTTP — rule 2). See T1542.001 - and\nrule 3."),
            [
                vec!["Dropped", "udp/623", "CIM-HTTP", "rule", "2"],
                vec!["See", "T1542.001", "and", "rule", "3"]
            ]
        );
        assert_eq!(words(""), [Vec::<&str>::new()]);
        assert_eq!(words("a-"), [["a"]]);
        let text = "über rule 7";
        assert!(
            sentences(text)[0]
                .iter()
                .all(|word| text.get(word.at..).is_some_and(|rest| rest.starts_with(word.text)))
        );
    }
}

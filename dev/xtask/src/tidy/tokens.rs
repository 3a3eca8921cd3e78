//! Walking Rust tokens, macros' bodies included, which a syntax tree does not show.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// Something that a rule may be about, found among the tokens.
pub enum Seen<'a> {
    /// The inside of `#[…]` or `#![…]`.
    Attribute { line: usize, inside: TokenStream },
    /// `name!`, and what it is called with, if that follows at once.
    Call { name: &'a Ident, arguments: Option<TokenStream> },
    /// A string literal's value.
    Text { line: usize, value: String },
}

/// Calls `see` with everything found in `text`, in order; text that is no Rust shows nothing.
pub fn walk(text: &str, see: &mut dyn FnMut(Seen<'_>)) {
    if let Ok(stream) = text.parse::<TokenStream>() {
        walk_stream(stream, see);
    }
}

/// As [`walk`], over tokens.
pub fn walk_stream(stream: TokenStream, see: &mut dyn FnMut(Seen<'_>)) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let next = tokens.get(at + 1);
                let next = if is_bang(next) { tokens.get(at + 2) } else { next };
                if let Some(inside) = group(next, Some(Delimiter::Bracket)) {
                    see(Seen::Attribute { line: punct.span().start().line, inside });
                }
            }
            TokenTree::Ident(name) if is_bang(tokens.get(at + 1)) => {
                see(Seen::Call { name, arguments: group(tokens.get(at + 2), None) });
            }
            TokenTree::Group(inner) => walk_stream(inner.stream(), see),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    see(Seen::Text { line: literal.span().start().line, value: text.value() });
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn is_bang(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
}

/// The tokens inside, if `token` is a group, and of that delimiter if one is asked for.
fn group(token: Option<&TokenTree>, delimiter: Option<Delimiter>) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(group)) if delimiter.is_none_or(|wanted| group.delimiter() == wanted) => {
            Some(group.stream())
        }
        _ => None,
    }
}

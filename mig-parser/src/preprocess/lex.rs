//! Preprocessing tokens: where one ends and what it is.
//!
//! Everything here is a function of bytes and an offset. Continuation lines are gone (see [`super::buffers`]), so a
//! newline ends a logical line; `\r`, `\f` and `\v` are blanks. Bytes from 128 on are letters, hence every boundary
//! is one of characters, too.

/// What a preprocessing token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// An identifier or keyword; `$` is a letter, as in C compilers.
    Name,
    /// A digit, or a dot and a digit, and all that clings to it.
    Number,
    /// `"text"`.
    Text,
    /// `'c'`.
    Character,
    /// A quote without its partner, and the rest of the line: an apostrophe in prose.
    Unterminated,
    /// An operator or another mark.
    Mark,
    /// `defined` and its operand, in a condition: whether there is such a macro.
    Defined(bool),
}

/// What a byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Newline,
    /// A blank which is copied to the output.
    Blank,
    /// A blank which becomes a space in the output, because MIG knows no such blank.
    OddBlank,
    Letter,
    Digit,
    Quote,
    Slash,
    Hash,
    Mark,
}

/// The class of each byte.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'\n' => Class::Newline,
            b' ' | b'\t' => Class::Blank,
            b'\r' | 0x0b | 0x0c => Class::OddBlank,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'"' | b'\'' => Class::Quote,
            b'/' => Class::Slash,
            b'#' => Class::Hash,
            _ => Class::Mark,
        };
        byte += 1;
    }
    classes
};

pub(crate) fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

/// Kind and end of the token at an offset where no blank, newline or comment stands.
pub(crate) fn token(bytes: &[u8], at: usize) -> (Kind, usize) {
    match class(bytes[at]) {
        Class::Letter => {
            let end = word_end(bytes, at);
            match bytes.get(end) {
                Some(b'"' | b'\'') if is_prefix(&bytes[at..end]) => literal(bytes, end),
                _ => (Kind::Name, end),
            }
        }
        Class::Digit => (Kind::Number, number_end(bytes, at)),
        Class::Quote => literal(bytes, at),
        _ if bytes[at] == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
            (Kind::Number, number_end(bytes, at))
        }
        _ => (Kind::Mark, at + mark_length(&bytes[at..])),
    }
}

/// The end of the letters and digits from here on.
pub(super) fn word_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..]
        .iter()
        .position(|it| !matches!(class(*it), Class::Letter | Class::Digit))
        .unwrap_or(bytes.len() - at)
}

fn number_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'+' | b'-' if matches!(bytes[end - 1], b'e' | b'E' | b'p' | b'P') => {}
            b'.' => {}
            _ if matches!(class(*byte), Class::Letter | Class::Digit) => {}
            _ => break,
        }
        end += 1;
    }
    end
}

/// Whether a word directly before a quote belongs to the literal.
pub(super) fn is_prefix(word: &[u8]) -> bool {
    matches!(word, b"L" | b"u" | b"U" | b"u8")
}

/// Kind and end of the literal whose quote is here.
pub(crate) fn literal(bytes: &[u8], at: usize) -> (Kind, usize) {
    let quote = bytes[at];
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\n' => break,
            b'\\' if bytes.get(end + 1).is_some_and(|it| *it != b'\n') => end += 1,
            _ if *byte == quote => return (if quote == b'"' { Kind::Text } else { Kind::Character }, end + 1),
            _ => {}
        }
        end += 1;
    }
    (Kind::Unterminated, end)
}

/// Marks of more than one byte, the longest first.
const LONG_MARKS: [&[u8]; 23] = [
    b"...", b"<<=", b">>=", b"##", b"->", b"++", b"--", b"<<", b">>", b"<=", b">=", b"==", b"!=", b"&&", b"||", b"+=",
    b"-=", b"*=", b"/=", b"%=", b"&=", b"^=", b"|=",
];

fn mark_length(bytes: &[u8]) -> usize {
    let doubled = bytes.get(1).is_some_and(|it| matches!(it, b'=' | b'>') || *it == bytes[0]);
    let long = doubled.then(|| LONG_MARKS.iter().find(|it| bytes.starts_with(it))).flatten();
    long.map_or(1, |it| it.len())
}

/// Blanks and comments before a token.
pub(super) struct Gap {
    /// Where the next token or newline is.
    pub(super) end: usize,
    /// The comment which does not end.
    pub(super) unterminated: Option<usize>,
}

/// The blanks and comments from here on; a newline counts only inside a comment.
pub(super) fn gap(bytes: &[u8], at: usize) -> Gap {
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match class(*byte) {
            Class::Blank | Class::OddBlank => end += 1,
            Class::Slash => match comment_end(bytes, end) {
                Comment::None => break,
                Comment::Ends(it) => end = it,
                Comment::Unterminated => return Gap { end: bytes.len(), unterminated: Some(end) },
            },
            _ => break,
        }
    }
    Gap { end, unterminated: None }
}

/// What a slash begins.
pub(crate) enum Comment {
    /// Nothing but a mark.
    None,
    /// A comment up to this offset; a line comment ends before the newline.
    Ends(usize),
    /// A comment up to the end of the file.
    Unterminated,
}

/// Whether a `#` which begins a line is at an offset, rather than `##` or something else.
pub(crate) fn is_hash(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b'#') && bytes.get(at + 1) != Some(&b'#')
}

/// Whether the slash at an offset begins a comment.
pub(super) fn begins_comment(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at + 1), Some(b'/' | b'*'))
}

/// The comment which the slash at an offset begins.
pub(crate) fn comment_end(bytes: &[u8], at: usize) -> Comment {
    match bytes.get(at + 1) {
        Some(b'/') => Comment::Ends(line_end(bytes, at)),
        Some(b'*') => {
            let mut from = at + 2;
            while let Some(star) = bytes[from..].iter().position(|it| *it == b'*') {
                from += star + 1;
                if bytes.get(from) == Some(&b'/') {
                    return Comment::Ends(from + 1);
                }
            }
            Comment::Unterminated
        }
        _ => Comment::None,
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().position(|it| *it == b'\n').unwrap_or(bytes.len() - at)
}

/// Whether two tokens would be read as something else if nothing stood between them: the kind and last byte of the
/// first, the kind and first byte of the second.
pub(super) fn would_join(first: (Kind, u8), second: (Kind, u8)) -> bool {
    match (first, second) {
        ((Kind::Name | Kind::Number, _), (Kind::Name | Kind::Number, _)) => true,
        ((Kind::Name, _), (Kind::Text | Kind::Character | Kind::Unterminated, _)) => true,
        ((Kind::Number, last), (Kind::Mark, next)) => {
            next == b'.' || (matches!(next, b'+' | b'-') && matches!(last, b'e' | b'E' | b'p' | b'P'))
        }
        ((Kind::Mark, b'.'), (Kind::Number, _)) => true,
        ((Kind::Mark, last), (Kind::Mark, next)) => match next {
            b'=' => b"=!<>+-*/%&^|".contains(&last),
            b'>' => b">-:%".contains(&last),
            b'*' => last == b'/',
            b':' | b'%' => b"<%".contains(&last),
            _ => last == next && b"+-<&|#./".contains(&next),
        },
        _ => false,
    }
}

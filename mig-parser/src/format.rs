//! Definition files in one style.
//!
//! This works on the text before the preprocessor, not on the syntax tree: comments, directives, both branches of
//! every conditional and macros of any kind stay where they are. The tokens are the same before and after, which is
//! checked each time, and a second run changes nothing.
//!
//! The style:
//!
//! * A statement begins a line. What belongs to it and stands on later lines is indented by four columns.
//! * A routine stands on one line if it was written on one and fits. Otherwise each argument has a line of its own, with
//!   the directions in one column, the names in the next and the types behind aligned colons. The members of a
//!   structure are treated alike.
//! * An annotation of a type stays on the line where it was written: the type's, or one of its own.
//! * Comments keep their lines. Those behind neighbouring lines are aligned.
//! * A directive begins in the first column and is otherwise left as it is, and so is what `#if 0` leaves out.
//! * Of several empty lines one remains.

mod gap;
mod layout;
mod lines;
mod pieces;

use crate::diag::codes::{command, preprocess};
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Place};
use pieces::{Piece, Stuck};

/// Columns of a line; a routine that needs more has a line for each argument.
const WIDTH: usize = 100;

/// One step of indentation, in columns.
const STEP: usize = 4;

/// The text of a definition file in canonical style. `file` is where reports say that it stands.
///
/// # Errors
/// If the text cannot be cut into tokens: a comment does not end, or a line outside of directives is continued by a
/// backslash.
///
/// ```
/// use mig_parser::format::format;
/// use mig_parser::source::{SourceFile, Sources};
///
/// let text = "routine demo_stop (\n\tserver: mach_port_t;  /* whom */\n\tout   code: int\n);";
/// let file = Sources::default().add(SourceFile::new("demo.defs", text));
/// let formatted = format(text, file).expect("it can be cut into tokens");
/// assert_eq!(
///     formatted,
///     "routine demo_stop(\n        server : mach_port_t; /* whom */\n    out code   : int);\n"
/// );
/// ```
pub fn format(text: &str, file: FileId) -> Result<String, Diagnostics> {
    let refuse = |it: Diagnostic| Err(Diagnostics(vec![it]));
    if let Err(stuck) = pieces::cut(text) {
        return refuse(report(&stuck, file));
    }
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |it| ("\u{feff}", it));
    let newline = if body.find('\n').is_some_and(|at| body[..at].ends_with('\r')) { "\r\n" } else { "\n" };
    let body = body.replace("\r\n", "\n");
    let formatted = match pieces::cut(&body) {
        Ok(pieces) => {
            let formatted = lines::write(&layout::lines(&pieces));
            if !same_tokens(&pieces, &formatted) {
                return refuse(changed(file));
            }
            formatted
        }
        Err(stuck) => return refuse(report(&stuck, file)),
    };
    let formatted = if newline == "\n" { formatted } else { formatted.replace('\n', newline) };
    Ok(format!("{mark}{formatted}"))
}

/// Whether a text has these tokens, comments and directives, but for blanks at the ends of comment lines.
fn same_tokens(pieces: &[Piece<'_>], text: &str) -> bool {
    let Ok(others) = pieces::cut(text) else { return false };
    let words = |it: &Piece<'_>| it.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    pieces.len() == others.len()
        && pieces.iter().zip(&others).all(|(one, other)| one.kind == other.kind && words(one) == words(other))
}

fn report(stuck: &Stuck, file: FileId) -> Diagnostic {
    let place = |at: usize, length: usize| Place { file, start: at as u32, end: (at + length) as u32 };
    match *stuck {
        Stuck::Comment(at) => {
            Diagnostic::new(&preprocess::UNTERMINATED_COMMENT, place(at, 2), "this comment does not end")
                .label("begins here")
                .help("close it with `*/`; comments do not nest")
        }
        Stuck::Continued(at) => {
            Diagnostic::new(&command::CANNOT_FORMAT, place(at, 1), "a continued line outside of a directive")
                .label("this backslash joins two lines")
                .note("what it joins may be the halves of one token, so the lines cannot be laid out anew")
                .help("join the lines")
        }
        Stuck::Unfinished(at) => Diagnostic::new(&command::CANNOT_FORMAT, place(at, 1), "the last line is continued")
            .label("nothing stands behind this backslash")
            .help("remove it"),
    }
}

/// The last line of defence: a formatter may not change what a file means.
fn changed(file: FileId) -> Diagnostic {
    let place = Place { file, start: 0, end: 0 };
    Diagnostic::new(&command::CANNOT_FORMAT, place, "formatting would change the tokens of this file")
        .note("this is a defect of the formatter; the file is left as it is")
}

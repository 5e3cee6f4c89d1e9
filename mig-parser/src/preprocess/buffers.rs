//! The texts that tokens are slices of.
//!
//! A file is read as its *logical* text, in which continuation lines are joined; [`Buffers::place`] leads back to the
//! text on disk. Tokens that no file contains (made by `#` and `##`) are slices of the scratch buffer.

use std::sync::Arc;

use super::lex::{self, Kind};
use crate::source::{FileId, Place};

/// A slice of a buffer, and how it came to be where it is. Copied freely.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Whether blanks stand before it.
    pub(super) space: bool,
    /// Whether it is the name of a macro that was being expanded when it was read, and hence never is one again.
    pub(super) painted: bool,
    pub(super) buffer: BufferId,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The step of [`Steps`](super::origins::Steps) that brought it here.
    pub(super) step: u32,
}

impl Token {
    /// Whether no file contains it.
    pub(super) fn is_made(&self) -> bool {
        self.buffer == SCRATCH
    }
}

/// Which text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BufferId(u32);

/// The text of tokens that were made rather than read.
const SCRATCH: BufferId = BufferId(0);

/// All texts.
#[derive(Default)]
pub(super) struct Buffers {
    scratch: String,
    /// For each made token its start in `scratch` and what it was made from.
    made: Vec<(u32, Place)>,
    files: Vec<FileBuffer>,
}

/// One inclusion of a file.
struct FileBuffer {
    logical: Logical,
    /// The parts between line markers: where each begins in the logical text.
    parts: Vec<(u32, FileId)>,
}

/// The text of a file without its line continuations.
#[derive(Clone)]
pub(super) struct Logical {
    pub(super) text: Arc<str>,
    /// Where something was left out, in order: the offset in `text`, and how many bytes are missing up to there.
    splices: Arc<[(u32, u32)]>,
}

impl Logical {
    /// Joins continued lines: a backslash, perhaps blanks that nobody sees, and a newline.
    pub(super) fn of(text: &Arc<str>) -> Logical {
        let mut joined = String::new();
        let mut splices = Vec::new();
        let mut kept = 0;
        for (backslash, _) in text.match_indices('\\') {
            let rest = &text[backslash + 1..];
            let line_rest = rest.trim_start_matches([' ', '\t', '\r', '\x0b', '\x0c']);
            if !line_rest.starts_with('\n') {
                continue;
            }
            joined.push_str(&text[kept..backslash]);
            kept = text.len() - line_rest.len() + 1;
            splices.push((joined.len() as u32, (kept - joined.len()) as u32));
        }
        if splices.is_empty() {
            return Logical { text: text.clone(), splices: Arc::from([]) };
        }
        joined.push_str(&text[kept..]);
        Logical { text: joined.into(), splices: splices.into() }
    }

    /// Where the byte at an offset stands on disk.
    fn physical(&self, offset: u32) -> u32 {
        let before = self.splices.partition_point(|it| it.0 <= offset);
        offset + before.checked_sub(1).map_or(0, |it| self.splices[it].1)
    }

    /// The next offset, beyond `start`, at which the text is not what stands on disk.
    pub(super) fn next_splice(&self, start: usize) -> Option<usize> {
        let next = self.splices.partition_point(|it| it.0 as usize <= start);
        self.splices.get(next).map(|it| it.0 as usize)
    }
}

impl Buffers {
    /// Adds an inclusion of a file.
    pub(super) fn add(&mut self, logical: Logical, file: FileId) -> BufferId {
        self.files.push(FileBuffer { logical, parts: vec![(0, file)] });
        BufferId(self.files.len() as u32)
    }

    /// From this offset on, the text belongs to another part of the file.
    pub(super) fn begin_part(&mut self, buffer: BufferId, offset: usize, file: FileId) {
        self.files[buffer.0 as usize - 1].parts.push((offset as u32, file));
    }

    /// What was written.
    pub(super) fn text(&self, token: &Token) -> &str {
        let text = match token.buffer {
            SCRATCH => &self.scratch,
            BufferId(it) => &*self.files[it as usize - 1].logical.text,
        };
        &text[token.start as usize..token.end as usize]
    }

    /// Where a token was written, or what it was made from.
    pub(super) fn place(&self, token: &Token) -> Place {
        if token.is_made() {
            let next = self.made.partition_point(|it| it.0 <= token.start);
            return self.made[next - 1].1;
        }
        self.place_in(token.buffer, token.start as usize, token.end as usize)
    }

    /// A range of a file's logical text, on disk.
    pub(super) fn place_in(&self, buffer: BufferId, start: usize, end: usize) -> Place {
        let file = &self.files[buffer.0 as usize - 1];
        let (start, end) = (start as u32, end as u32);
        let part = file.parts.partition_point(|it| it.0 <= start);
        let on_disk = file.logical.physical(start);
        let end = if end > start { file.logical.physical(end - 1) + 1 } else { on_disk };
        Place { file: file.parts[part - 1].1, start: on_disk, end }
    }

    /// The part of the file that is being read: parts are added as they are reached.
    pub(super) fn current_part(&self, buffer: BufferId) -> FileId {
        self.files[buffer.0 as usize - 1].parts.last().expect("a buffer has a part from its beginning").1
    }

    /// A token that no file contains. `text` is not empty.
    pub(super) fn make(&mut self, text: &str, kind: Kind, place: Place, step: u32) -> Token {
        let start = self.scratch.len() as u32;
        self.scratch.push_str(text);
        self.made.push((start, place));
        let end = self.scratch.len() as u32;
        Token { kind, space: false, painted: false, buffer: SCRATCH, start, end, step }
    }

    /// Bytes of all tokens that were made.
    pub(super) fn made_bytes(&self) -> usize {
        self.scratch.len()
    }

    /// Whether a token is this mark or word.
    pub(super) fn is(&self, token: &Token, text: &str) -> bool {
        matches!(token.kind, Kind::Mark | Kind::Name) && self.text(token) == text
    }

    /// The token of a file's text at an offset where no blank stands.
    pub(super) fn lex(bytes: &[u8], buffer: BufferId, at: usize, space: bool) -> Token {
        let (kind, end) = lex::token(bytes, at);
        Token { kind, space, painted: false, buffer, start: at as u32, end: end as u32, step: 0 }
    }
}

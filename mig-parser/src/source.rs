//! Files, and how they are read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of [`Sources`], or one part of a file between two line markers.
///
/// A file that is included twice is two of these: they differ in where they were included from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub(crate) u32);

/// A byte range of one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// Which file.
    pub file: FileId,
    /// First byte in [`SourceFile::text`].
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One file as the preprocessor saw it.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as a user wrote it or as the search found it; for text behind a line marker, the marker's name.
    pub name: String,
    /// The whole text, also for a part of a file. A file which is not UTF-8 was read as Latin-1.
    pub text: Arc<str>,
    /// Offset in `text` at which this part begins: 0, unless a line marker began it.
    pub begin: u32,
    /// Number that the line at `begin` has in reports: 1, unless a line marker says otherwise.
    pub first_line: u32,
    /// Where this file was included from.
    pub included_from: Option<Place>,
}

impl SourceFile {
    /// A whole file which nothing includes.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceFile {
        SourceFile { name: name.into(), text: text.into(), begin: 0, first_line: 1, included_from: None }
    }
}

/// Every file that was read, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    read: Vec<PathBuf>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        let id = FileId(self.files.len() as u32);
        self.files.push(file);
        id
    }

    /// The file with this id.
    ///
    /// # Panics
    /// If the id comes from other `Sources`.
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Remembers that a path was read, for dependency lists; standard input is not a dependency.
    pub(crate) fn note_read(&mut self, path: &Path) {
        if path != Path::new(STDIN) && !self.read.iter().any(|it| it == path) {
            self.read.push(path.to_owned());
        }
    }

    /// Every path that was read, each once, in the order of first use. What `-MD` and `rerun-if-changed` list.
    pub fn read(&self) -> &[PathBuf] {
        &self.read
    }

    /// Line (from 1, as reported) and column (from 1, in characters) of a byte offset.
    ///
    /// An offset beyond the text counts as its end, one inside a character as the start of the character. Line 0, which
    /// some preprocessors give to text of their own, counts as 1.
    pub fn line_column(&self, file: FileId, offset: u32) -> (u32, u32) {
        let file = self.get(file);
        let end = file.text.floor_char_boundary(offset as usize);
        let start = file.text[..end].rfind('\n').map_or(0, |it| it + 1);
        let begin = (file.begin as usize).min(start);
        let lines = file.text.as_bytes()[begin..start].iter().filter(|it| **it == b'\n').count() as u32;
        let column = file.text[start..end].chars().count() as u32;
        (file.first_line.saturating_add(lines).max(1), column + 1)
    }
}

/// How files are read: the disk for the command line, a map for tests.
///
/// Errors of kind [`NotFound`](io::ErrorKind::NotFound), [`NotADirectory`](io::ErrorKind::NotADirectory) and
/// [`IsADirectory`](io::ErrorKind::IsADirectory) let the search go on with the next directory; every other error is
/// reported. Input which is already in memory is served under a path of the caller's choice; for standard input that
/// is [`STDIN`], next to which nothing is found but what is relative to the working directory.
pub type Loader<'a> = dyn FnMut(&Path) -> io::Result<Vec<u8>> + 'a;

/// The path under which a loader serves standard input.
pub const STDIN: &str = "<stdin>";

/// Bytes that a file may have unless [`Limits`](crate::preprocess::Limits) say otherwise. A thousand times the
/// largest known definition, and far from what a [`Span`](crate::span::Span) can address.
pub const LARGEST_FILE: usize = 16 << 20;

/// Reads from disk, and stops just beyond [`LARGEST_FILE`]: a device may have no end.
pub fn from_disk(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let expected = file.metadata().map_or(0, |it| it.len().min(LARGEST_FILE as u64));
    // One more byte, so that the end is seen without growing.
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Text of a file's bytes: UTF-8, else Latin-1, in which old definitions are written. Nothing is lost.
pub(crate) fn decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|it| it.into_bytes().into_iter().map(char::from).collect())
}

//! Files, and how they are read.

use std::io;
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
    /// The text. Bytes which are not UTF-8 were read as Latin-1.
    pub text: Arc<str>,
    /// Number that the first line of `text` has in reports: 1, unless a line marker says otherwise.
    pub first_line: u32,
    /// Where this file was included from.
    pub included_from: Option<Place>,
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

    /// Remembers that a path was read from disk, for dependency lists.
    pub(crate) fn note_read(&mut self, path: &Path) {
        if !self.read.iter().any(|it| it == path) {
            self.read.push(path.to_owned());
        }
    }

    /// Every path that was read, each once, in the order of first use. What `-MD` and `rerun-if-changed` list.
    pub fn read(&self) -> &[PathBuf] {
        &self.read
    }

    /// Line (from 1, as reported) and column (from 1, in characters) of a byte offset.
    pub fn line_column(&self, file: FileId, offset: u32) -> (u32, u32) {
        let file = self.get(file);
        let mut end = (offset as usize).min(file.text.len());
        while !file.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &file.text[..end];
        let line = before.bytes().filter(|it| *it == b'\n').count() as u32;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u32;
        (file.first_line + line, column + 1)
    }
}

/// How files are read: the disk for the command line, a map for tests.
///
/// An error of kind [`NotFound`](io::ErrorKind::NotFound) lets the search go on with the next directory; every other
/// error is reported.
pub type Loader<'a> = dyn FnMut(&Path) -> io::Result<Vec<u8>> + 'a;

/// Reads from disk.
pub fn from_disk(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Text of a file's bytes: UTF-8, else Latin-1, in which old definitions are written. Nothing is lost.
pub(crate) fn decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|it| it.into_bytes().into_iter().map(char::from).collect())
}

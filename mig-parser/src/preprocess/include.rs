//! `#include`: finding, reading and remembering files.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::buffers::{Logical, Token};
use super::lex::Kind;
use super::reader::{Guard, Reader};
use super::{Preprocessor, Run};
use crate::diag::codes::preprocess as codes;
use crate::diag::{At, Diagnostic};
use crate::source::{self, FileId, Place, SourceFile};

/// Every path that was looked for: `None` if there is no such file.
#[derive(Default)]
pub(super) struct Cache(HashMap<PathBuf, Option<Rc<Cached>>>);

/// A file that was read.
pub(super) struct Cached {
    text: Arc<str>,
    logical: Logical,
    /// The macro whose `#ifndef` encloses the whole file.
    guard: RefCell<Option<Arc<str>>>,
    /// Whether the file said `#pragma once`.
    once: Cell<bool>,
}

/// A file that is being read.
pub(super) struct Open {
    path: PathBuf,
    cached: Rc<Cached>,
    /// The last offset whose line number was asked for, and the number.
    pub(super) line: Option<(FileId, u32, u32)>,
}

/// A file that the search found.
struct Found {
    path: PathBuf,
    cached: Rc<Cached>,
    /// Which directory of the list it was found in.
    index: Option<usize>,
}

/// What an `#include` asks for.
struct Header {
    name: String,
    angled: bool,
    place: Place,
}

impl Preprocessor<'_, '_> {
    /// Reads the file that the whole run is about.
    pub(super) fn read_root(&mut self, root: &Path) -> Run {
        match self.load(root, At::Nowhere)? {
            Some(cached) => self.enter_file(Found { path: root.to_owned(), cached, index: None }, None)?,
            None => return self.stop(cannot_read(root, At::Nowhere, "there is no such file")),
        }
        self.read_entered()
    }

    /// Reads a file of `-include` or `-imacros`, which is looked for like a quoted include of the working directory.
    pub(super) fn include_option(&mut self, path: &Path) -> Run {
        let mut searched = Vec::new();
        match self.search(path, Some(Path::new("")), 0, At::Nowhere, &mut searched)? {
            Some(found) => self.enter_file(found, None)?,
            None => self.report_missing(path, At::Nowhere, &searched, None)?,
        }
        self.read_entered()
    }

    /// Obeys `#include` or `#include_next`.
    pub(super) fn include_directive(&mut self, reader: &mut Reader, keyword: &Token, in_call: bool) -> Run {
        let Some(header) = self.header(reader, keyword)? else { return Ok(()) };
        if in_call {
            let message = "`#include` inside the arguments of a macro";
            let it = Diagnostic::new(&codes::INCLUDE_IN_CALL, self.buffers.place(keyword), message);
            return self.report(it.label("cannot stand here").help("close the call first, or include before it"));
        }
        let next = self.buffers.is(keyword, "include_next");
        let first = if next { reader.found_in.map_or(0, |it| it + 1) } else { 0 };
        let dir = (!next && !header.angled).then_some(&*reader.dir);
        let (name, at) = (Path::new(&header.name), At::File(header.place));
        let mut searched = Vec::new();
        match self.search(name, dir, first, at, &mut searched)? {
            Some(found) => self.enter_file(found, Some(header.place)),
            None => {
                let beside = reader.dir.join(name);
                let other_form = header.angled && self.load(&beside, at)?.is_some();
                self.report_missing(name, at, &searched, other_form.then(|| format!("\"{}\"", header.name)))
            }
        }
    }

    /// What `#include` names; the rest of the line is stepped over.
    fn header(&mut self, reader: &mut Reader, keyword: &Token) -> Run<Option<Header>> {
        self.skip_blanks(reader, false)?;
        let text = reader.logical.text.clone();
        let start = reader.at;
        let line = text[start..].split('\n').next().unwrap_or_default();
        let closing = match line.as_bytes().first() {
            Some(b'<') => line.find('>'),
            Some(b'"') => line[1..].find('"').map(|it| it + 1),
            _ => None,
        };
        if let Some(length) = closing {
            reader.at += length + 1;
            let place = self.place_of(reader, start, reader.at);
            let rest = self.rest_of_line(reader)?;
            self.check_extra_tokens(keyword, &rest)?;
            return self.named(&line[..=length], place);
        }
        let tokens = self.rest_of_line(reader)?;
        let place = tokens.first().map_or(self.buffers.place(keyword), |it| self.buffers.place(it));
        let expanded = self.expand_operand(&tokens)?;
        let computed = self.spelling(&expanded);
        let closed = computed.starts_with('<') && computed.ends_with('>')
            || expanded.len() == 1 && expanded[0].kind == Kind::Text && computed.starts_with('"');
        if closed && computed.len() > 1 {
            return self.named(&computed, place);
        }
        self.bad_header(place)
    }

    /// Tokens as they would be written.
    fn spelling(&self, tokens: &[Token]) -> String {
        let mut text = String::new();
        for (index, token) in tokens.iter().enumerate() {
            if index > 0 && token.space {
                text.push(' ');
            }
            text.push_str(self.buffers.text(token));
        }
        text
    }

    fn named(&mut self, quoted: &str, place: Place) -> Run<Option<Header>> {
        let name = &quoted[1..quoted.len() - 1];
        if name.is_empty() {
            return self.bad_header(place);
        }
        Ok(Some(Header { name: name.to_owned(), angled: quoted.starts_with('<'), place }))
    }

    fn bad_header(&mut self, place: Place) -> Run<Option<Header>> {
        let it = Diagnostic::new(&codes::BAD_INCLUDE, place, "`#include` without the name of a file");
        let it = it.label("expected `\"name\"` or `<name>`");
        self.report(it.help("a macro may stand here if it expands to one of the two"))?;
        Ok(None)
    }

    /// Looks for a file: in `dir`, then in the list from its directory `first` on. Where it looked is left behind.
    fn search(
        &mut self,
        name: &Path,
        dir: Option<&Path>,
        first: usize,
        at: At,
        searched: &mut Vec<PathBuf>,
    ) -> Run<Option<Found>> {
        let options = self.options;
        let list = options.include.iter().chain(&options.system).map(PathBuf::as_path).enumerate().skip(first);
        let absolute = name.is_absolute().then_some((None, Path::new("")));
        let places = absolute.into_iter().chain(dir.map(|it| (None, it))).chain(list.map(|(i, it)| (Some(i), it)));
        for (index, dir) in places.take(if name.is_absolute() { 1 } else { usize::MAX }) {
            let path = dir.join(name);
            if let Some(cached) = self.load(&path, at)? {
                return Ok(Some(Found { path, cached, index }));
            }
            searched.push(dir.to_owned());
        }
        Ok(None)
    }

    fn report_missing(&mut self, name: &Path, at: At, searched: &[PathBuf], other_form: Option<String>) -> Run {
        self.spent.missing = true;
        let it = Diagnostic::new(&codes::MISSING_INCLUDE, at, format!("`{}` is not found", name.display()));
        let it = it.label("no such file");
        let it = match searched {
            _ if name.is_absolute() => it,
            [] => it.note("there is no directory to search"),
            _ => searched.iter().fold(it, |it, dir| match dir.as_os_str().is_empty() {
                true => it.note("searched the working directory"),
                false => it.note(format!("searched `{}`", dir.display())),
            }),
        };
        self.report(match other_form {
            Some(form) => it.help(format!("it stands beside this file: write `#include {form}`")),
            None if name.is_absolute() => it,
            None => it.help("name the directory in which it is with `-I`"),
        })
    }

    /// The file at a path, from the cache if it was read before.
    fn load(&mut self, path: &Path, at: At) -> Run<Option<Rc<Cached>>> {
        if let Some(known) = self.cache.0.get(path) {
            return Ok(known.clone());
        }
        let loaded = match (self.loader)(path) {
            Ok(bytes) => {
                let name = path.display().to_string();
                self.check_size(&name, bytes.len(), at)?;
                let text: Arc<str> = source::decode(bytes).into();
                self.check_size(&name, text.len(), at)?;
                self.sources.note_read(path);
                let logical = Logical::of(&text);
                Some(Rc::new(Cached { text, logical, guard: RefCell::default(), once: Cell::new(false) }))
            }
            Err(it) if is_absence(it.kind()) => None,
            Err(it) => return self.stop(cannot_read(path, at, &it.to_string())),
        };
        self.cache.0.insert(path.to_owned(), loaded.clone());
        Ok(loaded)
    }

    /// Lets a file that was found be read next, unless it says that once is enough.
    fn enter_file(&mut self, found: Found, included_from: Option<Place>) -> Run {
        let Found { path, cached, index } = found;
        let guarded = cached.guard.borrow().as_ref().is_some_and(|it| self.macros.find(it).is_some());
        if guarded || cached.once.get() {
            return Ok(());
        }
        let at = included_from.map_or(At::Nowhere, At::File);
        if self.open.len() >= self.options.limits.include_depth {
            return self.report_depth(&path, at);
        }
        self.spend_file(cached.text.len(), at)?;
        let text = cached.text.clone();
        let file = SourceFile { included_from, ..SourceFile::new(path.display().to_string(), text) };
        let buffer = self.buffers.add(cached.logical.clone(), self.sources.add(file));
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        self.open.push(Open { path, cached: cached.clone(), line: None });
        self.entered = Some(Reader::new(buffer, cached.logical.clone(), dir, index));
        Ok(())
    }

    /// Reads the file that was entered and what it includes. The stack is our own, so its depth is no danger.
    fn read_entered(&mut self) -> Run {
        let mut stack: Vec<Reader> = self.entered.take().into_iter().collect();
        while let Some(mut reader) = stack.pop() {
            self.read(&mut reader)?;
            match self.entered.take() {
                Some(included) => stack.extend([reader, included]),
                None => self.leave_file(&mut reader)?,
            }
        }
        Ok(())
    }

    fn leave_file(&mut self, reader: &mut Reader) -> Run {
        let end = reader.logical.text.len();
        self.output.end_started_line(self.place_of(reader, end, end));
        self.output.detach_comments();
        self.check_conditionals(reader)?;
        if let (Some(open), Guard::Closed(name)) = (self.open.pop(), &reader.guard) {
            *open.cached.guard.borrow_mut() = Some(name.clone());
        }
        Ok(())
    }

    fn report_depth(&mut self, path: &Path, at: At) -> Run {
        let message = format!("files include each other deeper than {}", self.options.limits.include_depth);
        let it = Diagnostic::new(&codes::INCLUDES_TOO_DEEP, at, message).label("reading stops here");
        let again = self.open.iter().rposition(|it| it.path == path);
        self.stop(match again.map(|it| &self.open[it + 1..]) {
            Some([]) => it.note(format!("`{}` includes itself", path.display())).help("give it an include guard"),
            Some([through, ..]) => {
                let (path, through) = (path.display(), through.path.display());
                it.note(format!("`{path}` includes itself through `{through}`")).help("give it an include guard")
            }
            None => it,
        })
    }

    /// Obeys `#pragma once`.
    pub(super) fn include_once(&mut self) {
        if let Some(open) = self.open.last() {
            open.cached.once.set(true);
        }
    }
}

/// Whether an error means no more than that the file is not here.
fn is_absence(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory)
}

fn cannot_read(path: &Path, at: At, why: &str) -> Diagnostic {
    Diagnostic::new(&codes::CANNOT_READ, at, format!("`{}` cannot be read", path.display())).note(why)
}

//! Positions in preprocessed text.

/// A half-open byte range of the *preprocessed* text.
///
/// The whole compiler knows one span space; [`Origins`](crate::preprocess::Origins) leads from it back to files,
/// and does so only when a diagnostic is rendered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    /// The smallest span which covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at the start of this one.
    pub const fn at_start(self) -> Span {
        Span { start: self.start, end: self.start }
    }

    /// The empty span at the end of this one.
    pub const fn at_end(self) -> Span {
        Span { start: self.end, end: self.end }
    }

    /// As a range of indices.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

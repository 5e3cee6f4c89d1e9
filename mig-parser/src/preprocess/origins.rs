//! From preprocessed text back to files.
//!
//! The text is a sequence of segments. A segment that was copied maps byte for byte; one that was made (pasted,
//! stringized) maps as a whole to what it was made from. The macros behind a segment are a path of [`Steps`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::source::Place;
use crate::span::Span;

/// Where every byte of the preprocessed text comes from.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// In the order of the text, without overlap; what lies between them is white space of our own.
    pub(super) segments: Vec<Segment>,
    pub(super) steps: Steps,
}

/// Where a span comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The outermost place: for text that a macro made, the macro's use.
    pub place: Place,
    /// The macros it came through, the innermost first.
    pub macros: Vec<Expansion>,
}

/// One macro on the way from a file to the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expansion {
    /// Its name.
    pub name: String,
    /// The token in its body, or where another macro was used there; `None` for text that came in as an argument.
    pub inside: Option<Place>,
}

/// A range of the text with one origin.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Where it begins in the preprocessed text.
    pub(super) at: u32,
    pub(super) len: u32,
    /// What it is a copy of, or what it was made from.
    pub(super) place: Place,
    /// Whether it is no copy, so that a part of it has the place of the whole.
    pub(super) made: bool,
    pub(super) step: u32,
}

impl Segment {
    /// A copy from a file, not yet put anywhere.
    pub(super) fn copy_of(place: Place) -> Segment {
        Segment { at: 0, len: 0, place, made: false, step: 0 }
    }

    pub(super) fn end(&self) -> u32 {
        self.at + self.len
    }

    /// The place of a part of this segment.
    fn part(&self, start: u32, end: u32) -> Place {
        if self.made {
            return self.place;
        }
        let shift = |it: u32| self.place.start + it.clamp(self.at, self.end()) - self.at;
        Place { file: self.place.file, start: shift(start), end: shift(end) }
    }
}

impl Origins {
    /// Where a span comes from; `None` if there is no text at all.
    ///
    /// A span that begins and ends in different macros is that of the macros' uses, one that ends in another file
    /// goes no further than its first token.
    pub fn resolve(&self, span: Span) -> Option<Origin> {
        let last_byte = span.end.saturating_sub(1).max(span.start);
        let first = self.segment_at(span.start)?;
        let first = match self.segments.get(first + 1) {
            Some(next) if span.start >= self.segments[first].end() && next.at <= last_byte => next,
            _ => &self.segments[first],
        };
        let last = &self.segments[self.segment_at(last_byte)?];
        let last = if last.at < first.at { first } else { last };
        // Both paths begin in a file; they are followed as long as they go through the same macros.
        let start = self.steps.path(first.part(span.start, span.end), first.step);
        let end = self.steps.path(last.part(span.start, span.end), last.step);
        let mut place = None;
        let mut macros = Vec::new();
        for (from, to) in start.iter().zip(&end) {
            if from.step != to.step {
                break;
            }
            match &from.through {
                None => place = Some(join(from.place, to.place)),
                Some(name) => macros.push(Expansion {
                    name: name.to_string(),
                    inside: (!from.argument).then(|| join(from.place, to.place)),
                }),
            }
        }
        macros.reverse();
        Some(Origin { place: place?, macros })
    }

    /// The segment in which an offset lies, or after which it comes; the first one for what comes before.
    fn segment_at(&self, offset: u32) -> Option<usize> {
        let after = self.segments.partition_point(|it| it.at <= offset);
        (!self.segments.is_empty()).then(|| after.saturating_sub(1))
    }
}

/// From the start of one place to the end of another of the same file.
fn join(from: Place, to: Place) -> Place {
    if from.file == to.file && to.end >= from.start { Place { end: to.end.max(from.end), ..from } } else { from }
}

/// Every step that tokens took through macros. A token knows the last one, 0 for none.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(Vec<Step>);

/// A token came out of a macro.
#[derive(Clone, Debug)]
struct Step {
    name: Arc<str>,
    kind: StepKind,
    /// The step that came before.
    from: u32,
}

#[derive(Clone, Debug)]
enum StepKind {
    /// It stood in the body of the macro, whose name was used at this place; `from` is the step of the name.
    Body(Place),
    /// It was an argument in the call that this step of kind `Body` stands for; `from` is its own previous step.
    Argument(u32),
}

/// A station on the way of a token, seen from the file.
pub(super) struct Station {
    /// The token, or the name of the next macro; of no use if `argument`.
    pub(super) place: Place,
    /// The macro in whose body this is; `None` in the file.
    pub(super) through: Option<Arc<str>>,
    /// The token was an argument of the macro, and does not stand in its body.
    pub(super) argument: bool,
    step: u32,
}

impl Steps {
    /// The expansion of a macro whose name stood at `used`, where `from` had brought it.
    pub(super) fn body(&mut self, name: &Arc<str>, used: Place, from: u32) -> u32 {
        self.push(Step { name: name.clone(), kind: StepKind::Body(used), from })
    }

    /// The passing of a token through the arguments of the call `body`.
    pub(super) fn argument(&mut self, body: u32, from: u32) -> u32 {
        let name = self.0[body as usize - 1].name.clone();
        self.push(Step { name, kind: StepKind::Argument(body), from })
    }

    fn push(&mut self, step: Step) -> u32 {
        self.0.push(step);
        self.0.len() as u32
    }

    /// The stations of a token which was written at `place` and came here by `step`: the file first.
    pub(super) fn path(&self, mut place: Place, mut step: u32) -> Vec<Station> {
        let mut stations = Vec::new();
        // Calls whose arguments the token went through. A call is itself inside the expansion that its name came
        // from, so it is listed when the path reaches that step; steps only lead to earlier ones.
        let mut calls = BinaryHeap::new();
        loop {
            while calls.peek().is_some_and(|(from, _)| *from >= step) {
                let Some((_, Reverse((_, argument)))) = calls.pop() else { break };
                stations.push(self.station(place, argument, true));
            }
            let Some(it) = step.checked_sub(1).map(|it| &self.0[it as usize]) else { break };
            match &it.kind {
                StepKind::Argument(call) => {
                    calls.push((self.0[*call as usize - 1].from, Reverse((calls.len(), step))));
                }
                StepKind::Body(used) => {
                    stations.push(self.station(place, step, false));
                    place = *used;
                }
            }
            step = it.from;
        }
        stations.push(Station { place, through: None, argument: false, step: 0 });
        stations.reverse();
        stations
    }

    fn station(&self, place: Place, step: u32, argument: bool) -> Station {
        Station { place, through: Some(self.0[step as usize - 1].name.clone()), argument, step }
    }
}

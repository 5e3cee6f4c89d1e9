//! Which page of an object is in which frame: a tree whose parts are shared between copies.
//!
//! A copy clones the root and touches nothing below it. A write clones the nodes on its way down and the page itself,
//! as far as somebody shares them.

use std::ops::Range;
use std::sync::Arc;

use super::frame::{Fault, Frames, Run};
use super::object::Object;

/// Children of a node.
const WIDTH: usize = 64;
/// The same as a number of bits.
const BITS: u32 = WIDTH.trailing_zeros();

/// Frames of pages 0, 1, 2, …
#[derive(Clone, Debug)]
pub(crate) struct Table {
    root: Node,
    /// Levels of nodes: `WIDTH` to this power is how many pages there can be.
    height: u32,
}

#[derive(Clone, Debug, Default)]
enum Node {
    /// No page.
    #[default]
    Empty,
    /// Pages of a run from this one on, as far as it has them.
    Run(Arc<Run>, u32),
    /// What pages of another object hold, from this one on: they are fetched when somebody wants them.
    Away(Arc<Object>, u64),
    Inner(Arc<[Node; WIDTH]>),
}

/// Where a page is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Where<'a> {
    /// Nowhere yet.
    Nowhere,
    /// In a frame: a page of a run.
    Here(&'a Arc<Run>, u64),
    /// It is to be fetched: a page of another object.
    Away(&'a Arc<Object>, u64),
}

/// Pages side by side, and where the first of them is.
pub(crate) type Visit<'a> = dyn FnMut(Range<u64>, Where<'_>) + 'a;

fn height(pages: u64) -> u32 {
    let mut height = 0;
    while pages > 1 << (height * BITS) {
        height += 1;
    }
    height
}

/// Pages below a node of some height.
fn span(height: u32) -> u64 {
    1 << (height * BITS)
}

impl Table {
    /// For so many pages, none of which is there.
    pub(crate) fn new(pages: u64) -> Table {
        Table { root: Node::Empty, height: height(pages) }
    }

    /// The pages of a run.
    pub(crate) fn of(run: Arc<Run>) -> Table {
        Table { height: height(run.pages()), root: Node::Run(run, 0) }
    }

    /// Pages of another object, which are found here at the same places.
    pub(crate) fn away(source: &Arc<Object>, pages: Range<u64>) -> Table {
        let mut table = Table { height: height(pages.end), root: Node::Away(source.clone(), 0) };
        table.cut(0..pages.start);
        table.cut(pages.end..u64::MAX);
        table
    }

    /// The frame of a page.
    pub(crate) fn get(&self, page: u64) -> Option<(&Arc<Run>, u64)> {
        match self.find(page) {
            Where::Here(run, index) => Some((run, index)),
            Where::Nowhere | Where::Away(..) => None,
        }
    }

    /// Where a page is.
    pub(crate) fn find(&self, page: u64) -> Where<'_> {
        let (mut node, mut level) = (&self.root, self.height);
        let mut page = page;
        if page >= span(level) {
            return Where::Nowhere;
        }
        loop {
            match node {
                Node::Empty => return Where::Nowhere,
                Node::Away(source, first) => return Where::Away(source, first + page),
                Node::Run(run, first) => {
                    let index = u64::from(*first) + page;
                    return if index < run.pages() { Where::Here(run, index) } else { Where::Nowhere };
                }
                Node::Inner(children) => {
                    level -= 1;
                    node = &children[(page >> (level * BITS)) as usize];
                    page &= span(level) - 1;
                }
            }
        }
    }

    /// A page to be written: zeroed if it was not there, and a copy if somebody else has it. `None` if it is away.
    pub(crate) fn page_mut(&mut self, page: u64, frames: &Arc<Frames>) -> Option<&mut [u8]> {
        self.grow(page);
        self.root.page_mut(page, self.height, frames)
    }

    /// Levels enough for a page.
    fn grow(&mut self, page: u64) {
        while page >= span(self.height) {
            if !matches!(self.root, Node::Empty) {
                let mut children = [const { Node::Empty }; WIDTH];
                children[0] = std::mem::take(&mut self.root);
                self.root = Node::Inner(Arc::new(children));
            }
            self.height += 1;
        }
    }

    /// Forgets the frames of some pages.
    pub(crate) fn cut(&mut self, pages: Range<u64>) {
        self.root.cut(pages.start, pages.end.min(span(self.height)), self.height);
    }

    /// The same table with no other pages than these.
    pub(crate) fn slice(&self, pages: Range<u64>) -> Table {
        let mut table = self.clone();
        table.cut(0..pages.start);
        table.cut(pages.end..u64::MAX);
        table
    }

    /// Pages that are there.
    pub(crate) fn resident(&self, pages: Range<u64>) -> u64 {
        let mut count = 0;
        self.root.each(0, self.height, &mut |found, it| {
            if let Where::Here(..) = it {
                count += found.end.min(pages.end).saturating_sub(found.start.max(pages.start));
            }
        });
        count
    }

    /// Gives a page a frame: a page of a run.
    pub(crate) fn put(&mut self, page: u64, run: &Arc<Run>, index: u64) {
        self.grow(page);
        self.root.put(page, self.height, Node::Run(run.clone(), index as u32));
    }

    /// A page is to be fetched from now on.
    pub(crate) fn put_away(&mut self, page: u64, source: &Arc<Object>, index: u64) {
        self.grow(page);
        self.root.put(page, self.height, Node::Away(source.clone(), index));
    }

    /// Calls with each stretch of pages that are somewhere.
    pub(crate) fn each(&self, call: &mut Visit<'_>) {
        self.root.each(0, self.height, call);
    }

    /// The first page from here on that has a frame.
    pub(crate) fn next(&self, from: u64) -> Option<u64> {
        self.root.next(from, 0, self.height)
    }

    /// The run that has these pages side by side, and where in it they begin.
    pub(crate) fn contiguous(&self, pages: Range<u64>) -> Option<(Arc<Run>, u64)> {
        let (run, first) = self.get(pages.start)?;
        let together = |page: u64| {
            self.get(page).is_some_and(|(it, at)| Arc::ptr_eq(it, run) && at == first + (page - pages.start))
        };
        let whole = matches!(&self.root, Node::Run(..)) && pages.end - pages.start <= run.pages() - first;
        (whole || (pages.start + 1..pages.end).all(together)).then(|| (run.clone(), first))
    }
}

impl Node {
    /// The same with children, if it can have some.
    fn expand(&self, height: u32) -> Node {
        if height == 0 {
            return self.clone();
        }
        let child = |index: usize| {
            let behind = index as u64 * span(height - 1);
            match self {
                Node::Run(run, first) if u64::from(*first) + behind < run.pages() => {
                    Node::Run(run.clone(), first + behind as u32)
                }
                Node::Away(source, first) => Node::Away(source.clone(), first + behind),
                Node::Run(..) | Node::Empty => Node::Empty,
                Node::Inner(children) => children[index].clone(),
            }
        };
        Node::Inner(Arc::new(std::array::from_fn(child)))
    }

    fn page_mut(&mut self, page: u64, height: u32, frames: &Arc<Frames>) -> Option<&mut [u8]> {
        self.prepare(page, height, frames);
        match self {
            Node::Run(run, first) => {
                let index = u64::from(*first) + page;
                Some(Arc::get_mut(run).expect("prepared to be written").page_mut(index))
            }
            Node::Inner(children) => {
                let below = height - 1;
                let child = &mut Arc::make_mut(children)[(page >> (below * BITS)) as usize];
                child.page_mut(page & (span(below) - 1), below, frames)
            }
            Node::Away(..) => None,
            Node::Empty => unreachable!("prepared to be written"),
        }
    }

    /// Makes of this node one that has children, or a run with the page that nobody else has.
    fn prepare(&mut self, page: u64, height: u32, frames: &Arc<Frames>) {
        match self {
            Node::Run(run, first) => {
                let index = u64::from(*first) + page;
                if index < run.pages() && Arc::get_mut(run).is_some() {
                    frames.count(Fault::Hit);
                } else if height > 0 {
                    *self = self.expand(height);
                } else {
                    frames.count(Fault::CopyOnWrite);
                    *self = Node::Run(Run::copy(frames, run.page(index)), 0);
                }
            }
            Node::Empty if height == 0 => {
                frames.count(Fault::ZeroFill);
                *self = Node::Run(Run::zeroed(frames, 1), 0);
            }
            Node::Empty => *self = Node::Inner(Arc::new([const { Node::Empty }; WIDTH])),
            // Its one page has not been fetched.
            Node::Away(..) if height == 0 => {}
            Node::Away(..) => *self = self.expand(height),
            Node::Inner(_) => {}
        }
    }

    fn put(&mut self, page: u64, height: u32, leaf: Node) {
        if height == 0 {
            *self = leaf;
            return;
        }
        if !matches!(self, Node::Inner(_)) {
            *self = self.expand(height);
        }
        let Node::Inner(children) = self else { return };
        let below = height - 1;
        let child = &mut Arc::make_mut(children)[(page >> (below * BITS)) as usize];
        child.put(page & (span(below) - 1), below, leaf);
    }

    fn cut(&mut self, start: u64, end: u64, height: u32) {
        if start >= end || matches!(self, Node::Empty) {
            return;
        }
        if start == 0 && end >= span(height) {
            *self = Node::Empty;
            return;
        }
        if let Node::Run(run, first) = self {
            // Behind the end of the run there is nothing to cut.
            if start >= run.pages() - u64::from(*first) {
                return;
            }
            *self = self.expand(height);
        }
        if let Node::Away(..) = self {
            *self = self.expand(height);
        }
        let Node::Inner(children) = self else { return };
        let below = span(height - 1);
        let touched = (start / below) as usize..end.div_ceil(below) as usize;
        // What is not there need not be cut, and the node can stay shared.
        if children[touched.clone()].iter().all(|it| matches!(it, Node::Empty)) {
            return;
        }
        let children = Arc::make_mut(children);
        for index in touched {
            let base = index as u64 * below;
            children[index].cut(start.saturating_sub(base), (end - base).min(below), height - 1);
        }
        if children.iter().all(|it| matches!(it, Node::Empty)) {
            *self = Node::Empty;
        }
    }

    fn each(&self, base: u64, height: u32, call: &mut Visit<'_>) {
        match self {
            Node::Empty => {}
            Node::Run(run, first) => {
                let first = u64::from(*first);
                call(base..base + (run.pages() - first).min(span(height)), Where::Here(run, first));
            }
            Node::Away(source, first) => call(base..base + span(height), Where::Away(source, *first)),
            Node::Inner(children) => {
                let below = span(height - 1);
                for (index, child) in children.iter().enumerate() {
                    child.each(base + index as u64 * below, height - 1, call);
                }
            }
        }
    }
    /// The first page from `from` on, both counted from `base`, that has a frame.
    fn next(&self, from: u64, base: u64, height: u32) -> Option<u64> {
        let within = from.saturating_sub(base);
        match self {
            _ if within >= span(height) => None,
            Node::Empty | Node::Away(..) => None,
            Node::Run(run, first) => (u64::from(*first) + within < run.pages()).then_some(base + within),
            Node::Inner(children) => {
                let below = span(height - 1);
                let first = (within / below) as usize;
                let mut children = children.iter().enumerate().skip(first);
                children.find_map(|(index, it)| it.next(from, base + index as u64 * below, height - 1))
            }
        }
    }
}

//! Which page of an object is in which frame: a tree whose parts are shared between copies.
//!
//! A copy clones the root and touches nothing below it. A write clones the nodes on its way down and the page itself,
//! as far as somebody shares them.

use std::ops::Range;
use std::sync::Arc;

use super::frame::{Fault, Frames, Run};

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
    Inner(Arc<[Node; WIDTH]>),
}

/// Pages that are there, the run that has them, and where in it they begin.
pub(crate) type Visit<'a> = dyn FnMut(Range<u64>, &Arc<Run>, u64) + 'a;

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

    /// The frame of a page.
    pub(crate) fn get(&self, page: u64) -> Option<(&Arc<Run>, u64)> {
        let (mut node, mut level) = (&self.root, self.height);
        let mut page = page;
        if page >= span(level) {
            return None;
        }
        loop {
            match node {
                Node::Empty => return None,
                Node::Run(run, first) => {
                    let index = u64::from(*first) + page;
                    return (index < run.pages()).then_some((run, index));
                }
                Node::Inner(children) => {
                    level -= 1;
                    node = &children[(page >> (level * BITS)) as usize];
                    page &= span(level) - 1;
                }
            }
        }
    }

    /// A page to be written: zeroed if it was not there, and a copy if somebody else has it.
    pub(crate) fn page_mut(&mut self, page: u64, frames: &Arc<Frames>) -> &mut [u8] {
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
        self.root.each(0, self.height, &mut |found, _, _| {
            count += found.end.min(pages.end).saturating_sub(found.start.max(pages.start));
        });
        count
    }

    /// Gives a page a frame: a page of a run.
    pub(crate) fn put(&mut self, page: u64, run: &Arc<Run>, index: u64) {
        self.grow(page);
        self.root.put(page, self.height, run, index);
    }

    /// Calls with each stretch of pages that are there.
    pub(crate) fn each(&self, call: &mut Visit<'_>) {
        self.root.each(0, self.height, call);
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
    /// Children that are pages of a run.
    fn expand(run: &Arc<Run>, first: u32, height: u32) -> Node {
        if height == 0 {
            return Node::Run(run.clone(), first);
        }
        let child = |index: usize| {
            let at = u64::from(first) + index as u64 * span(height - 1);
            if at < run.pages() { Node::Run(run.clone(), at as u32) } else { Node::Empty }
        };
        Node::Inner(Arc::new(std::array::from_fn(child)))
    }

    fn page_mut(&mut self, page: u64, height: u32, frames: &Arc<Frames>) -> &mut [u8] {
        self.prepare(page, height, frames);
        match self {
            Node::Run(run, first) => {
                let index = u64::from(*first) + page;
                Arc::get_mut(run).expect("prepared to be written").page_mut(index)
            }
            Node::Inner(children) => {
                let below = height - 1;
                let child = &mut Arc::make_mut(children)[(page >> (below * BITS)) as usize];
                child.page_mut(page & (span(below) - 1), below, frames)
            }
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
                    *self = Node::expand(run, *first, height);
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
            Node::Inner(_) => {}
        }
    }

    fn put(&mut self, page: u64, height: u32, run: &Arc<Run>, index: u64) {
        if height == 0 {
            *self = Node::Run(run.clone(), index as u32);
            return;
        }
        match self {
            Node::Empty => *self = Node::Inner(Arc::new([const { Node::Empty }; WIDTH])),
            Node::Run(run, first) => *self = Node::expand(run, *first, height),
            Node::Inner(_) => {}
        }
        let Node::Inner(children) = self else { return };
        let below = height - 1;
        let child = &mut Arc::make_mut(children)[(page >> (below * BITS)) as usize];
        child.put(page & (span(below) - 1), below, run, index);
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
            *self = Node::expand(run, *first, height);
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
                call(base..base + (run.pages() - first).min(span(height)), run, first);
            }
            Node::Inner(children) => {
                let below = span(height - 1);
                for (index, child) in children.iter().enumerate() {
                    child.each(base + index as u64 * below, height - 1, call);
                }
            }
        }
    }
}

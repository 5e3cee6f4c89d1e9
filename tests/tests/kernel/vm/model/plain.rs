//! Memory that is too simple to be wrong: pages of bytes, and the rights to each of them.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use mig_rt::{Inherit, KernReturn, Protection};

use super::{BASE, PAGES};
use crate::vm::PAGE;

/// A page of one task. Pages with the same bytes are the same memory.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) bytes: Rc<RefCell<Vec<u8>>>,
    pub(super) protection: Protection,
    pub(super) maximum: Protection,
    pub(super) inheritance: Inherit,
    pub(super) wired: u32,
}

impl Page {
    fn new(byte: u8) -> Page {
        Page {
            bytes: Rc::new(RefCell::new(vec![byte; PAGE as usize])),
            protection: Protection::DEFAULT,
            maximum: Protection::ALL,
            inheritance: Inherit::COPY,
            wired: 0,
        }
    }

    fn copied(&self) -> Page {
        Page { bytes: Rc::new(RefCell::new(self.bytes.borrow().clone())), wired: 0, ..self.clone() }
    }
}

pub(super) type Code<X> = Result<X, KernReturn>;

/// The memory of one task.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) pages: Vec<Option<Page>>,
}

/// Pages that bytes touch, by number.
pub(super) fn touched(range: &Range<u64>) -> Range<usize> {
    ((range.start - BASE) / PAGE) as usize..((range.end - BASE).div_ceil(PAGE)) as usize
}

impl Plain {
    pub(super) fn new() -> Plain {
        Plain { pages: vec![None; PAGES as usize] }
    }

    /// Whether an access is allowed to all of it.
    pub(super) fn permit(&self, range: &Range<u64>, access: Protection) -> Code<()> {
        if range.is_empty() {
            return Ok(());
        }
        for page in &self.pages[touched(range)] {
            match page {
                None => return Err(KernReturn::INVALID_ADDRESS),
                Some(it) if !it.protection.has(access) => return Err(KernReturn::PROTECTION_FAILURE),
                Some(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn read(&self, range: &Range<u64>) -> Code<Vec<u8>> {
        self.permit(range, Protection::READ)?;
        Ok(range.clone().map(|at| self.byte(at)).collect())
    }

    fn byte(&self, at: u64) -> u8 {
        let page = self.pages[((at - BASE) / PAGE) as usize].as_ref().unwrap();
        page.bytes.borrow()[(at % PAGE) as usize]
    }

    pub(super) fn write(&self, at: u64, data: &[u8]) -> Code<()> {
        let range = at..at + data.len() as u64;
        self.permit(&range, Protection::WRITE)?;
        for (at, byte) in range.zip(data) {
            let page = self.pages[((at - BASE) / PAGE) as usize].as_ref().unwrap();
            page.bytes.borrow_mut()[(at % PAGE) as usize] = *byte;
        }
        Ok(())
    }

    pub(super) fn allocate(&mut self, range: &Range<u64>) -> Code<()> {
        let pages = &mut self.pages[touched(range)];
        if pages.iter().any(Option::is_some) {
            return Err(KernReturn::NO_SPACE);
        }
        pages.fill_with(|| Some(Page::new(0)));
        Ok(())
    }

    pub(super) fn deallocate(&mut self, range: &Range<u64>) {
        if !range.is_empty() {
            self.pages[touched(range)].fill(None);
        }
    }

    pub(super) fn protect(&mut self, range: &Range<u64>, maximum: bool, to: Protection, holes: bool) -> Code<()> {
        let pages = &mut self.pages[touched(range)];
        if pages.iter().flatten().any(|it| !it.maximum.has(to)) {
            return Err(KernReturn::PROTECTION_FAILURE);
        }
        if !holes && pages.iter().any(Option::is_none) {
            return Err(KernReturn::INVALID_ADDRESS);
        }
        for it in pages.iter_mut().flatten() {
            if maximum {
                it.maximum = to;
                it.protection = Protection(it.protection.0 & to.0);
            } else {
                it.protection = to;
            }
        }
        Ok(())
    }

    pub(super) fn inherit(&mut self, range: &Range<u64>, to: Inherit) {
        self.pages[touched(range)].iter_mut().flatten().for_each(|it| it.inheritance = to);
    }

    pub(super) fn wire(&mut self, range: &Range<u64>, access: Protection) -> Code<()> {
        if access != Protection::NONE {
            self.permit(range, access)?;
            self.pages[touched(range)].iter_mut().flatten().for_each(|it| it.wired += 1);
            return Ok(());
        }
        self.permit(range, Protection::NONE)?;
        let pages = &mut self.pages[touched(range)];
        if pages.iter().flatten().any(|it| it.wired == 0) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        pages.iter_mut().flatten().for_each(|it| it.wired -= 1);
        Ok(())
    }

    pub(super) fn fork(&self) -> Plain {
        let inherited = |it: &Page| match it.inheritance {
            Inherit::SHARE => Some(Page { wired: 0, ..it.clone() }),
            Inherit::COPY => Some(it.copied()),
            _ => None,
        };
        Plain { pages: self.pages.iter().map(|it| it.as_ref().and_then(inherited)).collect() }
    }

    /// Pages for another place: these or copies of them.
    pub(super) fn parts(&self, range: &Range<u64>, copy: bool) -> Code<Vec<Page>> {
        self.permit(range, Protection::NONE)?;
        let pages = self.pages[touched(range)].iter().flatten();
        Ok(pages.map(|it| if copy { it.copied() } else { Page { wired: 0, ..it.clone() } }).collect())
    }
}

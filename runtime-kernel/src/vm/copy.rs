//! Memory on its way from one map to another (`vm_map_copy_t`): parts of objects, which nobody else sees.

use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use mig_rt::{KernReturn, Protection};

use super::entry::{Attributes, Entries, Entry};
use super::frame::{Frames, PAGE, PAGE_BYTES, Pin, Run};
use super::map::{Map, Place};
use super::object::Object;
use super::pages_of;
use super::walk::{Copies, Stop, walk, walk_with};
use crate::in_kernel;

/// Whole pages of an object; without one, of zeros.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) object: Option<Arc<Object>>,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// Memory that no map has.
#[derive(Debug)]
pub(crate) enum MapCopy {
    /// Bytes that the kernel has written.
    Bytes(Vec<u8>),
    /// So many bytes, of which the first stands so far behind the start of the first part.
    Parts { within: u64, size: usize, parts: Vec<Part> },
}

impl Default for MapCopy {
    fn default() -> MapCopy {
        MapCopy::Bytes(Vec::new())
    }
}

/// Bytes of memory in one piece.
#[derive(Debug)]
pub(crate) enum Gathered {
    /// In place.
    Pinned(Pin, Range<usize>),
    /// Copied.
    Copied(Vec<u8>),
}

impl Deref for Gathered {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Gathered::Pinned(pin, range) => &pin[range.clone()],
            Gathered::Copied(it) => it,
        }
    }
}

impl MapCopy {
    pub(crate) fn len(&self) -> usize {
        match self {
            MapCopy::Bytes(it) => it.len(),
            MapCopy::Parts { size, .. } => *size,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it begins and ends where pages do.
    pub(crate) fn is_whole_pages(&self) -> bool {
        let within = if let MapCopy::Parts { within, .. } = self { *within } else { 0 };
        within == 0 && self.len().is_multiple_of(PAGE_BYTES)
    }

    /// Its first bytes, where there may be more.
    pub(crate) fn truncate(&mut self, to: usize) {
        match self {
            MapCopy::Bytes(it) => it.truncate(to),
            MapCopy::Parts { size, .. } => *size = to.min(*size),
        }
    }

    /// The bytes; `seen` is where they are gathered if they are not in one piece.
    ///
    /// # Errors
    /// Those of [`Need::meet`](super::walk::Need::meet) if some of them must be fetched.
    pub(crate) fn bytes<'a>(&'a self, seen: &'a OnceLock<Gathered>) -> Result<&'a [u8], KernReturn> {
        match self {
            MapCopy::Bytes(it) => Ok(it),
            MapCopy::Parts { within, size, parts } => {
                if seen.get().is_none() {
                    // Whoever comes first decides.
                    let _ = seen.set(walk_with(|| objects(parts), |_| gather(*within, *size, parts))?);
                }
                Ok(seen.get().map_or(&[], |it| it))
            }
        }
    }

    /// The frames of its pages, whole ones: each a page of a run.
    ///
    /// # Errors
    /// As those of [`bytes`](MapCopy::bytes).
    pub(super) fn into_frames(self, frames: &Arc<Frames>) -> Result<Vec<(Arc<Run>, u64)>, KernReturn> {
        let pages = (self.len() / PAGE_BYTES) as u64;
        let (within, parts) = match self.is_whole_pages() {
            true => self.into_parts(frames),
            false => MapCopy::Bytes(self.bytes(&OnceLock::new())?.to_vec()).into_parts(frames),
        };
        debug_assert_eq!(within, 0, "whole pages begin where pages do");
        let _holding = in_kernel::hold(objects(&parts));
        let mut found = Vec::new();
        for Part { object, offset, size } in &parts {
            for page in offset / PAGE..(offset + size) / PAGE {
                found.push(match object {
                    Some(object) => object.frame(page)?,
                    None => (Run::zeroed(frames, 1), 0),
                });
            }
        }
        found.truncate(pages as usize);
        Ok(found)
    }

    /// The objects that it has parts of.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        let parts: &[Part] = if let MapCopy::Parts { parts, .. } = self { parts } else { &[] };
        parts.iter().filter_map(|it| it.object.as_ref())
    }

    /// As parts, and how far behind the start of the first its bytes begin.
    fn into_parts(self, frames: &Arc<Frames>) -> (u64, Vec<Part>) {
        match self {
            MapCopy::Parts { within, parts, .. } => (within, parts),
            MapCopy::Bytes(data) => {
                let run = Run::of(frames, data);
                let size = run.pages() * PAGE;
                (0, vec![Part { object: Some(Object::of(frames, run)), offset: 0, size }])
            }
        }
    }
}

/// The objects that parts are of.
fn objects(parts: &[Part]) -> Vec<Arc<Object>> {
    parts.iter().filter_map(|it| it.object.clone()).collect()
}

fn gather(within: u64, size: usize, parts: &[Part]) -> Result<Gathered, Stop> {
    if let [Part { object: Some(object), offset, .. }] = parts {
        let from = offset + within;
        if let Some((pin, at)) = object.pin(from..from + size as u64) {
            return Ok(Gathered::Pinned(pin, at..at + size));
        }
    }
    let mut data = vec![0; size];
    let (mut done, mut skip) = (0, within);
    for it in parts {
        let some = usize::try_from(it.size - skip).unwrap_or(usize::MAX).min(size - done);
        if let Some(object) = &it.object {
            object.peek(it.offset + skip, &mut data[done..done + some])?;
        }
        (done, skip) = (done + some, 0);
    }
    Ok(Gathered::Copied(data))
}

impl Map {
    /// Takes memory in: a copy, or the pages themselves if they are given away (`deallocate`) or were lent. What the
    /// first and the last page hold beside these bytes stays behind.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is, `KERN_PROTECTION_FAILURE` where reading is forbidden.
    pub(crate) fn copy_in(&self, at: u64, size: usize, deallocate: bool) -> Result<MapCopy, KernReturn> {
        if size == 0 {
            return Ok(MapCopy::default());
        }
        let range = pages_of(at, size as u64).ok_or(KernReturn::INVALID_ADDRESS)?;
        let (parts, left) = walk(|copies| {
            let mut entries = self.lock();
            entries.permit(range.clone(), Protection::READ)?;
            let lent = entries.at(at).is_some_and(|(_, it)| it.attributes.lent);
            match deallocate || lent {
                true => moved(&mut entries, &range, copies),
                false => Ok((copied(&entries, &range, copies)?, Vec::new())),
            }
        })?;
        self.release(left);
        let within = at - range.start;
        let copy = MapCopy::Parts { within, size, parts };
        copy.zero_slack(within, (range.end - at - size as u64) as usize)?;
        Ok(copy)
    }

    /// Looks at memory: as it is now, whatever is written later.
    ///
    /// # Errors
    /// As [`copy_in`](Map::copy_in).
    pub(crate) fn look(&self, at: u64, size: usize) -> Result<Gathered, KernReturn> {
        walk(|_| self.look_once(at, size))
    }

    fn look_once(&self, at: u64, size: usize) -> Result<Gathered, Stop> {
        let range = pages_of(at, size as u64).ok_or(KernReturn::INVALID_ADDRESS)?;
        let entries = self.lock();
        entries.permit(range.clone(), Protection::READ)?;
        let parts: Vec<Part> = entries
            .in_range(range.clone())
            .map(|(start, it)| {
                let offsets = it.offsets(start, &range);
                Part { object: it.object.clone(), offset: offsets.start, size: offsets.end - offsets.start }
            })
            .collect();
        gather(at - range.start, size, &parts)
    }

    /// Gives it addresses below a limit. The first byte stands as far behind the start of its page as it did where it
    /// came from.
    ///
    /// # Errors
    /// `KERN_NO_SPACE`, `KERN_RESOURCE_SHORTAGE`.
    pub(crate) fn copy_out(&self, copy: MapCopy, limit: u64, lent: bool) -> Result<u64, KernReturn> {
        if copy.is_empty() {
            return Ok(0);
        }
        let (within, parts) = copy.into_parts(self.frames());
        let attributes = Attributes { lent, ..Attributes::NEW };
        let parts = parts.into_iter().map(|it| (it, attributes)).collect();
        Ok(self.enter(Place::Anywhere { mask: 0, limit }, parts)? + within)
    }

    /// Puts it in place of what is at an address. Pages are replaced where nobody else sees them and none is wired;
    /// elsewhere they are written, for all to see. Without whole pages at both sides, all of it is written.
    ///
    /// # Errors
    /// `KERN_INVALID_ADDRESS` where nothing is, `KERN_PROTECTION_FAILURE` where writing is forbidden; nothing is
    /// changed then.
    pub(crate) fn overwrite(&self, at: u64, copy: MapCopy) -> Result<(), KernReturn> {
        if !at.is_multiple_of(PAGE) || !copy.is_whole_pages() {
            let seen = OnceLock::new();
            let bytes = copy.bytes(&seen)?;
            return walk_with(|| copy.objects().cloned().collect(), |_| self.write(at, bytes));
        }
        let end = at.checked_add(copy.len() as u64).ok_or(KernReturn::INVALID_ADDRESS)?;
        let (_, parts) = copy.into_parts(self.frames());
        let left = walk_with(
            || objects(&parts),
            |_| {
                let mut entries = self.lock();
                entries.permit(at..end, Protection::WRITE)?;
                entries.clip(&(at..end));
                let mut here = at;
                for part in &parts {
                    let range = here..(here + part.size).min(end);
                    self.overwrite_shared(&mut entries, &range, part)?;
                    here = range.end;
                }
                // What follows cannot stop.
                let left = overwrite_private(&mut entries, at, end, &parts);
                entries.join(at..end);
                Ok(left)
            },
        )?;
        self.release(left);
        Ok(())
    }

    /// Writes pages of a part over what others see too, or what must stay.
    fn overwrite_shared(&self, entries: &mut Entries, range: &Range<u64>, part: &Part) -> Result<(), Stop> {
        for (start, it) in entries.in_range_mut(range.clone()).filter(|(_, it)| !is_private(it)) {
            let from = start.max(range.start);
            let (offset, offsets) = (part.offset + (from - range.start), it.offsets(start, range));
            let wired = it.attributes.wired > 0;
            let object = it.object(start, self.frames());
            object.replace(offsets.clone(), part.object.as_ref().map(|it| (it, offset)), wired)?;
            if wired {
                object.touch(offsets, false)?;
            }
        }
        Ok(())
    }
}

/// Puts parts in place of what nobody else sees. What was there is left over.
fn overwrite_private(entries: &mut Entries, at: u64, end: u64, parts: &[Part]) -> Vec<(u64, Entry)> {
    let (mut left, mut here) = (Vec::new(), at);
    for part in parts {
        let range = here..(here + part.size).min(end);
        entries.clip(&range);
        for (start, it) in entries.in_range_mut(range.clone()).filter(|(_, it)| is_private(it)) {
            left.push((start, it.clone()));
            let offset = part.offset + (start - range.start);
            (it.object, it.offset) = (part.object.clone(), if part.object.is_some() { offset } else { 0 });
        }
        here = range.end;
    }
    left
}

impl MapCopy {
    /// What stands in its pages before the first of its bytes, and behind the last, is nobody's business.
    fn zero_slack(&self, before: u64, behind: usize) -> Result<(), KernReturn> {
        let MapCopy::Parts { parts, .. } = self else { return Ok(()) };
        if let Some(Part { object: Some(object), offset, .. }) = parts.first().filter(|_| before > 0) {
            walk_with(|| objects(parts), |_| object.zero_out(*offset, before as usize))?;
        }
        if let Some(Part { object: Some(object), offset, size }) = parts.last().filter(|_| behind > 0) {
            walk_with(|| objects(parts), |_| object.zero_out(offset + size - behind as u64, behind))?;
        }
        Ok(())
    }
}

/// Whether its pages can change hands: nobody else sees them, and they need not stay.
fn is_private(it: &Entry) -> bool {
    it.attributes.wired == 0 && it.object.as_ref().is_none_or(|it| it.is_private())
}

fn copied(entries: &Entries, range: &Range<u64>, copies: &mut Copies) -> Result<Vec<Part>, Stop> {
    entries.in_range(range.clone()).map(|(start, it)| copy_of(it, it.offsets(start, range), copies)).collect()
}

/// A part that is a copy of some bytes of an entry's object.
pub(super) fn copy_of(it: &Entry, offsets: Range<u64>, copies: &mut Copies) -> Result<Part, Stop> {
    let (offset, size) = (offsets.start, offsets.end - offsets.start);
    match &it.object {
        Some(object) => Ok(Part { offset, size, object: Some(copies.of(object, offsets)?) }),
        None => Ok(Part { object: None, offset: 0, size }),
    }
}

/// Entries that are left over, by where they start.
type Left = Vec<(u64, Entry)>;

/// Takes entries out. What cannot change hands is copied; those entries are left over.
fn moved(entries: &mut Entries, range: &Range<u64>, copies: &mut Copies) -> Result<(Vec<Part>, Left), Stop> {
    let stay = entries.in_range(range.clone()).filter(|(_, it)| !is_private(it));
    let copied: Result<Vec<Part>, Stop> =
        stay.map(|(start, it)| copy_of(it, it.offsets(start, range), copies)).collect();
    let (mut copied, mut left) = (copied?.into_iter(), Vec::new());
    let parts = entries.remove(range).into_iter().filter_map(|(start, it)| {
        if is_private(&it) {
            return Some(Part { size: it.end - start, object: it.object, offset: it.offset });
        }
        left.push((start, it));
        copied.next()
    });
    Ok((parts.collect(), left))
}

//! Accounts that follow a message which a tap has changed.
//!
//! A kernel never delivers a right that does not exist. When a tap changes what a message says it carries, the space
//! changes with it: what the old message carried is gone, and what the new one claims exists. So every damaged message
//! is still the truth, and whoever refuses it must release exactly that.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::space::Space;
use super::typed::{by_row, put};
use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::message::COMPLEX;
use crate::right::{PortName, RightKind};
use crate::rights::NAME;
use crate::typed::{GnumachI386, GnumachX8664, GnumachX8664v2022, Item, Items, Row};

/// The largest region that a changed message can claim; larger items become empty.
const LARGEST: usize = 1 << 20;

/// Lets the space carry what `new` claims in place of what `old` carried.
pub(super) fn replace(space: &mut Space, abi: AbiId, old: &[u8], new: &mut [u8]) {
    by_row!(abi, replace_row(space, old, new), ());
}

fn replace_row<W: Row>(space: &mut Space, old: &[u8], new: &mut [u8]) {
    let mut regions = BTreeMap::new();
    for item in items::<W>(old) {
        forget::<W>(space, &item, old, &mut regions);
    }
    for item in items::<W>(new) {
        grant::<W>(space, &item, new, &mut regions);
    }
}

/// The items that own something, as far as they can be walked.
fn items<W: Row>(message: &[u8]) -> Vec<Item> {
    if message.len() < W::HEADER || u32_at(message, 0) & COMPLEX == 0 {
        return Vec::new();
    }
    Items::<W>::new(message).collect()
}

fn forget<W: Row>(space: &mut Space, item: &Item, message: &[u8], regions: &mut BTreeMap<u64, Vec<u8>>) {
    let kind = item.disposition::<W>().owned();
    if item.is_inline::<W>() {
        kind.into_iter().for_each(|kind| item.names::<W>(message).for_each(|it| space.forget(it, kind)));
        return;
    }
    let at = item.address::<W>(message);
    let bytes = space.remove(at);
    kind.into_iter().for_each(|kind| names(&bytes).for_each(|it| space.forget(it, kind)));
    regions.insert(at.0, bytes);
}

fn grant<W: Row>(space: &mut Space, item: &Item, message: &mut [u8], regions: &mut BTreeMap<u64, Vec<u8>>) {
    let kind = item.disposition::<W>().owned();
    if item.is_inline::<W>() {
        for place in kind.into_iter().flat_map(|kind| item.name_places::<W>().map(move |it| (it, kind))) {
            let name = exists(space, PortName(u32_at(message, place.0)), place.1);
            put(message, place.0, name.0);
        }
        return;
    }
    let size = item.size::<W>();
    if size > LARGEST || size == 0 || !item.deallocates::<W>() {
        item.empty::<W>(message);
        return;
    }
    let mut bytes = regions.remove(&item.address::<W>(message).0).unwrap_or_default();
    bytes.resize(size, 0);
    for place in kind.into_iter().flat_map(|kind| (0..size / NAME).map(move |it| (it * NAME, kind))) {
        let name = exists(space, PortName(u32_at(&bytes, place.0)), place.1);
        put(&mut bytes, place.0, name.0);
    }
    let at = space.allocate(size);
    space.put(at, bytes);
    item.write_address::<W>(message, at);
}

/// Makes a right exist. There is one receive right to a port: a second is to a port of its own.
fn exists(space: &mut Space, name: PortName, kind: RightKind) -> PortName {
    if !name.is_valid() {
        return name;
    }
    if kind == RightKind::RECEIVE && space.has_receiver(name) {
        return space.make_port(None);
    }
    space.add(name, kind);
    name
}

fn names(bytes: &[u8]) -> impl Iterator<Item = PortName> {
    bytes.chunks_exact(NAME).map(|it| PortName(u32_at(it, 0)))
}

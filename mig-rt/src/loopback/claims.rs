//! Accounts that follow a message which a tap has changed.
//!
//! A kernel never delivers a right that does not exist. When a tap changes what a message says it carries, the space
//! changes with it: what the old message carried is gone, and what the new one claims exists. So every damaged message
//! is still the truth, and whoever refuses it must release exactly that.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::space::Space;
use crate::abi::AbiId;
use crate::bytes::u32_at;
use crate::carried::put;
use crate::carried::{Carries, names};
use crate::exchange::by_row;
use crate::right::{PortName, RightKind};
use crate::rights::NAME;

/// The largest region that a changed message can claim; larger items become empty.
const LARGEST: usize = 1 << 20;

/// Lets the space carry what `new` claims in place of what `old` carried.
pub(super) fn replace(space: &mut Space, abi: AbiId, old: &[u8], new: &mut [u8]) {
    by_row!(abi, replace_as(space, old, new));
}

fn replace_as<W: Carries>(space: &mut Space, old: &[u8], new: &mut [u8], _: W) {
    let mut regions = BTreeMap::new();
    for item in items::<W>(old) {
        forget::<W>(space, &item, old, &mut regions);
    }
    for item in items::<W>(new) {
        grant::<W>(space, &item, new, &mut regions);
    }
}

/// What owns something, as far as it can be walked.
fn items<W: Carries>(message: &[u8]) -> Vec<W::Item> {
    if message.len() < W::HEADER { Vec::new() } else { W::items(message).0 }
}

fn forget<W: Carries>(space: &mut Space, item: &W::Item, message: &[u8], regions: &mut BTreeMap<u64, Vec<u8>>) {
    let kind = W::disposition(item, message).owned();
    let Some((at, _, _)) = W::memory(item, message) else {
        let places = kind.into_iter().flat_map(|kind| W::places(item).into_iter().map(move |it| (it, kind)));
        places.for_each(|(place, kind)| space.forget(PortName(u32_at(message, place)), kind));
        return;
    };
    let bytes = space.remove(at);
    kind.into_iter().for_each(|kind| names(&bytes).for_each(|it| space.forget(it, kind)));
    regions.insert(at.0, bytes);
}

fn grant<W: Carries>(space: &mut Space, item: &W::Item, message: &mut [u8], regions: &mut BTreeMap<u64, Vec<u8>>) {
    let kind = W::disposition(item, message).owned();
    let Some((at, size, deallocates)) = W::memory(item, message) else {
        for (place, kind) in kind.into_iter().flat_map(|kind| W::places(item).into_iter().map(move |it| (it, kind))) {
            let name = exists(space, PortName(u32_at(message, place)), kind);
            put(message, place, name.0);
        }
        return;
    };
    if size > LARGEST || size == 0 || !deallocates {
        W::empty(item, message);
        return;
    }
    let mut bytes = regions.remove(&at.0).unwrap_or_default();
    bytes.resize(size, 0);
    for place in kind.into_iter().flat_map(|kind| (0..size / NAME).map(move |it| (it * NAME, kind))) {
        let name = exists(space, PortName(u32_at(&bytes, place.0)), place.1);
        put(&mut bytes, place.0, name.0);
    }
    let at = space.allocate(size);
    space.put(at, bytes);
    W::write_address(item, message, at);
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

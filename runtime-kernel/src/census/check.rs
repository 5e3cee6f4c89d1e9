//! What must hold of everything that was reached.

use std::sync::Arc;

use super::walk::{Found, FoundSet, Place, Walk};
use crate::ipc::transit;

/// Everything that does not hold, one line each.
pub(crate) fn check(mut walk: Walk) -> Result<(), String> {
    let mut wrong = std::mem::take(&mut walk.wrong);
    for found in walk.ports.values() {
        let mut say = |why: String| wrong.push(format!("port {}: {why}", found.port.id));
        rights(found, &mut say);
        requests(&walk, found, &mut say);
        membership(&walk, found, &mut say);
        carried(&walk, found, &mut say);
    }
    for (space, name, port) in &walk.armed {
        let port = walk.ports.get(port).filter(|it| it.port.is_alive());
        if port.is_some_and(|it| !it.requests.contains(&(*space, *name))) {
            wrong.push(format!("name {name} of space {space} has a request that its port does not know"));
        }
    }
    walk.sets.iter().for_each(|it| members(&walk, it, &mut wrong));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// As many rights as the port counts, and one receive right where it thinks that it is.
fn rights(found: &Found, say: &mut dyn FnMut(String)) {
    let port = &found.port;
    let counts = [
        ("send", port.send_count(), &found.sends),
        ("send-once", port.send_once_count(), &found.send_onces),
        ("receive", u32::from(port.is_alive()), &found.receives),
    ];
    for (kind, counted, places) in counts {
        if counted as usize != places.len() {
            say(format!("{counted} {kind} rights are counted, and {} found: {places:?}", places.len()));
        }
    }
    let home = match found.receives.first() {
        Some(Place::Name(space, name)) => Some((*space, *name)),
        _ => None,
    };
    // What the kernel receives from for a while is in no space.
    if port.is_alive() && port.home().filter(|it| it.0 != 0) != home {
        say(format!("it thinks it is at {:?} and is at {:?}", port.home(), found.receives));
    }
}

/// Whoever is to be told of its death has a name that says so.
fn requests(walk: &Walk, found: &Found, say: &mut dyn FnMut(String)) {
    if found.requests.windows(2).any(|it| it[0] == it[1]) {
        say(format!("two requests of one name: {:?}", found.requests));
    }
    for (space, name) in &found.requests {
        if !walk.armed.contains(&(*space, *name, found.port.id)) {
            say(format!("a request of name {name} of space {space}, which does not know it"));
        }
    }
}

/// The sets that it is in have it as a member, and list it if it has messages.
fn membership(walk: &Walk, found: &Found, say: &mut dyn FnMut(String)) {
    for (set, listed) in &found.sets {
        let Some(known) = walk.sets.iter().find(|it| Arc::ptr_eq(&it.set, set)) else {
            say(format!("its set {:?} has no name", set.name()));
            continue;
        };
        if found.port.home().map(|it| it.0) != Some(known.space) {
            say(format!("it is in a set of space {} and at {:?}", known.space, found.port.home()));
        }
        let state = set.lock();
        if !state.members.contains_key(&found.port.id) {
            say(format!("its set {:?} does not have it", set.name()));
        }
        if found.queued > 0 && (!listed || !state.receivers.is_empty()) {
            say("it has messages, and whoever receives from its set does not get them".to_owned());
        }
        let times = state.ready.iter().filter(|it| it.id == found.port.id).count();
        if times != usize::from(*listed) {
            say(format!("its set lists it {times} times, and it thinks {listed}"));
        }
    }
}

/// Its receive right is known to be on its way exactly if it is, and no way leads back.
fn carried(walk: &Walk, found: &Found, say: &mut dyn FnMut(String)) {
    let on_its_way = match found.receives.first() {
        Some(Place::Message(to)) => Some(*to),
        _ => None,
    };
    let mut known = transit::carrier(found.port.id);
    if known != on_its_way {
        return say(format!("its receive right waits at {on_its_way:?} and is thought to wait at {known:?}"));
    }
    for _ in 0..walk.ports.len() {
        let Some(at) = known else { return };
        known = transit::carrier(at);
    }
    if known.is_some() {
        say("its receive right waits in a circle".to_owned());
    }
}

/// A set's members think that they are in it, and nobody else is listed.
fn members(walk: &Walk, found: &FoundSet, wrong: &mut Vec<String>) {
    let FoundSet { set, space, name } = found;
    let mut say = |why: String| wrong.push(format!("set {name} of space {space}: {why}"));
    let state = set.lock();
    if !state.alive {
        say("it has ended and has a name".to_owned());
    }
    if set.name() != *name {
        say(format!("it thinks that its name is {}", set.name()));
    }
    let is_member = |id: &u64| walk.ports.get(id).is_some_and(|it| it.sets.iter().any(|it| Arc::ptr_eq(&it.0, set)));
    for id in state.members.keys().filter(|it| !is_member(it)) {
        say(format!("port {id} is not where it is a member"));
    }
    for port in state.ready.iter().filter(|it| !state.members.contains_key(&it.id)) {
        say(format!("port {} is listed and is no member", port.id));
    }
}

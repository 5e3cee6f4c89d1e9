//! Which object a manager's port stands for.

use std::fmt;
use std::sync::{Arc, Weak};

use mig_rt::{AbiId, KernReturn};

use super::mail::{Mail, What};
use super::{Kind, Object};
use crate::ipc::port::Port;
use crate::ipc::right::SendRef;
use crate::vm::frame::Frames;
use crate::vm::object::Behind;

/// What a port knows of the object that it stands for.
pub(crate) struct Known {
    object: Weak<Object>,
    /// The object, while it may stay though nobody has it.
    pub(super) cached: Option<Arc<Object>>,
    mail: Arc<Mail>,
}

impl Known {
    /// The object, if it is one that still stays when nobody has it.
    pub(crate) fn cached(&self) -> Option<&Arc<Object>> {
        self.cached.as_ref()
    }

    /// What is still to be said to its manager.
    pub(crate) fn mail(&self) -> &Arc<Mail> {
        &self.mail
    }

    /// The port is dead.
    pub(crate) fn manager_died(self) {
        if let Some(object) = self.object.upgrade() {
            object.die();
        }
    }
}

/// The object that a manager's port stands for; its manager hears of it if it is new.
///
/// # Errors
/// `KERN_INVALID_ARGUMENT` if nobody receives there who could manage memory: the messages are those of Mach 3.
pub(crate) fn object_of(port: &Arc<Port>, frames: &Arc<Frames>) -> Result<Arc<Object>, KernReturn> {
    if !can_manage(port) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let mut state = port.lock();
    if !port.is_alive() {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    if let Some(object) = state.rare.memory.as_ref().and_then(|it| it.object.upgrade()) {
        return Ok(object);
    }
    // An earlier object may not have said its last word yet; this one says nothing before that.
    let mail = state.rare.memory.take().map_or_else(Mail::new, |it| it.mail);
    let object = Object::managed(frames, SendRef::uncounted(port), &mail, Kind::External);
    state.rare.memory = Some(Box::new(Known { object: Arc::downgrade(&object), cached: None, mail }));
    drop(state);
    if let Behind::Manager(manager) = &object.lock().behind {
        manager.say(What::Init);
    }
    frames.watch(&object);
    Ok(object)
}

/// Whether whoever receives at a port could manage memory: the messages are those of Mach 3, and the kernel manages none.
pub(in crate::vm) fn can_manage(port: &Port) -> bool {
    port.object().is_none() && !matches!(port.abi(), AbiId::DarwinLp64 | AbiId::DarwinIlp32)
}

/// A new object at a new port, for pages that have no other place.
pub(in crate::vm) fn new_store(frames: &Arc<Frames>, abi: AbiId) -> (Arc<Object>, Arc<Port>) {
    let (port, mail) = (Port::new(abi), Mail::new());
    let object = Object::managed(frames, SendRef::uncounted(&port), &mail, Kind::Store);
    port.lock().rare.memory = Some(Box::new(Known { object: Arc::downgrade(&object), cached: None, mail }));
    frames.watch(&object);
    (object, port)
}

/// Whether an object stays at its manager's port though nobody has it.
pub(super) fn keep_at(port: &Port, object: &Arc<Object>, keep: bool) {
    let mut state = port.lock();
    let before = match state.rare.made().and_then(|it| it.memory.as_mut()) {
        Some(known) if known.object.as_ptr() == Arc::as_ptr(object) => {
            std::mem::replace(&mut known.cached, keep.then(|| object.clone()))
        }
        _ => None,
    };
    drop(state);
    drop(before);
}

/// A port does not stand for an object any more.
pub(super) fn forget_at(port: &Port, object: &Object) {
    let mut state = port.lock();
    let known = state.rare.made().and_then(|it| it.memory.as_mut());
    // Whoever maps the port again gets a new object, which speaks after this one.
    let before = known.filter(|it| std::ptr::eq(it.object.as_ptr(), object)).map(|known| {
        known.object = Weak::new();
        known.cached.take()
    });
    drop(state);
    drop(before);
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({:?})", self.object.upgrade())
    }
}

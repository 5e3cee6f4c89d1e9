//! What a manager says of an object as a whole.

use std::sync::Arc;

use generated::mach3::types::CopyStrategy;
use mig_rt::KernReturn;

use super::mail::{Link, What};
use super::{Kind, State, known};
use crate::ipc::right::{Carried, SendRef};
use crate::vm::object::{Behind, Object};
use crate::vm::page::wake;

/// What a manager has said of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Attributes {
    pub(crate) ready: bool,
    pub(crate) may_cache: bool,
    pub(crate) strategy: CopyStrategy,
}

/// In which words a manager has said that an object is ready: its pages go back accordingly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// `memory_object_set_attributes`: by `memory_object_data_write`.
    Old,
    /// `memory_object_ready`: by `memory_object_data_return`.
    New,
}

/// That attributes have been changed. The object may end by the change, and this is said after its end.
pub(crate) struct Changed(Arc<Link>, SendRef, What);

impl Changed {
    /// Says it, once the change has had its effect.
    pub(crate) fn say(self) {
        self.0.say(self.1, self.2);
    }
}

impl Object {
    /// `memory_object_ready`, `memory_object_set_attributes` and, without a dialect, `memory_object_change_attributes`.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` for a strategy that there is not, and where there is no manager any more.
    pub(crate) fn set_attributes(
        self: &Arc<Object>,
        to: Attributes,
        dialect: Option<Dialect>,
    ) -> Result<(), KernReturn> {
        if !(CopyStrategy::NONE.0..=CopyStrategy::TEMPORARY.0).contains(&to.strategy.0) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let mut it = self.lock();
        let Behind::Manager(manager) = &mut it.behind else { return Err(KernReturn::INVALID_ARGUMENT) };
        if manager.is_dead() || manager.is_store() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        (manager.may_cache, manager.strategy) = (to.may_cache, to.strategy);
        if let Some(dialect) = dialect {
            if to.ready && manager.state == State::Initialising {
                manager.kind = if dialect == Dialect::Old { Kind::OldStyle } else { Kind::External };
            }
            manager.state = if to.ready { State::Ready } else { State::Initialising };
        }
        if manager.is_ready() {
            wake(&mut manager.waiting, Ok(()));
        }
        let port = manager.to.as_ref().map(|it| it.port().clone());
        drop(it);
        if let Some(port) = port {
            known::keep_at(&port, self, to.may_cache);
        }
        if let Some(unused) = to.may_cache.then(|| self.frames.cache(self)).flatten() {
            unused.uncache();
        }
        Ok(())
    }

    /// It goes if nobody has it.
    fn uncache(self: &Arc<Object>) {
        let port = self.ports().manager;
        port.into_iter().for_each(|port| known::keep_at(&port, self, false));
    }

    /// `memory_object_get_attributes`
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` where there is no manager any more.
    pub(crate) fn attributes(&self) -> Result<Attributes, KernReturn> {
        match &self.lock().behind {
            Behind::Manager(it) if !it.is_dead() => {
                Ok(Attributes { ready: it.is_ready(), may_cache: it.may_cache, strategy: it.strategy })
            }
            _ => Err(KernReturn::INVALID_ARGUMENT),
        }
    }

    /// `memory_object_change_completed`, to whoever has asked for it.
    pub(crate) fn changed(&self, to: Carried, may_cache: bool, strategy: CopyStrategy) -> Option<Changed> {
        let it = self.lock();
        let (Behind::Manager(manager), Carried::Send(_) | Carried::SendOnce(_)) = (&it.behind, &to) else {
            return None;
        };
        let manager_port = manager.to.as_ref()?.copy();
        Some(Changed(manager.link.clone(), manager_port, What::ChangeCompleted { to, may_cache, strategy }))
    }

    /// `memory_object_destroy`: whatever the kernel has of it is lost, and so is it for all who have mapped it.
    pub(crate) fn destroy(self: &Arc<Object>) {
        let port = self.ports().manager;
        self.die();
        if let Some(port) = port {
            known::forget_at(&port, self);
        }
    }
}

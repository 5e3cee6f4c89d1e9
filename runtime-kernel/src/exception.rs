//! Exceptions: who handles them, and how a thread asks.
//!
//! A thread that has one asks the handler of its own, then that of its task, then that of the host, and waits for each
//! answer. Whoever answers success has dealt with it, and the thread goes on in whatever state it is by then; if nobody
//! does, the task is terminated.

mod raise;

use generated::darwin::types::{ExceptionBehavior, MACH_EXCEPTION_CODES, MACH_EXCEPTION_ERRORS};
use mig_rt::KernReturn;

use crate::ipc::right::Carried;
use crate::special::copy;
use crate::sync::{Mutex, Rank};

pub(crate) use raise::{Exception, raise};

/// One more than the highest number of an exception (`EXC_TYPES_COUNT` of Darwin).
const KINDS: usize = 14;

/// Who handles exceptions of one kind, and how it is asked.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) port: Carried,
    /// `exception_behavior_t`
    pub(crate) behavior: i32,
    /// The flavor of state that goes with the message, if one does.
    pub(crate) flavor: i32,
}

impl Handler {
    pub(crate) const NOBODY: Handler = Handler { port: Carried::Null, behavior: 0, flavor: 0 };

    fn copy(&self) -> Handler {
        Handler { port: copy(&self.port), ..*self }
    }

    /// What is to be in its messages.
    fn form(&self) -> ExceptionBehavior {
        ExceptionBehavior(self.behavior & !(MACH_EXCEPTION_CODES | MACH_EXCEPTION_ERRORS))
    }

    /// Whether it gets codes of 64 bits.
    fn is_wide(&self) -> bool {
        self.behavior & MACH_EXCEPTION_CODES != 0
    }

    fn is_same(&self, other: &Handler) -> bool {
        let port = |it: &Handler| it.port.port().map(|it| it.id);
        (port(self), self.behavior, self.flavor) == (port(other), other.behavior, other.flavor)
    }

    /// Whether it can be one.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if nothing is asked in this form; if the port is none, the form does not matter.
    pub(crate) fn check(&self) -> Result<(), KernReturn> {
        use ExceptionBehavior as Form;
        let known = [Form::DEFAULT, Form::STATE, Form::STATE_IDENTITY].contains(&self.form());
        let asks = matches!(self.port, Carried::Send(_));
        if known || !asks { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }
}

/// Handlers of each kind of exception: those of a thread, of a task, or of the host.
#[derive(Debug)]
pub(crate) struct Handlers(Mutex<Option<[Handler; KINDS]>>);

impl Handlers {
    pub(crate) fn new(rank: Rank) -> Handlers {
        Handlers(Mutex::new(rank, Some([const { Handler::NOBODY }; KINDS])))
    }

    /// Who handles an exception.
    fn find(&self, kind: i32) -> Option<Handler> {
        let handlers = self.0.lock();
        let handler = handlers.as_ref()?.get(usize::try_from(kind).ok()?)?;
        matches!(handler.port, Carried::Send(_)).then(|| handler.copy())
    }

    /// The handlers of a set of kinds: a row for each that differs from the others, with the set that it is for.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there are kinds in the set that do not exist, `KERN_FAILURE` if the object has ended.
    pub(crate) fn get(&self, mask: i32) -> Result<Vec<(i32, Handler)>, KernReturn> {
        let kinds = kinds(mask)?;
        let handlers = self.0.lock();
        let handlers = handlers.as_ref().ok_or(KernReturn::FAILURE)?;
        let mut rows: Vec<(i32, Handler)> = Vec::new();
        for kind in kinds {
            let handler = &handlers[kind];
            match rows.iter_mut().find(|it| it.1.is_same(handler)) {
                Some(row) => row.0 |= 1 << kind,
                None => rows.push((1 << kind, handler.copy())),
            }
        }
        Ok(rows)
    }

    /// Replaces the handlers of a set of kinds, and returns those that there were as [`get`](Handlers::get) does.
    ///
    /// # Errors
    /// As [`get`](Handlers::get), and those of [`Handler::check`].
    pub(crate) fn swap(&self, mask: i32, handler: &Handler) -> Result<Vec<(i32, Handler)>, KernReturn> {
        let kinds = kinds(mask)?;
        handler.check()?;
        let mut state = self.0.lock();
        let handlers = state.as_mut().ok_or(KernReturn::FAILURE)?;
        let mut rows: Vec<(i32, Handler)> = Vec::new();
        let mut same = Vec::new();
        for kind in kinds {
            let before = std::mem::replace(&mut handlers[kind], handler.copy());
            match rows.iter_mut().find(|it| it.1.is_same(&before)) {
                Some(row) => {
                    row.0 |= 1 << kind;
                    same.push(before);
                }
                None => rows.push((1 << kind, before)),
            }
        }
        drop(state);
        drop(same);
        Ok(rows)
    }

    /// Takes over what another has: a task's child has its handlers.
    pub(crate) fn inherit(&self, from: &Handlers) {
        let copy = from.0.lock().as_ref().map(|it| it.each_ref().map(Handler::copy));
        let before = std::mem::replace(&mut *self.0.lock(), copy);
        drop(before);
    }

    /// Looks at every right that is kept here.
    pub(crate) fn each(&self, look: &mut dyn FnMut(&Carried)) {
        self.0.lock().iter().flatten().for_each(|it| look(&it.port));
    }

    /// Releases everything: the object ends.
    pub(crate) fn end(&self) {
        let handlers = self.0.lock().take();
        drop(handlers);
    }
}

/// The kinds in a set.
fn kinds(mask: i32) -> Result<Vec<usize>, KernReturn> {
    let known = (1..KINDS).filter(|it| mask & 1 << it != 0).collect::<Vec<_>>();
    let rest = known.iter().fold(mask, |mask, it| mask & !(1 << it));
    if rest == 0 { Ok(known) } else { Err(KernReturn::INVALID_ARGUMENT) }
}

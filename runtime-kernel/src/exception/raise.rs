//! How a thread asks those who handle its exceptions.

use std::sync::Arc;

use generated::darwin::types::{ExceptionBehavior, ExceptionType};
use generated::{darwin, mach3};
use mig_rt::{AbiId, ErrorKind, KernReturn, MsgReturn, SendRight, Wide};

use super::Handler;
use crate::in_kernel::InKernel;
use crate::ipc::right::Carried;
use crate::special::{Special, SpecialPorts};
use crate::task::TaskObject;
use crate::thread::{self, ThreadObject};

/// Words of the largest state.
const LARGEST_STATE: usize = 1296;

/// What a thread cannot go on with by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    /// `EXC_BAD_ACCESS` and its kin.
    pub(crate) kind: i32,
    pub(crate) code: i64,
    pub(crate) subcode: i64,
}

/// The current thread has an exception. When this returns, somebody has dealt with it, or the thread has been made to go
/// on, or it ends at the next door: then its task was terminated, or it was.
///
/// # Errors
/// `KERN_INVALID_ARGUMENT` if the host's thread is none of a task, or if exceptions have no such number.
pub(crate) fn raise(it: Exception) -> Result<(), KernReturn> {
    let thread = thread::current().ok_or(KernReturn::INVALID_ARGUMENT)?;
    let Some(task) = thread.task.upgrade() else { return Ok(()) };
    if !(1..super::KINDS as i32).contains(&it.kind) {
        return Err(KernReturn::INVALID_ARGUMENT);
    }
    let host = task.host.upgrade();
    let levels: [&dyn Fn() -> Option<Handler>; 3] = [
        &|| thread.handlers.find(it.kind).or_else(|| of_mach3(&thread.special)),
        &|| task.handlers.find(it.kind).or_else(|| of_mach3(&task.special)),
        &|| host.as_ref()?.handlers.find(it.kind),
    ];
    for handler in levels.iter().filter_map(|level| level()) {
        if ask(&thread, &task, handler, it) || thread.run.has_ended() {
            return Ok(());
        }
    }
    // It may have been terminated meanwhile.
    let _ = task.terminate();
    Ok(())
}

/// The exception port of Mach 3, which is one for all kinds.
fn of_mach3(ports: &SpecialPorts) -> Option<Handler> {
    let port = ports.get(Special::Exception).ok()?;
    matches!(port, Carried::Send(_)).then_some(Handler { port, behavior: ExceptionBehavior::DEFAULT.0, flavor: 0 })
}

/// Asks one handler, and waits. Whether the thread goes on: the handler says so, or somebody has ended the wait.
fn ask(thread: &Arc<ThreadObject>, task: &Arc<TaskObject>, handler: Handler, it: Exception) -> bool {
    let (wide, form, flavor) = (handler.is_wide(), handler.form(), handler.flavor);
    let Some(abi) = handler.port.port().map(|it| it.abi()) else { return false };
    // Nothing of it is held elsewhere while the thread waits.
    let question = Question { thread, task, abi, to: InKernel::send(handler.port), it };
    let answer = match (abi, form) {
        (AbiId::DarwinLp64 | AbiId::DarwinIlp32, ExceptionBehavior::DEFAULT) => question.darwin(wide),
        (AbiId::DarwinLp64 | AbiId::DarwinIlp32, form) => {
            question.with_state(wide, form == ExceptionBehavior::STATE_IDENTITY, flavor)
        }
        (_, ExceptionBehavior::DEFAULT) => question.mach3(),
        // Receivers of Mach 3 have no message for it.
        _ => return false,
    };
    match answer.map_err(|it| it.kind()) {
        Ok(()) | Err(ErrorKind::Msg(MsgReturn::RCV_INTERRUPTED)) => true,
        Err(_) => false,
    }
}

/// What a handler is asked.
struct Question<'a> {
    thread: &'a ThreadObject,
    task: &'a TaskObject,
    /// How its receiver reads.
    abi: AbiId,
    to: SendRight<InKernel>,
    it: Exception,
}

impl Question<'_> {
    /// What thread and task call themselves by.
    fn who(&self) -> (SendRight<InKernel>, SendRight<InKernel>) {
        let port = |ports: &SpecialPorts| InKernel::send(ports.get(Special::Kernel).unwrap_or(Carried::Null));
        (port(&self.thread.special), port(&self.task.special))
    }

    fn narrow(&self) -> [i32; 2] {
        [self.it.code as i32, self.it.subcode as i32]
    }

    fn wide(&self) -> [Wide<i64>; 2] {
        [self.it.code, self.it.subcode].map(Wide::new)
    }

    fn mach3(&self) -> mig_rt::Result<()> {
        let (thread, task) = self.who();
        let [code, subcode] = self.narrow();
        // Only the newest messages have room for a whole address.
        let subcode = if self.abi == AbiId::GnumachX8664 { self.it.subcode } else { subcode.into() };
        mach3::exc::any::exception_raise(self.abi, &self.to, &thread, &task, self.it.kind, code, subcode)
    }

    fn darwin(&self, wide: bool) -> mig_rt::Result<()> {
        let ((thread, task), kind) = (self.who(), ExceptionType(self.it.kind));
        if wide {
            darwin::mach_exc::any::mach_exception_raise(self.abi, &self.to, &thread, &task, kind, &self.wide())
        } else {
            darwin::exc::any::exception_raise(self.abi, &self.to, &thread, &task, kind, &self.narrow())
        }
    }

    /// The state of the thread goes along, and a new one comes back.
    fn with_state(&self, wide: bool, identity: bool, flavor: i32) -> mig_rt::Result<()> {
        use darwin::exc::any as narrow;
        use darwin::mach_exc::any as broad;
        let (abi, to, kind) = (self.abi, &self.to, ExceptionType(self.it.kind));
        let old = self.thread.state.lock().get(self.thread.machine, flavor)?;
        let mut new = [0; LARGEST_STATE];
        let (codes, wides) = (self.narrow(), self.wide());
        let (flavor, count) = match (identity, wide) {
            (false, false) => {
                let out = narrow::exception_raise_state(abi, to, kind, &codes, flavor, &old, &mut new)?;
                (out.flavor, out.new_state)
            }
            (false, true) => {
                let out = broad::mach_exception_raise_state(abi, to, kind, &wides, flavor, &old, &mut new)?;
                (out.flavor, out.new_state)
            }
            (true, wide) => {
                let (thread, task) = self.who();
                if wide {
                    let out = broad::mach_exception_raise_state_identity(
                        abi, to, &thread, &task, kind, &wides, flavor, &old, &mut new,
                    )?;
                    (out.flavor, out.new_state)
                } else {
                    let out = narrow::exception_raise_state_identity(
                        abi, to, &thread, &task, kind, &codes, flavor, &old, &mut new,
                    )?;
                    (out.flavor, out.new_state)
                }
            }
        };
        Ok(self.thread.state.lock().set(self.thread.machine, flavor, &new[..count])?)
    }
}

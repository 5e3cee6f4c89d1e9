//! What the kernel answers to one-way requests that name a port for an answer nevertheless.

use mig_rt::{KernReturn, ReceiveRight};
use runtime_kernel::Task;

use crate::world::poll;

/// Sends a one-way request of the kernel with a port for an answer, and returns what it was told.
macro_rules! told {
    ($task:expr, $routine:ident($($argument:expr),* $(,)?)) => {{
        let reply = mig_rt::ReceiveRight::new(&$task).unwrap();
        let mut buffer = mig_rt::Buffer::new();
        let request = generated::mach3::mach::gnumach_i386::$routine::encode(&mut buffer, $($argument),*);
        let mut request = request.unwrap();
        request.reply_to(reply.make_send_once());
        request.send().unwrap();
        $crate::vm::managers::told::answer(&$task, &reply)
    }};
}
pub(super) use told;

/// The code of the answer; none is success.
pub(super) fn answer(task: &Task, reply: &ReceiveRight<Task>) -> Result<(), KernReturn> {
    let got = poll(task, reply.name()).unwrap();
    match got.body().get(1).and_then(|it| KernReturn::new(*it as i32)) {
        Some(code) => Err(code),
        None => Ok(()),
    }
}

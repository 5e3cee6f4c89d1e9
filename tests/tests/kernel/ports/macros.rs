//! What C has as macros: the ports of tasks and threads by names of their own.

use generated::special_ports as named;
use mig_rt::{AbiId, KernReturn, Result, SendRight};
use runtime_kernel::Task;

use super::{Side, mach3};

type Get = fn(AbiId, &SendRight<Task>) -> Result<SendRight<Task>>;
type Set = fn(AbiId, &SendRight<Task>, &SendRight<Task>) -> Result<()>;

/// A port is put in its place, found there, and taken out again; what is no task or thread is refused.
fn both_ways(side: &Side, of: &SendRight<Task>, get: Get, set: Set) {
    let (port, send) = side.owned();
    let before = get(side.abi, of).unwrap();
    set(side.abi, of, &send).unwrap();
    assert_eq!(get(side.abi, of).unwrap().name(), send.name());
    set(side.abi, of, &before).unwrap();
    assert_eq!(get(side.abi, of).unwrap().name(), before.name());
    let refused = [get(side.abi, &side.host).map(drop), set(side.abi, &side.host, &send)];
    for it in refused {
        assert_eq!(it.map_err(|it| it.to_kern()), Err(KernReturn::INVALID_ARGUMENT));
    }
    drop(port);
}

#[test]
fn special_ports_by_names_of_their_own() {
    mach3(|side| {
        let me = &side.me;
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let worker = side.task.spawn("worker", move |_| wait.recv().unwrap());
        let thread = worker.port();
        both_ways(side, me, named::task_get_kernel_port, named::task_set_kernel_port);
        covers!("task_get_kernel_port", "KERN_SUCCESS");
        covers!("task_get_kernel_port", "KERN_INVALID_ARGUMENT");
        covers!("task_set_kernel_port", "KERN_SUCCESS");
        covers!("task_set_kernel_port", "KERN_INVALID_ARGUMENT");
        both_ways(side, me, named::task_get_exception_port, named::task_set_exception_port);
        covers!("task_get_exception_port", "KERN_SUCCESS");
        covers!("task_get_exception_port", "KERN_INVALID_ARGUMENT");
        covers!("task_set_exception_port", "KERN_SUCCESS");
        covers!("task_set_exception_port", "KERN_INVALID_ARGUMENT");
        both_ways(side, me, named::task_get_bootstrap_port, named::task_set_bootstrap_port);
        covers!("task_get_bootstrap_port", "KERN_SUCCESS");
        covers!("task_get_bootstrap_port", "KERN_INVALID_ARGUMENT");
        covers!("task_set_bootstrap_port", "KERN_SUCCESS");
        covers!("task_set_bootstrap_port", "KERN_INVALID_ARGUMENT");
        both_ways(side, &thread, named::thread_get_kernel_port, named::thread_set_kernel_port);
        covers!("thread_get_kernel_port", "KERN_SUCCESS");
        covers!("thread_get_kernel_port", "KERN_INVALID_ARGUMENT");
        covers!("thread_set_kernel_port", "KERN_SUCCESS");
        covers!("thread_set_kernel_port", "KERN_INVALID_ARGUMENT");
        both_ways(side, &thread, named::thread_get_exception_port, named::thread_set_exception_port);
        covers!("thread_get_exception_port", "KERN_SUCCESS");
        covers!("thread_get_exception_port", "KERN_INVALID_ARGUMENT");
        covers!("thread_set_exception_port", "KERN_SUCCESS");
        covers!("thread_set_exception_port", "KERN_INVALID_ARGUMENT");
        go.send(()).unwrap();
        worker.join().unwrap();
        drop(thread);
    });
}

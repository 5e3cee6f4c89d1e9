//! Routines about tasks and threads that both sets have in the same form. Names and types are those of the set that
//! includes them.

use mig_rt::{KernReturn, Rights, SendRight};

use super::Maybe;
use crate::budget::Resource;
use crate::in_kernel::InKernel;
use crate::task::TaskObject;

/// Those of tasks, each of which hands on so many ports at most.
macro_rules! task_calls {
    ($most:expr) => {
        fn mach_ports_register(
            &mut self,
            target_task: Maybe<TaskObject>,
            init_port_set: Rights<'_, InKernel, SendRight<InKernel>>,
        ) -> Result<(), KernReturn> {
            $crate::server::register(&target_task.task()?.special, init_port_set, $most)
        }

        fn mach_ports_lookup(
            &mut self,
            target_task: Maybe<TaskObject>,
        ) -> Result<Rights<'static, InKernel, SendRight<InKernel>>, KernReturn> {
            $crate::server::registered(target_task.task()?, $most)
        }

        fn task_terminate(&mut self, target_task: Maybe<TaskObject>) -> Result<(), KernReturn> {
            target_task.task()?.terminate()
        }

        fn task_threads(
            &mut self,
            target_task: Maybe<TaskObject>,
        ) -> Result<Rights<'static, InKernel, SendRight<InKernel>>, KernReturn> {
            $crate::server::tasks::threads(target_task.task()?)
        }

        fn task_suspend(&mut self, target_task: Maybe<TaskObject>) -> Result<(), KernReturn> {
            target_task.task()?.suspend()
        }

        fn task_resume(&mut self, target_task: Maybe<TaskObject>) -> Result<(), KernReturn> {
            target_task.task()?.resume()
        }

        fn thread_create(&mut self, parent_task: Maybe<TaskObject>) -> Result<SendRight<InKernel>, KernReturn> {
            let thread = $crate::server::tasks::task(&parent_task)?.create_thread()?;
            Ok(InKernel::send(thread.own_port()))
        }
    };
}

/// Calls that a task's own program handles.
macro_rules! emulation_calls {
    () => {
        fn task_set_emulation(
            &mut self,
            target_port: Maybe<TaskObject>,
            routine_entry_pt: Address,
            routine_number: i32,
        ) -> Result<(), KernReturn> {
            let task = target_port.task().map_err(|_| EML_BAD_TASK)?;
            task.emulation.set(routine_number, &mut std::iter::once(routine_entry_pt))
        }

        fn task_get_emulation_vector(
            &mut self,
            task: Maybe<TaskObject>,
        ) -> Result<task_get_emulation_vector::Out<InKernel>, KernReturn> {
            let (vector_start, entries) = task.task().map_err(|_| EML_BAD_TASK)?.emulation.get();
            Ok(task_get_emulation_vector::Out { vector_start, emulation_vector: Region::new(&InKernel, &entries)? })
        }

        fn task_set_emulation_vector(
            &mut self,
            task: Maybe<TaskObject>,
            vector_start: i32,
            emulation_vector: Region<InKernel, Address>,
        ) -> Result<(), KernReturn> {
            let task = task.task().map_err(|_| EML_BAD_TASK)?;
            let entries: Vec<Address> = emulation_vector.iter()?.collect();
            task.emulation.set(vector_start, &mut entries.into_iter())
        }
    };
}

/// Those of threads. A set says by which code it tells of a thread that has ended.
macro_rules! thread_calls {
    ($ended:expr) => {
        fn thread_terminate(&mut self, target_thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
            target_thread.thread()?.end().map_err($ended)
        }

        fn thread_suspend(&mut self, target_thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
            target_thread.thread()?.run.suspend().map_err($ended)
        }

        fn thread_resume(&mut self, target_thread: Maybe<ThreadObject>) -> Result<(), KernReturn> {
            target_thread.thread()?.run.resume().map_err($ended)
        }
    };
}
pub(super) use {emulation_calls, task_calls, thread_calls};

/// Of whom something is made that takes kernel memory.
pub(super) fn task(it: &Maybe<TaskObject>) -> Result<&std::sync::Arc<TaskObject>, KernReturn> {
    let task = it.shared()?;
    afford(task)?;
    Ok(task)
}

/// Takes kernel memory for a task.
pub(super) fn afford(task: &TaskObject) -> Result<(), KernReturn> {
    task.budget.afford(Resource::Objects)
}

/// `task_create`
pub(super) fn create(parent: &Maybe<TaskObject>, inherits_memory: bool) -> Result<SendRight<InKernel>, KernReturn> {
    let child = task(parent)?.create_child(inherits_memory)?;
    Ok(InKernel::send(child.own_port()))
}

/// `thread_create_running`: the thread runs, if somebody gives it a program.
pub(super) fn create_running(
    parent: &Maybe<TaskObject>,
    flavor: i32,
    state: &[u32],
) -> Result<SendRight<InKernel>, KernReturn> {
    let thread = task(parent)?.create_thread()?;
    let made = thread.set_state(flavor, state).and_then(|()| thread.run.resume());
    if made.is_err() {
        // Nobody knows it.
        let _ = thread.end();
    }
    made.map(|()| InKernel::send(thread.own_port()))
}

/// `task_threads`
pub(super) fn threads(task: &TaskObject) -> Result<Rights<'static, InKernel, SendRight<InKernel>>, KernReturn> {
    let threads = task.living_threads()?;
    task.budget.afford(Resource::Objects)?;
    let rights = threads.iter().map(|it| InKernel::send(it.own_port()));
    Rights::collect(&InKernel, rights.collect::<Vec<_>>())
}

/// Mach 3 says of a thread that has ended what it says of a task: `KERN_FAILURE`.
pub(super) fn failure(code: KernReturn) -> KernReturn {
    if code == KernReturn::TERMINATED { KernReturn::FAILURE } else { code }
}

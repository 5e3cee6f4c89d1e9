//! A kernel that goes takes its threads with it, if it is a seeded one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use generated::mach3::mach_port::gnumach_i386 as mach_port;
use mig_rt::{Disposition, Operation, PortName, RightKind};
use runtime_kernel::{Task, Thread};

use crate::world::{Simple, World, give, port, wait};

/// Threads that have not ended: what each keeps while its body runs, or waits to be run.
#[derive(Clone, Default)]
struct Living(Arc<AtomicUsize>);

struct Alive(Arc<AtomicUsize>);

impl Living {
    fn one_more(&self) -> Alive {
        self.0.fetch_add(1, Ordering::SeqCst);
        Alive(self.0.clone())
    }

    fn spawn<X: Send + 'static>(
        &self,
        task: &Task,
        name: &str,
        body: impl FnOnce(&Task) -> X + Send + 'static,
    ) -> Thread<X> {
        let alive = self.one_more();
        task.spawn(name, move |task| {
            let _alive = alive;
            body(&task)
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Calls the kernel when it goes, as a server does that says farewell.
struct Farewell(Task);

impl Drop for Farewell {
    fn drop(&mut self) {
        let myself = self.0.self_port();
        assert!(mach_port::mach_port_allocate(&myself, RightKind::RECEIVE).is_err());
        assert!(wait(&self.0, PortName(1)).is_err());
    }
}

/// A thread goes on without its kernel: a failed assertion would look like the end that is wanted.
fn unreached() {
    std::process::abort()
}

/// Whoever waits, whoever has not begun, and whoever takes no error for an answer: all end, and nothing is forgotten.
#[test]
fn a_kernel_that_is_dropped_leaves_no_thread() {
    for seed in 0..200 {
        let living = Living::default();
        let world = World::seeded(seed);
        let (server, client) = (world.task("server"), world.task("client"));
        let (silent, full) = (port(&server), port(&server));
        mach_port::mach_port_set_qlimit(&server.self_port(), full, 0).unwrap();
        let to = give(&server, full, &client);
        let mut threads = vec![
            living.spawn(&server, "receives", move |task| {
                let _farewell = Farewell(task.clone());
                drop(wait(task, silent));
                // The wait itself does not come back.
                unreached()
            }),
            living.spawn(&client, "sends", move |task| {
                let own = port(task);
                let letter = Simple::to(to, Disposition::COPY_SEND, 1).carrying(own, Disposition::MOVE_RECEIVE);
                let _ = letter.send_with(task, Operation::default());
                unreached()
            }),
            living.spawn(&client, "persists", move |task| {
                let name = port(task);
                loop {
                    let caught = catch_unwind(AssertUnwindSafe(|| wait(task, name)));
                    if let Err(payload) = caught {
                        // It may try to stay, and asks again.
                        drop(payload);
                        loop {
                            drop(wait(task, name));
                        }
                    }
                }
            }),
        ];
        assert_eq!(world.kernel.run().len(), threads.len(), "seed {seed}");
        let late = living.spawn(&server, "late", |_| unreached());
        threads.push(late);
        drop(world);
        let after: Thread<()> = living.spawn(&server, "after", |_| unreached());
        assert!(threads.into_iter().all(|it| it.join().is_err()), "seed {seed}");
        assert!(after.join().is_err());
        assert_eq!(living.0.load(Ordering::SeqCst), 0, "seed {seed}");
    }
}

/// What a thread has done before stays done, and one that has ended is not asked again.
#[test]
fn a_thread_that_has_ended_is_not_concerned() {
    let living = Living::default();
    let world = World::seeded(3);
    let task = world.task("task");
    let thread = living.spawn(&task, "ends", |_| 5);
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    drop(world);
    assert_eq!(thread.join().unwrap(), 5);
    assert_eq!(living.0.load(Ordering::SeqCst), 0);
}

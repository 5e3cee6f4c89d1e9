//! An array whose length the client limits: the policy of a thread, as `thread_policy_get` returns it.
//!
//! The array's words mean what the flavor says, and the client says how many it has room for (`CountInOut`). The server
//! sees that as the capacity of the room it writes into; a policy that does not fit is an error, and none is cut. The
//! stub has made a thread of the port before the server's method runs.
//!
//! ```text
//! $ cargo run -p programs --bin thread_policy
//! client: importance 7
//! client: importance 0 (the default: true)
//! client: 4 ms of every 10 ms
//! client: room for 2 words: the server answered MIG_ARRAY_TOO_LARGE (-307)
//! client: room for 16 words: 4 were written
//! client: flavor 99: the server answered KERN_INVALID_ARGUMENT (4)
//! client: another port: the server answered KERN_INVALID_ARGUMENT (4)
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use mig_rt::{AbiId, Flavor, KernReturn, PortIn, PortName, ReceiveRight, Room, SendRight, Translate, flavored, serve};
use programs::thread_policy::{
    ThreadAct, ThreadPolicyServer, ThreadPrecedencePolicy, ThreadTimeConstraintPolicy, darwin_lp64 as stubs,
};
use runtime_kernel::{Kernel, Task};

const MILLISECOND: u32 = 1_000_000;

/// How a thread is scheduled.
#[derive(Clone, Copy, Default)]
struct Policy {
    importance: i32,
    period: u32,
    computation: u32,
}

/// Knows one thread.
struct Scheduler {
    thread: PortName,
    policy: Policy,
}

impl Translate<Task, ThreadAct> for Scheduler {
    type Object = Option<Policy>;

    fn intran(&self, from: PortIn<'_, Task>) -> Option<Policy> {
        let known = matches!(from, PortIn::Local(name) if name == self.thread);
        known.then_some(self.policy)
    }
}

impl ThreadPolicyServer<Task> for Scheduler {
    fn thread_policy_get(
        &mut self,
        thread: Option<Policy>,
        flavor: u32,
        policy_info: &mut Room<'_, u32>,
        get_default: bool,
    ) -> Result<bool, KernReturn> {
        let thread = thread.ok_or(KernReturn::INVALID_ARGUMENT)?;
        let Policy { importance, period, computation } = if get_default { Policy::default() } else { thread };
        let fits = match flavor as i32 {
            ThreadPrecedencePolicy::NUMBER => policy_info.put(&ThreadPrecedencePolicy { importance }),
            ThreadTimeConstraintPolicy::NUMBER => policy_info.put(&ThreadTimeConstraintPolicy {
                period,
                computation,
                constraint: period,
                preemptible: true,
            }),
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        };
        if fits { Ok(get_default) } else { Err(KernReturn::MIG_ARRAY_TOO_LARGE) }
    }
}

/// The policy that a structure stands for, and whether it is the default.
fn policy<F: Flavor>(thread: &SendRight<Task>, get_default: bool) -> mig_rt::Result<(F, bool)> {
    let mut is_default = false;
    let policy = flavored(stubs::ABI, |flavor, room| {
        let out = stubs::thread_policy_get(thread, flavor as u32, room, get_default)?;
        is_default = out.get_default;
        Ok(out.policy_info)
    })?;
    Ok((policy, is_default))
}

fn ask(thread: &SendRight<Task>, other: &SendRight<Task>) -> mig_rt::Result<()> {
    let (it, _) = policy::<ThreadPrecedencePolicy>(thread, false)?;
    println!("client: importance {}", it.importance);
    let (it, is_default) = policy::<ThreadPrecedencePolicy>(thread, true)?;
    println!("client: importance {} (the default: {is_default})", it.importance);
    let (it, _) = policy::<ThreadTimeConstraintPolicy>(thread, false)?;
    println!("client: {} ms of every {} ms", it.computation / MILLISECOND, it.period / MILLISECOND);
    let constraint = ThreadTimeConstraintPolicy::NUMBER as u32;
    for words in [2, 16] {
        match stubs::thread_policy_get(thread, constraint, &mut vec![0; words], false) {
            Ok(out) => println!("client: room for {words} words: {} were written", out.policy_info),
            Err(error) => println!("client: room for {words} words: {error}"),
        }
    }
    for (what, thread, flavor) in [("flavor 99", thread, 99), ("another port", other, constraint)] {
        if let Err(error) = stubs::thread_policy_get(thread, flavor, &mut [0; 16], false) {
            println!("client: {what}: {error}");
        }
    }
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [server, client] = ["scheduler", "client"].map(|name| kernel.task(name, AbiId::DarwinLp64));
    let (port, other) = (ReceiveRight::new(&server)?, ReceiveRight::new(&server)?);
    let rights = [server.give_send(&port, &client)?, server.give_send(&other, &client)?];
    let thread = port.name();
    for port in [port, other] {
        let policy = Policy { importance: 7, period: 10 * MILLISECOND, computation: 4 * MILLISECOND };
        let mut scheduler = Scheduler { thread, policy };
        server.spawn("scheduler", move |_| serve::<_, _, { stubs::MAX }>(&port, &[stubs::subsystem()], &mut scheduler));
    }
    client.spawn("client", move |_| ask(&rights[0], &rights[1])).join().expect("the client does not panic")
}

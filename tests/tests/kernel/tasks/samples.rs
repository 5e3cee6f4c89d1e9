//! Samples of program counters: where they go, and when there are none any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use generated::darwin;
use generated::darwin::prof;
use generated::mach3::mach4::{SampledPc, SampledPcFlavor, any as mach4};
use generated::mach3::profil;
use generated::mach3::sample::any as sample;
use mig_rt::{
    AbiId, Address, KernReturn, PortName, Receive, ReceiveRight, Result, SendRight, Subsystem, Timeout, serve_once,
};
use runtime_kernel::{Resource, Task};

use super::{Calls, state};
use crate::ports::{self, carry, each};
use crate::races::in_many_orders;
use crate::world::{World, port, wait};

/// Sends samples of a thread to a port; null ends it.
fn sample_thread(abi: AbiId, thread: &SendRight<Task>, to: &ReceiveRight<Task>) -> Result<()> {
    if Calls(abi).is_typed() {
        let task = thread.via();
        sample::mach_sample_thread(abi, &task.self_port(), &sending(task, to), thread)
    } else {
        darwin::thread_act::any::thread_sample(abi, thread, to)
    }
}

/// The same of all threads of a task.
fn sample_task(abi: AbiId, of: &SendRight<Task>, to: &ReceiveRight<Task>) -> Result<()> {
    if Calls(abi).is_typed() {
        let task = of.via();
        sample::mach_sample_task(abi, &task.self_port(), &sending(task, to), of)
    } else {
        darwin::task::any::task_sample(abi, of, to)
    }
}

fn sending(task: &Task, to: &ReceiveRight<Task>) -> SendRight<Task> {
    task.make_send(to).unwrap_or_else(|_| SendRight::null(task))
}

/// Messages of samples.
#[derive(Default)]
struct Heard(Vec<Vec<u32>>);

impl profil::ProfilServer<Task> for Heard {
    fn samples(&mut self, _: PortName, samples: &[i32; 101]) -> std::result::Result<(), KernReturn> {
        let all: Vec<u32> = samples.iter().map(|it| it.cast_unsigned()).collect();
        let count = all[100] as usize;
        assert!(all[count..100].iter().all(|it| *it == 0));
        self.0.push(all[..count].to_vec());
        Ok(())
    }
}

impl prof::ProfServer<Task> for Heard {
    fn samples(&mut self, _: PortName, samples: &[u32]) -> std::result::Result<(), KernReturn> {
        self.0.push(samples.to_vec());
        Ok(())
    }
}

/// What waits at a port.
fn heard(port: &ReceiveRight<Task>) -> Vec<Vec<u32>> {
    let mut heard = Heard::default();
    let subsystems: [Subsystem<Task, Heard>; 5] = [
        profil::gnumach_i386::subsystem(),
        profil::gnumach_x86_64::subsystem(),
        profil::gnumach_x86_64_2022::subsystem(),
        prof::darwin_lp64::subsystem(),
        prof::darwin_ilp32::subsystem(),
    ];
    while serve_once::<_, _, 1024>(Receive::from(port).within(Timeout(0)), &subsystems, &mut heard).is_ok() {}
    heard.0
}

/// A program counter for a thread.
fn set_pc(abi: AbiId, thread: &SendRight<Task>, pc: u32) {
    let (at, words) = match abi {
        AbiId::GnumachI386 => (12, 17),
        AbiId::GnumachX8664 | AbiId::GnumachX8664v2022 => (32, 42),
        _ => (64, state::WORDS),
    };
    let mut all = vec![0; words];
    all[at] = pc;
    state::set(abi, thread, state::general(abi), &all).unwrap();
}

const PC: u32 = 0x8000_1234;

/// A thread that will come to the kernel so often, and stay at one place of its program.
fn comes(task: &Task, abi: AbiId, times: usize) -> SendRight<Task> {
    let thread = Calls(abi).thread_create(&task.self_port()).unwrap();
    set_pc(abi, &thread, PC);
    let program = move |task: Task| (0..times).for_each(|_| task.checkpoint());
    drop(task.start(&thread, program).unwrap());
    Calls(abi).thread_resume(&thread).unwrap();
    thread
}

fn sizes(all: &[Vec<u32>]) -> Vec<usize> {
    assert!(all.iter().flatten().all(|it| *it == PC));
    all.iter().map(Vec::len).collect()
}

/// Full buffers come as they fill, and the last when the thread has ended.
#[test]
fn a_thread_is_sampled() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let port = ReceiveRight::new(&task).unwrap();
        let thread = comes(&task, abi, 250);
        let started = sample_thread(abi, &thread, &port);
        covers!("mach_sample_thread", "KERN_SUCCESS");
        covers!("thread_sample", "KERN_SUCCESS", started);
        // Others are not.
        drop(comes(&task, abi, 20));
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        assert_eq!(sizes(&heard(&port)), [100, 100, 50], "{abi}");
    }
}

/// The same, but it does not end: then it waits for a message, which is a call more.
fn stays(task: &Task, abi: AbiId, times: usize) -> SendRight<Task> {
    let thread = Calls(abi).thread_create(&task.self_port()).unwrap();
    set_pc(abi, &thread, PC);
    let program = move |task: Task| {
        (0..times).for_each(|_| task.checkpoint());
        let _ = wait(&task, port(&task));
    };
    drop(task.start(&thread, program).unwrap());
    Calls(abi).thread_resume(&thread).unwrap();
    thread
}

/// Samples go to one port at a time: whoever had them gets the rest, and so when nobody wants them any more.
#[test]
fn samples_go_elsewhere() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let ports = [(); 2].map(|()| ReceiveRight::new(&task).unwrap());
        let null = ReceiveRight::null(&task);
        let thread = stays(&task, abi, 30);
        sample_thread(abi, &thread, &ports[0]).unwrap();
        assert_eq!(world.kernel.run().len(), 1);
        sample_thread(abi, &thread, &ports[0]).unwrap();
        assert!(heard(&ports[0]).is_empty(), "{abi}: it is the same port");
        sample_thread(abi, &thread, &ports[1]).unwrap();
        assert_eq!((sizes(&heard(&ports[0])), heard(&ports[1]).len()), (vec![31], 0), "{abi}");
        sample_thread(abi, &thread, &null).unwrap();
        assert_eq!(
            (heard(&ports[0]).len(), sizes(&heard(&ports[1]))),
            (0, vec![0]),
            "{abi}: the last, though it is empty"
        );
        sample_thread(abi, &thread, &null).unwrap();
        assert!(heard(&ports[1]).is_empty(), "{abi}");
        Calls(abi).thread_terminate(&thread).unwrap();
        assert_eq!(world.kernel.run(), Vec::<String>::new());
    }
}

/// All threads of a task, those that it will have, and those of its children.
#[test]
fn a_task_is_sampled() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let (me, port) = (task.self_port(), ReceiveRight::new(&task).unwrap());
        drop(comes(&task, abi, 30));
        let started = sample_task(abi, &me, &port);
        covers!("mach_sample_task", "KERN_SUCCESS");
        covers!("task_sample", "KERN_SUCCESS", started);
        drop(comes(&task, abi, 50));
        let child = Calls(abi).task_create(&me, false).unwrap();
        let thread = Calls(abi).thread_create(&child).unwrap();
        set_pc(abi, &thread, PC);
        let program = |task: Task| (0..7).for_each(|_| task.checkpoint());
        drop(task.start(&thread, program).unwrap());
        Calls(abi).thread_resume(&thread).unwrap();
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        assert!(heard(&port).is_empty(), "no buffer is full");
        Calls(abi).task_terminate(&child).unwrap();
        assert_eq!(sizes(&heard(&port)), [7], "{abi}");
        sample_task(abi, &me, &ReceiveRight::null(&task)).unwrap();
        assert_eq!(sizes(&heard(&port)), [80], "{abi}");
        drop(comes(&task, abi, 200));
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        assert!(heard(&port).is_empty(), "{abi}");
    }
}

/// Nobody's samples fill the kernel.
#[test]
fn samples_that_nobody_receives_are_lost() {
    for abi in AbiId::ALL {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let port = ReceiveRight::new(&task).unwrap();
        let thread = comes(&task, abi, 2000);
        sample_thread(abi, &thread, &port).unwrap();
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        assert_eq!(sizes(&heard(&port)), [100; 5], "{abi}: what the queue holds");
        let thread = comes(&task, abi, 2000);
        sample_thread(abi, &thread, &port).unwrap();
        drop(port);
        assert_eq!(world.kernel.run(), Vec::<String>::new());
    }
}

#[test]
fn samples_are_refused() {
    each(|side| {
        let abi = side.abi;
        let (thread, port) = (Calls(abi).thread_create(&side.me).unwrap(), ReceiveRight::new(&side.task).unwrap());
        for wrong in [sample_thread(abi, &side.host, &port), sample_thread(abi, &side.me, &port)] {
            covers!("thread_sample", "KERN_INVALID_ARGUMENT", wrong);
        }
        for wrong in [sample_task(abi, &side.host, &port), sample_task(abi, &thread, &port)] {
            covers!("task_sample", "KERN_INVALID_ARGUMENT", wrong);
        }
        covers!("mach_sample_thread", "KERN_INVALID_ARGUMENT");
        covers!("mach_sample_task", "KERN_INVALID_ARGUMENT");
        if side.is_typed() {
            let (send, dead) = (side.task.make_send(&port).unwrap(), dead(side));
            for (of, to) in [(&side.host, &send), (&side.me, &dead)] {
                let wrong = sample::mach_sample_thread(abi, of, to, &thread);
                covers!("mach_sample_thread", "KERN_INVALID_ARGUMENT", wrong);
                let wrong = sample::mach_sample_task(abi, of, to, &side.me);
                covers!("mach_sample_task", "KERN_INVALID_ARGUMENT", wrong);
            }
        }
        let short = side.without(Resource::Objects, || sample_thread(abi, &thread, &port));
        covers!("mach_sample_thread", "KERN_RESOURCE_SHORTAGE");
        covers!("thread_sample", "KERN_RESOURCE_SHORTAGE", short);
        let short = side.without(Resource::Objects, || sample_task(abi, &side.me, &port));
        covers!("mach_sample_task", "KERN_RESOURCE_SHORTAGE");
        covers!("task_sample", "KERN_RESOURCE_SHORTAGE", short);
        // What was never on can be ended.
        sample_thread(abi, &thread, &ReceiveRight::null(&side.task)).unwrap();
        sample_task(abi, &side.me, &ReceiveRight::null(&side.task)).unwrap();
        Calls(abi).thread_terminate(&thread).unwrap();
    });
}

/// A right whose port has died.
fn dead(side: &ports::Side) -> SendRight<Task> {
    let port = ReceiveRight::new(&side.task).unwrap();
    side.task.make_send(&port).unwrap()
}

const TYPED: [AbiId; 3] = [AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022];
const PERIODIC: SampledPcFlavor = SampledPcFlavor::PERIODIC;

fn room() -> [SampledPc; 512] {
    [SampledPc { id: Address(0), pc: Address(0), sampletype: SampledPcFlavor(0) }; 512]
}

/// Samples of a task's threads are kept until somebody asks; the last of them, if there are too many.
#[test]
fn samples_of_a_task_are_kept() {
    for abi in TYPED {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let (me, mut room) = (task.self_port(), room());
        let mut get = |of: &SendRight<Task>, after| {
            mach4::task_get_sampled_pcs(abi, of, after, &mut room).map(|it| (it.seqno, room[..it.sampled_pcs].to_vec()))
        };
        let stop = |of: &SendRight<Task>| mach4::task_disable_pc_sampling(abi, of);
        let start = |of: &SendRight<Task>| mach4::task_enable_pc_sampling(abi, of, PERIODIC);
        drop(comes(&task, abi, 700));
        covers!("task_get_sampled_pcs", "KERN_FAILURE", get(&me, 0));
        covers!("task_disable_pc_sampling", "KERN_INVALID_ARGUMENT", stop(&me));
        world.kernel.limit(Resource::Objects, Some(0));
        covers!("task_enable_pc_sampling", "KERN_RESOURCE_SHORTAGE", start(&me));
        world.kernel.limit(Resource::Objects, None);
        assert_eq!(covers!("task_enable_pc_sampling", "KERN_SUCCESS", start(&me)), Some(10_000), "microseconds");
        drop(comes(&task, abi, 100));
        assert_eq!(world.kernel.run(), Vec::<String>::new());
        let (last, samples) = covers!("task_get_sampled_pcs", "KERN_SUCCESS", get(&me, 0)).unwrap();
        assert_eq!((last, samples.len()), (800, 512), "{abi}");
        assert!(samples.iter().all(|it| it.pc.0 == u64::from(PC) && it.sampletype == PERIODIC && it.id.0 != 0));
        assert_eq!(get(&me, 790).unwrap(), (800, samples[502..].to_vec()), "{abi}");
        assert_eq!(get(&me, 800).unwrap(), (800, vec![]));
        // Whoever asks again for it begins nothing anew.
        start(&me).unwrap();
        covers!("task_get_sampled_pcs", "KERN_INVALID_ARGUMENT", get(&me, 801));
        covers!("task_get_sampled_pcs", "KERN_INVALID_ARGUMENT", get(&task.host_port(), 0));
        covers!("task_enable_pc_sampling", "KERN_INVALID_ARGUMENT", start(&task.host_port()));
        assert_eq!(covers!("task_disable_pc_sampling", "KERN_SUCCESS", stop(&me)), Some(800));
        covers!("task_get_sampled_pcs", "KERN_FAILURE", get(&me, 0));
    }
}

#[test]
fn samples_of_a_thread_are_kept() {
    for abi in TYPED {
        let world = World::seeded(1);
        let task = world.kernel.task("task", abi);
        let mut room = room();
        let thread = stays(&task, abi, 30);
        let mut get = |of: &SendRight<Task>, after| {
            let got = mach4::thread_get_sampled_pcs(abi, of, after, &mut room);
            got.map(|it| (it.seqno, it.sampled_pcs))
        };
        let stop = |of: &SendRight<Task>| mach4::thread_disable_pc_sampling(abi, of);
        let start = |of: &SendRight<Task>| mach4::thread_enable_pc_sampling(abi, of, PERIODIC);
        covers!("thread_get_sampled_pcs", "KERN_FAILURE", get(&thread, 0));
        covers!("thread_disable_pc_sampling", "KERN_INVALID_ARGUMENT", stop(&thread));
        world.kernel.limit(Resource::Objects, Some(0));
        covers!("thread_enable_pc_sampling", "KERN_RESOURCE_SHORTAGE", start(&thread));
        world.kernel.limit(Resource::Objects, None);
        assert_eq!(covers!("thread_enable_pc_sampling", "KERN_SUCCESS", start(&thread)), Some(10_000));
        drop(comes(&task, abi, 100));
        assert_eq!(world.kernel.run().len(), 1);
        assert_eq!(covers!("thread_get_sampled_pcs", "KERN_SUCCESS", get(&thread, 0)), Some((31, 31)));
        covers!("thread_get_sampled_pcs", "KERN_INVALID_ARGUMENT", get(&thread, 32));
        covers!("thread_get_sampled_pcs", "KERN_INVALID_ARGUMENT", get(&task.self_port(), 0));
        covers!("thread_enable_pc_sampling", "KERN_INVALID_ARGUMENT", start(&task.self_port()));
        assert_eq!(covers!("thread_disable_pc_sampling", "KERN_SUCCESS", stop(&thread)), Some(31));
        Calls(abi).thread_terminate(&thread).unwrap();
        assert_eq!(world.kernel.run(), Vec::<String>::new());
    }
}

/// One wants samples of a thread, and one does not, of its task or of itself: whoever comes last has it as asked.
#[test]
fn samples_begin_and_end_at_once() {
    in_many_orders(|world, seed| {
        let abi = AbiId::ALL[seed as usize % 5];
        let (task, other) = (world.kernel.task("task", abi), world.kernel.task("other", abi));
        let port = ReceiveRight::new(&other).unwrap();
        let thread = carry(&task, &stays(&task, abi, 3), &other);
        let task_port = carry(&task, &task.self_port(), &other);
        let both = [thread, task_port].map(|it| (it.try_clone().unwrap(), it));
        let [(one, thread), (two, task_port)] = both;
        let begins = other.spawn("begins", move |_| {
            sample_thread(abi, &one, &port).unwrap();
            sample_task(abi, &two, &port).unwrap();
            port
        });
        let ends = other.spawn("ends", move |task| {
            let null = ReceiveRight::null(&task);
            sample_thread(abi, &thread, &null).unwrap();
            sample_task(abi, &task_port, &null).unwrap();
            (thread, task_port)
        });
        let left = world.kernel.run();
        let (port, (thread, task_port)) = (begins.join().unwrap(), ends.join().unwrap());
        let before: usize = heard(&port).iter().map(Vec::len).sum();
        // Whoever is sampled now is so again and again.
        Calls(abi).thread_abort(&thread).unwrap();
        assert_eq!((left.len(), world.kernel.run().len()), (1, 0), "seed {seed}");
        sample_task(abi, &task_port, &ReceiveRight::null(&other)).unwrap();
        before + heard(&port).len()
    });
}

/// In a parallel kernel ticks are of the time that a thread has had.
#[test]
fn samples_take_time() {
    let world = World::new();
    let abi = AbiId::GnumachI386;
    let (task, over) = (world.task("task"), Arc::new(AtomicBool::new(false)));
    let (me, until) = (task.self_port(), over.clone());
    mach4::task_enable_pc_sampling(abi, &me, PERIODIC).unwrap();
    let thread = task.spawn("spins", move |task| {
        while !until.load(Ordering::Acquire) {
            task.checkpoint();
        }
    });
    while mach4::task_get_sampled_pcs(abi, &me, 0, &mut room()).unwrap().seqno == 0 {
        std::thread::yield_now();
    }
    over.store(true, Ordering::Release);
    thread.join().unwrap();
    assert!(mach4::task_disable_pc_sampling(abi, &me).unwrap() > 0);
}

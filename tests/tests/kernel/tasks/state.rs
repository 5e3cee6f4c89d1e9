//! The state of a thread's processor: kept by flavors, and returned as it was set.

use generated::{darwin, mach3};
use mig_rt::{AbiId, Result, SendRight};
use runtime_kernel::{Config, Kernel, Processor, Task};

use super::Calls;
use crate::covers::Outcome;
use crate::ports::{self, each};

/// `ARM_THREAD_STATE64`, and how many words it has.
pub(crate) const GENERAL: i32 = 6;
pub(crate) const WORDS: usize = 68;

/// General registers.
pub(crate) fn general(abi: AbiId) -> i32 {
    if Calls(abi).is_typed() { 1 } else { GENERAL }
}

pub(crate) fn get(abi: AbiId, thread: &SendRight<Task>, flavor: i32) -> Result<Vec<u32>> {
    get_into(abi, thread, flavor, 256)
}

fn get_into(abi: AbiId, thread: &SendRight<Task>, flavor: i32, room: usize) -> Result<Vec<u32>> {
    let mut words = vec![0; room];
    let count = if Calls(abi).is_typed() {
        mach3::mach::any::thread_get_state(abi, thread, flavor, &mut words)?
    } else {
        darwin::thread_act::any::thread_get_state(abi, thread, flavor, &mut words)?
    };
    words.truncate(count);
    Ok(words)
}

pub(crate) fn set(abi: AbiId, thread: &SendRight<Task>, flavor: i32, words: &[u32]) -> Result<()> {
    if Calls(abi).is_typed() {
        mach3::mach::any::thread_set_state(abi, thread, flavor, words)
    } else {
        darwin::thread_act::any::thread_set_state(abi, thread, flavor, words)
    }
}

/// Flavors of an ABI's machine, and how many words they have.
fn flavors(abi: AbiId) -> &'static [(i32, usize)] {
    match abi {
        AbiId::GnumachI386 => &[(1, 17), (2, 30), (3, 32), (4, 2), (5, 17), (6, 8)],
        AbiId::GnumachX8664 | AbiId::GnumachX8664v2022 => &[(1, 42), (2, 30), (3, 32), (4, 2), (5, 42), (6, 8), (7, 4)],
        _ => &[(GENERAL, WORDS), (7, 4)],
    }
}

#[test]
fn states_are_returned_as_they_were_set() {
    each(|side| {
        let (abi, calls) = (side.abi, Calls(side.abi));
        let thread = calls.thread_create(&side.me).unwrap();
        let numbers: Vec<u32> = flavors(abi).iter().map(|it| it.0 as u32).collect();
        assert_eq!(get(abi, &thread, 0).unwrap(), numbers);
        for (flavor, count) in flavors(abi) {
            let before = covers!("thread_get_state", "KERN_SUCCESS", get(abi, &thread, *flavor)).unwrap();
            // The map of ports that a thread may not use says all of them, and cannot be set. Two flavors of Mach 3 are
            // of the same registers.
            let (is_map, again) = (side.is_typed() && *flavor == 3, side.is_typed() && *flavor == 5);
            assert!(
                before.len() == *count && (again || before.iter().all(|it| *it == if is_map { u32::MAX } else { 0 }))
            );
            let words: Vec<u32> = (1..=*count as u32).map(|it| it << 8 | (*flavor as u32) << 4 | 3).collect();
            covers!("thread_set_state", "KERN_SUCCESS", set(abi, &thread, *flavor, &words));
            let after = get(abi, &thread, *flavor).unwrap();
            assert_eq!(after, if is_map { before } else { words.clone() }, "{abi}: flavor {flavor}");
            let longer: Vec<u32> = words.iter().copied().chain([1, 2]).collect();
            set(abi, &thread, *flavor, &longer).unwrap();
            let short = set(abi, &thread, *flavor, &words[1..]);
            covers!("thread_set_state", "KERN_INVALID_ARGUMENT", short);
            let short = get_into(abi, &thread, *flavor, *count - 1);
            covers!("thread_get_state", "KERN_INVALID_ARGUMENT", short);
        }
        for flavor in [-1, 99] {
            covers!("thread_get_state", "KERN_INVALID_ARGUMENT", get(abi, &thread, flavor));
            covers!("thread_set_state", "KERN_INVALID_ARGUMENT", set(abi, &thread, flavor, &[0; 200]));
        }
        covers!("thread_get_state", "KERN_INVALID_ARGUMENT", get(abi, &side.host, 1));
        covers!("thread_set_state", "KERN_INVALID_ARGUMENT", set(abi, &side.host, 1, &[0; 200]));
        covers!("thread_set_state", "MIG_ARRAY_TOO_LARGE", set(abi, &thread, 1, &[0; 1300]));
        // Selectors of another mode than a user's are refused.
        if side.is_typed() {
            covers!("thread_set_state", "KERN_INVALID_ARGUMENT", set(abi, &thread, 5, &[0; 200]));
            assert_eq!(get(abi, &thread, 1).unwrap(), get(abi, &thread, 5).unwrap());
        }
        calls.thread_terminate(&thread).unwrap();
    });
}

/// In Mach 3 a thread does not ask for its own state; in Darwin it does.
#[test]
fn a_thread_and_its_own_state() {
    for abi in AbiId::ALL {
        let kernel = Kernel::default();
        let thread = kernel.task("task", abi).spawn("asks", move |task| {
            let myself = task.thread_port();
            let set = set(abi, &myself, general(abi), &[0; 100]);
            (get(abi, &myself, general(abi)).code(), set.code())
        });
        let code = if Calls(abi).is_typed() { "KERN_INVALID_ARGUMENT" } else { "KERN_SUCCESS" };
        assert_eq!(thread.join().unwrap(), (code.to_owned(), code.to_owned()), "{abi}");
    }
}

/// Darwin has older names for the same, and makes threads that have a state and run.
#[test]
fn older_names_of_darwin() {
    ports::darwin(|side| {
        use darwin::thread_act::any as thread_act;
        let (abi, calls, mut words) = (side.abi, Calls(side.abi), [0; WORDS]);
        let create = |flavor, state: &[u32]| darwin::task::any::thread_create_running(abi, &side.me, flavor, state);
        let thread = covers!("thread_create_running", "KERN_SUCCESS", create(GENERAL, &[9; WORDS])).unwrap();
        covers!("act_get_state", "KERN_SUCCESS", thread_act::act_get_state(abi, &thread, GENERAL, &mut words));
        assert_eq!(words, [9; WORDS]);
        covers!("act_set_state", "KERN_SUCCESS", thread_act::act_set_state(abi, &thread, GENERAL, &[8; WORDS]));
        assert_eq!(get(abi, &thread, GENERAL).unwrap(), [8; WORDS]);
        let elsewhere = thread_act::act_get_state(abi, &side.host, GENERAL, &mut words);
        covers!("act_get_state", "KERN_INVALID_ARGUMENT", elsewhere);
        let elsewhere = thread_act::act_set_state(abi, &side.host, GENERAL, &words);
        covers!("act_set_state", "KERN_INVALID_ARGUMENT", elsewhere);
        covers!("thread_resume", "KERN_FAILURE", calls.thread_resume(&thread));
        covers!("thread_create_running", "KERN_INVALID_ARGUMENT", create(1, &[9; WORDS]));
        assert_eq!(calls.task_threads(&side.me).unwrap().len(), 1);
        let short = side.without(runtime_kernel::Resource::Objects, || create(GENERAL, &[9; WORDS]));
        covers!("thread_create_running", "KERN_RESOURCE_SHORTAGE", short);
        calls.thread_terminate(&thread).unwrap();
    });
}

/// What a task of Darwin runs on is the kernel's to say.
#[test]
fn another_processor() {
    let kernel = Kernel::new(Config { processor: Processor::X86_64, ..Config::default() });
    for abi in [AbiId::DarwinLp64, AbiId::DarwinIlp32] {
        let task = kernel.task("task", abi);
        let thread = Calls(abi).thread_create(&task.self_port()).unwrap();
        assert_eq!(get(abi, &thread, 0).unwrap(), [1, 4, 6]);
        for (flavor, count) in [(1, 16), (4, 42), (6, 4)] {
            set(abi, &thread, flavor, &vec![5; count]).unwrap();
            assert_eq!(get(abi, &thread, flavor).unwrap(), vec![5; count]);
        }
    }
}

//! What tasks and threads tell of themselves, and system calls that a task handles itself.

use generated::{darwin, mach3};
use mig_rt::{AbiId, Address, Flavor, KernReturn, Result, SendRight, Transport, flavored};
use runtime_kernel::Task;

use super::Calls;
use crate::covers::Outcome;
use crate::ports::{self, each};

pub(super) fn task_info(abi: AbiId, task: &SendRight<Task>, flavor: i32, room: &mut [u32]) -> Result<usize> {
    if Calls(abi).is_typed() {
        mach3::mach::any::task_info(abi, task, flavor, room)
    } else {
        darwin::task::any::task_info(abi, task, flavor, room)
    }
}

pub(super) fn thread_info(abi: AbiId, thread: &SendRight<Task>, flavor: i32, room: &mut [u32]) -> Result<usize> {
    if Calls(abi).is_typed() {
        mach3::mach::any::thread_info(abi, thread, flavor, room)
    } else {
        darwin::thread_act::any::thread_info(abi, thread, flavor, room)
    }
}

fn task_flavor<F: Flavor>(abi: AbiId, task: &SendRight<Task>) -> F {
    let words = F::words(abi).unwrap();
    let short = task_info(abi, task, F::NUMBER, &mut vec![0; words - 1]);
    covers!("task_info", "KERN_INVALID_ARGUMENT", short);
    flavored(abi, |flavor, room| covers_success("task_info", task_info(abi, task, flavor, room))).unwrap()
}

fn thread_flavor<F: Flavor>(abi: AbiId, thread: &SendRight<Task>) -> F {
    let words = F::words(abi).unwrap();
    let short = thread_info(abi, thread, F::NUMBER, &mut vec![0; words - 1]);
    covers!("thread_info", "KERN_INVALID_ARGUMENT", short);
    flavored(abi, |flavor, room| covers_success("thread_info", thread_info(abi, thread, flavor, room))).unwrap()
}

fn covers_success(call: &str, result: Result<usize>) -> Result<usize> {
    covers!("task_info", "KERN_SUCCESS");
    covers!("thread_info", "KERN_SUCCESS");
    assert_eq!(result.code(), "KERN_SUCCESS", "{call}");
    result
}

#[test]
fn tasks_tell() {
    each(|side| {
        let (abi, calls) = (side.abi, Calls(side.abi));
        let child = calls.task_create(&side.me, false).unwrap();
        let thread = calls.thread_create(&child).unwrap();
        calls.task_suspend(&child).unwrap();
        let touching = side.task.start(&thread, |task| {
            let memory = task.allocate(10_000, &mut |it| it.fill(1)).unwrap();
            // It stays.
            let _ = task.surrender(memory);
        });
        calls.thread_resume(&thread).unwrap();
        calls.task_resume(&child).unwrap();
        touching.unwrap().join().unwrap();
        calls.task_suspend(&child).unwrap();
        let sizes = if side.is_typed() {
            let it: mach3::types::TaskBasicInfo = task_flavor(abi, &child);
            assert_eq!((it.suspend_count, it.base_priority), (1, 12));
            let times: mach3::types::TaskThreadTimesInfo = task_flavor(abi, &child);
            assert_eq!((times.user_time.seconds, times.system_time.seconds), (0, 0));
            (it.virtual_size.0, it.resident_size.0)
        } else {
            let it: darwin::types::MachTaskBasicInfo = task_flavor(abi, &child);
            let wide: darwin::types::TaskBasicInfo64 = task_flavor(abi, &child);
            // A receiver learns the same of whoever has sent a message.
            assert_eq!(task_flavor::<darwin::types::TaskSecurityToken>(abi, &child).val, [0, 0]);
            assert_ne!(task_flavor::<darwin::types::TaskAuditToken>(abi, &child).val, [0; 8]);
            let narrow: darwin::types::TaskBasicInfo32 = task_flavor(abi, &child);
            assert_eq!([it.suspend_count, wide.suspend_count, narrow.suspend_count], [1; 3]);
            assert_eq!((wide.virtual_size, u64::from(narrow.resident_size)), (it.virtual_size, it.resident_size));
            (it.virtual_size, it.resident_size)
        };
        assert_eq!(sizes, (12_288, 12_288), "{abi}");
        let mut room = [0; 64];
        covers!("task_info", "KERN_INVALID_ARGUMENT", task_info(abi, &child, 99, &mut room));
        covers!("task_info", "KERN_INVALID_ARGUMENT", task_info(abi, &side.host, 1, &mut room));
        calls.task_terminate(&child).unwrap();
    });
}

#[test]
fn threads_tell() {
    each(|side| {
        let (abi, calls) = (side.abi, Calls(side.abi));
        let thread = calls.thread_create(&side.me).unwrap();
        let state = || -> (i32, i32) {
            if side.is_typed() {
                let it: mach3::types::ThreadBasicInfo = thread_flavor(abi, &thread);
                (it.suspend_count, it.run_state)
            } else {
                let it: darwin::types::ThreadBasicInfo = thread_flavor(abi, &thread);
                (it.suspend_count, it.run_state)
            }
        };
        // Stopped; halted, for want of a program.
        assert_eq!(state(), (1, 2));
        calls.thread_resume(&thread).unwrap();
        assert_eq!(state(), (0, 5));
        if !side.is_typed() {
            let it: darwin::types::ThreadIdentifierInfo = thread_flavor(abi, &thread);
            assert_ne!(it.thread_id, 0);
        }
        let mut room = [0; 64];
        covers!("thread_info", "KERN_INVALID_ARGUMENT", thread_info(abi, &thread, 99, &mut room));
        covers!("thread_info", "KERN_INVALID_ARGUMENT", thread_info(abi, &side.host, 1, &mut room));
        calls.thread_terminate(&thread).unwrap();
    });
}

/// The calls of one set.
macro_rules! emulation {
    ($test:ident, $each:expr, $module:path) => {
        #[test]
        fn $test() {
            use $module as calls;
            $each(|side: &ports::Side| {
                let (abi, me) = (side.abi, &side.me);
                let get = |task: &SendRight<Task>| {
                    let out = calls::task_get_emulation_vector(abi, task)?;
                    Ok::<_, mig_rt::Error>((out.vector_start, out.emulation_vector.iter()?.collect::<Vec<_>>()))
                };
                let set = |start, entries: &[Address]| calls::task_set_emulation_vector(abi, me, start, entries);
                let none = covers!("task_get_emulation_vector", "KERN_SUCCESS", get(me)).unwrap();
                assert_eq!(none.1, []);
                covers!("task_set_emulation", "KERN_SUCCESS", calls::task_set_emulation(abi, me, Address(0x1000), 7));
                covers!("task_set_emulation_vector", "KERN_SUCCESS", set(4, &[Address(0x40), Address(0x50)]));
                let all = [0x40, 0x50, 0, 0x1000].map(Address).to_vec();
                assert_eq!(get(me).unwrap(), (4, all.clone()));
                // A child shares it, until one of them changes it.
                let child = Calls(abi).task_create(me, false).unwrap();
                calls::task_set_emulation(abi, me, Address(0x60), 4).unwrap();
                assert_eq!((get(&child).unwrap(), get(me).unwrap().1[0]), ((4, all), Address(0x60)));
                Calls(abi).task_terminate(&child).unwrap();
                let far = calls::task_set_emulation(abi, me, Address(1), i32::MIN);
                assert_eq!(far.code(), KernReturn::known(32770).code().to_string());
                covers!("task_set_emulation", "EML_BAD_CNT");
                assert_eq!(set(i32::MAX, &[Address(1)]).code(), "32770");
                covers!("task_set_emulation_vector", "EML_BAD_CNT");
                assert_eq!(get(&side.host).code(), "32769");
                covers!("task_get_emulation_vector", "EML_BAD_TASK");
                assert_eq!(calls::task_set_emulation(abi, &side.host, Address(1), 1).code(), "32769");
                covers!("task_set_emulation", "EML_BAD_TASK");
                let elsewhere = calls::task_set_emulation_vector(abi, &side.host, 1, &[Address(1)]);
                assert_eq!(elsewhere.code(), "32769");
                covers!("task_set_emulation_vector", "EML_BAD_TASK");
            });
        }
    };
}
emulation!(system_calls_of_mach3, ports::mach3, mach3::mach::any);
emulation!(system_calls_of_darwin, ports::darwin, darwin::task::any);

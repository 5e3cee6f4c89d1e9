//! A debugger: a program that touches what it may not is stopped, looked at, mended, and goes on.

use std::sync::{Arc, Mutex};

use generated::mach3::exc::{self, ExcServer};
use generated::mach3::mach::gnumach_i386 as mach;
use generated::mach3::types::EXC_BAD_ACCESS;
use mig_rt::{AbiId, Address, KernReturn, PortName, Protection, ReceiveRight, SendRight, Size, serve};
use runtime_kernel::{Task, Terminated};

use super::rescue::{Guarded, guard};
use crate::world::World;

const ABI: AbiId = AbiId::GnumachI386;
const PAGE: u64 = 4096;

/// Gives a program the memory that it misses, and lets it write where it may not.
struct Debugger(Arc<Mutex<Vec<(i32, i64)>>>);

impl ExcServer<Task> for Debugger {
    fn exception_raise(
        &mut self,
        _: PortName,
        thread: SendRight<Task>,
        task: SendRight<Task>,
        exception: i32,
        code: i32,
        subcode: i64,
    ) -> Result<(), KernReturn> {
        let refused = |_| KernReturn::FAILURE;
        self.0.lock().unwrap().push((code, subcode));
        // Nobody else of the task runs while it is looked at.
        mach::task_suspend(&task).map_err(refused)?;
        let page = subcode as u64 / PAGE * PAGE;
        let mended = match (exception, KernReturn::known(code)) {
            (EXC_BAD_ACCESS, KernReturn::INVALID_ADDRESS) => {
                mach::vm_allocate(&task, Address(page), Size(PAGE), false).map(drop)
            }
            (EXC_BAD_ACCESS, KernReturn::PROTECTION_FAILURE) => {
                let there = mach::vm_read(&task, Address(page), Size(PAGE)).map_err(refused)?;
                assert_eq!(there.bytes().map(|it| it[0]), Ok(5));
                mach::vm_protect(&task, Address(page), Size(PAGE), false, Protection::DEFAULT)
            }
            _ => return Err(KernReturn::FAILURE),
        };
        mended.map_err(refused)?;
        assert_eq!(mach::task_threads(&task).map_err(refused)?.count(), 1);
        let _ = thread;
        mach::task_resume(&task).map_err(refused)
    }
}

#[test]
fn a_debugger_mends_what_a_program_misses() {
    for seed in 0..20 {
        let world = World::seeded(seed);
        let (task, debugger) = (world.task("task"), world.task("debugger"));
        let port = ReceiveRight::new(&debugger).unwrap();
        let handler = debugger.give_send(&port, &task).unwrap();
        guard(ABI, Guarded::Task(&task.self_port()), &handler, 1, 0);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut own = Debugger(seen.clone());
        debugger.spawn("debugger", move |_| serve::<_, _, 256>(&port, &[exc::gnumach_i386::subsystem()], &mut own));
        let program = task.spawn("program", |task| {
            let at = 0x40_0000;
            let memory = task.memory();
            assert_eq!(memory.read::<u32>(Address(at + 8)), Ok(0));
            memory.write(Address(at), 5_u8).unwrap();
            mach::vm_protect(&task.self_port(), Address(at), Size(PAGE), false, Protection::READ).unwrap();
            memory.write_bytes(Address(at + PAGE - 2), &[1, 2, 3, 4]).unwrap();
            memory.read_bytes(Address(at + PAGE - 2), 4).unwrap()
        });
        assert_eq!(world.kernel.run(), ["debugger"]);
        assert_eq!(program.join().unwrap(), [1, 2, 3, 4]);
        let (invalid, protection) = (KernReturn::INVALID_ADDRESS.code(), KernReturn::PROTECTION_FAILURE.code());
        let told = [(invalid, 0x40_0008), (protection, 0x40_0ffe), (invalid, 0x40_1000)];
        assert_eq!(*seen.lock().unwrap(), told, "seed {seed}");
        assert_eq!(world.kernel.check(), Ok(()));
    }
}

/// What nobody mends ends the task; whoever only looks from elsewhere is told by a code.
#[test]
fn an_access_that_nobody_mends() {
    let world = World::seeded(1);
    let (task, other) = (world.task("task"), world.task("other"));
    let missing = Address(0x50_0000);
    let looks = task.clone();
    let looking = other.spawn("looks", move |_| (looks.memory().read::<u8>(missing), looks.read(missing, 1).err()));
    world.kernel.run();
    let refused = KernReturn::INVALID_ADDRESS;
    assert_eq!(looking.join().unwrap(), (Err(refused), Some(refused)));
    assert_eq!(task.memory().read::<u8>(missing), Err(refused));
    let touching = task.spawn("touches", move |task| task.memory().update(missing, |it: u32| it + 1).is_ok());
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    assert!(touching.join().unwrap_err().is::<Terminated>());
    assert_eq!(task.regions(), 0);
}

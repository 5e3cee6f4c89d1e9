//! A default memory manager that does anything at any time: the kernel keeps its books, nobody waits who need not, and
//! whoever waits can be ended.

use std::collections::BTreeMap;
use std::env;

use generated::mach3::mach::{any as mach, gnumach_x86_64 as mach3_wire};
use generated::mach3::mach_port::any as mach_port;
use generated::mach3::memory_object::MemoryObjectServer;
use generated::mach3::memory_object_default::MemoryObjectDefaultServer;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use generated::mach3::{memory_object, memory_object_default};
use mig_rt::{
    AbiId, Address, Buffer, Give, KernReturn, MsgReturn, Operation, PortName, Protection, Receive, ReceiveRight,
    Region, RightKind, SendRight, Size, Subsystem, Timeout, serve,
};
use runtime_kernel::{Config, Kernel, Order, Task};

use super::stores::Random;
use super::{PAGE, at, page};
use crate::world::World;

const ABI: AbiId = AbiId::GnumachX8664;
/// Pages that the kernel has.
const LIMIT: u64 = 8;

struct Liar {
    task: Task,
    set: PortName,
    objects: BTreeMap<PortName, ReceiveRight<Task>>,
    /// Control ports that it has heard of.
    controls: Vec<SendRight<Task>>,
    random: Random,
}

/// Makes a call, and does not wait for room: a control port that a terminated object had is an ordinary one.
macro_rules! at_once {
    ($call:ident($($arg:expr),*)) => {{
        let operation = Operation::default().send_within(Timeout(0));
        let mut buffer = Buffer::new();
        mach3_wire::$call::encode(&mut buffer, $($arg),*).and_then(|it| it.send_with(operation))
    }};
}

impl Liar {
    /// What a manager may say, but not what it should say now.
    fn lie(&mut self, control: &SendRight<Task>, offset: Address) {
        let other = self.random.below(self.controls.len() as u64 + 1) as usize;
        let control = self.controls.get(other).unwrap_or(control);
        let offset = match self.random.below(6) {
            0 => Address(offset.0 + at(1).0),
            1 => Address(offset.0 + 1),
            2 => at(self.random.below(1 << 20)),
            _ => offset,
        };
        let size = [Size(PAGE as u64), Size(0), Size(77), Size(10 * PAGE as u64), Size(!4095)];
        let size = size[self.random.below(5) as usize];
        let lock = [Protection::NONE, Protection::WRITE, Protection::ALL, Protection(9)];
        let lock = lock[self.random.below(4) as usize];
        let strategy = CopyStrategy(self.random.below(6) as i32 - 1);
        let (yes, nobody) = (self.random.below(2) == 0, ReceiveRight::null(&self.task));
        let data = page(1).repeat(3);
        let data = Give::Lend(&data[..(size.0.min(3 * PAGE as u64)) as usize]);
        let reason = Err(KernReturn::FAILURE);
        let back = MemoryObjectReturn(self.random.below(4) as i32);
        // Whatever it is answered, if anything: its port may be gone, or the manager's own.
        let _ = match self.random.below(9) {
            0 => at_once!(memory_object_data_supply(control, offset, data, lock, yes, &nobody)),
            1 => at_once!(memory_object_data_unavailable(control, offset, size)),
            2 => at_once!(memory_object_data_error(control, offset, size, reason)),
            3 => at_once!(memory_object_lock_request(control, offset, size, back, yes, lock, &nobody)),
            4 => at_once!(memory_object_set_attributes(control, yes, yes, strategy)),
            5 => at_once!(memory_object_ready(control, yes, strategy)),
            6 => at_once!(memory_object_change_attributes(control, yes, strategy, &nobody)),
            7 if self.random.below(4) == 0 => at_once!(memory_object_destroy(control, reason)),
            _ => Ok(()),
        };
        if self.random.below(60) == 0 {
            self.objects.pop_first();
        }
    }

    fn hear(&mut self, control: SendRight<Task>, offset: Address) -> Result<(), KernReturn> {
        for _ in 0..self.random.below(3) {
            self.lie(&control, offset);
        }
        if self.random.below(4) == 0 && self.controls.len() < 20 {
            self.controls.push(control);
        }
        Ok(())
    }
}

impl MemoryObjectDefaultServer<Task> for Liar {
    fn memory_object_create(
        &mut self,
        _: PortName,
        object: ReceiveRight<Task>,
        _: Size,
        control: SendRight<Task>,
        _: SendRight<Task>,
        _: Size,
    ) -> Result<(), KernReturn> {
        mach_port::mach_port_move_member(ABI, &self.task.self_port(), object.name(), self.set).unwrap();
        self.objects.insert(object.name(), object);
        self.hear(control, Address(0))
    }

    fn memory_object_data_initialize(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        offset: Address,
        _: Region<Task, u8>,
    ) -> Result<(), KernReturn> {
        self.hear(control, offset)
    }
}

impl MemoryObjectServer<Task> for Liar {
    fn memory_object_data_request(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        offset: Address,
        _: Size,
        _: Protection,
    ) -> Result<(), KernReturn> {
        // Mostly it does what it should, so that something goes on.
        if self.random.below(4) > 0 {
            let (data, nobody) = (page(3), ReceiveRight::null(&self.task));
            let data = Give::Lend(&data);
            let _ = at_once!(memory_object_data_supply(&control, offset, data, Protection::NONE, false, &nobody));
        }
        self.hear(control, offset)
    }

    fn memory_object_data_unlock(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        offset: Address,
        _: Size,
        _: Protection,
    ) -> Result<(), KernReturn> {
        self.hear(control, offset)
    }

    fn memory_object_data_return(
        &mut self,
        _: PortName,
        control: SendRight<Task>,
        offset: Address,
        _: Region<Task, u8>,
        _: bool,
        _: bool,
    ) -> Result<(), KernReturn> {
        self.hear(control, offset)
    }

    fn memory_object_terminate(
        &mut self,
        object: PortName,
        control: ReceiveRight<Task>,
        name: ReceiveRight<Task>,
    ) -> Result<(), KernReturn> {
        if self.random.below(2) == 0 {
            self.objects.remove(&object);
        } else {
            // It speaks to a port that is its own now.
            let right = self.task.make_send(&control)?;
            self.lie(&right, Address(0));
            drop(name);
        }
        Ok(())
    }
}

/// Makes the liar the kernel's, and lets it serve.
fn start(world: &World, seed: u64) -> Task {
    let task = world.kernel.task("liar", ABI);
    let (own, port) = (task.self_port(), ReceiveRight::new(&task).unwrap());
    let set = mach_port::mach_port_allocate(ABI, &own, RightKind::PORT_SET).unwrap();
    mach_port::mach_port_move_member(ABI, &own, port.name(), set).unwrap();
    drop(mach::vm_set_default_memory_manager(ABI, &world.kernel.host_priv_port(&task), &port).unwrap());
    drop(task.spawn("liar", move |task| -> MsgReturn {
        let (objects, controls, random) = (BTreeMap::new(), Vec::new(), Random(seed + 1));
        let mut liar = Liar { task: task.clone(), set, objects, controls, random };
        let subsystems: [Subsystem<Task, Liar>; 2] =
            [memory_object_default::gnumach_x86_64::subsystem(), memory_object::gnumach_x86_64::subsystem()];
        let _port = port;
        serve::<_, _, 1024>(Receive::from_set(&task, set), &subsystems, &mut liar)
    }));
    task
}

/// Uses memory, and does not care what is there.
fn work(task: &Task, mut random: Random) {
    let own = task.self_port();
    let size = Size(4 * LIMIT * PAGE as u64);
    let start = mach::vm_allocate(ABI, &own, Address(0), size, true).unwrap();
    let copy = mach::vm_allocate(ABI, &own, Address(0), size, true).unwrap();
    for _ in 0..60 {
        let offset = at(random.below(4 * LIMIT)).0;
        let there = Address([start.0, copy.0][random.below(2) as usize] + offset);
        // Each may fail as the manager likes; and for the first bad access nobody is there to handle it.
        let _ = match random.below(8) {
            0 => mach::vm_copy(ABI, &own, start, size, copy).map_err(|it| it.to_kern()),
            1 => mach::vm_write(ABI, &own, there, &page(9)).map_err(|it| it.to_kern()),
            2 => mach::vm_read(ABI, &own, there, Size(PAGE as u64)).map(drop).map_err(|it| it.to_kern()),
            3 | 4 => task.memory().write(there, 7_u32),
            _ => task.memory().read::<u32>(there).map(drop),
        };
    }
}

#[test]
fn a_manager_that_lies() {
    let seeds = env::var("PAGER_SEEDS").map_or(60, |it| it.parse().unwrap());
    for seed in 0..seeds {
        let config = Config { order: Order::Seeded(seed), most_pages: Some(LIMIT), ..Config::default() };
        let world = World { kernel: Kernel::new(config) };
        let before = world.kernel.census();
        let liar = start(&world, seed);
        let tasks: Vec<Task> = (0..3).map(|it| world.kernel.task(&format!("program {it}"), AbiId::ALL[it])).collect();
        for (number, task) in tasks.iter().enumerate() {
            let random = Random(seed * 3 + number as u64 + 1);
            drop(task.spawn(task.name(), move |task| work(&task, random)));
        }
        let waiting = world.kernel.run();
        assert!(waiting.contains(&"liar".to_owned()), "seed {seed}: {waiting:?}");
        world.kernel.check().unwrap_or_else(|it| panic!("seed {seed}: {it}, while {waiting:?} wait"));
        let programs_first = seed % 2 == 0;
        if programs_first {
            tasks.iter().for_each(Task::terminate);
            world.kernel.run();
        }
        liar.terminate();
        world.kernel.run();
        tasks.iter().for_each(Task::terminate);
        assert_eq!(world.kernel.run(), Vec::<String>::new(), "seed {seed}");
        world.kernel.check().unwrap_or_else(|it| panic!("seed {seed}: {it}"));
        assert_eq!(world.kernel.census(), before, "seed {seed}");
    }
}

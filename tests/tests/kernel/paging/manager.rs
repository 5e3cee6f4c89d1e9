//! What the kernel says to its default memory manager, whoever that is, and how one is made it.

use std::collections::BTreeMap;

use generated::darwin::host_priv;
use generated::mach3::mach::any as mach;
use generated::mach3::memory_object::MemoryObjectServer;
use generated::mach3::memory_object_default::MemoryObjectDefaultServer;
use generated::mach3::seqnos_memory_object::SeqnosMemoryObjectServer;
use generated::mach3::seqnos_memory_object_default::SeqnosMemoryObjectDefaultServer;
use generated::mach3::{memory_object, memory_object_default, seqnos_memory_object, seqnos_memory_object_default};
use mig_rt::{
    AbiId, Address, Give, KernReturn, PortName, Protection, Receive, ReceiveRight, Region, RightKind, SendRight, Size,
    Subsystem, serve_once,
};
use runtime_kernel::{Config, Kernel, Order, Task};

use super::{PAGE, TYPED, at, page};
use crate::ports;
use crate::world::World;

const ABI: AbiId = AbiId::GnumachX8664;
/// Pages that the kernel has.
const LIMIT: u64 = 16;

/// What is at which offset of an object.
type Pages = BTreeMap<u64, Vec<u8>>;

/// A manager that keeps what it is given, and writes down what it is told.
struct Manager {
    task: Task,
    /// Everything that it receives from.
    set: PortName,
    objects: BTreeMap<PortName, (ReceiveRight<Task>, Pages)>,
    told: Vec<String>,
    /// Of each object: the number of its last message.
    numbers: BTreeMap<PortName, u32>,
    /// The last one has ended.
    ended: bool,
}

impl Manager {
    /// As the port says: the messages of one have numbers one behind the other.
    fn number(&mut self, object: PortName, number: u32) {
        let before = self.numbers.insert(object, number);
        assert!(before.is_none_or(|it| it + 1 == number), "{before:?} {number}");
    }

    fn create(&mut self, object: ReceiveRight<Task>, size: Size, page_size: Size) {
        generated::mach3::mach_port::any::mach_port_move_member(ABI, &self.task.self_port(), object.name(), self.set)
            .unwrap();
        self.told.push(format!("create {:#x}, pages of {:#x}", size.0, page_size.0));
        self.objects.insert(object.name(), (object, BTreeMap::new()));
    }

    fn keep(&mut self, what: &str, object: PortName, offset: Address, data: &Region<Task, u8>) {
        self.told.push(format!("{what} {:#x} {:#x}", offset.0, data.len()));
        let (_, pages) = self.objects.get_mut(&object).unwrap();
        for (index, some) in data.bytes().unwrap().chunks(PAGE).enumerate() {
            pages.insert(offset.0 + at(index as u64).0, some.to_vec());
        }
    }

    fn supply(&mut self, object: PortName, control: &SendRight<Task>, offset: Address, size: Size) {
        assert_eq!(size, Size(PAGE as u64));
        let (_, pages) = &self.objects[&object];
        match pages.get(&offset.0) {
            Some(it) => {
                let (data, nobody) = (Give::Lend(it), ReceiveRight::null(&self.task));
                mach::memory_object_data_supply(ABI, control, offset, data, Protection::NONE, false, &nobody).unwrap();
            }
            None => mach::memory_object_data_unavailable(ABI, control, offset, size).unwrap(),
        }
    }

    fn end(&mut self, object: PortName) {
        self.told.push("terminate".to_owned());
        self.objects.remove(&object);
        self.ended = self.objects.is_empty();
    }
}

/// Both forms; in the one with numbers they are looked at.
macro_rules! manages {
    ($default:ident, $objects:ident $(, $number:ident)?) => {
        impl $default<Task> for Manager {
            fn memory_object_create(
                &mut self,
                _pager: PortName,
                $($number: u32,)?
                object: ReceiveRight<Task>,
                size: Size,
                _: SendRight<Task>,
                _: SendRight<Task>,
                page_size: Size,
            ) -> Result<(), KernReturn> {
                $(self.number(_pager, $number);)?
                self.create(object, size, page_size);
                Ok(())
            }

            fn memory_object_data_initialize(
                &mut self,
                object: PortName,
                $($number: u32,)?
                _: SendRight<Task>,
                offset: Address,
                data: Region<Task, u8>,
            ) -> Result<(), KernReturn> {
                $(self.number(object, $number);)?
                self.keep("initialize", object, offset, &data);
                Ok(())
            }
        }

        impl $objects<Task> for Manager {
            fn memory_object_data_request(
                &mut self,
                object: PortName,
                $($number: u32,)?
                control: SendRight<Task>,
                offset: Address,
                size: Size,
                _: Protection,
            ) -> Result<(), KernReturn> {
                $(self.number(object, $number);)?
                self.supply(object, &control, offset, size);
                Ok(())
            }

            fn memory_object_data_return(
                &mut self,
                object: PortName,
                $($number: u32,)?
                _: SendRight<Task>,
                offset: Address,
                data: Region<Task, u8>,
                dirty: bool,
                kernel_copy: bool,
            ) -> Result<(), KernReturn> {
                $(self.number(object, $number);)?
                assert!(dirty && !kernel_copy);
                self.keep("return", object, offset, &data);
                Ok(())
            }

            fn memory_object_terminate(
                &mut self,
                object: PortName,
                $($number: u32,)?
                _: ReceiveRight<Task>,
                _: ReceiveRight<Task>,
            ) -> Result<(), KernReturn> {
                $(self.number(object, $number);)?
                self.end(object);
                Ok(())
            }
        }
    };
}
manages!(MemoryObjectDefaultServer, MemoryObjectServer);
manages!(SeqnosMemoryObjectDefaultServer, SeqnosMemoryObjectServer, number);

fn subsystems(numbered: bool) -> Vec<Subsystem<Task, Manager>> {
    macro_rules! of {
        ($($abi:ident)*) => {
            match numbered {
                false => vec![$(memory_object_default::$abi::subsystem(), memory_object::$abi::subsystem()),*],
                true => vec![$(
                    seqnos_memory_object_default::$abi::subsystem(),
                    seqnos_memory_object::$abi::subsystem(),
                )*],
            }
        };
    }
    of!(gnumach_i386 gnumach_x86_64 gnumach_x86_64_2022)
}

/// What a manager is told while a program writes and reads three times as much memory as there is.
fn told(abi: AbiId, numbered: bool) -> Vec<String> {
    let config = Config { order: Order::Seeded(3), most_pages: Some(LIMIT), ..Config::default() };
    let world = World { kernel: Kernel::new(config) };
    let [task, program] = ["manager", "program"].map(|it| world.kernel.task(it, abi));
    let port = ReceiveRight::new(&task).unwrap();
    let own = task.self_port();
    let set = generated::mach3::mach_port::any::mach_port_allocate(ABI, &own, RightKind::PORT_SET).unwrap();
    generated::mach3::mach_port::any::mach_port_move_member(ABI, &own, port.name(), set).unwrap();
    drop(mach::vm_set_default_memory_manager(ABI, &world.kernel.host_priv_port(&task), &port).unwrap());
    let managing = task.spawn("manager", move |task| {
        let (objects, told, numbers) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        let mut manager = Manager { task: task.clone(), set, objects, told, numbers, ended: false };
        while !manager.ended {
            serve_once::<_, _, 1024>(Receive::from_set(&task, set), &subsystems(numbered), &mut manager).unwrap();
        }
        manager.told
    });
    let working = program.spawn("program", move |task| {
        let own = task.self_port();
        let size = Size(3 * LIMIT * PAGE as u64);
        let start = mach::vm_allocate(ABI, &own, Address(0), size, true).unwrap();
        for round in 0..2 {
            for it in 0..3 * LIMIT {
                task.memory().write_bytes(Address(start.0 + at(it).0), &page(it as u8 ^ round)).unwrap();
            }
            for it in 0..3 * LIMIT {
                assert_eq!(
                    task.memory().read_bytes(Address(start.0 + at(it).0), PAGE).unwrap(),
                    page(it as u8 ^ round)
                );
            }
        }
        mach::vm_deallocate(ABI, &own, start, size).unwrap();
    });
    assert_eq!(world.kernel.run(), Vec::<String>::new());
    working.join().unwrap();
    managing.join().unwrap()
}

/// An object is created, then each page is initialized once and returned from then on, and in the end it terminates.
#[test]
fn pages_of_anonymous_memory() {
    for abi in TYPED {
        let said = told(abi, false);
        covers!("memory_object_create", "KERN_SUCCESS");
        assert_eq!(said[0], format!("create {:#x}, pages of 0x1000", 3 * LIMIT * PAGE as u64));
        covers!("memory_object_data_initialize", "KERN_SUCCESS");
        let pages = |what: &str| {
            let some = said.iter().filter_map(|it| it.strip_prefix(what)?.trim().split_once(' '));
            let number = |it: &str| u64::from_str_radix(it.trim_start_matches("0x"), 16).unwrap() / PAGE as u64;
            some.flat_map(|it| number(it.0)..number(it.0) + number(it.1)).collect::<Vec<_>>()
        };
        let mut new = pages("initialize");
        new.sort_unstable();
        assert_eq!(new, (0..3 * LIMIT).collect::<Vec<_>>(), "each page once");
        assert!(pages("return").len() as u64 >= 2 * LIMIT, "{said:?}");
        assert_eq!(said.last().map(String::as_str), Some("terminate"));
        covers!("seqnos_memory_object_create", "KERN_SUCCESS");
        covers!("seqnos_memory_object_data_initialize", "KERN_SUCCESS");
        assert_eq!(told(abi, true), said, "with numbers it is the same");
    }
}

#[test]
fn the_default_memory_manager_is_exchanged() {
    ports::mach3(|side| {
        let (abi, host) = (side.abi, side.world.kernel.host_priv_port(&side.task));
        let set = |port: &ReceiveRight<Task>| mach::vm_set_default_memory_manager(abi, &host, port);
        let [first, second] = [(); 2].map(|()| ReceiveRight::new(&side.task).unwrap());
        let nobody = ReceiveRight::null(&side.task);
        let before = covers!("vm_set_default_memory_manager", "KERN_SUCCESS", set(&nobody)).unwrap();
        assert!(!before.is_valid(), "there is none yet");
        assert!(!set(&first).unwrap().is_valid());
        assert_eq!(set(&nobody).unwrap().name(), first.name(), "null only asks");
        assert_eq!(set(&second).unwrap().name(), first.name());
        for wrong in [&side.me, &side.host] {
            let code = mach::vm_set_default_memory_manager(abi, wrong, &first);
            covers!("vm_set_default_memory_manager", "KERN_INVALID_HOST", code);
        }
        drop(second);
        assert!(!set(&nobody).is_ok_and(|it| it.is_valid()), "it is dead");
        // Its receiver could not be told anything.
        let darwin = side.world.kernel.task("darwin", AbiId::DarwinLp64);
        let (port, host) = (ReceiveRight::new(&darwin).unwrap(), side.world.kernel.host_priv_port(&darwin));
        let code = mach::vm_set_default_memory_manager(abi, &host, &port);
        covers!("vm_set_default_memory_manager", "KERN_INVALID_ARGUMENT", code);
        darwin.terminate();
    });
    ports::darwin(|side| {
        let (abi, host) = (side.abi, side.world.kernel.host_priv_port(&side.task));
        let nobody = ReceiveRight::null(&side.task);
        let manager = side.world.kernel.task("manager", AbiId::GnumachX8664);
        let port = ReceiveRight::new(&manager).unwrap();
        drop(mach::vm_set_default_memory_manager(ABI, &side.world.kernel.host_priv_port(&manager), &port).unwrap());
        let asked = host_priv::any::host_default_memory_manager(abi, &host, &nobody, 0);
        let known = covers!("host_default_memory_manager", "KERN_SUCCESS", asked).unwrap();
        assert!(known.is_valid());
        for wrong in [&side.me, &side.host] {
            let code = host_priv::any::host_default_memory_manager(abi, wrong, &nobody, 0);
            covers!("host_default_memory_manager", "KERN_INVALID_HOST", code);
        }
        let own = ReceiveRight::new(&side.task).unwrap();
        let code = host_priv::any::host_default_memory_manager(abi, &host, &own, 4096);
        covers!("host_default_memory_manager", "KERN_INVALID_ARGUMENT", code);
        manager.terminate();
    });
}

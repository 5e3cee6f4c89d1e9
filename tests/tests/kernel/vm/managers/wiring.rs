//! Pages of managers that stay: they are brought in, and not taken away before they may go.

use generated::mach3::mach_host::any as mach_host;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Address, KernReturn, Protection, Size};
use runtime_kernel::{Task, Thread};

use super::Scene;
use super::object::Clean;
use crate::vm::{FREE, PAGE};

/// A thread that wires the first pages, or lets them go.
fn wires(scene: &Scene, pages: u64, access: Protection) -> Thread<Result<(), KernReturn>> {
    let host = scene.world.kernel.host_priv_port(&scene.client);
    scene.calls(move |task: Task| {
        let (abi, own, size) = (task.abi(), task.self_port(), Size(pages * PAGE));
        mach_host::vm_wire(abi, &host, &own, Address(FREE), size, access).map_err(|it| it.to_kern())
    })
}

#[test]
fn pages_are_brought_in_and_stay() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let wired = wires(&scene, 2, Protection::READ);
    assert_eq!(scene.settle(), ["calls"]);
    file.supply(0, &[1]);
    scene.settle();
    file.supply(PAGE, &[2]);
    assert_eq!(scene.done(wired), Ok(()));
    let asked: Vec<String> = scene.lines();
    assert!(asked.iter().all(|it| it.starts_with("data_request file")) && asked.len() == 2, "{asked:?}");
    // Whoever flushes them waits until they may go.
    let held = file.clone();
    let flush = Clean { returned: MemoryObjectReturn::ALL, flush: true, ..Clean::default() };
    let cleans = scene.manager.task.spawn("cleans", move |_| held.clean(0, 2 * PAGE, flush));
    scene.settle();
    assert_eq!(scene.lines(), Vec::<String>::new());
    let seen = scene.reads(0);
    assert!(!scene.settle().contains(&"reads".to_owned()));
    assert_eq!(seen.join().unwrap(), Ok(1));
    let unwired = wires(&scene, 2, Protection::NONE);
    assert_eq!(scene.done(unwired), Ok(()));
    cleans.join().unwrap();
    assert_eq!(scene.lines(), ["lock_completed file 0x0 0x2000"]);
    assert_eq!(scene.world.kernel.census().pages, 0);
}

/// What takes nothing away does not wait.
#[test]
fn wired_pages_are_cleaned() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    let wired = wires(&scene, 1, Protection::DEFAULT);
    assert_eq!(scene.done(wired), Ok(()));
    scene.lines();
    file.clean(0, PAGE, Clean { returned: MemoryObjectReturn::NONE, ..Clean::default() });
    scene.settle();
    assert_eq!(scene.lines(), ["lock_completed file 0x0 0x1000"]);
}

/// Data that cannot be had is none to wire.
#[test]
fn wiring_fails() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    let wired = wires(&scene, 2, Protection::READ);
    assert_eq!(scene.settle(), ["calls"]);
    file.error(PAGE, PAGE);
    covers!("vm_wire", "KERN_MEMORY_ERROR", scene.done(wired));
    file.clean(0, PAGE, Clean { flush: true, ..Clean::default() });
    scene.settle();
    assert_eq!(scene.lines().last().unwrap(), "lock_completed file 0x0 0x1000", "the first page is not wired either");
}

/// A manager that dies takes wired pages with it.
#[test]
fn a_manager_of_wired_pages_dies() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    let (wired, waits) = (wires(&scene, 1, Protection::READ), scene.reads(1));
    scene.settle();
    assert_eq!(wired.join().unwrap(), Ok(()));
    scene.manager.task.terminate();
    assert_eq!(scene.world.kernel.run(), Vec::<String>::new());
    assert_eq!(waits.join().unwrap(), Err(KernReturn::MEMORY_FAILURE));
    scene.unmap(FREE, 8);
}

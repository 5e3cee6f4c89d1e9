//! Every message of the protocol, in every ABI, and with sequence numbers.

use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Protection, Size};

use super::object::{Clean, filled};
use super::{Scene, TYPED};
use crate::vm::{FREE, PAGE};

/// A life with everything in it.
fn live(scene: &mut Scene) {
    let file = scene.manager.object("file");
    scene.map(&file);
    scene.settle();
    file.ready(true, CopyStrategy::CALL);
    let seen = scene.reads(0);
    scene.settle();
    file.supply_with(0, &filled(&[1]), Protection::WRITE, true, true).unwrap();
    assert_eq!(scene.done(seen), Ok(1));
    let written = scene.writes(0, 2);
    scene.settle();
    file.lock(0, PAGE, Protection::NONE);
    assert_eq!(scene.done(written), Ok(()));
    file.clean(0, PAGE, Clean { returned: MemoryObjectReturn::ALL, flush: true, ..Clean::default() });
    scene.settle();
    scene.unmap(FREE, 8);
    file.change(false, CopyStrategy::DELAY, true);
    scene.settle();
}

const LIFE: [&str; 9] = [
    "init file 4096",
    "data_request file 0x0 0x1000 read",
    "supply_completed file 0x0 0x1000 KERN_SUCCESS 0x0",
    "data_unlock file 0x0 0x1000 write",
    "data_return file 0x0 [2] dirty gone",
    "lock_completed file 0x0 0x1000",
    "terminate file",
    "change_completed file uncached DELAY",
    "",
];

#[test]
fn a_life_in_every_abi() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        live(&mut scene);
        assert_eq!(scene.lines(), LIFE[..8], "{abi}");
    }
}

/// The numbers are those of the port that the message came to.
#[test]
fn a_life_with_sequence_numbers() {
    covers!("seqnos_memory_object_init", "KERN_SUCCESS");
    covers!("seqnos_memory_object_data_request", "KERN_SUCCESS");
    covers!("seqnos_memory_object_supply_completed", "KERN_SUCCESS");
    covers!("seqnos_memory_object_data_unlock", "KERN_SUCCESS");
    covers!("seqnos_memory_object_data_return", "KERN_SUCCESS");
    covers!("seqnos_memory_object_lock_completed", "KERN_SUCCESS");
    covers!("seqnos_memory_object_terminate", "KERN_SUCCESS");
    covers!("seqnos_memory_object_change_completed", "KERN_SUCCESS");
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.count();
        live(&mut scene);
        let wanted: Vec<String> = LIFE[..8].iter().zip(0..).map(|(line, number)| format!("{line} #{number}")).collect();
        assert_eq!(scene.lines(), wanted, "{abi}");
        copied_and_written(&mut scene);
    }
}

/// The two that have not come yet.
fn copied_and_written(scene: &mut Scene) {
    let old = scene.manager.object("old");
    scene.map(&old);
    scene.settle();
    old.set(true, false, CopyStrategy::CALL);
    old.supply(0, &[1]);
    let written = scene.writes(0, 2);
    assert_eq!(scene.done(written), Ok(()));
    covers!("seqnos_memory_object_data_write", "KERN_SUCCESS");
    old.clean(0, PAGE, Clean { returned: MemoryObjectReturn::ALL, told: false, ..Clean::default() });
    scene.settle();
    covers!("seqnos_memory_object_copy", "KERN_SUCCESS");
    scene.manager.is_ready(false, CopyStrategy::DELAY);
    let read = scene.calls(|task| {
        let data =
            generated::mach3::mach::any::vm_read(task.abi(), &task.self_port(), mig_rt::Address(FREE), Size(PAGE));
        data.is_ok()
    });
    assert!(scene.done(read));
    let lines = scene.lines();
    assert_eq!(lines[..3], ["init old 4096 #0", "data_write old 0x0 [2] #1", "copy old 0x0 0x1000 to copy2 #2"]);
    assert!(lines[3..].iter().all(|it| it.contains("copy2") && it.contains('#')), "{lines:?}");
}

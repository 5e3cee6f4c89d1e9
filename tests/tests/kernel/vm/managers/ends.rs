//! How objects end: nobody maps them any more, their manager gives them up, or it dies.

use generated::mach3::mach::any as mach;
use generated::mach3::types::CopyStrategy;
use mig_rt::{Address, KernReturn, PortName, RightKind, Size};
use runtime_kernel::Terminated;

use super::object::filled;
use super::{Scene, TYPED, read};
use crate::covers::Outcome;
use crate::vm::{FREE, PAGE};
use crate::world::release;

/// Situation 7: what becomes of an object that nobody maps any more.
#[test]
fn the_last_mapping_goes() {
    for abi in TYPED {
        for strategy in [CopyStrategy::DELAY, CopyStrategy::TEMPORARY] {
            let mut scene = Scene::of(abi, 1);
            scene.manager.is_ready(false, strategy);
            let file = scene.manager.object("file");
            scene.map(&file);
            scene.map_at(&file, FREE + 8 * PAGE, 1);
            scene.settle();
            file.supply(0, &[1, 2]);
            let written = scene.writes(1, 7);
            assert_eq!(scene.done(written), Ok(()));
            scene.lines();
            scene.unmap(FREE, 8);
            scene.settle();
            assert_eq!(scene.lines(), Vec::<String>::new(), "it is still mapped");
            scene.unmap(FREE + 8 * PAGE, 1);
            scene.settle();
            let returned = "data_return file 0x1000 [7] dirty gone";
            if strategy == CopyStrategy::DELAY {
                assert_eq!(scene.lines(), [returned, "terminate file"], "{abi}");
            } else {
                assert_eq!(scene.lines(), ["terminate file"], "{abi}: what is temporary is not kept");
            }
            assert_eq!((file.cached(), scene.world.kernel.census().pages), (0, 0));
        }
    }
}

/// What may be cached stays, and whoever maps it later finds it.
#[test]
fn an_object_that_is_kept() {
    let mut scene = Scene::new();
    scene.manager.is_ready(true, CopyStrategy::DELAY);
    let file = scene.manager.object("file");
    scene.map(&file);
    scene.settle();
    file.supply(0, &[1, 2]);
    let written = scene.writes(1, 7);
    assert_eq!(scene.done(written), Ok(()));
    scene.unmap(FREE, 8);
    scene.settle();
    assert_eq!(scene.lines(), ["init file 4096"], "nothing comes back");
    assert!(scene.world.kernel.census().pages >= 2);
    scene.map(&file);
    let (first, second) = (scene.reads(0), scene.reads(1));
    scene.settle();
    assert_eq!((first.join().unwrap(), second.join().unwrap()), (Ok(1), Ok(7)));
    assert_eq!(scene.lines(), Vec::<String>::new());
    scene.unmap(FREE, 8);
    // It may be no more: the end comes before the answer.
    file.change(false, CopyStrategy::DELAY, true);
    scene.settle();
    let wanted = ["data_return file 0x1000 [7] dirty gone", "terminate file", "change_completed file uncached DELAY"];
    assert_eq!(scene.lines(), wanted);
    assert_eq!(scene.world.kernel.census().pages, 0);
}

/// Situation 8: an object is mapped anew before its manager has heard that it ended.
#[test]
fn an_object_that_is_mapped_again_while_it_ends() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    let written = scene.writes(0, 2);
    assert_eq!(scene.done(written), Ok(()));
    scene.unmap(FREE, 8);
    scene.map(&file);
    let seen = scene.reads(0);
    assert_eq!(scene.settle(), ["reads"]);
    let mut lines = scene.lines();
    assert_eq!(lines.pop().unwrap(), "data_request file 0x0 0x1000 read");
    assert_eq!(lines[0], "data_return file 0x0 [2] dirty gone");
    lines.sort_unstable();
    assert_eq!(lines[1..], ["init file 4096", "terminate file"]);
    assert_eq!(file.cached(), 1, "the new one");
    file.supply(0, &[2]);
    assert_eq!(scene.done(seen), Ok(2));
}

/// Situation 9: the manager dies while somebody waits: for it to be ready, for data, and to be allowed to write.
#[test]
fn a_manager_dies() {
    for abi in TYPED {
        for moment in ["ready", "data", "unlock"] {
            let mut scene = Scene::of(abi, 1);
            let file = scene.manager.object("file");
            scene.map(&file);
            scene.settle();
            if moment != "ready" {
                file.ready(false, CopyStrategy::DELAY);
            }
            if moment == "unlock" {
                file.supply_with(0, &filled(&[1]), mig_rt::Protection::WRITE, false, false).unwrap();
            }
            let (written, other) = (scene.writes(0, 2), scene.reads(1));
            assert_eq!(scene.settle().len(), 2, "{abi}, {moment}");
            scene.manager.task.terminate();
            assert_eq!(scene.world.kernel.run(), Vec::<String>::new(), "{abi}, {moment}");
            assert_eq!(written.join().unwrap(), Err(KernReturn::MEMORY_FAILURE), "{abi}, {moment}");
            assert_eq!(other.join().unwrap(), Err(KernReturn::MEMORY_FAILURE), "{abi}, {moment}");
            // And so everybody who comes later.
            let late = scene.reads(0);
            scene.world.kernel.run();
            assert_eq!(late.join().unwrap(), Err(KernReturn::MEMORY_FAILURE), "{abi}, {moment}");
            scene.unmap(FREE, 8);
            assert_eq!(scene.world.kernel.check(), Ok(()), "{abi}, {moment}");
        }
    }
}

/// One object dies with its port; others of the same manager live on.
#[test]
fn the_port_of_an_object_dies() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let other = scene.manager.object("other");
    scene.map_at(&other, FREE + 8 * PAGE, 1);
    file.supply(0, &[1]);
    let (there, waits, else_where) = (scene.reads(0), scene.reads(1), scene.reads(8));
    scene.settle();
    assert_eq!(there.join().unwrap(), Ok(1));
    release(&scene.manager.task, file.port.name(), RightKind::RECEIVE);
    assert_eq!(scene.settle(), ["reads"]);
    assert_eq!(waits.join().unwrap(), Err(KernReturn::MEMORY_FAILURE));
    let gone = scene.reads(0);
    assert_eq!(scene.settle(), ["reads"]);
    assert_eq!(gone.join().unwrap(), Err(KernReturn::MEMORY_FAILURE), "pages go with the object");
    other.supply(0, &[5]);
    assert_eq!(scene.done(else_where), Ok(5));
}

/// The manager gives an object up.
#[test]
fn an_object_is_destroyed() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(true, CopyStrategy::DELAY);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        file.supply(0, &[1]);
        let (written, waits) = (scene.writes(0, 2), scene.reads(1));
        assert_eq!(scene.settle(), ["reads"]);
        assert_eq!(written.join().unwrap(), Ok(()));
        scene.lines();
        covers!("memory_object_destroy", "KERN_SUCCESS");
        let control = file.control();
        file.destroy();
        assert_eq!(scene.done(waits), Err(KernReturn::MEMORY_FAILURE), "{abi}");
        assert_eq!(scene.lines(), ["terminate file"], "{abi}: what was not cleaned is lost");
        let late = scene.reads(0);
        assert_eq!(scene.done(late), Err(KernReturn::MEMORY_FAILURE), "{abi}");
        assert_eq!(scene.world.kernel.census().pages, 0);
        let called = mach::memory_object_ready(abi, &control, false, CopyStrategy::NONE);
        assert_eq!(called.code(), "MACH_SEND_INVALID_DEST", "the manager has destroyed it");
        scene.unmap(FREE, 8);
        scene.map(&file);
        scene.settle();
        assert_eq!(scene.lines(), ["init file 4096"], "{abi}: it begins anew");
    }
}

/// A task ends while a thread of it waits.
#[test]
fn a_task_ends_while_it_waits() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1]);
    let (written, waits) = (scene.writes(0, 2), scene.calls(|task| task.memory().read::<u8>(Address(FREE + PAGE))));
    assert_eq!(scene.settle(), ["calls"]);
    assert_eq!(written.join().unwrap(), Ok(()));
    scene.client.terminate();
    assert_eq!(scene.settle(), Vec::<String>::new());
    assert!(waits.join().unwrap_err().is::<Terminated>());
    let lines = scene.lines();
    assert_eq!(lines[1..], ["data_return file 0x0 [2] dirty gone", "terminate file"], "{lines:?}");
}

/// Aborted waits: an access is made again, a call of the kernel is not.
#[test]
fn waits_that_are_aborted() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    let touches = scene.calls(|task| task.memory().read::<u8>(Address(FREE)));
    let me = scene.client.self_port();
    let abi = scene.client.abi();
    let wired = scene.world.kernel.host_priv_port(&scene.client);
    let wires = scene.calls(move |_| {
        generated::mach3::mach_host::any::vm_wire(
            abi,
            &wired,
            &me,
            Address(FREE + PAGE),
            Size(PAGE),
            mig_rt::Protection::READ,
        )
        .map_err(|it| it.to_kern())
    });
    assert_eq!(scene.settle(), ["calls", "calls"]);
    let ports = [touches.port(), wires.port()];
    ports.iter().for_each(|it| mach::thread_abort(abi, it).unwrap());
    assert_eq!(scene.settle(), ["calls"]);
    assert_eq!(wires.join().unwrap(), Err(KernReturn::ABORTED));
    file.supply(0, &[6]);
    assert_eq!(scene.done(touches).unwrap(), 6);
    assert_eq!(read(&scene.client, 0), Ok(6));
    assert_ne!(ports[0].name(), PortName::NULL);
}

//! What the kernel's text says of memory that has a manager, and of pages that are elsewhere.

use generated::mach3::mach::any as mach;
use generated::mach3::types::CopyStrategy;
use mig_rt::{Address, Size};

use super::{Scene, place};
use crate::vm::PAGE;

/// Lines of the text that tell of memory.
fn memory(scene: &Scene) -> String {
    let text = scene.world.kernel.graph().to_string();
    text.lines().filter(|it| it.starts_with("task") || it.contains("memory")).map(|it| format!("{it}\n")).collect()
}

#[test]
fn managers_and_pages_that_are_elsewhere_are_told() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    file.supply(0, &[1, 2]);
    let writes = scene.writes(0, 7);
    scene.done(writes).unwrap();
    let (own, size) = (scene.client.self_port(), Size(2 * PAGE));
    let at = place(16);
    mach::vm_allocate(scene.client.abi(), &own, at, size, false).unwrap();
    mach::vm_copy(scene.client.abi(), &own, place(0), size, at).unwrap();
    scene.client.read(Address(at.0 + PAGE), 1).unwrap();
    insta::assert_snapshot!(memory(&scene), @r"
    task manager
    task client
        memory 0x20000000-0x20008000 rw-/rwx copy, object 1 at 0x0, 2 of 8 pages, managed at p1
        memory 0x20010000-0x20012000 rw-/rwx copy, object 2 at 0x0, 1 of 2 pages, 1 away
    port p3 memory control: 1 send
    port p4 memory name: 1 send
    ");
}

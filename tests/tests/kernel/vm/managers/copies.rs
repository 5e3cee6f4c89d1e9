//! Copies of managed memory, made in every way that there is, by each strategy that a manager may ask for.

use generated::mach3::mach::any as mach;
use generated::mach3::types::CopyStrategy;
use mig_rt::{Address, Disposition, PortName, Size, Transport};
use runtime_kernel::Task;

use super::asked::Asked;
use super::object::Object;
use super::{Scene, read, write};
use crate::vm::{FREE, PAGE};
use crate::world::{Simple, poll, port};

/// How memory is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// `vm_copy`, over memory that was there.
    Copy,
    /// `vm_read`
    Read,
    /// Sent in a message.
    Message,
    /// Inherited by a child.
    Fork,
    /// `vm_write`, of memory elsewhere that the manager's is sent for.
    Write,
}

const WAYS: [Way; 5] = [Way::Copy, Way::Read, Way::Message, Way::Fork, Way::Write];
const PAGES: u64 = 3;
/// Where a copy is put that is put somewhere.
const THERE: u64 = FREE + 64 * PAGE;

/// Copies the first pages of the usual place, and says which page of that place the copy begins at.
fn copy(task: &Task, way: Way) -> u64 {
    let (abi, own, from, size) = (task.abi(), task.self_port(), Address(FREE), Size(PAGES * PAGE));
    let at = match way {
        Way::Copy => {
            mach::vm_copy(abi, &own, from, size, Address(THERE)).unwrap();
            THERE
        }
        Way::Read => {
            let region = mach::vm_read(abi, &own, from, size).unwrap();
            task.surrender(region.into_memory()).0
        }
        Way::Message => message(task, port(task)),
        Way::Fork => {
            // It is found by the kernel, and ended there.
            let _ = mach::task_create(abi, &own, true).unwrap().into_raw();
            FREE
        }
        Way::Write => {
            by_hand_write(task);
            THERE
        }
    };
    at.wrapping_sub(FREE) / PAGE
}

/// The memory as a message brings it.
fn message(task: &Task, own: PortName) -> u64 {
    let kind = [0x2000_0000, 8 << 16 | 9, (PAGES * PAGE) as u32, FREE as u32];
    let message = Simple { words: kind.to_vec(), complex: true, ..Simple::to(own, Disposition::MAKE_SEND, 1) };
    message.send(task).unwrap();
    poll(task, own).unwrap().body()[3].into()
}

/// `vm_write` whose data is the memory itself, and no copy that the stub has made of it.
fn by_hand_write(task: &Task) {
    const VM_WRITE: u32 = 2027;
    let (own, reply) = (task.self_port(), port(task));
    let words = [0x1001_2002, THERE as u32, 0x2000_0000, 8 << 16 | 9, (PAGES * PAGE) as u32, FREE as u32];
    let request = Simple::to(own.name(), Disposition::COPY_SEND, VM_WRITE);
    let request = request.reply_to(reply, Disposition::MAKE_SEND_ONCE);
    Simple { words: words.to_vec(), complex: true, ..request }.send(task).unwrap();
    assert_eq!(poll(task, reply).unwrap().body()[1], 0, "KERN_SUCCESS");
}

/// Who has the copy.
fn holder(scene: &Scene, way: Way) -> Task {
    let tasks = scene.world.kernel.tasks();
    let child = tasks.into_iter().find(|it| *it != scene.client && *it != scene.manager.task);
    if way == Way::Fork { child.expect("it has not ended") } else { scene.client.clone() }
}

/// An object with a page that is as it was supplied, one that has been written, and one that is not there.
fn original(strategy: CopyStrategy) -> (Scene, std::sync::Arc<Object>) {
    let (mut scene, file) = Scene::ready(strategy);
    let client = &scene.client;
    mach::vm_allocate(client.abi(), &client.self_port(), Address(THERE), Size(PAGES * PAGE), false).unwrap();
    scene.unmap(FREE + PAGES * PAGE, 8 - PAGES);
    file.supply(0, &[1, 0]);
    let written = scene.writes(1, 2);
    assert_eq!(scene.done(written), Ok(()));
    scene.lines();
    (scene, file)
}

/// Nothing is asked when the copy is made. Who writes an original page later brings it in, and the copy keeps it.
#[test]
fn delayed() {
    for strategy in [CopyStrategy::DELAY, CopyStrategy::TEMPORARY] {
        for way in WAYS {
            let (mut scene, file) = original(strategy);
            let copied = scene.calls(move |task| copy(&task, way));
            let first = scene.done(copied);
            assert_eq!(scene.lines(), Vec::<String>::new(), "{way:?}");
            let holder = holder(&scene, way);
            let written = scene.calls(|task| (0..PAGES).map(|page| write(&task, page, 9)).collect::<Vec<_>>());
            assert_eq!(scene.settle(), ["calls"], "{way:?}");
            let lines = scene.lines();
            assert!(lines.len() == 1 && lines[0].starts_with("data_request file 0x2000 0x1000"), "{way:?}: {lines:?}");
            file.supply(2 * PAGE, &[3]);
            assert_eq!(scene.done(written), [Ok(()); 3]);
            let seen = holder.spawn("looks", move |task| [0, 1, 2].map(|page| read(&task, first.wrapping_add(page))));
            assert_eq!(scene.done(seen), [Ok(1), Ok(2), Ok(3)], "{way:?}");
            let changed = holder.spawn("writes", move |task| write(&task, first, 5));
            assert_eq!(scene.done(changed), Ok(()));
            let original = scene.calls(|task| [0, 1, 2].map(|page| read(&task, page)));
            assert_eq!(scene.done(original), [Ok(9); 3], "{way:?}");
            assert_eq!(scene.lines(), Vec::<String>::new(), "{way:?}");
            holder.terminate();
        }
    }
}

/// What the copy needs and the original does not have is asked of the manager, and then both have it.
#[test]
fn delayed_and_read_first() {
    for way in WAYS {
        let (mut scene, file) = original(CopyStrategy::DELAY);
        let copied = scene.calls(move |task| copy(&task, way));
        let first = scene.done(copied);
        let holder = holder(&scene, way);
        let seen = holder.spawn("looks", move |task| [0, 1, 2].map(|page| read(&task, first.wrapping_add(page))));
        assert_eq!(scene.settle(), ["looks"], "{way:?}");
        assert_eq!(scene.lines(), ["data_request file 0x2000 0x1000 read"], "{way:?}");
        file.supply(2 * PAGE, &[3]);
        assert_eq!(scene.done(seen), [Ok(1), Ok(2), Ok(3)], "{way:?}");
        let original = scene.reads(2);
        assert_eq!(scene.done(original), Ok(3), "{way:?}");
        assert_eq!(scene.lines(), Vec::<String>::new(), "{way:?}");
        holder.terminate();
    }
}

/// A copy outlives its original: what is not there yet is asked for all the same.
#[test]
fn a_copy_survives_its_original() {
    for way in WAYS {
        let (mut scene, file) = original(CopyStrategy::DELAY);
        let copied = scene.calls(move |task| copy(&task, way));
        let first = scene.done(copied);
        let holder = holder(&scene, way);
        scene.unmap(FREE, PAGES);
        scene.settle();
        let seen = holder.spawn("looks", move |task| [0, 1, 2].map(|page| read(&task, first.wrapping_add(page))));
        assert_eq!(scene.settle(), ["looks"], "{way:?}");
        file.supply(2 * PAGE, &[3]);
        assert_eq!(scene.done(seen), [Ok(1), Ok(2), Ok(3)], "{way:?}");
        holder.terminate();
    }
}

/// All that is copied is brought in when the copy is made.
#[test]
fn eager() {
    for way in WAYS {
        let (mut scene, file) = original(CopyStrategy::NONE);
        scene.sends = matches!(way, Way::Message | Way::Write);
        let copied = scene.calls(move |task| copy(&task, way));
        assert_eq!(scene.settle(), ["calls"], "{way:?}");
        assert_eq!(scene.lines(), ["data_request file 0x2000 0x1000 read"], "{way:?}");
        file.supply(2 * PAGE, &[3]);
        let first = scene.done(copied);
        let holder = holder(&scene, way);
        let written = scene.calls(|task| (0..PAGES).map(|page| write(&task, page, 9)).collect::<Vec<_>>());
        assert_eq!(scene.done(written), [Ok(()); 3]);
        let seen = holder.spawn("looks", move |task| [0, 1, 2].map(|page| read(&task, first.wrapping_add(page))));
        assert_eq!(scene.done(seen), [Ok(1), Ok(2), Ok(3)], "{way:?}");
        assert_eq!(scene.lines(), Vec::<String>::new(), "{way:?}");
        holder.terminate();
    }
}

/// Situation 10: the manager is told of the copy, and supplies it as an object of its own.
#[test]
fn called() {
    covers!("memory_object_copy", "KERN_SUCCESS");
    for way in WAYS {
        let (mut scene, file) = original(CopyStrategy::CALL);
        scene.manager.answer(|object, asked| match asked {
            Asked::Init { .. } => object.ready(false, CopyStrategy::DELAY),
            // As in the original, then.
            Asked::Request { offset, length, .. } if object.name != "file" => object.unavailable(*offset, *length),
            Asked::Request { offset, .. } => object.supply(*offset, &[3]),
            Asked::Unlock { offset, length, .. } => object.lock(*offset, *length, mig_rt::Protection::NONE),
            _ => (),
        });
        let copied = scene.calls(move |task| copy(&task, way));
        let first = scene.done(copied);
        let lines = scene.lines();
        let told = lines
            .iter()
            .position(|it| it == "copy file 0x0 0x3000 to copy1")
            .unwrap_or_else(|| panic!("{way:?}: {lines:?}"));
        let begun = lines.iter().position(|it| it == "init copy1 4096");
        assert!(begun.is_none_or(|it| it > told), "{way:?}: {lines:?}");
        let holder = holder(&scene, way);
        let written = scene.calls(|task| (0..PAGES).map(|page| write(&task, page, 9)).collect::<Vec<_>>());
        assert_eq!(scene.done(written), [Ok(()); 3], "{way:?}");
        let seen = holder.spawn("looks", move |task| [0, 1, 2].map(|page| read(&task, first.wrapping_add(page))));
        assert_eq!(scene.done(seen), [Ok(1), Ok(2), Ok(3)], "{way:?}");
        let original = scene.calls(|task| [0, 1, 2].map(|page| read(&task, page)));
        assert_eq!(scene.done(original), [Ok(9); 3], "{way:?}");
        holder.terminate();
        scene.client.terminate();
        scene.settle();
        assert_eq!(file.cached(), 0, "{way:?}");
    }
}

/// A child shares what is inherited so, and its parent's manager supplies both.
#[test]
fn shared_with_a_child() {
    let (mut scene, file) = original(CopyStrategy::DELAY);
    let client = &scene.client;
    mach::vm_inherit(client.abi(), &client.self_port(), Address(FREE), Size(PAGES * PAGE), mig_rt::Inherit::SHARE)
        .unwrap();
    let child = scene.world.kernel.fork(client, "child").unwrap();
    let (here, there) = (scene.reads(2), child.spawn("reads", |task| read(&task, 2)));
    assert_eq!(scene.settle().len(), 2);
    assert_eq!(scene.lines(), ["data_request file 0x2000 0x1000 read"]);
    file.supply(2 * PAGE, &[3]);
    scene.settle();
    assert_eq!((here.join().unwrap(), there.join().unwrap()), (Ok(3), Ok(3)));
    let written = child.spawn("writes", |task| write(&task, 0, 8));
    assert_eq!(scene.done(written), Ok(()));
    let seen = scene.reads(0);
    assert_eq!(scene.done(seen), Ok(8));
    scene.client.terminate();
    scene.settle();
    assert_eq!(scene.lines(), Vec::<String>::new(), "the child has it still");
    child.terminate();
    scene.settle();
    let lines = scene.lines();
    assert_eq!(lines.last().unwrap(), "terminate file");
    assert!(lines.contains(&"data_return file 0x0 [8 2] dirty gone".to_owned()), "{lines:?}");
}

/// Memory that is written over stays the manager's: its pages change, and come back.
#[test]
fn written_over() {
    let (mut scene, file) = original(CopyStrategy::DELAY);
    let written = scene.calls(|task| {
        let data = vec![6; (PAGES * PAGE) as usize];
        let abi = task.abi();
        mach::vm_write(abi, &task.self_port(), Address(FREE), &data).unwrap();
        mach::vm_copy(abi, &task.self_port(), Address(THERE), Size(PAGE), Address(FREE + PAGE)).unwrap();
    });
    while scene.settle() == ["calls"] {
        assert!(scene.lines().iter().all(|it| it.starts_with("data_request file 0x2000")));
        file.supply(2 * PAGE, &[3]);
    }
    written.join().unwrap();
    scene.lines();
    let seen = scene.calls(|task| [0, 1, 2].map(|page| read(&task, page)));
    assert_eq!(scene.done(seen), [Ok(6), Ok(0), Ok(6)]);
    scene.unmap(FREE, 8);
    scene.settle();
    assert_eq!(scene.lines(), ["data_return file 0x0 [6 0 6] dirty gone", "terminate file"]);
}

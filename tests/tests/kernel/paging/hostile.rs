//! Messages to the pager that are wrong, or from somebody who should not send them: nothing falls over, nothing is left,
//! and nobody sees what is not theirs.

use std::env;

use default_pager::{Compressed, OnDisk};
use generated::mach3::default_pager::any as default_pager_calls;
use generated::mach3::memory_object::any as memory_object;
use generated::mach3::memory_object_default::any as memory_object_default;
use mig_rt::{
    AbiId, Address, Disposition, Operation, PortName, Protection, ReceiveRight, RightKind, SendRight, Size, Timeout,
};
use runtime_kernel::Task;

use super::stores::Random;
use super::{Memory, PAGE, Scene, TYPED, at, heard, page};
use crate::world::{poll, release};

/// Ranges that are no pages of an object.
#[test]
fn bad_ranges() {
    for abi in TYPED {
        let scene = Scene::new(abi, Compressed::new(1 << 20));
        let memory = scene.memory();
        memory.initialize(0, &page(1));
        let most = if abi == AbiId::GnumachI386 { u64::from(u32::MAX) } else { u64::MAX };
        for (offset, size) in [(1, 4096), (0, 1), (4096, 4095), (0, most), (most, 4096)] {
            let said = memory.request_bytes(&scene, Address(offset), Size(size));
            assert_eq!(said.len(), 1, "{offset:#x} {size:#x}: whoever waits is told: {said:?}");
            assert!(said[0].starts_with("error"), "{said:?}");
        }
        // Nothing is asked for, and so nothing is said.
        assert!(memory.request(&scene, 0, 0).is_empty());
        // More pages than anybody has: one answer for all.
        let all = most / PAGE as u64 - 1;
        let said = memory.request(&scene, 1, all);
        assert_eq!(said, [format!("unavailable 0x1000 {:#x}", all * PAGE as u64)]);
        memory.initialize(1, &page(2)[1..]);
        let (object, control) = (&memory.object, &memory.control);
        memory_object::memory_object_data_return(abi, object, control, Address(77), &page(3), true, true).unwrap();
        memory_object::memory_object_data_write(abi, object, control, Address(0), &page(3)[..100]).unwrap();
        memory_object::memory_object_data_return(abi, object, control, at(all), &page(4), true, true).unwrap();
        scene.run();
        assert_eq!(scene.watch.figures().pages, 2, "what is no page is not kept");
        assert_eq!(memory.request(&scene, 0, 1), ["supply 0x0 0x1000: data 1"]);
        memory.terminate();
        scene.end();
    }
}

/// Somebody who has a right to an object says to be a kernel, and is not.
#[test]
fn control_ports_of_others() {
    let scene = Scene::new(AbiId::GnumachX8664, Compressed::new(1 << 20));
    let memory = scene.memory();
    memory.initialize(0, &page(1));
    let [control, name] = [(); 2].map(|()| ReceiveRight::new(&scene.client).unwrap());
    let forged = Memory { abi: scene.abi, object: memory.object.try_clone().unwrap(), control, name };
    assert!(forged.request(&scene, 0, 1).is_empty());
    forged.initialize(1, &page(2));
    forged.give_back(0, &page(3), true);
    let (object, abi) = (&forged.object, forged.abi);
    memory_object::memory_object_init(abi, object, &forged.control, &forged.name, Size(PAGE as u64)).unwrap();
    memory_object::memory_object_data_unlock(abi, object, &forged.control, at(0), Size(4096), Protection::ALL).unwrap();
    scene.run();
    assert!(heard(&forged.control).is_empty(), "the kernel's memory has one kernel");
    forged.terminate();
    scene.run();
    assert_eq!(scene.watch.figures().pages, 1);
    assert_eq!(memory.request(&scene, 0, 2), ["supply 0x0 0x1000: data 1", "unavailable 0x1000 0x1000"]);
    memory.terminate();
    scene.end();
}

/// Who says to be many kernels is believed only so often; who does not listen is not waited for.
#[test]
fn kernels_without_end() {
    let scene = Scene::new(AbiId::GnumachI386, Compressed::new(1 << 20));
    let abi = scene.abi;
    let object = scene.ask(move |it| default_pager_calls::default_pager_object_create(abi, it, Size(1)).unwrap());
    let kernels: Vec<[ReceiveRight<Task>; 2]> =
        (0..20).map(|_| [(); 2].map(|()| ReceiveRight::new(&scene.client).unwrap())).collect();
    for _ in 0..3 {
        for [control, name] in &kernels {
            memory_object::memory_object_init(abi, &object, control, name, Size(PAGE as u64)).unwrap();
            scene.run();
        }
    }
    let ready = kernels.iter().filter(|it| !heard(&it[0]).is_empty()).count();
    assert_eq!(ready, 8);
    let (control, read) = (&kernels[0][0], Protection::READ);
    for _ in 0..100 {
        memory_object::memory_object_data_request(abi, &object, control, at(0), Size(PAGE as u64), read).unwrap();
        scene.run();
    }
    assert_eq!(heard(control).len(), 5, "what its queue takes");
    memory_object::memory_object_init(abi, &object, &kernels[19][0], &kernels[19][1], Size(8192)).unwrap();
    drop((kernels, object));
    scene.end();
}

/// What only the pager's own port serves, and objects that are none.
#[test]
fn objects_that_are_none() {
    let scene = Scene::new(AbiId::GnumachX8664, Compressed::new(1 << 20));
    let memory = scene.memory();
    let create = |pager: &SendRight<Task>, object: ReceiveRight<Task>, page_size| {
        let [control, name] = [(); 2].map(|()| ReceiveRight::new(&scene.client).unwrap());
        let pager = pager.try_clone().unwrap();
        let made = memory_object_default::memory_object_create(
            scene.abi,
            pager,
            object,
            Size(1),
            &control,
            &name,
            Size(page_size),
        );
        assert!(made.is_ok());
        scene.run();
    };
    let new = || ReceiveRight::new(&scene.client).unwrap();
    create(&memory.object, new(), 4096);
    create(&scene.to_pager, new(), 8192);
    create(&scene.to_pager, ReceiveRight::null(&scene.client), 4096);
    // Nobody has a right to it, so that nobody can ask for its pages.
    create(&scene.to_pager, new(), 4096);
    assert_eq!(scene.watch.figures().objects, 1);
    let (pager, control) = (&scene.to_pager, &memory.control);
    memory_object_default::memory_object_data_initialize(scene.abi, pager, control, at(0), &page(1)).unwrap();
    memory_object::memory_object_init(scene.abi, pager, control, &memory.name, Size(4096)).unwrap();
    memory_object::memory_object_copy(scene.abi, &memory.object, control, at(0), Size(4096), new()).unwrap();
    scene.run();
    assert!(heard(control).is_empty());
    assert_eq!(scene.watch.figures().pages, 0);
    memory.terminate();
    scene.end();
}

/// A notification that no kernel has sent takes nothing away.
#[test]
fn forged_notifications() {
    let scene = Scene::new(AbiId::GnumachI386, Compressed::new(1 << 20));
    let memory = scene.memory();
    for id in 64..=72 {
        let to = (memory.object.name(), Disposition::COPY_SEND);
        let mut simple = crate::world::Simple::to(to.0, to.1, id);
        simple.words = vec![0x1001_2002, 1];
        simple.send(&scene.client).unwrap();
        scene.run();
    }
    assert_eq!(scene.watch.figures().objects, 1);
    memory.terminate();
    scene.end();
}

/// Messages of every interface with anything in them, from a program that has a right to the pager, to an object and to a
/// store.
#[test]
fn anything() {
    let mut most = 0;
    let seeds = env::var("PAGER_SEEDS").map_or(40, |it| it.parse().unwrap());
    for seed in 1..=seeds {
        let mut random = Random(seed);
        let abi = AbiId::ALL[random.below(5) as usize];
        let scene = Scene::new(abi, OnDisk::temporary(20).unwrap());
        let control = ReceiveRight::new(&scene.client).unwrap();
        let mut known = vec![scene.to_pager.name()];
        let size = random.below(30 * PAGE as u64);
        let object = scene.ask(move |it| default_pager_calls::default_pager_object_create(TYPED[0], it, Size(size)));
        let object = object.unwrap();
        for _ in 0..60 {
            if random.below(2) == 0 {
                send(&scene, message(&mut random, &scene, &known, &control));
            } else {
                well_formed(&mut random, &object, &control);
            }
            scene.run();
            // What it answered is to be used, too.
            known.extend(answers(&scene, &control));
        }
        let kept = scene.watch.figures();
        assert!(kept.pages <= 20, "{kept:?}");
        most = most.max(kept.pages);
        known.drain(1..).for_each(|it| release(&scene.client, it, RightKind::SEND));
        drop((control, object));
        scene.end();
    }
    assert!(most > 2, "some messages do something");
}

/// What a kernel may say of an object, at the wrong time and with wrong numbers.
fn well_formed(random: &mut Random, object: &SendRight<Task>, control: &ReceiveRight<Task>) {
    let abi = TYPED[random.below(3) as usize];
    let numbers = [0, 1, 4096, 8192, 20 * 4096, 4095, 0xffff_f000, 0xffff_ffff];
    let mut number = || numbers[random.below(8) as usize];
    let (offset, size) = (Address(number()), Size(number()));
    let data = page(7).repeat(random.below(4) as usize);
    let data = &data[..data.len().saturating_sub(random.below(2) as usize)];
    let all = Protection::ALL;
    let (dirty, copy) = (random.below(2) == 0, random.below(2) == 0);
    // Its queue may be full.
    let _ = match random.below(8) {
        0 => memory_object::memory_object_init(abi, object, control, control, size),
        1 => memory_object::memory_object_init(abi, object, control, control, Size(PAGE as u64)),
        2 => memory_object::memory_object_data_request(abi, object, control, offset, size, all),
        3 => memory_object::memory_object_data_unlock(abi, object, control, offset, size, all),
        4 => memory_object::memory_object_data_write(abi, object, control, offset, data),
        5 => memory_object_default::memory_object_data_initialize(abi, object, control, offset, data),
        6 => {
            let [control, name] = [(); 2].map(|()| ReceiveRight::new(object.via()).unwrap());
            memory_object::memory_object_terminate(abi, object.try_clone().unwrap(), control, name)
        }
        _ => memory_object::memory_object_data_return(abi, object, control, offset, data, dirty, copy),
    };
}

fn send(scene: &Scene, mut bytes: Vec<u8>) {
    let at_once = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
    // Many are no messages at all.
    let _ = scene.client.mach_msg(AbiId::GnumachI386, at_once, PortName::NULL, &mut bytes, 0);
}

/// A message of 32 bits, the simplest family, whose words are of the kinds that such messages have; answers come to the
/// control port.
fn message(random: &mut Random, scene: &Scene, known: &[PortName], control: &ReceiveRight<Task>) -> Vec<u8> {
    let to = known[random.below(known.len() as u64) as usize];
    let ids = [(2200, 10), (2250, 3), (2275, 9), (64, 9)];
    let (first, count) = ids[random.below(4) as usize];
    let mut words = vec![0, 0, to.0, control.name().0, 0, first + random.below(count) as u32];
    let mut complex = 0;
    for _ in 0..random.below(7) {
        match random.below(4) {
            0 => {
                complex = 1 << 31;
                let kind = [19, 20][random.below(2) as usize];
                let name = if kind == 20 { control.name() } else { scene.to_pager.name() };
                words.extend([0x1001_2000 | kind, name.0]);
            }
            1 => words.extend([0x1001_2002, [0, 1, 4096, u32::MAX][random.below(4) as usize]]),
            2 => words.extend([0x1001_2000, random.below(2) as u32]),
            _ => words.push(random.below(1 << 32) as u32),
        }
    }
    words[0] = 19 | 21 << 8 | complex;
    words[1] = words.len() as u32 * 4;
    words.iter().flat_map(|it| it.to_le_bytes()).collect()
}

/// The rights that came to a port.
fn answers(scene: &Scene, control: &ReceiveRight<Task>) -> Vec<PortName> {
    let mut rights = Vec::new();
    while let Ok(got) = poll(&scene.client, control.name()) {
        for pair in got.body().windows(2).filter(|_| got.0[0] >> 31 == 1) {
            if pair[0] == 0x1001_2011 {
                rights.push(PortName(pair[1]));
            }
        }
        let (remote, kind) = got.remote();
        if let (true, Some(kind)) = (remote.is_valid(), kind.owned()) {
            release(&scene.client, remote, kind);
        }
    }
    rights
}

//! What a kernel and the pager say to each other about its memory.

use default_pager::{Compressed, OnDisk, Store};
use generated::mach3::default_pager::any as default_pager_calls;
use generated::mach3::memory_object::any as memory_object;
use mig_rt::{AbiId, Protection, ReceiveRight, SendRight, Size};
use runtime_kernel::Task;

use super::{Memory, PAGE, Scene, TYPED, at, heard, page};
use crate::world::type_of;

/// In each ABI, over each store.
fn each(test: impl Fn(Scene)) {
    for abi in TYPED {
        test(Scene::new(abi, Compressed::new(1 << 20)));
        test(Scene::new(abi, OnDisk::temporary(200).unwrap()));
    }
}

#[test]
fn pages_come_back_as_they_were() {
    each(|scene| {
        let memory = scene.memory();
        assert_eq!(memory.request(&scene, 3, 1), ["unavailable 0x3000 0x1000"], "nothing has been there");
        memory.initialize(3, &[page(1), page(2)].concat());
        assert_eq!(memory.request(&scene, 3, 1), ["supply 0x3000 0x1000: data 1"]);
        memory.initialize(4, &[page(7), page(3)].concat());
        let seen = memory.request(&scene, 2, 6);
        assert_eq!(
            seen,
            [
                "unavailable 0x2000 0x1000",
                "supply 0x3000 0x1000: data 1",
                "supply 0x4000 0x1000: data 2",
                "supply 0x5000 0x1000: data 3",
                "unavailable 0x6000 0x2000",
            ],
            "what is there is not initialized again"
        );
        memory.give_back(4, &page(9), true);
        assert_eq!(memory.request(&scene, 4, 1), ["supply 0x4000 0x1000: data 9"]);
        memory.give_back(4, &page(8), false);
        assert_eq!(memory.request(&scene, 4, 1), ["supply 0x4000 0x1000: data 9"], "it said that nothing has changed");
        let figures = scene.watch.figures();
        assert_eq!((figures.objects, figures.pages, figures.pages_in, figures.pages_out), (1, 3, 6, 4));
        assert_eq!((figures.pages_init, figures.pages_init_writes, figures.pages_unavailable), (4, 3, 4));
        let object = memory.object.name();
        memory.terminate();
        scene.run();
        assert_eq!(type_of(&scene.client, object), 0, "the right has moved");
        scene.end();
    });
}

/// Memory that a program asks the pager for, mapped by one kernel after the other.
#[test]
fn memory_of_programs_lives_as_long_as_somebody_knows_it() {
    each(|scene| {
        let abi = scene.abi;
        let object = scene
            .ask(move |it| default_pager_calls::default_pager_object_create(abi, it, Size(8 * PAGE as u64)).unwrap());
        for (round, seen) in [(1, "unavailable 0x2000 0x1000"), (2, "supply 0x2000 0x1000: data 1")] {
            let memory = init(&scene, &object);
            assert_eq!(heard(&memory.control), ["ready, cache false, strategy 2"], "a copy may be made later");
            assert_eq!(memory.request(&scene, 2, 1), [seen]);
            memory.give_back(2, &page(round), true);
            assert_eq!(memory.request(&scene, 8, 1), ["error 0x8000 0x1000: Some(\"KERN_MEMORY_ERROR\")"]);
            memory.give_back(8, &page(1), true);
            memory.terminate();
            scene.run();
            assert_eq!(scene.watch.figures().pages, 1, "nothing is kept beyond the end of the object");
        }
        drop(object);
        scene.end();
    });
}

/// Begins to play a kernel that has an object mapped.
fn init(scene: &Scene, object: &SendRight<Task>) -> Memory {
    let [control, name] = [(); 2].map(|()| ReceiveRight::new(&scene.client).unwrap());
    memory_object::memory_object_init(scene.abi, object, &control, &name, Size(PAGE as u64)).unwrap();
    scene.run();
    Memory { abi: scene.abi, object: object.try_clone().unwrap(), control, name }
}

/// Two kernels, of which one ends without a word.
#[test]
fn each_kernel_is_answered_for_itself() {
    let scene = Scene::new(AbiId::GnumachI386, Compressed::new(1 << 20));
    let abi = scene.abi;
    let object = scene.ask(move |it| default_pager_calls::default_pager_object_create(abi, it, Size(1)).unwrap());
    let (first, second) = (init(&scene, &object), init(&scene, &object));
    assert_eq!([heard(&first.control).len(), heard(&second.control).len()], [1, 1]);
    first.give_back(0, &page(5), true);
    assert_eq!(second.request(&scene, 0, 1), ["supply 0x0 0x1000: data 5"]);
    assert!(heard(&first.control).is_empty());
    memory_object::memory_object_data_unlock(abi, &object, &second.control, at(0), Size(4096), Protection::WRITE)
        .unwrap();
    scene.run();
    assert_eq!(heard(&second.control), ["lock 0x0 0x1000 0"], "nothing was locked, and nothing is");
    drop(first);
    second.terminate();
    drop(object);
    scene.end();
}

/// A kernel that forgets its memory without saying so.
#[test]
fn memory_that_nobody_can_ask_for_is_forgotten() {
    each(|scene| {
        let memory = scene.memory();
        memory.initialize(0, &page(1));
        scene.run();
        assert_eq!(scene.watch.figures().pages, 1);
        drop(memory);
        scene.end();
    });
}

/// Pages for which there is no room are lost, and only those.
#[test]
fn a_full_store_says_so() {
    let stores: [Box<dyn Fn() -> Box<dyn Store>>; 2] = [
        Box::new(|| Box::new(OnDisk::temporary(3).unwrap())),
        Box::new(|| Box::new(Compressed::new(2 * compressed(1) + compressed(2)))),
    ];
    for store in stores {
        let scene = Scene::new(AbiId::GnumachX8664, Any(store()));
        let memory = scene.memory();
        memory.initialize(0, &[page(1), page(1), page(2), page(3)].concat());
        assert_eq!(memory.request(&scene, 2, 1), ["supply 0x2000 0x1000: data 2"]);
        assert_eq!(memory.request(&scene, 3, 1), ["error 0x3000 0x1000: Some(\"KERN_MEMORY_ERROR\")"]);
        assert_eq!(scene.watch.figures().pages_lost, 1);
        // There is no room for more, but for the same again.
        memory.give_back(1, &page(1), true);
        assert_eq!(memory.request(&scene, 0, 2).len(), 2);
        let other = scene.memory();
        memory.terminate();
        other.initialize(3, &page(4));
        assert_eq!(other.request(&scene, 3, 1), ["supply 0x3000 0x1000: data 4"]);
        other.terminate();
        scene.end();
    }
}

/// Bytes that a page becomes.
fn compressed(of: u8) -> u64 {
    let mut store = Compressed::new(1 << 20);
    store.write(None, page(of).as_slice().try_into().unwrap()).unwrap();
    let space = store.space();
    space.total - space.free
}

/// One store or the other.
pub(super) struct Any(pub(super) Box<dyn Store>);

impl Store for Any {
    fn write(
        &mut self,
        over: Option<default_pager::Slot>,
        page: &default_pager::Page,
    ) -> std::io::Result<default_pager::Slot> {
        self.0.write(over, page)
    }

    fn read(&mut self, slot: default_pager::Slot, page: &mut default_pager::Page) -> std::io::Result<()> {
        self.0.read(slot, page)
    }

    fn free(&mut self, slot: default_pager::Slot) {
        self.0.free(slot);
    }

    fn space(&self) -> default_pager::Space {
        self.0.space()
    }
}

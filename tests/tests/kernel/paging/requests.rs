//! What programs ask the pager, in every ABI.

use default_pager::{Compressed, OnDisk, Pager};
use generated::darwin::default_pager_object::any as osf;
use generated::mach3::default_pager::any as cmu;
use generated::mach3::types::{DefaultPagerObject, DefaultPagerPage};
use mig_rt::{AbiId, Address, Data, KernReturn, ReceiveRight, SendRight, Size};
use runtime_kernel::Task;

use super::{PAGE, Scene, TYPED, heard, page};
use crate::covers::Outcome;

const DARWIN: [AbiId; 2] = [AbiId::DarwinLp64, AbiId::DarwinIlp32];
const TOTAL: u64 = 100 * PAGE as u64;

fn scene(abi: AbiId) -> Scene {
    Scene::new(abi, OnDisk::temporary(100).unwrap())
}

/// With memory of a kernel of which pages 1 and 4 are there.
fn used(abi: AbiId) -> (Scene, super::Memory) {
    let scene = scene(abi);
    let memory = scene.memory();
    memory.initialize(1, &page(1));
    memory.initialize(4, &page(2));
    scene.run();
    (scene, memory)
}

#[test]
fn how_much_there_is() {
    for abi in TYPED {
        let (scene, memory) = used(abi);
        let info = scene.ask(move |it| covers!("default_pager_info", "KERN_SUCCESS", cmu::default_pager_info(abi, it)));
        let info = info.unwrap();
        assert_eq!((info.dpi_total_space, info.dpi_free_space), (Size(TOTAL), Size(TOTAL - 2 * PAGE as u64)));
        assert_eq!(info.dpi_page_size, Size(PAGE as u64));
        memory.terminate();
        scene.end();
    }
    for abi in DARWIN {
        let (scene, memory) = used(abi);
        let info = scene.ask(move |it| covers!("default_pager_info", "KERN_SUCCESS", osf::default_pager_info(abi, it)));
        let info = info.unwrap();
        assert_eq!((info.dpi_total_space, info.dpi_free_space), (TOTAL as u32, TOTAL as u32 - 2 * PAGE as u32));
        memory.terminate();
        scene.end();
    }
}

fn elements<E: mig_rt::Element>(data: &Data<'_, Task, E>) -> Vec<E> {
    (0..data.len()).map(|it| data.get(it).unwrap().unwrap()).collect()
}

/// Objects are told with the names that `vm_region` knows, and by these or by their own ports their pages.
#[test]
fn what_there_is() {
    for abi in TYPED {
        let (scene, memory) = used(abi);
        let name = scene.client.make_send(&memory.name).unwrap();
        let none = DefaultPagerObject { dpo_object: Address(0), dpo_size: Size(0) };
        let (size, names) = scene.ask(move |it| {
            let mut room = [none; 4];
            let out = cmu::default_pager_objects(abi, it, &mut room).unwrap();
            (elements(&out.objects)[0].dpo_size, out.ports.collect::<Vec<_>>())
        });
        assert_eq!((size, names.len()), (Size(2 * PAGE as u64), 1));
        assert_eq!(names[0], name);
        for known_by in [name.try_clone().unwrap(), memory.object.try_clone().unwrap()] {
            let pages = scene.ask(move |it| {
                let mut room = [DefaultPagerPage { dpp_offset: Address(0) }; 1];
                let out = cmu::default_pager_object_pages(abi, it, &known_by, &mut room).unwrap();
                elements(&out).iter().map(|it| it.dpp_offset.0).collect::<Vec<_>>()
            });
            assert_eq!(pages, [PAGE as u64, 4 * PAGE as u64]);
        }
        let unknown = scene.ask(move |it| cmu::default_pager_object_pages(abi, it, it, &mut []).map(drop));
        assert_eq!(unknown, Err(KernReturn::INVALID_ARGUMENT.into()));
        drop((names, name));
        memory.terminate();
        scene.end();
    }
    for abi in DARWIN {
        let (scene, memory) = used(abi);
        let object = memory.object.try_clone().unwrap();
        let (sizes, pages) = scene.ask(move |it| {
            let out = osf::default_pager_objects(abi, it, &mut []).unwrap();
            assert_eq!(out.ports.len(), 1);
            let sizes: Vec<_> = elements(&out.objects).iter().map(|it| it.dpo_size).collect();
            let out = osf::default_pager_object_pages(abi, it, &object, &mut []).unwrap();
            (sizes, elements(&out).iter().map(|it| it.dpp_offset).collect::<Vec<_>>())
        });
        assert_eq!((sizes, pages), (vec![2 * PAGE as u32], vec![PAGE as u32, 4 * PAGE as u32]));
        memory.terminate();
        scene.end();
    }
}

#[test]
fn memory_for_programs() {
    for abi in AbiId::ALL {
        let scene = scene(abi);
        let create = move |it: &SendRight<Task>, size| match TYPED.contains(&abi) {
            true => cmu::default_pager_object_create(abi, it, Size(size)),
            false => osf::default_pager_object_create(abi, it, Size(size)),
        };
        let object = scene.ask(move |it| covers!("default_pager_object_create", "KERN_SUCCESS", create(it, 5000)));
        let object = object.unwrap();
        assert_eq!(scene.watch.figures().objects, 1);
        let asked = object.try_clone().unwrap();
        // An object is no pager.
        assert_eq!(scene.call(move |_| create(&asked, 1).code()), "KERN_INVALID_ARGUMENT");
        if abi == AbiId::GnumachX8664 {
            assert_eq!(scene.ask(move |it| create(it, u64::MAX).code()), "KERN_INVALID_ARGUMENT");
        }
        drop(object);
        scene.end();
    }
}

/// It opens no files for whoever asks.
#[test]
fn what_is_not_offered() {
    for abi in TYPED {
        let scene = scene(abi);
        let codes = scene.ask(move |it| {
            let file = cmu::default_pager_paging_file(abi, it, it, b"paging", true);
            let server = cmu::default_pager_register_fileserver(abi, it, it);
            [file, server].map(|it| it.code())
        });
        assert_eq!(codes, ["MIG_BAD_ID"; 2]);
        scene.end();
    }
}

/// Backing stores in an ABI of Darwin, with a device of 64 pages.
struct Stores {
    scene: Scene,
    abi: AbiId,
    device: SendRight<Task>,
}

/// What `default_pager_backing_store_info` tells, as far as it depends on one store.
#[derive(PartialEq, Eq, Debug)]
struct Info {
    total: u32,
    free: u32,
    read: u32,
    written: u32,
    priority: u32,
    cluster: u32,
}

impl Stores {
    fn new(abi: AbiId, first: u64) -> Stores {
        let prepare = |pager: &mut Pager, client: &Task| {
            let file = tempfile();
            let device: &ReceiveRight<Task> = pager.device(file).unwrap();
            device.via().give_send(device, client).unwrap()
        };
        let (scene, device) = Scene::with(abi, OnDisk::temporary(first).unwrap(), prepare);
        Stores { scene, abi, device }
    }

    fn create(&self, priority: i32, cluster: i32) -> mig_rt::Result<SendRight<Task>> {
        let abi = self.abi;
        self.scene.ask(move |it| osf::default_pager_backing_store_create(abi, it, priority, cluster))
    }

    fn add(&self, store: &SendRight<Task>, offset: u32, count: u32, record: i32) -> mig_rt::Result<()> {
        let (abi, store, device) = (self.abi, store.try_clone().unwrap(), self.device.try_clone().unwrap());
        self.scene.call(move |_| osf::default_pager_add_segment(abi, &store, &device, offset, count, record))
    }

    fn delete(&self, store: &SendRight<Task>) -> mig_rt::Result<()> {
        let (abi, store) = (self.abi, store.try_clone().unwrap());
        self.scene.call(move |_| osf::default_pager_backing_store_delete(abi, &store))
    }

    fn info(&self, store: &SendRight<Task>, flavor: i32, words: usize) -> mig_rt::Result<Info> {
        let (abi, store) = (self.abi, store.try_clone().unwrap());
        self.scene.call(move |_| {
            let mut room = [0; 20];
            let said = osf::default_pager_backing_store_info(abi, &store, flavor, &mut room[..words])?;
            assert_eq!(said, 15);
            let [total, free, read, _, written, _, priority, cluster] = room[7..15].try_into().unwrap();
            Ok(Info { total, free, read, written, priority, cluster })
        })
    }
}

fn tempfile() -> std::fs::File {
    let path = std::env::temp_dir().join(format!("device-{}-{:?}", std::process::id(), std::thread::current().id()));
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

#[test]
fn backing_stores() {
    for abi in DARWIN {
        let stores = Stores::new(abi, 4);
        let store = covers!("default_pager_backing_store_create", "KERN_SUCCESS", stores.create(3, 8)).unwrap();
        covers!("default_pager_backing_store_create", "KERN_INVALID_ARGUMENT", stores.create(3, 0));
        // Eight pages in records of 512 bytes, behind the first two.
        covers!("default_pager_add_segment", "KERN_SUCCESS", stores.add(&store, 16, 64, 512));
        for (offset, count, record) in [(79, 64, 512), (0, 17, 512), (2, 1, 4096), (0, 1, 512), (0, 8, 0), (0, 8, -1)] {
            let wrong = stores.add(&store, offset, count, record);
            covers!("default_pager_add_segment", "KERN_INVALID_ARGUMENT", wrong);
        }
        stores.add(&store, 10, 2, 4096).unwrap();
        let info = covers!("default_pager_backing_store_info", "KERN_SUCCESS", stores.info(&store, 1, 15)).unwrap();
        assert_eq!(info, Info { total: 10, free: 10, read: 0, written: 0, priority: 3, cluster: 8 });
        for (flavor, words) in [(2, 15), (1, 14)] {
            let wrong = stores.info(&store, flavor, words);
            covers!("default_pager_backing_store_info", "KERN_INVALID_ARGUMENT", wrong);
        }
        // No store, and no device.
        let (none, device) = (stores.scene.to_pager.try_clone().unwrap(), stores.device.try_clone().unwrap());
        covers!("default_pager_backing_store_info", "KERN_INVALID_ARGUMENT", stores.info(&none, 1, 15));
        covers!("default_pager_backing_store_delete", "KERN_INVALID_ARGUMENT", stores.delete(&none));
        covers!("default_pager_add_segment", "KERN_INVALID_ARGUMENT", stores.add(&none, 40, 8, 4096));
        let stores = Stores { device: none, ..stores };
        covers!("default_pager_add_segment", "KERN_INVALID_ARGUMENT", stores.add(&store, 40, 8, 4096));
        covers!("default_pager_backing_store_delete", "KERN_SUCCESS", stores.delete(&store));
        assert_eq!(store.try_clone(), Err(KernReturn::INVALID_RIGHT), "its port is gone");
        drop((device, store));
        stores.scene.end();
    }
}

/// A store that is deleted moves its pages to others, and stays if they have no room.
#[test]
fn pages_move_when_a_store_is_deleted() {
    let stores = Stores::new(AbiId::DarwinLp64, 4);
    let fast = stores.create(3, 1).unwrap();
    stores.add(&fast, 0, 6, 4096).unwrap();
    let memory = stores.scene.memory();
    let pages: Vec<u8> = (0..5).flat_map(page).collect();
    memory.initialize(0, &pages);
    stores.scene.run();
    let info = stores.info(&fast, 1, 15).unwrap();
    assert_eq!((info.free, info.written), (1, 5), "the better store is filled first");
    covers!("default_pager_backing_store_delete", "KERN_FAILURE", stores.delete(&fast));
    let slow = stores.create(1, 1).unwrap();
    stores.add(&slow, 6, 2, 4096).unwrap();
    stores.delete(&fast).unwrap();
    let free = stores.info(&slow, 1, 15).unwrap().free;
    assert_eq!(free + (4 - (5 - (2 - free))), 1, "five of the six pages that are left are used");
    let came: Vec<String> = (0..5).flat_map(|it| memory.request(&stores.scene, it, 1)).collect();
    let meant: Vec<String> = (0..5).map(|it| format!("supply {:#x} 0x1000: data {it}", it * PAGE)).collect();
    assert_eq!(came, meant);
    assert!(heard(&memory.control).is_empty());
    memory.terminate();
    stores.scene.end();
}

/// Compressed pages take what they need.
#[test]
fn compressed_pages_take_less() {
    let scene = Scene::new(AbiId::GnumachI386, Compressed::new(1 << 20));
    let memory = scene.memory();
    memory.initialize(0, &vec![0; 50 * PAGE]);
    scene.run();
    let figures = scene.watch.figures();
    let used = figures.space.total - figures.space.free;
    assert_eq!(figures.pages, 50);
    assert!(used < 50 * 100, "{used} bytes for pages of zeros");
    memory.terminate();
    scene.end();
}

//! What a manager says of an object: whether it may be cached, how it is copied, and in which form its pages come back.

use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{Protection, ReceiveRight};

use super::asked::strategy;
use super::object::{Clean, filled};
use super::told::told;
use super::{Scene, TYPED};
use crate::vm::{FREE, PAGE};

const STRATEGIES: [CopyStrategy; 4] =
    [CopyStrategy::NONE, CopyStrategy::CALL, CopyStrategy::DELAY, CopyStrategy::TEMPORARY];

#[test]
fn attributes_are_changed() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        scene.manager.is_ready(false, CopyStrategy::NONE);
        let file = scene.manager.object("file");
        scene.map(&file);
        scene.settle();
        scene.lines();
        for to in STRATEGIES {
            for may_cache in [true, false] {
                covers!("memory_object_change_attributes", "KERN_SUCCESS");
                covers!("memory_object_change_completed", "KERN_SUCCESS");
                file.change(may_cache, to, true);
                scene.settle();
                let cache = if may_cache { "cached" } else { "uncached" };
                assert_eq!(scene.lines(), [format!("change_completed file {cache} {}", strategy(to))], "{abi}");
                covers!("memory_object_get_attributes", "KERN_SUCCESS", file.attributes());
                assert_eq!(file.attributes().unwrap(), (true, may_cache, to));
                file.change(may_cache, to, false);
                scene.settle();
                assert_eq!(scene.lines(), Vec::<String>::new(), "nobody wanted to know");
            }
        }
    }
}

/// A strategy that is none changes nothing, and is told of as if it had.
#[test]
fn attributes_that_are_refused() {
    let (mut scene, file) = Scene::ready(CopyStrategy::DELAY);
    for wrong in [-1, 4, 5, i32::MAX] {
        file.change(true, CopyStrategy(wrong), true);
        scene.settle();
        assert_eq!(scene.lines(), [format!("change_completed file cached {wrong}")]);
        let (task, wrong) = (&scene.manager.task, CopyStrategy(wrong));
        let null = ReceiveRight::null(task);
        let refused = told!(*task, memory_object_change_attributes(&file.control(), true, wrong, &null));
        covers!("memory_object_change_attributes", "KERN_INVALID_ARGUMENT", refused);
        let refused = told!(*task, memory_object_set_attributes(&file.control(), false, true, wrong));
        covers!("memory_object_set_attributes", "KERN_INVALID_ARGUMENT", refused);
        let refused = told!(*task, memory_object_ready(&file.control(), true, wrong));
        covers!("memory_object_ready", "KERN_INVALID_ARGUMENT", refused);
        assert_eq!(file.attributes().unwrap(), (true, false, CopyStrategy::DELAY));
    }
}

/// Whoever is ready in the old way gets pages back in the old way, for ever.
#[test]
fn pages_come_back_as_the_manager_was_ready() {
    for abi in TYPED {
        let mut scene = Scene::of(abi, 1);
        let [old, new] = ["old", "new"].map(|it| scene.manager.object(it));
        scene.map_at(&old, FREE, 4);
        scene.map_at(&new, FREE + 4 * PAGE, 4);
        scene.settle();
        old.set(true, false, CopyStrategy::DELAY);
        new.ready(false, CopyStrategy::DELAY);
        for it in [&old, &new] {
            it.supply_with(0, &filled(&[1, 1]), Protection::NONE, false, false).unwrap();
        }
        let written = scene.calls(|task| [0, 1, 4, 5].map(|page| super::write(&task, page, 2).is_ok()));
        assert_eq!(scene.done(written), [true; 4]);
        scene.lines();
        // Saying it again in the other way changes nothing.
        old.ready(false, CopyStrategy::DELAY);
        new.set(true, false, CopyStrategy::DELAY);
        let how = Clean { returned: MemoryObjectReturn::DIRTY, told: false, ..Clean::default() };
        old.clean(0, PAGE, how);
        new.clean(0, PAGE, how);
        scene.settle();
        covers!("memory_object_data_write", "KERN_SUCCESS");
        covers!("memory_object_data_return", "KERN_SUCCESS");
        let mut lines = scene.lines();
        lines.sort_unstable();
        assert_eq!(lines, ["data_return new 0x0 [2] dirty kept", "data_write old 0x0 [2]"], "{abi}");
        scene.unmap(FREE, 8);
        scene.settle();
        let mut lines = scene.lines();
        lines.sort_unstable();
        let wanted = ["data_return new 0x1000 [2] dirty gone", "data_write old 0x1000 [2]", "terminate new"];
        assert_eq!(lines, [&wanted[..], &["terminate old"]].concat(), "{abi}");
    }
}

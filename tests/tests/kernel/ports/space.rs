//! What a space looks like from inside, and what the kernel has behind its ports.

use generated::darwin::mach_port::any;
use generated::mach3::notify::MACH_NOTIFY_DEAD_NAME;
use mig_rt::{Disposition, PortName};
use runtime_kernel::Resource;

use super::{darwin, right};

#[test]
fn space_info() {
    darwin(|side| {
        let (me, name, dead) = (&side.me, side.sendable(), side.dead());
        side.mach_port_allocate_name(me, mig_rt::RightKind::PORT_SET, side.none).unwrap();
        let info = |task| {
            let out = any::mach_port_space_info(side.abi, task, &mut [], &mut [])?;
            assert!(out.tree_info.is_empty());
            let names: Vec<_> = (0..out.table_info.len()).filter_map(|it| out.table_info.get(it).unwrap()).collect();
            Ok::<_, mig_rt::Error>((out.space_info, names))
        };
        let (space, names) = covers!("mach_port_space_info", "KERN_SUCCESS", info(me)).unwrap();
        assert!(space.iis_table_size >= space.iis_table_next && space.iis_genno_mask == 0xff);
        let mut told: Vec<_> = names.iter().map(|it| (it.iin_name, it.iin_type.0)).collect();
        let mut rights = side.task.rights();
        told.sort_unstable();
        rights.sort_unstable();
        assert_eq!(told, rights);
        let of = |name| names.iter().find(|it| it.iin_name == name).unwrap();
        assert_eq!((of(name).iin_urefs, of(dead).iin_urefs, of(side.none).iin_urefs), (1, 1, 0));
        covers!("mach_port_space_info", "KERN_INVALID_TASK", info(&side.host));
        covers!("mach_port_space_info", "KERN_RESOURCE_SHORTAGE", side.without(Resource::Objects, || info(me)));
        let basic = |task| any::mach_port_space_basic_info(side.abi, task);
        let it = covers!("mach_port_space_basic_info", "KERN_SUCCESS", basic(me)).unwrap();
        assert_eq!(it.iisb_table_inuse as usize, rights.len());
        covers!("mach_port_space_basic_info", "KERN_INVALID_TASK", basic(&side.host));
        side.destroy(&[name, dead, side.none]);
    });
}

#[test]
fn set_port_space() {
    darwin(|side| {
        let set = |task, names| any::task_set_port_space(side.abi, task, names);
        for names in [0, -1, 4000, i32::MAX] {
            covers!("task_set_port_space", "KERN_SUCCESS", set(&side.me, names));
        }
        assert!(any::mach_port_space_basic_info(side.abi, &side.me).unwrap().iisb_table_size >= 4000);
        covers!("task_set_port_space", "KERN_INVALID_TASK", set(&side.host, 1));
    });
}

#[test]
fn dnrequest_info() {
    darwin(|side| {
        let (me, name, notify) = (&side.me, side.sendable(), side.port());
        let info = |task, name| any::mach_port_dnrequest_info(side.abi, task, name);
        let it = covers!("mach_port_dnrequest_info", "KERN_SUCCESS", info(me, name)).unwrap();
        assert_eq!(it.dnr_used, 0);
        let made = right(notify, Disposition::MAKE_SEND_ONCE);
        let before = side.mach_port_request_notification(me, name, MACH_NOTIFY_DEAD_NAME, 0, made).unwrap();
        assert_eq!(before.name(), PortName::NULL);
        let it = covers!("mach_port_dnrequest_info", "KERN_SUCCESS", info(me, name)).unwrap();
        assert!(it.dnr_used == 1 && it.dnr_total >= 1);
        covers!("mach_port_dnrequest_info", "KERN_INVALID_NAME", info(me, side.none));
        covers!("mach_port_dnrequest_info", "KERN_INVALID_RIGHT", info(me, me.name()));
        covers!("mach_port_dnrequest_info", "KERN_INVALID_TASK", info(&side.host, name));
        side.destroy(&[name, notify]);
    });
}

#[test]
fn kernel_objects() {
    darwin(|side| {
        let (me, name, dead) = (&side.me, side.sendable(), side.dead());
        let privileged = side.world.kernel.host_priv_port(&side.task);
        let thread = side.task.spawn("worker", |task| task.thread_port().into_raw()).join().unwrap();
        let kobject = |task, name| any::mach_port_kobject(side.abi, task, name).map(|it| it.object_type);
        let object = |task, name| any::mach_port_kernel_object(side.abi, task, name).map(|it| it.object_type);
        let described = |task, name| {
            let mut words = [0; 512];
            let it = any::mach_port_kobject_description(side.abi, task, name, &mut words)?;
            let words = words.iter().take_while(|it| **it != 0).map(|it| char::from(*it));
            Ok::<_, mig_rt::Error>((it.object_type, words.collect::<String>()))
        };
        let kinds = [(me.name(), 2, "task task"), (side.host.name(), 3, "host"), (name, 0, "")];
        for (name, kind, words) in kinds.into_iter().chain([(privileged.name(), 4, "privileged host")]) {
            assert_eq!(covers!("mach_port_kobject", "KERN_SUCCESS", kobject(me, name)), Some(kind));
            assert_eq!(covers!("mach_port_kernel_object", "KERN_SUCCESS", object(me, name)), Some(kind));
            let told = covers!("mach_port_kobject_description", "KERN_SUCCESS", described(me, name));
            assert_eq!(told, Some((kind, words.to_owned())));
        }
        // A thread's port dies with the thread.
        for name in [dead, thread] {
            covers!("mach_port_kobject", "KERN_INVALID_RIGHT", kobject(me, name));
            covers!("mach_port_kernel_object", "KERN_INVALID_RIGHT", object(me, name));
            covers!("mach_port_kobject_description", "KERN_INVALID_RIGHT", described(me, name));
        }
        covers!("mach_port_kobject", "KERN_INVALID_NAME", kobject(me, side.none));
        covers!("mach_port_kernel_object", "KERN_INVALID_NAME", object(me, side.none));
        covers!("mach_port_kobject_description", "KERN_INVALID_NAME", described(me, side.none));
        covers!("mach_port_kobject", "KERN_INVALID_TASK", kobject(&side.host, name));
        covers!("mach_port_kernel_object", "KERN_INVALID_TASK", object(&side.host, name));
        covers!("mach_port_kobject_description", "KERN_INVALID_TASK", described(&side.host, name));
        side.destroy(&[name, dead, thread]);
    });
}

/// What only a launcher of programs could mean is refused in the documented way.
#[test]
fn services_and_links() {
    darwin(|side| {
        let (me, name, set) = (&side.me, side.port(), side.set());
        let reset = |task, name| any::mach_port_special_reply_port_reset_link(side.abi, task, name);
        covers!("mach_port_special_reply_port_reset_link", "KERN_INVALID_ARGUMENT", reset(me, name));
        covers!("mach_port_special_reply_port_reset_link", "KERN_INVALID_NAME", reset(me, side.none));
        covers!("mach_port_special_reply_port_reset_link", "KERN_INVALID_RIGHT", reset(me, set));
        covers!("mach_port_special_reply_port_reset_link", "KERN_INVALID_TASK", reset(&side.host, name));
        let connected = |task, one, two| any::mach_port_is_connection_for_service(side.abi, task, one, two);
        covers!("mach_port_is_connection_for_service", "KERN_INVALID_CAPABILITY", connected(me, name, name));
        for (one, two) in [(side.none, name), (name, side.none)] {
            covers!("mach_port_is_connection_for_service", "KERN_INVALID_NAME", connected(me, one, two));
        }
        for (one, two) in [(set, name), (name, set)] {
            covers!("mach_port_is_connection_for_service", "KERN_INVALID_RIGHT", connected(me, one, two));
        }
        covers!("mach_port_is_connection_for_service", "KERN_INVALID_TASK", connected(&side.host, name, name));
        let service = |task, name| any::mach_port_get_service_port_info(side.abi, task, name);
        covers!("mach_port_get_service_port_info", "KERN_INVALID_CAPABILITY", service(me, name));
        covers!("mach_port_get_service_port_info", "KERN_INVALID_NAME", service(me, side.none));
        covers!("mach_port_get_service_port_info", "KERN_INVALID_RIGHT", service(me, set));
        covers!("mach_port_get_service_port_info", "KERN_INVALID_TASK", service(&side.host, name));
        // Old kernels called servers without messages; no kernel does so any more.
        let created = generated::darwin::mach::any::mach_subsystem_create(side.abi, me, &[0; 64]);
        covers!("mach_subsystem_create", "MIG_BAD_ID", created);
        side.destroy(&[name, set]);
    });
}

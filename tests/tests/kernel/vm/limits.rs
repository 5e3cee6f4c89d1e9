//! Addresses and sizes that are none, that end in the middle of a page, and that are too large: what each call says of
//! them, in a table for each kind of caller.

use std::fmt::Write;

use generated::darwin::types::{VM_FLAGS_ANYWHERE, VmSync};
use mig_rt::{AbiId, Error, Inherit, Protection, Result, SendRight};
use runtime_kernel::Task;

use super::forms::Mapping;
use super::{Calls, FREE, Form, PAGE};
use crate::covers::Outcome;
use crate::world::World;

/// A task with three pages, whose calls are tried.
struct Case<'a> {
    calls: Calls,
    me: SendRight<Task>,
    host: &'a SendRight<Task>,
    at: u64,
    size: u64,
}

/// A call that takes an address and a size.
type Call = fn(&Case<'_>) -> Result<()>;

fn map(case: &Case<'_>, anywhere: bool, mask: u64) -> Result<()> {
    let null = SendRight::null(case.me.via());
    let it = Mapping {
        at: case.at,
        size: case.size,
        mask,
        anywhere,
        object: &null,
        offset: 0,
        copy: false,
        protection: Protection::DEFAULT,
        maximum: Protection::ALL,
        inheritance: Inherit::COPY,
    };
    case.calls.map(&case.me, it).map(drop)
}

const BOTH: [(&str, Call); 14] = [
    ("vm_allocate", |it| it.calls.allocate(&it.me, it.at, it.size, false).map(drop)),
    ("vm_allocate anywhere", |it| it.calls.allocate(&it.me, it.at, it.size, true).map(drop)),
    ("vm_deallocate", |it| it.calls.deallocate(&it.me, it.at, it.size)),
    ("vm_protect", |it| it.calls.protect(&it.me, (it.at, it.size), false, Protection::READ)),
    ("vm_inherit", |it| it.calls.inherit(&it.me, (it.at, it.size), Inherit::NONE)),
    ("vm_read", |it| it.calls.read(&it.me, it.at, it.size).map(drop)),
    ("vm_copy from", |it| it.calls.copy(&it.me, it.at, it.size, FREE)),
    ("vm_copy to", |it| it.calls.copy(&it.me, FREE, it.size, it.at)),
    ("vm_map", |it| map(it, false, 0)),
    ("vm_map anywhere", |it| map(it, true, 0)),
    ("vm_map, mask of 16 pages", |it| map(it, false, 16 * PAGE - 1)),
    ("vm_machine_attribute", |it| it.calls.machine_attribute(&it.me, (it.at, it.size), 1, 6).map(drop)),
    ("vm_wire", |it| it.calls.wire(it.host, &it.me, (it.at, it.size), Protection::READ)),
    ("vm_wire, off", |it| it.calls.wire(it.host, &it.me, (it.at, it.size), Protection::NONE)),
];

const DARWIN: [(&str, Call); 5] = [
    ("vm_behavior_set", |it| it.calls.behavior_set(&it.me, (it.at, it.size), 1)),
    ("vm_msync", |it| it.calls.msync(&it.me, (it.at, it.size), VmSync::SYNCHRONOUS)),
    ("vm_remap from", |it| {
        let to = (0, it.size, 0, VM_FLAGS_ANYWHERE);
        it.calls.remap(&it.me, to, (&it.me, it.at), true, Inherit::COPY).map(drop)
    }),
    ("vm_remap to", |it| {
        let to = (it.at, it.size, 0, 0);
        it.calls.remap(&it.me, to, (&it.me, FREE), true, Inherit::COPY).map(drop)
    }),
    ("mach_make_memory_entry", |it| {
        let null = SendRight::null(it.me.via());
        it.calls.memory_entry(&it.me, (it.at, it.size), 1, &null).map(drop)
    }),
];

/// A word for each code.
fn word(result: &std::result::Result<(), Error>) -> String {
    let code = result.code();
    match code.as_str() {
        "KERN_SUCCESS" => "ok".to_owned(),
        "KERN_INVALID_ARGUMENT" => "ARGUMENT".to_owned(),
        "KERN_INVALID_ADDRESS" => "ADDRESS".to_owned(),
        other => other.trim_start_matches("KERN_").to_owned(),
    }
}

/// What calls of one kind say of each address and each size.
fn table(calls: Calls) -> String {
    let world = World::new();
    let top = calls.highest() - PAGE + 1;
    let addresses =
        [("0", 0), ("the pages", FREE), ("… + 1", FREE + 1), ("the last page", top), ("the end", calls.highest())];
    let sizes = [0, 1, 3 * PAGE, 4 * PAGE, top - FREE, top, calls.highest()];
    let mut text =
        "sizes: 0, 1, 3 pages (all there are), 4 pages, up to the last page, up to it from 0, the largest\n".to_owned();
    let darwin: &[(&str, Call)] = if calls.is_mach3() { &[] } else { &DARWIN };
    for (name, call) in BOTH.iter().chain(darwin) {
        writeln!(text, "{name}").unwrap();
        for (place, at) in addresses {
            let words = sizes.map(|size| {
                let task = world.kernel.task("case", calls.abi);
                let host = world.kernel.host_priv_port(&task);
                let case = Case { calls, me: task.self_port(), host: &host, at, size };
                calls.allocate(&case.me, FREE, 3 * PAGE, false).unwrap();
                let result = call(&case);
                assert_eq!(world.kernel.check(), Ok(()), "{name} {at:x} {size:x}");
                task.terminate();
                format!("{:<10}", word(&result))
            });
            writeln!(text, "    {place:<14}{}", words.concat().trim_end()).unwrap();
        }
    }
    text
}

#[test]
fn what_is_said_of_every_address_and_size() {
    let kinds = [
        ("mach3-32", AbiId::GnumachI386, Form::Mach3),
        ("mach3-64", AbiId::GnumachX8664, Form::Mach3),
        ("darwin-32", AbiId::DarwinIlp32, Form::VmMap),
        ("darwin-64", AbiId::DarwinLp64, Form::VmMap),
        ("darwin-64-of-32", AbiId::DarwinIlp32, Form::MachVm),
    ];
    for (name, abi, form) in kinds {
        insta::assert_snapshot!(format!("limits.{name}"), table(Calls { abi, form }));
    }
    let twin = table(Calls { abi: AbiId::DarwinLp64, form: Form::MachVm });
    assert_eq!(twin, table(Calls { abi: AbiId::DarwinLp64, form: Form::VmMap }), "the same under both names");
}

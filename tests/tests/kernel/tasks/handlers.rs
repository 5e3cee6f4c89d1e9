//! The calls of Darwin that say who handles exceptions, of threads, of tasks and of the host.

use generated::darwin::types::{ExceptionBehavior, ExceptionMask, MACH_EXCEPTION_CODES};
use generated::darwin::{host_priv, task, thread_act};
use mig_rt::{PortName, ReceiveRight, Result, SendRight};
use runtime_kernel::Task;

use super::{Calls, state};
use crate::covers::Outcome;
use crate::ports::{self, Side};

const ALL: ExceptionMask = ExceptionMask(0x3ffe);
const WIDE: i32 = MACH_EXCEPTION_CODES;

/// A row: for which exceptions, what the port is called, behaviour and flavor.
type Row = (i32, PortName, i32, i32);

type Rows = Result<Vec<Row>>;

/// What is set: for which exceptions, and how.
type Wanted<'a> = (ExceptionMask, &'a SendRight<Task>, i32, i32);

struct Calling<'a> {
    set: &'static str,
    get: &'static str,
    swap: &'static str,
    object: &'a SendRight<Task>,
    call_set: &'a dyn Fn(&SendRight<Task>, Wanted<'_>) -> Result<()>,
    call_get: &'a dyn Fn(&SendRight<Task>, ExceptionMask) -> Rows,
    call_swap: &'a dyn Fn(&SendRight<Task>, Wanted<'_>) -> Rows,
}

/// Calls of one kind of object, by name.
macro_rules! calling {
    ($side:ident, $object:expr, $module:ident, $set:ident $get:ident $swap:ident) => {
        Calling {
            set: stringify!($set),
            get: stringify!($get),
            swap: stringify!($swap),
            object: $object,
            call_set: &|object, (mask, port, behavior, flavor)| {
                $module::any::$set($side.abi, object, mask, port, ExceptionBehavior(behavior), flavor)
            },
            call_get: &|object, mask| {
                let mut arrays = Arrays::new($side);
                let Arrays { masks, ports, behaviors, flavors } = &mut arrays;
                let out = $module::any::$get($side.abi, object, mask, masks, ports, behaviors, flavors)?;
                Ok(arrays.rows(out.masks))
            },
            call_swap: &|object, (mask, port, behavior, flavor)| {
                let mut arrays = Arrays::new($side);
                let Arrays { masks, ports, behaviors, flavors } = &mut arrays;
                let behavior = ExceptionBehavior(behavior);
                let out = $module::any::$swap(
                    $side.abi, object, mask, port, behavior, flavor, masks, ports, behaviors, flavors,
                )?;
                Ok(arrays.rows(out.masks))
            },
        }
    };
}

/// Room for the rows of an answer.
struct Arrays {
    masks: [i32; 32],
    ports: [SendRight<Task>; 32],
    behaviors: [i32; 32],
    flavors: [i32; 32],
}

impl Arrays {
    fn new(side: &Side) -> Arrays {
        let ports = std::array::from_fn(|_| SendRight::null(&side.task));
        Arrays { masks: [0; 32], ports, behaviors: [0; 32], flavors: [0; 32] }
    }

    fn rows(&self, count: usize) -> Vec<Row> {
        let row = |at: usize| (self.masks[at], self.ports[at].name(), self.behaviors[at], self.flavors[at]);
        (0..count).map(row).collect()
    }
}

fn each_kind(side: &Side, test: fn(&Side, &Calling<'_>)) {
    let thread = Calls(side.abi).thread_create(&side.me).unwrap();
    let host = side.world.kernel.host_priv_port(&side.task);
    test(
        side,
        &calling!(side, &thread, thread_act, thread_set_exception_ports thread_get_exception_ports
                  thread_swap_exception_ports),
    );
    test(
        side,
        &calling!(side, &side.me, task, task_set_exception_ports task_get_exception_ports task_swap_exception_ports),
    );
    test(
        side,
        &calling!(side, &host, host_priv, host_set_exception_ports host_get_exception_ports
                  host_swap_exception_ports),
    );
    Calls(side.abi).thread_terminate(&thread).unwrap();
}

#[test]
fn handlers_are_set_and_told() {
    ports::darwin(|side| each_kind(side, set_and_get));
    covers!("thread_set_exception_ports", "KERN_SUCCESS");
    covers!("thread_get_exception_ports", "KERN_SUCCESS");
    covers!("thread_swap_exception_ports", "KERN_SUCCESS");
    covers!("task_set_exception_ports", "KERN_SUCCESS");
    covers!("task_get_exception_ports", "KERN_SUCCESS");
    covers!("task_swap_exception_ports", "KERN_SUCCESS");
    covers!("host_set_exception_ports", "KERN_SUCCESS");
    covers!("host_get_exception_ports", "KERN_SUCCESS");
    covers!("host_swap_exception_ports", "KERN_SUCCESS");
}

fn set_and_get(side: &Side, of: &Calling<'_>) {
    let [first, second] = [(); 2].map(|()| ReceiveRight::new(&side.task).unwrap());
    let [one, two] = [&first, &second].map(|it| side.task.make_send(it).unwrap());
    let nobody = SendRight::null(&side.task);
    let get = |mask| (of.call_get)(of.object, mask).unwrap();
    assert_eq!(get(ALL), [(ALL.0, PortName::NULL, 0, 0)], "{}", of.get);
    let bad = ExceptionMask::BAD_ACCESS.with(ExceptionMask::BREAKPOINT);
    (of.call_set)(of.object, (bad, &one, 1 | WIDE, 0)).unwrap();
    (of.call_set)(of.object, (ExceptionMask::ARITHMETIC, &two, 3, state::GENERAL)).unwrap();
    (of.call_set)(of.object, (ExceptionMask(0), &two, 2, 0)).unwrap();
    let rest = ALL.0 & !(bad.0 | 8);
    let all = [(bad.0, one.name(), 1 | WIDE, 0), (rest, PortName::NULL, 0, 0), (8, two.name(), 3, state::GENERAL)];
    assert_eq!(get(ALL), all, "{}", of.set);
    assert_eq!(get(ExceptionMask::BREAKPOINT), [(64, one.name(), 1 | WIDE, 0)]);
    // The same port in another form is another row.
    let before = (of.call_swap)(of.object, (ExceptionMask(64 | 8), &one, 2, state::GENERAL)).unwrap();
    assert_eq!(before, [(8, two.name(), 3, state::GENERAL), (64, one.name(), 1 | WIDE, 0)], "{}", of.swap);
    let now = get(ExceptionMask(64 | 8 | 2));
    assert_eq!(now, [(2, one.name(), 1 | WIDE, 0), (64 | 8, one.name(), 2, state::GENERAL)]);
    // What is kept is a right: it dies with its port.
    drop(first);
    assert_eq!(get(ExceptionMask::BAD_ACCESS)[0].1, PortName::DEAD);
    (of.call_set)(of.object, (ALL, &nobody, 77, 0)).unwrap();
    assert_eq!(get(ALL), [(ALL.0, PortName::NULL, 77, 0)]);
    (of.call_set)(of.object, (ALL, &nobody, 0, 0)).unwrap();
}

#[test]
fn what_is_no_handler() {
    ports::darwin(|side| each_kind(side, refused));
    covers!("thread_set_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("thread_get_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("thread_swap_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("task_set_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("task_get_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("task_swap_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("host_set_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("host_get_exception_ports", "KERN_INVALID_ARGUMENT");
    covers!("host_swap_exception_ports", "KERN_INVALID_ARGUMENT");
}

fn refused(side: &Side, of: &Calling<'_>) {
    let port = ReceiveRight::new(&side.task).unwrap();
    let send = side.task.make_send(&port).unwrap();
    let wrong: [(ExceptionMask, i32, i32); 6] = [
        (ExceptionMask(1), 1, 0),
        (ExceptionMask(0x4000), 1, 0),
        (ExceptionMask(-1), 1, 0),
        (ALL, 0, 0),
        (ALL, 4, 0),
        (ALL, 1, 99),
    ];
    for (mask, behavior, flavor) in wrong {
        let wanted = (mask, &send, behavior, flavor);
        assert_eq!((of.call_set)(of.object, wanted).code(), "KERN_INVALID_ARGUMENT", "{} {wanted:?}", of.set);
        assert_eq!((of.call_swap)(of.object, wanted).code(), "KERN_INVALID_ARGUMENT", "{} {wanted:?}", of.swap);
        if mask != ALL {
            assert_eq!((of.call_get)(of.object, mask).code(), "KERN_INVALID_ARGUMENT", "{} {mask:?}", of.get);
        }
    }
    let wanted = (ALL, &send, 1, 0);
    let codes = [
        (of.call_set)(&side.host, wanted).code(),
        (of.call_swap)(&side.host, wanted).code(),
        (of.call_get)(&side.host, ALL).code(),
    ];
    assert_eq!(codes, ["KERN_INVALID_ARGUMENT"; 3]);
    assert_eq!((of.call_get)(of.object, ALL).unwrap(), [(ALL.0, PortName::NULL, 0, 0)]);
}

//! The calls: each once with C's client stub and once with ours, on the same data.
//!
//! Every argument goes through `black_box` on both sides: constants of the caller would reach into the stubs.

use std::hint::black_box;
use std::mem::ManuallyDrop;

use mig_rt::{PortName, ReceiveRight, SendRight};

use crate::bench::gnumach_x86_64_2022 as stubs;
use crate::direct::{Direct, Side};

unsafe extern "C" {
    fn b_null(server: u32) -> i32;
    fn b_scalars(server: u32, a: i32, b: u64, c: i32, x: *mut i32, y: *mut u64) -> i32;
    fn b_in_few(server: u32, d: *const i32, x: *mut i32) -> i32;
    fn b_in_some(server: u32, d: *const i32, x: *mut i32) -> i32;
    fn b_in_many(server: u32, d: *const i32, x: *mut i32) -> i32;
    fn b_in_ints(server: u32, d: *const i32, n: u32, k: i32, x: *mut i32) -> i32;
    fn b_in_bytes(server: u32, d: *const u8, n: u32, x: *mut i32) -> i32;
    fn b_in_two(server: u32, d: *const i32, n: u32, m: i32, e: *const u8, k: u32, z: u64, x: *mut i32) -> i32;
    fn b_rights(server: u32, a: u32, b: u32, c: u32) -> i32;
    fn b_out_few(server: u32, d: *mut i32) -> i32;
    fn b_out_some(server: u32, d: *mut i32) -> i32;
    fn b_out_many(server: u32, d: *mut i32) -> i32;
    fn b_out_ints(server: u32, n: i32, d: *mut i32, count: *mut u32) -> i32;
}

/// One call; whether it succeeded with the right result.
type Call = fn(&mut Room) -> bool;

/// Where results go, on both sides: it is made once, so that clearing it does not count.
pub(crate) type Room = [i32; 1024];

/// A row of the report.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    c: Call,
    rust: Call,
}

impl Case {
    /// Calls so many times.
    ///
    /// # Panics
    /// If a call fails.
    #[inline(never)]
    pub(crate) fn run(&self, side: Side, times: u64) {
        let call = black_box(if side == Side::C { self.c } else { self.rust });
        let mut room = [0; 1024];
        for _ in 0..times {
            assert!(call(black_box(&mut room)), "{} fails", self.name);
        }
    }
}

static INTS: [i32; 1024] = [7; 1024];
static BYTES: [u8; 4096] = [7; 4096];
const SERVER: u32 = 1234;

fn server() -> ManuallyDrop<SendRight<Direct>> {
    send(black_box(SERVER))
}

fn send(name: u32) -> ManuallyDrop<SendRight<Direct>> {
    // SAFETY: the kernel of the benchmark counts nothing.
    ManuallyDrop::new(unsafe { SendRight::from_raw(PortName(name), Direct) })
}

/// A prefix whose length the compiler does not know.
fn some<E>(all: &'static [E], count: usize) -> &'static [E] {
    &black_box(all)[..black_box(count)]
}

/// The same for C.
fn start<E>(all: &'static [E]) -> *const E {
    black_box(all).as_ptr()
}

fn few<const N: usize>() -> &'static [i32; N] {
    black_box(&INTS).first_chunk().expect("short enough")
}

macro_rules! c {
    ($function:ident($($arg:expr),*)) => {
        // SAFETY: pointers lead to as many elements as the definition says.
        unsafe { $function(black_box(SERVER), $($arg),*) == 0 }
    };
}

/// Results are looked at on both sides.
fn is<X: PartialEq>(result: X, expected: X) -> bool {
    black_box(result) == expected
}

fn c_in_ints(count: u32) -> bool {
    let mut x = 0;
    c!(b_in_ints(start(&INTS), black_box(count), black_box(5), &mut x)) && is(x, 19)
}

fn rust_in_ints(count: usize) -> bool {
    stubs::b_in_ints(&server(), some(&INTS, count), black_box(5)).is_ok_and(|it| is(it, 19))
}

fn c_out_ints(d: &mut Room, wanted: i32) -> bool {
    let mut count = 1024;
    c!(b_out_ints(black_box(wanted), d.as_mut_ptr(), &mut count)) && is(d[1], 2)
}

fn rust_out_ints(d: &mut Room, wanted: i32) -> bool {
    stubs::b_out_ints(&server(), black_box(wanted), d).is_ok() && is(d[1], 2)
}

fn c_rights() -> bool {
    c!(b_rights(black_box(101), black_box(102), black_box(103)))
}

fn rust_rights() -> bool {
    let (a, b) = (send(black_box(101)), ManuallyDrop::into_inner(send(black_box(102))));
    // SAFETY: as in `send`.
    let c = ManuallyDrop::new(unsafe { ReceiveRight::from_raw(PortName(black_box(103)), Direct) });
    stubs::b_rights(&server(), &a, b, &c).is_ok()
}

macro_rules! case {
    ($name:literal, $c:expr, $rust:expr) => {
        Case { name: $name, c: |_| $c, rust: |_| $rust }
    };
}

/// Both ways to pass an array of fixed size.
macro_rules! fixed {
    (in $name:literal, $function:ident) => {
        case!(
            $name,
            {
                let mut x = 0;
                c!($function(start(&INTS), &mut x)) && is(x, 14)
            },
            stubs::$function(&server(), few()).is_ok_and(|it| is(it, 14))
        )
    };
    (out $name:literal, $function:ident, $count:literal) => {
        Case {
            name: $name,
            c: |d| c!($function(d.as_mut_ptr())) && is(d[1], 2),
            rust: |d| {
                let d: &mut [i32; $count] = d.first_chunk_mut().expect("large enough");
                stubs::$function(&server(), d).is_ok() && is(d[1], 2)
            },
        }
    };
}

/// Every row, from null to 4 KiB.
pub(crate) const ALL: &[Case] = &[
    case!("null", c!(b_null()), stubs::b_null(&server()).is_ok()),
    case!(
        "3 scalars in, 2 out",
        {
            let (mut x, mut y) = (0, 0);
            c!(b_scalars(black_box(1), black_box(2), black_box(1), &mut x, &mut y)) && is((x, y), (2, 3))
        },
        stubs::b_scalars(&server(), black_box(1), black_box(2), black_box(true))
            .is_ok_and(|it| is((it.x, it.y), (2, 3)))
    ),
    fixed!(in "in int[13]", b_in_few),
    fixed!(in "in int[128]", b_in_some),
    fixed!(in "in int[1024]", b_in_many),
    case!("in int[*:1024], 13", c_in_ints(13), rust_in_ints(13)),
    case!("in int[*:1024], 128", c_in_ints(128), rust_in_ints(128)),
    case!("in int[*:1024], 1024", c_in_ints(1024), rust_in_ints(1024)),
    case!(
        "in 4 KiB of bytes",
        {
            let mut x = 0;
            c!(b_in_bytes(start(&BYTES), black_box(4096), &mut x)) && is(x, 14)
        },
        stubs::b_in_bytes(&server(), some(&BYTES, 4096)).is_ok_and(|it| is(it, 14))
    ),
    case!(
        "two variable arrays",
        {
            let mut x = 0;
            let (d, e) = (start(&INTS), start(&BYTES));
            c!(b_in_two(d, black_box(13), black_box(5), e, black_box(100), black_box(9), &mut x)) && is(x, 28)
        },
        stubs::b_in_two(&server(), some(&INTS, 13), black_box(5), some(&BYTES, 100), black_box(9))
            .is_ok_and(|it| is(it, 28))
    ),
    case!("3 rights", c_rights(), rust_rights()),
    Case {
        name: "out int[13]",
        c: |d| c!(b_out_few(d.as_mut_ptr())) && is(d[1], 2),
        rust: |_| stubs::b_out_few(&server()).is_ok_and(|it| is(it[1], 2)),
    },
    fixed!(out "out int[128]", b_out_some, 128),
    fixed!(out "out int[1024]", b_out_many, 1024),
    Case { name: "out int[*:1024], 13", c: |d| c_out_ints(d, 13), rust: |d| rust_out_ints(d, 13) },
    Case { name: "out int[*:1024], 1024", c: |d| c_out_ints(d, 1024), rust: |d| rust_out_ints(d, 1024) },
];

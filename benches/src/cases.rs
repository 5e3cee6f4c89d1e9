//! The calls: each once with C's client stub and once with ours, on the same data, in both families of messages.
//!
//! Every argument goes through `black_box` on both sides: constants of the caller would reach into the stubs.

use std::hint::black_box;
use std::mem::ManuallyDrop;

use mig_rt::{Memory, PortName, ReceiveRight, SendRight};

use crate::direct::{Direct, Family, Mapped, Side, serve_with};

/// One call; whether it succeeded with the right result.
type Call = fn(&mut Room) -> bool;

/// Where results go, on both sides: it is made once, so that clearing it does not count.
pub(crate) struct Room {
    d: [i32; 1024],
    e: [u8; 4096],
}

/// A row of the report.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    c: Call,
    rust: Call,
}

impl Case {
    /// Calls so many times, with the client stub of one side and the server of another.
    ///
    /// # Panics
    /// If a call fails.
    #[inline(never)]
    pub(crate) fn run(&self, client: Side, server: Side, times: u64) {
        serve_with(server);
        let call = black_box(if client == Side::C { self.c } else { self.rust });
        let mut room = Room { d: [0; 1024], e: [0; 4096] };
        for _ in 0..times {
            assert!(call(black_box(&mut room)), "{} fails: {client:?} calls {server:?}", self.name);
        }
    }
}

/// Every row of a family, from null to 4 KiB.
pub(crate) fn all(family: Family) -> &'static [Case] {
    match family {
        Family::Typed => typed::ALL,
        Family::Untyped => untyped::ALL,
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

fn receive(name: u32) -> ManuallyDrop<ReceiveRight<Direct>> {
    // SAFETY: as in `send`.
    ManuallyDrop::new(unsafe { ReceiveRight::from_raw(PortName(name), Direct) })
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

/// Results are looked at on both sides.
fn is<X: PartialEq>(result: X, expected: X) -> bool {
    black_box(result) == expected
}

macro_rules! c {
    ($function:ident($($arg:expr),*)) => {
        // SAFETY: pointers lead to as many elements as the definition says.
        unsafe { c::$function(black_box(SERVER), $($arg),*) == 0 }
    };
}

macro_rules! case {
    ($name:expr, $c:expr, $rust:expr) => {
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
            c: |it| c!($function(it.d.as_mut_ptr())) && is(it.d[1], 2),
            rust: |it| {
                let d: &mut [i32; $count] = it.d.first_chunk_mut().expect("large enough");
                stubs::$function(&server(), d).is_ok() && is(d[1], 2)
            },
        }
    };
}

/// Arrays of variable size.
macro_rules! counted {
    (in $name:literal, $count:literal) => {
        case!(
            $name,
            {
                let mut x = 0;
                c!(b_in_ints(start(&INTS), black_box($count), black_box(5), &mut x)) && is(x, 19)
            },
            stubs::b_in_ints(&server(), some(&INTS, $count), black_box(5)).is_ok_and(|it| is(it, 19))
        )
    };
    (out $name:literal, $count:literal) => {
        Case {
            name: $name,
            c: |it| {
                let mut count = 1024;
                c!(b_out_ints(black_box($count), it.d.as_mut_ptr(), &mut count)) && is((it.d[1], count), (2, $count))
            },
            rust: |it| {
                let count = stubs::b_out_ints(&server(), black_box($count), &mut it.d);
                count.is_ok_and(|count| is((it.d[1], count), (2, $count)))
            },
        }
    };
}

/// The rows of a family: with these stubs of ours, and those of C that begin with a prefix.
macro_rules! family {
    ($stubs:ident, $prefix:literal) => {
        use super::*;
        use crate::bench::$stubs as stubs;

        mod c {
            unsafe extern "C" {
                #[link_name = concat!($prefix, "b_null")]
                pub(super) fn b_null(server: u32) -> i32;
                #[link_name = concat!($prefix, "b_scalars")]
                pub(super) fn b_scalars(server: u32, a: i32, b: u64, c: i32, x: *mut i32, y: *mut u64) -> i32;
                #[link_name = concat!($prefix, "b_in_few")]
                pub(super) fn b_in_few(server: u32, d: *const i32, x: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_in_some")]
                pub(super) fn b_in_some(server: u32, d: *const i32, x: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_in_many")]
                pub(super) fn b_in_many(server: u32, d: *const i32, x: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_in_ints")]
                pub(super) fn b_in_ints(server: u32, d: *const i32, n: u32, k: i32, x: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_in_bytes")]
                pub(super) fn b_in_bytes(server: u32, d: *const u8, n: u32, x: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_in_two")]
                pub(super) fn b_in_two(
                    server: u32,
                    d: *const i32,
                    n: u32,
                    m: i32,
                    e: *const u8,
                    k: u32,
                    z: u64,
                    x: *mut i32,
                ) -> i32;
                #[link_name = concat!($prefix, "b_rights")]
                pub(super) fn b_rights(server: u32, a: u32, b: u32, c: u32) -> i32;
                #[link_name = concat!($prefix, "b_out_few")]
                pub(super) fn b_out_few(server: u32, d: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_out_some")]
                pub(super) fn b_out_some(server: u32, d: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_out_many")]
                pub(super) fn b_out_many(server: u32, d: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_out_ints")]
                pub(super) fn b_out_ints(server: u32, n: i32, d: *mut i32, count: *mut u32) -> i32;
                #[link_name = concat!($prefix, "b_out_two")]
                pub(super) fn b_out_two(
                    server: u32,
                    n: i32,
                    d: *mut i32,
                    count: *mut u32,
                    e: *mut u8,
                    length: *mut u32,
                ) -> i32;
                #[link_name = concat!($prefix, "b_in_region")]
                pub(super) fn b_in_region(server: u32, d: *const i32, n: u32, x: *mut i32) -> i32;
                #[link_name = concat!($prefix, "b_out_region")]
                pub(super) fn b_out_region(server: u32, d: *mut *const i32, count: *mut u32) -> i32;
            }
        }

        pub(super) const ALL: &[Case] = &[
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
    counted!(in "in int[*:1024], 13", 13),
    counted!(in "in int[*:1024], 128", 128),
    counted!(in "in int[*:1024], 1024", 1024),
            case!(
                "in 4 KiB of bytes",
                {
                    let mut x = 0;
                    c!(b_in_bytes(start(&BYTES), black_box(4096), &mut x)) && is(x, 14)
                },
                stubs::b_in_bytes(&server(), some(&BYTES, 4096)).is_ok_and(|it| is(it, 14))
            ),
            case!(
                "in two variable arrays",
                {
                    let mut x = 0;
                    let (d, e) = (start(&INTS), start(&BYTES));
                    c!(b_in_two(d, black_box(13), black_box(5), e, black_box(100), black_box(9), &mut x)) && is(x, 28)
                },
                stubs::b_in_two(&server(), some(&INTS, 13), black_box(5), some(&BYTES, 100), black_box(9))
                    .is_ok_and(|it| is(it, 28))
            ),
            case!("3 rights", c!(b_rights(black_box(101), black_box(102), black_box(103))), {
                let (a, b) = (send(black_box(101)), ManuallyDrop::into_inner(send(black_box(102))));
                stubs::b_rights(&server(), &a, b, &receive(black_box(103))).is_ok()
            }),
            case!(
                "in out of line",
                {
                    let mut x = 0;
                    c!(b_in_region(start(&INTS), black_box(1024), &mut x)) && is(x, 14)
                },
                stubs::b_in_region(&server(), some(&INTS, 1024)).is_ok_and(|it| is(it, 14))
            ),
            Case {
                name: "out int[13]",
                c: |it| c!(b_out_few(it.d.as_mut_ptr())) && is(it.d[1], 2),
                rust: |_| stubs::b_out_few(&server()).is_ok_and(|it| is(it[1], 2)),
            },
    fixed!(out "out int[128]", b_out_some, 128),
    fixed!(out "out int[1024]", b_out_many, 1024),
    counted!(out "out int[*:1024], 13", 13),
    counted!(out "out int[*:1024], 1024", 1024),
            Case {
                name: "out two variable arrays",
                c: |it| {
                    let (mut n, mut k) = (1024, 4096);
                    c!(b_out_two(black_box(13), it.d.as_mut_ptr(), &mut n, it.e.as_mut_ptr(), &mut k))
                        && is((it.d[1], it.e[1], n, k), (2, 2, 13, 52))
                },
                rust: |it| {
                    stubs::b_out_two(&server(), black_box(13), &mut it.d, &mut it.e)
                        .is_ok_and(|out| is((it.d[1], it.e[1], out.d, out.e), (2, 2, 13, 52)))
                },
            },
            case!(
                "out out of line",
                {
                    let (mut d, mut n) = (std::ptr::null(), 0);
                    c!(b_out_region(&mut d, &mut n)) && {
                        // SAFETY: it is the server's static array of so many elements.
                        let d = Mapped::of(unsafe { std::slice::from_raw_parts(d, n as usize) });
                        d.bytes().is_ok_and(|it| is((it[4], it.len()), (2, 4096)))
                    }
                },
                stubs::b_out_region(&server())
                    .is_ok_and(|d| d.bytes().is_ok_and(|it| is((it[4], it.len()), (2, 4096))))
            ),
        ];
    };
}

mod typed {
    family!(gnumach_x86_64_2022, "");
}

mod untyped {
    family!(darwin_lp64, "untyped_");
}

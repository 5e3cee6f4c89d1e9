//! Programs that call each other through generated stubs, each in a task of its own.
//!
//! Each is a file of `src/bin` that says what it shows, and is run by `cargo run -p programs --bin rpc`:
//!
//! | program | shows |
//! |---|---|
//! | `rpc` | a client and a server, which find each other by name |
//! | `two_subsystems` | one server for two interfaces on one port |
//! | `port_set` | one server for many ports, each of which stands for something |
//! | `no_senders` | a server that hears when nobody can call it any more |
//! | `hand_over` | a receive right moves to another task, and clients do not notice |
//! | `late_reply` | answers that another thread gives, later |
//! | `thread_policy` | an array whose length the client limits (`CountInOut`) |
//! | `fork` | a child inherits memory: shared, copied, or not at all |
//! | `copy_on_write` | another task's memory as it was: of a gigabyte only those pages are copied that change |
//! | `shared_memory` | two tasks have the same memory, by a memory entry |
//! | `file_manager` | a memory manager: two tasks have a file mapped, which a third brings in page by page |
//! | `compressing_pager` | more memory than there is: a default pager that compresses |
//! | `backing_stores` | shared memory on two disks, of which one is added and taken away |
//! | `debugger` | a program that is stopped at a bad access, looked at, mended, and let go on |
//!
//! Here is what the build script made of `defs`.

macro_rules! stubs {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub mod $name {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
        }
    )* };
}
stubs! {
    /// `defs/backup.defs`
    backup
    /// `defs/bank.defs`
    bank
    /// `defs/calculator.defs`
    calculator
    /// `defs/diary.defs`
    diary
    /// `defs/filing.defs`
    filing
    /// `defs/library.defs`
    library
    /// `defs/oven.defs`
    oven
    /// `defs/sharing.defs`
    sharing
    /// `defs/shift.defs`
    shift
    /// `defs/thread_policy.defs`
    thread_policy
}

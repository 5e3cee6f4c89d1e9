//! The traps of GNU Mach that a transport needs: names, numbers, and how many arguments each takes.

/// A trap with `N` arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap<const N: usize> {
    /// The kernel's number: negative, since positive ones were for Unix.
    pub number: i32,
}

macro_rules! traps {
    ($($(#[$meta:meta])* $name:ident: $c:ident, $number:literal, $arguments:literal;)*) => {
        $($(#[$meta])* pub const $name: Trap<$arguments> = Trap { number: $number };)*

        /// Every trap: the name in `mach/syscall_sw.h`, the number, the number of arguments.
        pub const ALL: &[(&str, i32, usize)] = &[$((stringify!($c), $number, $arguments)),*];
    };
}
traps! {
    /// Message, option, send size, receive size, receive name, time-out, notify.
    MACH_MSG: mach_msg_trap, -25, 7;
    /// A send right to the calling thread, with a reference.
    MACH_THREAD_SELF: mach_thread_self, -27, 0;
    /// A send right to the calling task, with a reference.
    MACH_TASK_SELF: mach_task_self, -28, 0;
    /// A send right to the host, with a reference.
    MACH_HOST_SELF: mach_host_self, -29, 0;
    /// Task, where to put the address, size, anywhere.
    VM_ALLOCATE: syscall_vm_allocate, -65, 4;
    /// Task, address, size.
    VM_DEALLOCATE: syscall_vm_deallocate, -66, 3;
    /// Task, kind of right, where to put the name.
    MACH_PORT_ALLOCATE: syscall_mach_port_allocate, -72, 3;
    /// Task, name.
    MACH_PORT_DEALLOCATE: syscall_mach_port_deallocate, -73, 2;
}

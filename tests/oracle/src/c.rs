//! The C side: arguments for client stubs, what server stubs call, and the library that both need.

use crate::call::{Passed, Role, Side};
use crate::kernel::{self, REPLY};
use crate::message;

/// A structure by value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Block<T>(T);

/// Where a client stub writes a result.
#[derive(Clone, Copy)]
pub struct Room {
    arg: usize,
    /// The value; for what is or may be out of line, a pointer to it.
    at: *mut u8,
    /// What the pointer was before.
    inline: *mut u8,
    count: *mut u32,
    poly: *mut u32,
}

/// An argument as a server stub passes it.
#[derive(Clone, Copy)]
pub struct Raw {
    /// The value, or the first element; of a result that is or may be out of line, a pointer to it.
    pub at: *mut u8,
    pub count: *mut u32,
    pub poly: *mut u32,
    pub dealloc: *mut u32,
}

impl Side {
    /// Memory of the C side's own.
    fn buffer(self, bytes: &[u8], size: usize) -> *mut u8 {
        let mut buffer = vec![0u64; size.max(bytes.len()) / 8 + 1].into_boxed_slice();
        let at = buffer.as_mut_ptr().cast::<u8>();
        // SAFETY: the buffer is no smaller.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
        self.call.buffers.borrow_mut().push(buffer);
        at
    }

    fn result_room(self, arg: usize, at: *mut u8) -> *mut u8 {
        let null = std::ptr::null_mut();
        self.call.rooms.borrow_mut().push(Room { arg, at, inline: null, count: null.cast(), poly: null.cast() });
        at
    }

    /// Changes the room that was made last: that of the same argument.
    fn with_room(self, act: impl FnOnce(&mut Room)) {
        act(self.call.rooms.borrow_mut().last_mut().expect("its room was made just now"));
    }

    pub fn c_port(self, at: usize) -> u32 {
        self.give(at, 0)
    }

    pub fn c_value<T: Copy>(self, at: usize) -> T {
        let bytes = self.sample(at, 1);
        assert_eq!(bytes.len(), size_of::<T>());
        // SAFETY: T is a number or a block of numbers.
        unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
    }

    /// An array or a string that is sent.
    pub fn c_array(self, at: usize) -> *mut u8 {
        let arg = self.arg(at);
        if arg.passed == Passed::Indefinite {
            return self.c_memory(at);
        }
        self.buffer(&self.sample(at, self.count(at)), arg.max * arg.element)
    }

    /// Memory that is sent.
    pub fn c_memory(self, at: usize) -> *mut u8 {
        let arg = self.arg(at);
        let bytes = self.sample(at, self.count(at));
        if !self.gives(at) {
            return self.buffer(&bytes, 0);
        }
        let region = kernel::allocate(&bytes);
        if arg.passed == Passed::Indefinite && self.count(at) <= arg.max {
            self.keep_region(region, bytes.len());
        }
        region as *mut u8
    }

    /// Room for a result; what is sent in the same place stands there already.
    pub fn c_room(self, at: usize) -> *mut u8 {
        let arg = self.arg(at);
        let bytes = if arg.sent { self.sample(at, self.count(at)) } else { Vec::new() };
        let room = self.buffer(&bytes, (arg.max * arg.element).max(8));
        self.result_room(at, room)
    }

    /// Room for a pointer, which points to room.
    pub fn c_pointer_room(self, at: usize) -> *mut *mut u8 {
        let arg = self.arg(at);
        let inline = self.buffer(&[], if arg.passed == Passed::Indefinite { arg.max * arg.element } else { 0 });
        let pointer = self.buffer(&(inline as usize).to_le_bytes(), 0);
        self.result_room(at, pointer);
        self.with_room(|it| it.inline = inline);
        pointer.cast()
    }

    pub fn c_count(self, at: usize) -> u32 {
        self.count(at) as u32
    }

    pub fn c_count_room(self, at: usize) -> *mut u32 {
        let count = if self.arg(at).sent { self.count(at) } else { self.capacity(at) };
        let count = self.buffer(&(count as u32).to_le_bytes(), 0).cast();
        self.with_room(|it| it.count = count);
        count
    }

    pub fn c_poly(self, at: usize) -> u32 {
        self.disposition(at).0.into()
    }

    pub fn c_poly_room(self, at: usize) -> *mut u32 {
        let sent = if self.arg(at).sent { self.c_poly(at) } else { 0 };
        let poly = self.buffer(&sent.to_le_bytes(), 0).cast();
        self.with_room(|it| it.poly = poly);
        poly
    }

    pub fn c_dealloc(self, at: usize) -> u32 {
        self.gives(at).into()
    }

    /// Writes down what a client stub returned.
    pub fn c_results(self, code: i32) -> i32 {
        let rooms = self.call.rooms.borrow().clone();
        for it in rooms.iter().filter(|_| code == 0) {
            // SAFETY: the stub succeeded.
            unsafe { self.c_result(it) };
        }
        code
    }

    unsafe fn c_result(self, it: &Room) {
        let arg = self.arg(it.arg);
        // SAFETY: the caller's word that the stub filled the room.
        let (count, at, poly) = unsafe {
            let count = if it.count.is_null() { arg.max } else { it.count.read() as usize };
            let at = if it.inline.is_null() { it.at } else { it.at.cast::<*mut u8>().read() };
            (count, at, (!it.poly.is_null()).then(|| it.poly.read() as u8))
        };
        // SAFETY: as above.
        let names = unsafe { self.c_got(it.arg, at, count, poly) };
        self.c_release(it.arg, &names, poly);
        if !it.inline.is_null() && at != it.inline {
            kernel::free(at as usize, count * arg.element);
        }
    }

    /// Writes down a received value; the names in it, if it is made of rights.
    unsafe fn c_got(self, at: usize, from: *const u8, count: usize, poly: Option<u8>) -> Vec<u32> {
        let arg = self.arg(at);
        if arg.passed == Passed::Text {
            // SAFETY: it is no longer than that.
            let bytes = unsafe { kernel::bytes_at(from as usize, arg.max) };
            let bytes = bytes.split(|it| *it == 0).next().unwrap_or_default();
            self.log_bytes(at, bytes.len(), bytes);
            return Vec::new();
        }
        // SAFETY: the caller's word.
        let bytes = unsafe { kernel::bytes_at(from as usize, count * arg.element) };
        match poly {
            Some(it) => self.log(at, format!("{:x} as {it}", message::word(&bytes, 0))),
            None => self.log_bytes(at, count, &bytes),
        }
        let ports = if arg.port.is_empty() { &[] } else { bytes.as_slice() };
        ports.chunks_exact(4).map(|it| message::word(it, 0)).collect()
    }

    fn c_release(self, at: usize, names: &[u32], poly: Option<u8>) {
        for name in names {
            let disposition = poly.map_or_else(|| self.received(at), mig_rt::Disposition);
            disposition.owned().into_iter().for_each(|kind| kernel::release(*name, kind));
        }
    }

    /// What a C server's function does: `raws` are its arguments, by their places in the routine.
    ///
    /// # Safety
    /// They are what a server stub passes.
    pub unsafe fn c_serve(self, raws: &[(usize, Raw)]) -> i32 {
        let code = self.code();
        for (at, raw) in raws {
            // SAFETY: the caller's word.
            unsafe { self.c_serve_in(*at, raw, code) };
        }
        let keeps_reply = self.call.routine.one_way && raws.iter().any(|it| self.arg(it.0).role == Role::ReplyPort);
        for (at, raw) in raws.iter().filter(|it| code == 0 && self.arg(it.0).returned) {
            // SAFETY: as above.
            unsafe { self.c_serve_out(*at, raw) };
        }
        if keeps_reply && code == 0 { -305 } else { code }
    }

    unsafe fn c_serve_in(self, at: usize, raw: &Raw, code: i32) {
        let arg = self.arg(at);
        if !arg.sent && !matches!(arg.role, Role::RequestPort | Role::SeqNo) {
            return;
        }
        // SAFETY: the caller's word.
        let (from, count, poly) = unsafe {
            let pointer = arg.passed == Passed::Memory;
            let from = if pointer { raw.at.cast::<*mut u8>().read() } else { raw.at };
            let count = if raw.count.is_null() { arg.max } else { raw.count.read() as usize };
            (from, count, (!raw.poly.is_null()).then(|| raw.poly.read() as u8))
        };
        let poly = poly.filter(|_| arg.role != Role::RequestPort);
        // SAFETY: as above.
        let names = unsafe { self.c_got(at, from, count, poly) };
        if !arg.sent || !matches!(code, 0 | -305) {
            return;
        }
        self.c_release(at, &names, poly);
        let long = arg.passed == Passed::Indefinite && count > arg.max;
        if arg.passed == Passed::Memory || long && (code != 0 || arg.server_copy) {
            kernel::free(from as usize, count * arg.element);
        }
    }

    unsafe fn c_serve_out(self, at: usize, raw: &Raw) {
        let arg = self.arg(at);
        let null = raw.count.is_null();
        // SAFETY: the caller's word.
        let room = if null { arg.max } else { unsafe { raw.count.read() as usize } };
        let count = if arg.passed == Passed::Counted { self.count(at).min(room) } else { self.count(at) };
        let mut bytes = self.sample(at, count);
        if arg.passed == Passed::Text {
            bytes.push(0);
        }
        let long = arg.passed == Passed::Memory || arg.passed == Passed::Indefinite && count > room;
        // SAFETY: as above.
        unsafe {
            if long {
                let memory = if self.gives(at) { kernel::allocate(&bytes) as *mut u8 } else { self.buffer(&bytes, 0) };
                raw.at.cast::<*mut u8>().write(memory);
            } else {
                let to = if arg.passed == Passed::Indefinite { raw.at.cast::<*mut u8>().read() } else { raw.at };
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
            }
            if !null {
                raw.count.write(count as u32);
            }
            if !raw.poly.is_null() {
                raw.poly.write(self.c_poly(at));
            }
            if !raw.dealloc.is_null() {
                raw.dealloc.write(self.c_dealloc(at));
            }
        }
    }
}

/// Fills the stack that a stub will use.
#[inline(never)]
pub fn paint_stack() {
    let stack = [kernel::pattern(); 64 * 1024];
    std::hint::black_box(&stack);
}

const SEND: i32 = 1;
const RECEIVE: i32 = 2;

/// `mach_msg`
#[unsafe(no_mangle)]
unsafe extern "C" fn mach_msg(at: *mut u8, option: i32, size: u32, limit: u32, port: u32, _: u32, _: u32) -> i32 {
    assert!(option & SEND != 0, "stubs send");
    // SAFETY: a stub's message.
    let sent = unsafe { kernel::bytes_at(at as usize, size as usize) };
    let received = kernel::trap(&sent, (option & RECEIVE != 0).then_some(port));
    match received {
        Ok(it) if it.len() > limit as usize => 0x1000_4004,
        Ok(it) => {
            // SAFETY: the stub's buffer has so much room.
            unsafe { std::ptr::copy_nonoverlapping(it.as_ptr(), at, it.len()) };
            0
        }
        Err((code, _)) => code as i32,
    }
}

/// `mig_get_reply_port`
#[unsafe(no_mangle)]
extern "C" fn mig_get_reply_port() -> u32 {
    REPLY
}

/// `mig_put_reply_port`
#[unsafe(no_mangle)]
extern "C" fn mig_put_reply_port(_: u32) {}

/// `mig_dealloc_reply_port`
#[unsafe(no_mangle)]
extern "C" fn mig_dealloc_reply_port(_: u32) {}

/// `mig_allocate`
#[unsafe(no_mangle)]
unsafe extern "C" fn mig_allocate(at: *mut usize, size: usize) {
    // SAFETY: a stub's variable.
    unsafe { at.write(kernel::allocate(&vec![0; size])) };
}

/// `mig_deallocate`
#[unsafe(no_mangle)]
extern "C" fn mig_deallocate(at: usize, size: usize) {
    kernel::free(at, size);
}

/// `mig_strncpy`: as the GNU C library has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn mig_strncpy(to: *mut u8, from: *const u8, size: usize) -> usize {
    // SAFETY: a stub's field, and a string that ends within or beyond it.
    unsafe {
        let length = (0..size).find(|it| from.add(*it).read() == 0).unwrap_or(size);
        std::ptr::copy_nonoverlapping(from, to, length);
        std::ptr::write_bytes(to.add(length), 0, size - length);
        length
    }
}

/// The translations that the synthetic interface declares.
#[unsafe(no_mangle)]
extern "C" fn hnd_in(it: i32) -> u32 {
    (it as u32).wrapping_add(1000)
}

/// See `hnd_in`.
#[unsafe(no_mangle)]
extern "C" fn hnd_out(it: u32) -> i32 {
    it.wrapping_sub(1000) as i32
}

/// See `hnd_in`.
#[unsafe(no_mangle)]
extern "C" fn hnd_free(_: u32) {}

//! A server that hears when nobody can call it any more, and cleans up.
//!
//! Each book that a library lends is a port. The library asks the kernel to tell when no send right to it is left:
//! whether the reader gave the book back or ended, the kernel says so, in a message to the book's own port. Readers have
//! send rights, so they cannot forge it: notifications are served only if they came through a send-once right.
//!
//! ```text
//! $ cargo run -p programs --bin no_senders
//! library: lends "Emma"
//! library: lends "Ulysses"
//! reader: has read 2 pages of the first book and gives it back
//! library: "Emma" is back, 2 pages read
//! reader: has read 1 page of the second book and ends
//! library: "Ulysses" is back, 1 page read
//! ```

#![allow(clippy::print_stdout, unused_crate_dependencies, reason = "it shows what happens")]

use std::collections::HashMap;

use generated::mach3::mach_port::gnumach_x86_64 as mach_port;
use generated::mach3::notify::gnumach_x86_64 as notify;
use generated::mach3::notify::{MACH_NOTIFY_NO_SENDERS, NotifyServer};
use mig_rt::{AbiId, KernReturn, PortName, Receive, ReceiveRight, RightKind, SendRight, Text, serve_once};
use programs::library::LibraryServer;
use programs::library::gnumach_x86_64 as library;
use runtime_kernel::{Kernel, Task};

struct Book {
    port: ReceiveRight<Task>,
    title: String,
    pages: i32,
}

struct Library {
    task: Task,
    /// It receives from all ports of this set.
    set: PortName,
    lent: HashMap<PortName, Book>,
}

fn pages(number: i32) -> String {
    format!("{number} page{}", if number == 1 { "" } else { "s" })
}

impl LibraryServer<Task> for Library {
    fn library_borrow(&mut self, _: PortName, title: Text<'_>) -> Result<SendRight<Task>, KernReturn> {
        let title = title.to_str().map_err(|_| KernReturn::INVALID_ARGUMENT)?.to_owned();
        println!("library: lends {title:?}");
        let (own, port) = (self.task.self_port(), ReceiveRight::new(&self.task)?);
        mach_port::mach_port_move_member(&own, port.name(), self.set).map_err(|it| it.to_kern())?;
        let (right, told) = (self.task.make_send(&port)?, port.make_send_once());
        // One right was made: before that many are gone, there is nothing to tell.
        mach_port::mach_port_request_notification(&own, port.name(), MACH_NOTIFY_NO_SENDERS, 1, told)
            .map_err(|it| it.to_kern())?;
        self.lent.insert(port.name(), Book { port, title, pages: 0 });
        Ok(right)
    }

    fn book_read(&mut self, book: PortName) -> Result<i32, KernReturn> {
        let book = self.lent.get_mut(&book).ok_or(KernReturn::INVALID_ARGUMENT)?;
        book.pages += 1;
        Ok(book.pages)
    }
}

impl NotifyServer<Task> for Library {
    fn mach_notify_no_senders(&mut self, book: PortName, _: u32) -> Result<(), KernReturn> {
        let Some(Book { port, title, pages: number }) = self.lent.remove(&book) else { return Ok(()) };
        println!("library: {title:?} is back, {} read", pages(number));
        drop(port);
        Ok(())
    }
}

/// Serves until every book is back.
fn lend(mut library: Library) -> mig_rt::Result<()> {
    let (task, set) = (library.task.clone(), library.set);
    let subsystems = [notify::subsystem().through_send_once(), library::subsystem()];
    loop {
        let from = Receive::from_set(&task, set);
        serve_once::<_, _, { notify::MAX + library::MAX }>(from, &subsystems, &mut library)?;
        if library.lent.is_empty() {
            return Ok(());
        }
    }
}

fn read(desk: &SendRight<Task>) -> mig_rt::Result<()> {
    let (first, second) = (library::library_borrow(desk, b"Emma")?, library::library_borrow(desk, b"Ulysses")?);
    library::book_read(&first)?;
    println!("reader: has read {} of the first book and gives it back", pages(library::book_read(&first)?));
    drop(first);
    println!("reader: has read {} of the second book and ends", pages(library::book_read(&second)?));
    second.via().terminate();
    Ok(())
}

fn main() -> mig_rt::Result<()> {
    let kernel = Kernel::default();
    let [server, client] = ["library", "reader"].map(|name| kernel.task(name, AbiId::GnumachX8664));
    let (own, desk) = (server.self_port(), ReceiveRight::new(&server)?);
    let set = mach_port::mach_port_allocate(&own, RightKind::PORT_SET)?;
    mach_port::mach_port_move_member(&own, desk.name(), set)?;
    let to_desk = server.give_send(&desk, &client)?;
    let library = Library { task: server.clone(), set, lent: HashMap::new() };
    let lending = server.spawn("library", move |_| lend(library));
    client.spawn("reader", move |_| read(&to_desk)).join().expect("the reader does not panic")?;
    lending.join().expect("the library does not panic")
}

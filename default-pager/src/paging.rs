//! What kernels ask: `memory_object` and `memory_object_default`.

use generated::mach3::mach::gnumach_x86_64 as mach;
use generated::mach3::memory_object::MemoryObjectServer;
use generated::mach3::memory_object_default::MemoryObjectDefaultServer;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::typed::{GnumachX8664, Outgoing};
use mig_rt::{
    Address, Buffer, Give, KernReturn, Operation, PortName, Protection, ReceiveRight, Region, SendRight, Size, Timeout,
};
use runtime_kernel::Task;

use crate::PAGE;
use crate::object::{Kept, Object};
use crate::pager::Pager;
use crate::store::Page;

impl MemoryObjectDefaultServer<Task> for Pager {
    fn memory_object_create(
        &mut self,
        pager: PortName,
        port: ReceiveRight<Task>,
        _: Size,
        control: SendRight<Task>,
        name: SendRight<Task>,
        page_size: Size,
    ) -> Result<(), KernReturn> {
        self.is_asked(pager)?;
        if page_size.0 != PAGE as u64 || !port.is_valid() || !control.is_valid() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.receive_from(port.name())?;
        self.tell_when_unknown(&port)?;
        self.objects.insert(port.name(), Object::of_kernel(port, control, name));
        self.count(|_| {});
        Ok(())
    }

    fn memory_object_data_initialize(
        &mut self,
        object: PortName,
        control: SendRight<Task>,
        offset: Address,
        data: Region<Task, u8>,
    ) -> Result<(), KernReturn> {
        self.keep(object, &control, offset, &data, Returned::First)
    }
}

impl MemoryObjectServer<Task> for Pager {
    fn memory_object_init(
        &mut self,
        object: PortName,
        control: SendRight<Task>,
        name: SendRight<Task>,
        page_size: Size,
    ) -> Result<(), KernReturn> {
        let object = self.objects.get_mut(&object).ok_or(KernReturn::INVALID_ARGUMENT)?;
        if page_size.0 != PAGE as u64 || !control.is_valid() {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let told = control.try_clone()?;
        object.begin(control, name)?;
        // Nobody writes but those who have it mapped, so that the kernel may copy it when it likes.
        let mut buffer = Buffer::new();
        tell(mach::memory_object_ready::encode(&mut buffer, &told, false, CopyStrategy::DELAY))
    }

    fn memory_object_terminate(
        &mut self,
        name: PortName,
        control: ReceiveRight<Task>,
        _: ReceiveRight<Task>,
    ) -> Result<(), KernReturn> {
        let object = self.objects.get_mut(&name).ok_or(KernReturn::INVALID_ARGUMENT)?;
        object.end(control.name())?;
        if object.of_kernel {
            self.forget(name);
        }
        Ok(())
    }

    fn memory_object_data_request(
        &mut self,
        object: PortName,
        control: SendRight<Task>,
        offset: Address,
        length: Size,
        _: Protection,
    ) -> Result<(), KernReturn> {
        let known = self.objects.get(&object).filter(|it| it.has_cache(control.name()));
        let pages = known.ok_or(KernReturn::INVALID_ARGUMENT)?.pages_of(offset, length);
        self.count(|it| it.pagein_calls += 1);
        // Whoever waits must not do so for ever.
        let Ok(pages) = pages else { return refuse(&control, offset, length) };
        let mut next = pages.start;
        let there: Vec<(u64, Kept)> =
            self.objects.get(&object).map_or_else(Vec::new, |it| it.pages.range(pages.clone()).map(copied).collect());
        for (number, kept) in there {
            self.has_none(&control, next..number)?;
            self.supply(&control, number, kept)?;
            next = number + 1;
        }
        self.has_none(&control, next..pages.end)
    }

    fn memory_object_data_unlock(
        &mut self,
        object: PortName,
        control: SendRight<Task>,
        offset: Address,
        length: Size,
        _: Protection,
    ) -> Result<(), KernReturn> {
        let known = self.objects.get(&object).filter(|it| it.has_cache(control.name()));
        known.ok_or(KernReturn::INVALID_ARGUMENT)?.pages_of(offset, length)?;
        // Nothing was ever locked.
        let (keep, nobody) = (MemoryObjectReturn::NONE, ReceiveRight::null(&self.task));
        let mut buffer = Buffer::new();
        tell(mach::memory_object_lock_request::encode(
            &mut buffer,
            &control,
            offset,
            length,
            keep,
            false,
            Protection::NONE,
            &nobody,
        ))
    }

    fn memory_object_data_write(
        &mut self,
        object: PortName,
        control: SendRight<Task>,
        offset: Address,
        data: Region<Task, u8>,
    ) -> Result<(), KernReturn> {
        self.keep(object, &control, offset, &data, Returned::Changed)
    }

    fn memory_object_data_return(
        &mut self,
        object: PortName,
        control: SendRight<Task>,
        offset: Address,
        data: Region<Task, u8>,
        dirty: bool,
        _: bool,
    ) -> Result<(), KernReturn> {
        self.keep(object, &control, offset, &data, if dirty { Returned::Changed } else { Returned::Unchanged })
    }
}

/// As what pages come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Returned {
    /// As new ones: what is here already is newer.
    First,
    /// As the newest there are.
    Changed,
    /// As they were given to the kernel: they are here, unless they were lost.
    Unchanged,
}

impl Pager {
    /// Keeps pages.
    fn keep(
        &mut self,
        object: PortName,
        control: &SendRight<Task>,
        offset: Address,
        data: &Region<Task, u8>,
        returned: Returned,
    ) -> Result<(), KernReturn> {
        let object = self.objects.get_mut(&object).filter(|it| it.has_cache(control.name()));
        let object = object.ok_or(KernReturn::INVALID_ARGUMENT)?;
        let pages = object.pages_of(offset, Size(data.len() as u64))?;
        let bytes = data.bytes().ok();
        let (mut written, mut lost) = (0, 0);
        for (index, number) in pages.clone().enumerate() {
            let before = object.pages.get(&number).copied();
            let over = match before {
                Some(Kept::At(_)) if returned != Returned::Changed => continue,
                Some(Kept::At(place)) => Some(place),
                _ => None,
            };
            // Each of so many pages has its bytes, unless nobody can read them.
            let page = bytes.and_then(|it| it.get(index * PAGE..)?.first_chunk::<PAGE>());
            let place = match page {
                Some(page) => self.stores.write(over, page),
                None => {
                    over.iter().for_each(|it| self.stores.free(*it));
                    None
                }
            };
            self.pages = self.pages + u64::from(place.is_some()) - u64::from(over.is_some());
            *(if place.is_some() { &mut written } else { &mut lost }) += 1;
            object.pages.insert(number, place.map_or(Kept::Lost, Kept::At));
        }
        self.count(|it| {
            it.pageout_calls += 1;
            it.pages_out += written;
            it.pages_lost += lost;
            if returned == Returned::First {
                it.pages_init += pages.end - pages.start;
                it.pages_init_writes += written;
            }
        });
        Ok(())
    }

    /// Gives a page to the kernel that has asked for it.
    fn supply(&mut self, control: &SendRight<Task>, number: u64, kept: Kept) -> Result<(), KernReturn> {
        let offset = Address(number * PAGE as u64);
        let mut page: Page = [0; PAGE];
        let read = match kept {
            Kept::At(place) => self.stores.read(place, &mut page),
            Kept::Lost => false,
        };
        let (mut buffer, nobody) = (Buffer::new(), ReceiveRight::null(&self.task));
        let data = Give::Lend(&page);
        let lock = Protection::NONE;
        let request = mach::memory_object_data_supply::encode(&mut buffer, control, offset, data, lock, false, &nobody);
        if !read || tell(request).is_err() {
            return refuse(control, offset, Size(PAGE as u64));
        }
        self.count(|it| it.pages_in += 1);
        Ok(())
    }

    /// Says of pages that they have never been here.
    fn has_none(&mut self, control: &SendRight<Task>, pages: std::ops::Range<u64>) -> Result<(), KernReturn> {
        let count = pages.end - pages.start;
        if count == 0 {
            return Ok(());
        }
        self.count(|it| it.pages_unavailable += count);
        let (offset, size) = (Address(pages.start * PAGE as u64), Size(count * PAGE as u64));
        let mut buffer = Buffer::new();
        tell(mach::memory_object_data_unavailable::encode(&mut buffer, control, offset, size))
    }
}

/// Says that pages cannot be had.
fn refuse(control: &SendRight<Task>, offset: Address, size: Size) -> Result<(), KernReturn> {
    let mut buffer = Buffer::new();
    let reason = Err(KernReturn::MEMORY_ERROR);
    tell(mach::memory_object_data_error::encode(&mut buffer, control, offset, size, reason))
}

/// Sends something to a control port. Kernels never let anybody wait; whoever says to be one must not either.
fn tell(request: mig_rt::Result<Outgoing<'_, Task, GnumachX8664>>) -> Result<(), KernReturn> {
    let at_once = Operation::default().send_within(Timeout(0));
    request.and_then(|it| it.send_with(at_once)).map_err(|it| it.to_kern())
}

fn copied((number, kept): (&u64, &Kept)) -> (u64, Kept) {
    (*number, *kept)
}

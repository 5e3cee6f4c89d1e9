//! What programs ask: `default_pager`, and `default_pager_object` of OSF.

use generated::darwin::default_pager_object::{self as osf, DefaultPagerObjectServer};
use generated::mach3::default_pager::{self as cmu, DefaultPagerServer};
use generated::mach3::types::{DefaultPagerInfo, DefaultPagerObject, DefaultPagerPage};
use mig_rt::{
    Address, KernReturn, Outbound, PackedRoom, PortName, ReceiveRight, Region, Rights, Room, SendRight, Size,
};
use runtime_kernel::Task;

use crate::PAGE;
use crate::object::{Kept, Object};
use crate::pager::Pager;
use crate::stores::BackingStore;

/// `BACKING_STORE_BASIC_INFO`
const BASIC_INFO: i32 = 1;

impl Pager {
    fn create(&mut self, pager: PortName, size: Size) -> Result<Outbound<'static, Task>, KernReturn> {
        self.is_asked(pager)?;
        let object = Object::created(ReceiveRight::new(&self.task)?, size.0)?;
        self.receive_from(object.port.name())?;
        let right = self.give(&object.port)?;
        self.objects.insert(object.port.name(), object);
        self.count(|_| {});
        Ok(right.into())
    }

    /// The number of each object, and the bytes that are kept for it.
    fn listed(&self, pager: PortName) -> Result<Vec<(PortName, u64)>, KernReturn> {
        self.is_asked(pager)?;
        let kept = |it: &Object| it.pages.values().filter(|it| matches!(it, Kept::At(_))).count() as u64;
        Ok(self.objects.iter().map(|(name, it)| (*name, kept(it) * PAGE as u64)).collect())
    }

    fn names(&self) -> Result<Rights<'static, Task, SendRight<Task>>, KernReturn> {
        let names: Vec<_> = self.objects.values().map(|it| it.name(&self.task)).collect();
        Rights::collect(&self.task, names)
    }

    /// Where the pages are in an object that are kept for it; it is known by its own port or by its name port.
    fn kept(&self, pager: PortName, object: &SendRight<Task>) -> Result<Vec<u64>, KernReturn> {
        self.is_asked(pager)?;
        let object = self.objects.values().find(|it| it.is_named(object.name())).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let there = object.pages.iter().filter(|it| matches!(it.1, Kept::At(_)));
        Ok(there.map(|it| it.0 * PAGE as u64).collect())
    }
}

impl DefaultPagerServer<Task> for Pager {
    fn default_pager_object_create(
        &mut self,
        pager: PortName,
        size: Size,
    ) -> Result<Outbound<'static, Task>, KernReturn> {
        self.create(pager, size)
    }

    fn default_pager_info(&mut self, pager: PortName) -> Result<DefaultPagerInfo, KernReturn> {
        self.is_asked(pager)?;
        let space = self.stores.space();
        let (dpi_total_space, dpi_free_space) = (Size(space.total), Size(space.free));
        Ok(DefaultPagerInfo { dpi_total_space, dpi_free_space, dpi_page_size: Size(PAGE as u64) })
    }

    fn default_pager_objects(
        &mut self,
        pager: PortName,
        _: &mut PackedRoom<'_, DefaultPagerObject>,
    ) -> Result<cmu::default_pager_objects::Results<Task>, KernReturn> {
        let listed = self.listed(pager)?.into_iter();
        let objects: Vec<_> =
            listed.map(|it| DefaultPagerObject { dpo_object: Address(it.0.0.into()), dpo_size: Size(it.1) }).collect();
        let objects = Some(Region::new(&self.task, &objects)?);
        Ok(cmu::default_pager_objects::Results { objects, ports: self.names()? })
    }

    fn default_pager_object_pages(
        &mut self,
        pager: PortName,
        object: SendRight<Task>,
        _: &mut PackedRoom<'_, DefaultPagerPage>,
    ) -> Result<Option<Region<Task, DefaultPagerPage>>, KernReturn> {
        let kept = self.kept(pager, &object)?;
        let pages: Vec<_> = kept.into_iter().map(|it| DefaultPagerPage { dpp_offset: Address(it) }).collect();
        Region::new(&self.task, &pages).map(Some)
    }
}

/// As OSF has a number of bytes: as many as it can tell.
fn natural(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl DefaultPagerObjectServer<Task> for Pager {
    fn default_pager_object_create(
        &mut self,
        pager: PortName,
        size: Size,
    ) -> Result<Outbound<'static, Task>, KernReturn> {
        self.create(pager, size)
    }

    fn default_pager_info(&mut self, pager: PortName) -> Result<osf::DefaultPagerInfo, KernReturn> {
        self.is_asked(pager)?;
        let space = self.stores.space();
        let (dpi_total_space, dpi_free_space) = (natural(space.total), natural(space.free));
        Ok(osf::DefaultPagerInfo { dpi_total_space, dpi_free_space, dpi_page_size: PAGE as u32 })
    }

    fn default_pager_objects(
        &mut self,
        pager: PortName,
        _: &mut PackedRoom<'_, osf::DefaultPagerObject>,
    ) -> Result<osf::default_pager_objects::Results<Task>, KernReturn> {
        let listed = self.listed(pager)?.into_iter();
        let objects: Vec<_> =
            listed.map(|it| osf::DefaultPagerObject { dpo_object: it.0.0, dpo_size: natural(it.1) }).collect();
        let objects = Some(Region::new(&self.task, &objects)?);
        Ok(osf::default_pager_objects::Results { objects, ports: self.names()? })
    }

    fn default_pager_object_pages(
        &mut self,
        pager: PortName,
        object: SendRight<Task>,
        _: &mut PackedRoom<'_, osf::DefaultPagerPage>,
    ) -> Result<Option<Region<Task, osf::DefaultPagerPage>>, KernReturn> {
        let kept = self.kept(pager, &object)?;
        let pages: Vec<_> = kept.into_iter().map(|it| osf::DefaultPagerPage { dpp_offset: natural(it) }).collect();
        Region::new(&self.task, &pages).map(Some)
    }

    fn default_pager_backing_store_create(
        &mut self,
        pager: PortName,
        priority: i32,
        cluster: i32,
    ) -> Result<Outbound<'static, Task>, KernReturn> {
        self.is_asked(pager)?;
        if cluster <= 0 {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let port = ReceiveRight::new(&self.task)?;
        self.receive_from(port.name())?;
        let right = self.give(&port)?;
        self.stores.add(BackingStore::new(Some(port), priority, cluster));
        Ok(right.into())
    }

    fn default_pager_backing_store_delete(&mut self, store: PortName) -> Result<(), KernReturn> {
        let removed = self.stores.remove(store, self.objects.values_mut().flat_map(Object::places));
        self.count(|_| {});
        removed
    }

    fn default_pager_add_segment(
        &mut self,
        store: PortName,
        device: SendRight<Task>,
        offset: u32,
        count: u32,
        record_size: i32,
    ) -> Result<(), KernReturn> {
        let record = u64::try_from(record_size).ok().filter(|it| *it > 0).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (_, disk) = self.devices.get(&device.name()).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (start, size) = (u64::from(offset) * record, u64::from(count) * record);
        if size < PAGE as u64 {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let part = (device.name(), disk.clone());
        let added = self.stores.add_part(store, part, start..start + size);
        self.count(|_| {});
        added
    }

    fn default_pager_backing_store_info(
        &mut self,
        store: PortName,
        flavor: i32,
        info: &mut Room<'_, u32>,
    ) -> Result<(), KernReturn> {
        if flavor != BASIC_INFO {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let done = self.watch().figures();
        let store = self.stores.named(store)?;
        let (space, counts) = (store.space(), store.counts);
        let words = [
            done.pageout_calls,
            done.pagein_calls,
            done.pages_in,
            done.pages_out,
            done.pages_unavailable,
            done.pages_init,
            done.pages_init_writes,
            space.total / PAGE as u64,
            space.free / PAGE as u64,
            counts.read,
            counts.read_failed,
            counts.written,
            counts.write_failed,
        ];
        let plan = [store.priority.cast_unsigned(), store.cluster.cast_unsigned()];
        let words: Vec<u32> = words.into_iter().map(natural).chain(plan).collect();
        info.extend(&words).map_err(|_| KernReturn::INVALID_ARGUMENT)
    }
}

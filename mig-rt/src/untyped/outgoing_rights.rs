//! Rights in a message being built.

use super::row::{PORT, Row};
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Outgoing, Untyped};
use crate::outbound::{Outbound, Outbounds};
use crate::right::{Disposition, PortName, ReceiveRight, Right, SendOnceRight, SendRight};
use crate::rights::{NAME, Rights};
use crate::transport::Transport;

impl<T: Transport, W: Row> Outgoing<'_, T, W, Untyped> {
    /// A descriptor of a right.
    #[inline(always)]
    fn port(&mut self, name: PortName, disposition: Disposition) {
        self.put_port(self.at, name, disposition);
        self.at += PORT;
    }

    #[inline(always)]
    fn put_port(&mut self, at: usize, name: PortName, disposition: Disposition) {
        self.put_at(at, u64::from(name.0).to_le_bytes());
        // Two bytes of padding, the disposition, and the type, which is 0.
        self.put_at(at + 8, (u32::from(disposition.0) << 16).to_le_bytes());
    }

    #[inline(always)]
    fn borrowed<R: Right<T>>(&mut self, right: &R, disposition: Disposition) {
        let own = *right.via() == self.via;
        self.foreign |= !own;
        self.port(if own { right.name() } else { PortName::NULL }, disposition);
    }

    #[inline(always)]
    fn moved<R: Right<T>>(&mut self, right: R) {
        let own = *right.via() == self.via;
        self.foreign |= !own;
        // A right of another port space is dropped here: released where it belongs.
        self.port(if own { right.into_raw() } else { PortName::NULL }, R::MOVED);
    }

    /// A send right, which the caller keeps.
    #[inline(always)]
    pub fn copy_send(&mut self, right: &SendRight<T>) {
        self.borrowed(right, Disposition::COPY_SEND);
    }

    /// A send right made from a receive right.
    #[inline(always)]
    pub fn make_send(&mut self, right: &ReceiveRight<T>) {
        self.borrowed(right, Disposition::MAKE_SEND);
    }

    /// A send-once right made from a receive right.
    #[inline(always)]
    pub fn make_send_once(&mut self, right: &ReceiveRight<T>) {
        self.borrowed(right, Disposition::MAKE_SEND_ONCE);
    }

    /// A send right.
    #[inline(always)]
    pub fn move_send(&mut self, right: SendRight<T>) {
        self.moved(right);
    }

    /// A send-once right.
    #[inline(always)]
    pub fn move_send_once(&mut self, right: SendOnceRight<T>) {
        self.moved(right);
    }

    /// A receive right, queue included.
    #[inline(always)]
    pub fn move_receive(&mut self, right: ReceiveRight<T>) {
        self.moved(right);
    }

    /// A right whose disposition the sender chose.
    #[inline]
    pub fn outbound(&mut self, right: Outbound<'_, T>) {
        let (name, disposition, via) = right.into_raw();
        let name = self.admit(name, disposition, via);
        self.port(name, disposition);
    }

    /// An array of up to `max` rights, each with a descriptor of its own; how many. The descriptors that are left over
    /// describe no right.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more; none is taken then.
    pub fn rights(&mut self, max: usize, mut rights: Outbounds<'_, T>) -> Result<u32> {
        let (count, disposition) = (rights.len(), rights.disposition());
        if count > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        let (via, mut foreign) = (self.via.clone(), false);
        for index in 0..count {
            let name = rights.take(index, &via, &mut foreign);
            self.port(name, disposition);
        }
        self.unused(max - count, Disposition::NONE);
        self.foreign |= foreign;
        Ok(count as u32)
    }

    /// An array of a constant number of rights, each with a descriptor of its own.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more or fewer; none is taken then.
    pub fn rights_exactly(&mut self, count: usize, rights: Outbounds<'_, T>) -> Result<()> {
        if rights.len() != count {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.rights(count, rights).map(|_| ())
    }

    /// [`rights`](Outgoing::rights) that an earlier array's count counts too (`SameCount`).
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are not as many as that, or more than `max`; none is taken then.
    pub fn same_rights(&mut self, count: usize, max: usize, rights: Outbounds<'_, T>) -> Result<()> {
        if rights.len() != count {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.rights(max, rights).map(|_| ())
    }

    fn unused(&mut self, count: usize, disposition: Disposition) {
        for _ in 0..count {
            self.port(PortName::NULL, disposition);
        }
    }

    /// A reply's array of up to `max` rights, each with a descriptor of its own; how many.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more; all are released then.
    pub fn rights_moved<R: Right<T>>(&mut self, max: usize, rights: Rights<'_, T, R>) -> Result<u32> {
        let count = rights.len();
        if count > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        for right in rights {
            self.port(right.into_raw(), R::MOVED);
        }
        self.unused(max - count, R::MOVED);
        Ok(count as u32)
    }

    /// A reply's array of a constant number of rights, each with a descriptor of its own.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more or fewer; all are released then.
    pub fn rights_moved_exactly<R: Right<T>>(&mut self, count: usize, rights: Rights<'_, T, R>) -> Result<()> {
        if rights.len() != count {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.rights_moved(count, rights).map(|_| ())
    }

    /// An array of up to `max` rights that a [`RightsRoom`](crate::RightsRoom) took, which stands here; how many.
    pub fn rights_in_place(&mut self, disposition: Disposition, max: usize, count: usize) -> u32 {
        for index in 0..max {
            // The room wrote the name and zeros behind it.
            let at = self.at + index * PORT;
            if index >= count {
                self.put_at(at, [0; 8]);
            }
            self.put_at(at + 8, (u32::from(disposition.0) << 16).to_le_bytes());
        }
        self.at += max * PORT;
        count as u32
    }

    /// [`rights_in_place`](Outgoing::rights_in_place), where an earlier array's count counts them too.
    ///
    /// # Errors
    /// `KERN_FAILURE` if the server gave another number of rights.
    pub fn same_rights_in_place(
        &mut self,
        same: usize,
        disposition: Disposition,
        max: usize,
        count: usize,
    ) -> Result<(), KernReturn> {
        self.rights_in_place(disposition, max, count);
        if same == count { Ok(()) } else { Err(KernReturn::FAILURE) }
    }

    /// An array of rights in a region of their own; how many.
    ///
    /// # Errors
    /// As [`Transport::allocate`]; no right is taken then.
    pub fn rights_out_of_line(&mut self, mut rights: Outbounds<'_, T>) -> Result<u32, KernReturn> {
        let (count, disposition) = (rights.len(), rights.disposition());
        let extent = u32::try_from(count).map_err(|_| KernReturn::MIG_ARRAY_TOO_LARGE)?;
        let (via, mut foreign) = (self.via.clone(), false);
        let memory = via.allocate(count * NAME, &mut |to| {
            for (index, cell) in to.chunks_exact_mut(NAME).enumerate() {
                cell.copy_from_slice(&rights.take(index, &via, &mut foreign).0.to_le_bytes());
            }
        })?;
        self.foreign |= foreign;
        let at = self.via.surrender(memory);
        self.names(at, disposition, extent)?;
        Ok(extent)
    }

    /// A reply's array of rights in memory; how many.
    ///
    /// # Errors
    /// As [`Transport::allocate`], if the rights are not in a region of their own yet.
    pub fn surrender_rights<R: Right<T>>(&mut self, rights: Rights<'_, T, R>) -> Result<u32, KernReturn> {
        let extent = u32::try_from(rights.len()).map_err(|_| KernReturn::MIG_ARRAY_TOO_LARGE)?;
        let memory = rights.into_names(&self.via)?;
        let at = self.via.surrender(memory);
        self.names(at, R::MOVED, extent)?;
        Ok(extent)
    }
}

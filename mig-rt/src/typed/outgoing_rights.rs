//! Rights in a message being built.

use super::row::{Row, Ty};
use crate::error::{Error, KernReturn, Result};
use crate::exchange::{Outgoing, Typed};
use crate::outbound::{Outbound, Outbounds};
use crate::right::{Disposition, PortName, ReceiveRight, Right, SendOnceRight, SendRight};
use crate::rights::{NAME, Rights};
use crate::transport::Transport;

impl<T: Transport, W: Row> Outgoing<'_, T, W, Typed> {
    /// A cell with a name that the type word makes a right.
    #[inline(always)]
    fn cell(&mut self, ty: Ty, name: PortName) {
        self.complex = true;
        self.ty(ty);
        if W::CELL == 8 {
            self.put(u64::from(name.0).to_le_bytes());
        } else {
            self.put(name.0.to_le_bytes());
        }
    }

    #[inline(always)]
    fn borrowed<R: Right<T>>(&mut self, ty: Ty, right: &R) {
        let own = *right.via() == self.via;
        self.foreign |= !own;
        self.cell(ty, if own { right.name() } else { PortName::NULL });
    }

    #[inline(always)]
    fn moved<R: Right<T>>(&mut self, ty: Ty, right: R) {
        let own = *right.via() == self.via;
        self.foreign |= !own;
        // A right of another port space is dropped here: released where it belongs.
        self.cell(ty, if own { right.into_raw() } else { PortName::NULL });
    }

    /// A send right, which the caller keeps.
    #[inline(always)]
    pub fn copy_send(&mut self, ty: Ty, right: &SendRight<T>) {
        self.borrowed(ty, right);
    }

    /// A send right made from a receive right.
    #[inline(always)]
    pub fn make_send(&mut self, ty: Ty, right: &ReceiveRight<T>) {
        self.borrowed(ty, right);
    }

    /// A send-once right made from a receive right.
    #[inline(always)]
    pub fn make_send_once(&mut self, ty: Ty, right: &ReceiveRight<T>) {
        self.borrowed(ty, right);
    }

    /// A send right.
    #[inline(always)]
    pub fn move_send(&mut self, ty: Ty, right: SendRight<T>) {
        self.moved(ty, right);
    }

    /// A send-once right.
    #[inline(always)]
    pub fn move_send_once(&mut self, ty: Ty, right: SendOnceRight<T>) {
        self.moved(ty, right);
    }

    /// A receive right, queue included.
    #[inline(always)]
    pub fn move_receive(&mut self, ty: Ty, right: ReceiveRight<T>) {
        self.moved(ty, right);
    }

    /// A right whose disposition the sender chose.
    #[inline]
    pub fn outbound(&mut self, ty: Ty, right: Outbound<'_, T>) {
        let (name, disposition, via) = right.into_raw();
        let name = self.admit(name, disposition, via);
        let complex = self.complex || disposition.is_port();
        self.cell(ty.with_name::<W>(disposition.0.into()), name);
        self.complex = complex;
    }

    /// A counted array of rights, in line.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more than `max`; none is taken then.
    pub fn rights(&mut self, ty: Ty, max: usize, mut rights: Outbounds<'_, T>) -> Result<()> {
        if rights.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.cells(ty, &mut rights);
        Ok(())
    }

    /// An array of a constant number of rights, in line.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more or fewer; none is taken then.
    pub fn rights_exactly(&mut self, ty: Ty, count: usize, mut rights: Outbounds<'_, T>) -> Result<()> {
        if rights.len() != count {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.cells(ty, &mut rights);
        Ok(())
    }

    /// An indefinite array of rights: in line up to `max`, in a region of their own above.
    ///
    /// # Errors
    /// As [`Transport::allocate`]; no right is taken then.
    pub fn rights_indefinite(&mut self, ty: Ty, max: usize, mut rights: Outbounds<'_, T>) -> Result<(), KernReturn> {
        if rights.len() > max {
            return self.rights_out_of_line(ty, rights);
        }
        self.cells(ty, &mut rights);
        Ok(())
    }

    /// An array of rights out of line, in a region of their own.
    ///
    /// # Errors
    /// As [`Transport::allocate`], and `MIG_ARRAY_TOO_LARGE` if the type word has no room for their number; no right is
    /// taken then.
    pub fn rights_out_of_line(&mut self, ty: Ty, mut rights: Outbounds<'_, T>) -> Result<(), KernReturn> {
        let (count, disposition) = (rights.len(), rights.disposition());
        let ty = ty.counting::<W>(count, 1)?;
        let (via, mut foreign) = (self.via.clone(), false);
        let memory = via.allocate(count * NAME, &mut |to| {
            for (index, cell) in to.chunks_exact_mut(NAME).enumerate() {
                cell.copy_from_slice(&rights.take(index, &via, &mut foreign).0.to_le_bytes());
            }
        })?;
        self.foreign |= foreign;
        self.names_item(ty, disposition, memory)
    }

    /// A reply's array of rights out of line.
    ///
    /// # Errors
    /// As [`Transport::allocate`], if the rights are not in a region of their own yet; `MIG_ARRAY_TOO_LARGE` if the type
    /// word has no room for their number.
    pub fn surrender_rights<R: Right<T>>(&mut self, ty: Ty, rights: Rights<'_, T, R>) -> Result<(), KernReturn> {
        let ty = ty.counting::<W>(rights.len(), 1)?;
        let memory = rights.into_names(&self.via)?;
        self.names_item(ty, R::MOVED, memory)
    }

    /// A reply's indefinite array of rights: in line up to `max`.
    ///
    /// # Errors
    /// As [`surrender_rights`](Outgoing::surrender_rights).
    pub fn rights_indefinite_moved<R: Right<T>>(
        &mut self,
        ty: Ty,
        max: usize,
        rights: Rights<'_, T, R>,
    ) -> Result<(), KernReturn> {
        if rights.len() > max {
            return self.surrender_rights(ty, rights);
        }
        self.moved_cells(ty, rights);
        Ok(())
    }

    /// A reply's counted array of rights, in line.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more than `max`; all are released then.
    pub fn rights_moved<R: Right<T>>(&mut self, ty: Ty, max: usize, rights: Rights<'_, T, R>) -> Result<()> {
        if rights.len() > max {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.moved_cells(ty, rights);
        Ok(())
    }

    /// A reply's array of a constant number of rights, in line.
    ///
    /// # Errors
    /// `MIG_ARRAY_TOO_LARGE` if there are more or fewer; all are released then.
    pub fn rights_moved_exactly<R: Right<T>>(&mut self, ty: Ty, count: usize, rights: Rights<'_, T, R>) -> Result<()> {
        if rights.len() != count {
            return Err(Error::ARRAY_TOO_LARGE);
        }
        self.moved_cells(ty, rights);
        Ok(())
    }

    fn moved_cells<R: Right<T>>(&mut self, ty: Ty, rights: Rights<'_, T, R>) {
        let count = rights.len();
        self.begin_cells(ty.with_name::<W>(R::MOVED.0.into()), count);
        let mut at = self.at - count * W::CELL;
        for right in rights {
            self.put_cell(at, right.into_raw());
            at += W::CELL;
        }
    }

    /// An array of rights that a [`RightsRoom`](crate::RightsRoom) at `from` took.
    #[inline]
    pub fn rights_in_place(&mut self, ty: Ty, from: usize, count: usize) {
        let data = self.at + ty.size::<W>();
        if from != data {
            self.buffer.copy_within(from..from + count * W::CELL, data);
        }
        self.ty_at(self.at, ty.with_number::<W>(count as u32));
        self.at = data + count * W::CELL;
        self.complex = true;
    }

    /// Rights in line, one after the other.
    fn cells(&mut self, ty: Ty, rights: &mut Outbounds<'_, T>) {
        let count = rights.len();
        self.begin_cells(ty.with_name::<W>(rights.disposition().0.into()), count);
        let (via, mut foreign) = (self.via.clone(), false);
        let start = self.at - count * W::CELL;
        for index in 0..count {
            let name = rights.take(index, &via, &mut foreign);
            self.put_cell(start + index * W::CELL, name);
        }
        self.foreign |= foreign;
    }

    /// The type word of an array of rights, and cells with null in them, so that every byte is written and every cell
    /// is a name whatever happens next.
    fn begin_cells(&mut self, ty: Ty, count: usize) {
        let ty = if W::WIDE { ty.with_bits::<W>(64) } else { ty };
        let data = self.at + ty.size::<W>();
        let end = data + count * W::CELL;
        self.buffer[data..end].fill(core::mem::MaybeUninit::new(0));
        self.ty_at(self.at, ty.with_number::<W>(count as u32));
        self.at = end;
        self.complex = true;
    }

    #[inline]
    fn put_cell(&mut self, at: usize, name: PortName) {
        self.put_at(at, name.0.to_le_bytes());
    }

    /// `ty` has the number of the names.
    fn names_item(&mut self, ty: Ty, disposition: Disposition, memory: T::Memory) -> Result<(), KernReturn> {
        let address = self.via.surrender(memory);
        let ty = ty.with_name::<W>(disposition.0.into()).with_bits::<W>(32).out_of_line::<W>(true);
        self.memory_item(ty, address)
    }
}

//! A transport that goes nowhere, as small as a transport can be.

use mig_rt::transport::Wire;
use mig_rt::{
    AbiId, Address, Arrived, Failed, KernReturn, Left, Memory, MsgReturn, Operation, PortName, RightKind, Transport,
};

/// The handle: of no size, as a real one would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Nowhere;

/// No memory at all.
pub(crate) struct Nothing;

impl Memory for Nothing {
    fn len(&self) -> usize {
        0
    }

    fn bytes(&self) -> Result<&[u8], KernReturn> {
        Ok(&[])
    }
}

impl Transport for Nowhere {
    const ABIS: &'static [AbiId] = &[AbiId::GnumachI386, AbiId::GnumachX8664, AbiId::GnumachX8664v2022];

    type Memory = Nothing;

    /// Whatever is sent comes back as it was: the optimiser must not know that nobody answers.
    fn msg(&self, abi: AbiId, operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        match core::hint::black_box(operation.send) {
            true => Ok(Arrived { abi, size: message.bytes().len() as u32, trailer: 0 }),
            false => Err(Failed { code: MsgReturn::RCV_INVALID_NAME, left: Left::Sent }),
        }
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        Err(KernReturn::NO_SPACE)
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        Ok(core::hint::black_box(PortName(1)))
    }

    fn retire_reply_port(&self, _: PortName) {}

    fn retain(&self, _: PortName, _: RightKind) -> Result<(), KernReturn> {
        Ok(())
    }

    fn release(&self, _: PortName, _: RightKind) {}

    fn allocate(&self, _: usize, _: &mut dyn FnMut(&mut [u8])) -> Result<Nothing, KernReturn> {
        Err(KernReturn::NO_SPACE)
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        Ok(Address(data.as_ptr() as u64))
    }

    fn unlend(&self, _: Address, _: usize) {}

    fn surrender(&self, _: Nothing) -> Address {
        Address(0)
    }

    unsafe fn adopt(&self, _: Address, _: usize) -> Nothing {
        Nothing
    }
}

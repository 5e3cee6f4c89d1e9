//! The server side of the device interface.

use mig_rt::{Answer, KernReturn, PortIn, PortName, ReplyTo, SendRight, Text, Translate};
use runtime_kernel::Task;

use crate::device::{
    D_NO_SUCH_DEVICE, Device, DeviceMode, DeviceServer, device_open, device_read_inband, device_write_inband,
};

/// A console: what is written to it can be read back.
pub(crate) struct Console {
    written: Vec<u8>,
    /// A right to the service's port, which stands for the opened device too.
    own: SendRight<Task>,
}

impl Console {
    /// A console that is opened and used through one port.
    pub(crate) fn new(own: SendRight<Task>) -> Console {
        Console { written: Vec::new(), own }
    }
}

/// `xxx_device_t` of C: the object that a port stands for. Here there is one.
impl Translate<Task, Device> for Console {
    type Object = PortName;

    fn intran(&self, from: PortIn<'_, Task>) -> PortName {
        match from {
            PortIn::Local(name) => name,
            PortIn::Right(right) => right.name(),
            PortIn::Payload(_) => PortName::NULL,
        }
    }
}

impl DeviceServer<Task> for Console {
    fn device_open(
        &mut self,
        _master: PortName,
        reply: ReplyTo<'_, Task, device_open::Reply>,
        _mode: DeviceMode,
        name: Text<'_>,
    ) -> Answer {
        let right = if name.bytes() == b"console" { self.own.try_clone() } else { Err(D_NO_SUCH_DEVICE) };
        reply.now(right.map(Into::into))
    }

    fn device_write_inband(
        &mut self,
        _device: PortName,
        reply: ReplyTo<'_, Task, device_write_inband::Reply>,
        _mode: DeviceMode,
        _recnum: u32,
        data: &[u8],
    ) -> Answer {
        self.written.extend(data);
        reply.now(i32::try_from(data.len()).map_err(|_| KernReturn::INVALID_ARGUMENT))
    }

    fn device_read_inband(
        &mut self,
        _device: PortName,
        reply: ReplyTo<'_, Task, device_read_inband::Reply>,
        _mode: DeviceMode,
        _recnum: u32,
        bytes_wanted: i32,
    ) -> Answer {
        let wanted = usize::try_from(bytes_wanted).unwrap_or(0).min(self.written.len());
        let data: Vec<u8> = self.written.drain(..wanted).collect();
        reply.now(Ok(&data))
    }

    fn device_close(&mut self, _device: PortName) -> Result<(), KernReturn> {
        Ok(())
    }
}

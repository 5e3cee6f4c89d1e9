//! Messages that the programs make by hand: memory to another program, and waiting.

use mig_rt::{AbiId, Operation, PortName, ReceiveRight, SendRight, Timeout};
use runtime_kernel::Task;

const ABI: AbiId = AbiId::GnumachI386;

/// Waits for so many milliseconds, at a port to which nobody sends.
pub(crate) fn sleep(clock: &ReceiveRight<Task>, milliseconds: u32) {
    let limit = Some(Timeout(milliseconds));
    let operation = Operation { receive: Some(clock.name()), receive_timeout: limit, ..Operation::default() };
    // What comes is that the time is over.
    let _ = clock.via().mach_msg(ABI, operation, PortName::NULL, &mut Vec::new(), 64);
}

/// Sends memory to a program. If it moves, the sender has it no more.
///
/// # Errors
/// If its queue is full: where the memory of the message is now, which has come back to its sender.
pub(crate) fn send_memory(to: &SendRight<Task>, id: u32, (at, size): (u64, usize), moves: bool) -> Result<(), u64> {
    // Bytes out of line, of any number, and whether the sender has them no more.
    let kind = [0x2000_0000 | u32::from(moves) << 30, 0x0008_0009];
    let words = [19 | 1 << 31, 40, to.name().0, 0, 0, id, kind[0], kind[1], size as u32, at as u32];
    let mut bytes = words.map(u32::to_le_bytes).concat();
    let operation = Operation { send: true, send_timeout: Some(Timeout(0)), ..Operation::default() };
    let sent = to.via().mach_msg(ABI, operation, PortName::NULL, &mut bytes, 0);
    sent.map(drop).map_err(|_| word(&bytes, 36).into())
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// What came to a port: which message, and where its memory is; none if nothing came in the time.
pub(crate) fn receive_memory(port: &ReceiveRight<Task>, limit: Option<Timeout>) -> Option<(u32, u64, usize)> {
    let operation = Operation { receive: Some(port.name()), receive_timeout: limit, ..Operation::default() };
    let mut bytes = Vec::new();
    port.via().mach_msg(ABI, operation, PortName::NULL, &mut bytes, 256).ok()?;
    Some((word(&bytes, 20), word(&bytes, 36).into(), word(&bytes, 32) as usize))
}

/// Sends a message without anything to a port, and waits for room.
pub(crate) fn tell(to: &SendRight<Task>, id: u32) {
    let mut bytes = [19, 24, to.name().0, 0, 0, id].map(u32::to_le_bytes).concat();
    // Nobody listens any more if this fails.
    let operation = Operation { send: true, ..Operation::default() };
    let _ = to.via().mach_msg(ABI, operation, PortName::NULL, &mut bytes, 0);
}

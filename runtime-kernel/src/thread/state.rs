//! What the registers of a thread's processor hold: values that are kept, and returned as they were set. No machine code
//! runs on them.

use std::collections::BTreeMap;

use generated::darwin::types::{arm, x86};
use generated::mach3::types::i386;
use mig_rt::{AbiId, Flavor, KernReturn, Room};

/// The processor that tasks of Darwin run on, as far as states of their threads go. Tasks of Mach 3 have the one that
/// their ABI is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Processor {
    /// 64-bit ARM: `ARM_THREAD_STATE64` and its kin.
    #[default]
    Arm64,
    /// 64-bit Intel: `x86_THREAD_STATE64` and its kin.
    X86_64,
}

/// What decides which flavors of state a thread has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Machine {
    I386,
    /// 64-bit Intel, as GNU Mach shows it.
    Wide386,
    Darwin(Processor),
}

/// `THREAD_STATE_FLAVOR_LIST`: not a state, but the flavors that there are.
const LIST: i32 = 0;
/// `i386_THREAD_STATE` of GNU Mach for 64 bits: 17 registers, `cs`, flags, stack pointer and `ss`, in 64 bits each.
const WIDE_GENERAL: usize = 42;
/// `i386_FSGS_BASE_STATE` of the same: two addresses.
const WIDE_BASES: (i32, usize) = (7, 4);

/// A flavor, and how many words it has.
type Shape = (i32, usize);

fn shape<F: Flavor>() -> Shape {
    // States are the same in every ABI that has them.
    let words = AbiId::ALL.iter().find_map(|it| F::words(*it));
    (F::NUMBER, words.expect("generated tables have the flavor for some ABI"))
}

impl Machine {
    pub(crate) fn of(abi: AbiId, processor: Processor) -> Machine {
        match abi {
            AbiId::GnumachI386 => Machine::I386,
            AbiId::GnumachX8664 | AbiId::GnumachX8664v2022 => Machine::Wide386,
            _ => Machine::Darwin(processor),
        }
    }

    fn shapes(self) -> Vec<Shape> {
        match self {
            Machine::Darwin(Processor::Arm64) => {
                vec![shape::<arm::ArmThreadState64>(), shape::<arm::ArmExceptionState64>()]
            }
            Machine::Darwin(Processor::X86_64) => {
                vec![
                    shape::<x86::X86ThreadState32>(),
                    shape::<x86::X86ThreadState64>(),
                    shape::<x86::X86ExceptionState64>(),
                ]
            }
            Machine::I386 | Machine::Wide386 => {
                let mut shapes = vec![
                    shape::<i386::I386ThreadState>(),
                    shape::<i386::I386FloatState>(),
                    shape::<i386::I386IsaPortMapState>(),
                    shape::<i386::I386V86AssistState>(),
                    shape::<i386::I386RegsSegsState>(),
                    shape::<i386::I386DebugState>(),
                ];
                if self == Machine::Wide386 {
                    (shapes[0].1, shapes[4].1) = (WIDE_GENERAL, WIDE_GENERAL);
                    shapes.push(WIDE_BASES);
                }
                shapes
            }
        }
    }

    /// How many words a flavor has.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there is none of this number.
    pub(crate) fn words(self, flavor: i32) -> Result<usize, KernReturn> {
        let shapes = self.shapes();
        let found = shapes.iter().find(|it| it.0 == flavor).map(|it| it.1);
        found.ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// The flavor under which the registers of a flavor are kept: two of Mach 3 are of the same registers.
    fn kept(self, flavor: i32) -> i32 {
        match self {
            Machine::I386 | Machine::Wide386 if flavor == i386::I386RegsSegsState::NUMBER => {
                i386::I386ThreadState::NUMBER
            }
            _ => flavor,
        }
    }

    /// The words of `cs` and `ss`, which only a program may be given that runs in user mode.
    fn selectors(self) -> [usize; 2] {
        if self == Machine::Wide386 { [34, 40] } else { [13, 16] }
    }
}

/// The state of one thread: nothing was set where nothing is.
#[derive(Debug, Default)]
pub(crate) struct MachineState {
    kept: BTreeMap<i32, Vec<u32>>,
}

impl MachineState {
    /// What a flavor shows.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the machine has none of this number.
    pub(crate) fn get(&self, machine: Machine, flavor: i32) -> Result<Vec<u32>, KernReturn> {
        if flavor == LIST {
            return Ok(machine.shapes().iter().map(|it| it.0 as u32).collect());
        }
        let words = machine.words(flavor)?;
        let kept = self.kept.get(&machine.kept(flavor));
        // A thread that has no map of ports may use none.
        let nothing = if is_port_map(machine, flavor) { u32::MAX } else { 0 };
        Ok(kept.map_or_else(|| vec![nothing; words], Clone::clone))
    }

    /// The same into the room of a reply.
    ///
    /// # Errors
    /// The same if there is less room.
    pub(crate) fn fill(&self, machine: Machine, flavor: i32, room: &mut Room<'_, u32>) -> Result<(), KernReturn> {
        let words = self.get(machine, flavor)?;
        room.extend(&words).map_err(|_| KernReturn::INVALID_ARGUMENT)
    }

    /// Where its program is, as far as it was set.
    pub(crate) fn program_counter(&self, machine: Machine) -> u64 {
        let general = |flavor| self.kept.get(&flavor).map_or(&[][..], Vec::as_slice);
        let words =
            |flavor, at: usize| general(flavor).get(at..at + 2).map(|it| u64::from(it[1]) << 32 | u64::from(it[0]));
        let found = match machine {
            Machine::I386 => general(i386::I386ThreadState::NUMBER).get(12).map(|it| u64::from(*it)),
            Machine::Wide386 => words(i386::I386ThreadState::NUMBER, 32),
            Machine::Darwin(Processor::Arm64) => words(arm::ArmThreadState64::NUMBER, 64),
            Machine::Darwin(Processor::X86_64) => words(x86::X86ThreadState64::NUMBER, 32),
        };
        found.unwrap_or_default()
    }

    /// Sets what a flavor shows; words that it does not have are ignored.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if the machine has none of this number, if there are too few words, or if they would take
    /// the thread out of user mode.
    pub(crate) fn set(&mut self, machine: Machine, flavor: i32, words: &[u32]) -> Result<(), KernReturn> {
        let words = words.get(..machine.words(flavor)?).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let kept = machine.kept(flavor);
        // A selector whose lowest bits are both set is one of user mode.
        if kept != flavor && machine.selectors().iter().any(|it| words[*it] & 3 != 3) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        // Which ports a thread may use is decided otherwise.
        if !is_port_map(machine, flavor) {
            self.kept.insert(kept, words.to_vec());
        }
        Ok(())
    }
}

fn is_port_map(machine: Machine, flavor: i32) -> bool {
    !matches!(machine, Machine::Darwin(_)) && flavor == i386::I386IsaPortMapState::NUMBER
}

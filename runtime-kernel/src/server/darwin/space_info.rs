//! What a space looks like from inside.
//!
//! Every name is told as one of the table, those too that a task has chosen: there is no tree.

use generated::darwin::types::{IpcInfoName, IpcInfoSpace, IpcInfoSpaceBasic, PortType};
use mig_rt::{Address, KernReturn, PortName};

use crate::budget::Resource;
use crate::ipc::space::Space;

/// Bits of a name that change when it is used again.
const GENERATION: u32 = 0xff;

/// `mach_port_space_info`
pub(super) fn info(space: &Space) -> Result<(IpcInfoSpace, Vec<IpcInfoName>), KernReturn> {
    drop(space.alive()?);
    space.budget.afford(Resource::Objects)?;
    let mut state = space.alive()?;
    let (size, next) = state.table().room();
    let names: Vec<PortName> = state.names().collect();
    let mut table = Vec::with_capacity(names.len());
    for name in names {
        let iin_type = PortType(state.type_of(name).unwrap_or(0));
        let Some(entry) = state.get(name) else { continue };
        table.push(IpcInfoName {
            iin_name: name,
            iin_collision: 0,
            iin_type,
            iin_urefs: entry.references,
            iin_object: entry.held.port().map_or(0, |it| it.id as u32),
            iin_next: 0,
            iin_hash: 0,
        });
    }
    let space = IpcInfoSpace {
        iis_genno_mask: GENERATION,
        iis_table_size: size as u32,
        iis_table_next: next as u32,
        iis_tree_size: 0,
        iis_tree_small: 0,
        iis_tree_hash: 0,
    };
    Ok((space, table))
}

/// `mach_port_space_basic_info`
pub(super) fn basic(space: &Space) -> Result<IpcInfoSpaceBasic, KernReturn> {
    let state = space.alive()?;
    let (size, next) = state.table().room();
    Ok(IpcInfoSpaceBasic {
        iisb_genno_mask: GENERATION,
        iisb_table_size: size as u32,
        iisb_table_next: next as u32,
        iisb_table_inuse: state.len() as u32,
        iisb_reserved: [0; 2],
    })
}

/// `mach_port_kobject`: kind, a number that no other port has, and words. Kind 0 is a port that no kernel receives from.
pub(super) fn object(space: &Space, name: PortName) -> Result<(u32, Address, String), KernReturn> {
    let port = space.port(name)?;
    Ok(match port.object() {
        Some(it) => (it.kind(), Address(port.id), format!("{it:?}")),
        None => (0, Address(0), String::new()),
    })
}

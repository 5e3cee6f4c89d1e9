//! A call of every routine of `shapes`, with room for the largest results that a definition allows.

use mig_rt::{AbiId, Data, Give, MsgOptions, PortName, ReceiveRight, Region, Result, SendRight, Text, Timeout, Wide};

use super::server::Port;
use super::shapes::any;

/// Calls a routine by its number, and looks at every byte and name of the results.
pub(super) fn call(abi: AbiId, number: u32, via: &Port, to: &SendRight<Port>) -> Result<String> {
    match number {
        0..=14 => in_line(abi, number, via, to),
        15..=32 => out_of_line(abi, number, via, to),
        _ => others(abi, number, via, to),
    }
}

/// What was filled in, as text.
fn text(bytes: &[u8]) -> String {
    Text::cut(bytes, bytes.len() + 1).escape_ascii().to_string()
}

fn in_line(abi: AbiId, number: u32, via: &Port, to: &SendRight<Port>) -> Result<String> {
    let (mut bytes, mut ints) = ([0; 96], [0; 10]);
    Ok(match number {
        0 => format!("{:?}", any::r_noargs(abi, to)?),
        1 => format!("{:?}", any::r_scalars(abi, to, 1, 2, true)?),
        2 => format!("{:?}", any::s_simple(abi, to, 1, 2)?),
        3 => {
            let made = ReceiveRight::new(via)?;
            let moved = (via.make_send(&made), ReceiveRight::new(via)?);
            format!("{:?}", any::r_ports(abi, to, to, moved.0, &made, moved.1, &made, PortName(5))?)
        }
        4 => format!("{:?}", any::r_port_out(abi, to)?),
        5 => format!("{:?}", any::r_inout(abi, to, 1, [2, 3, 4])?),
        6 => format!("{:?}", any::r_fixarr(abi, to, &[1, 2, 3, 4, 5])?),
        8 => format!("{:?}", any::r_var_in(abi, to, &[1, 2, 3])?),
        9 => format!("{:?}", any::r_var_in2(abi, to, &[1, 2, 3], 4, &[5], 6)?),
        10 => format!("{:?}", &bytes[..any::r_var_out(abi, to, &mut [0; 96])?]),
        11 => format!("{:?} {bytes:?} {ints:?}", any::r_var_out2(abi, to, &mut bytes, &mut ints)?),
        12 => format!("{:?} {ints:?}", any::r_countinout(abi, to, 10, &mut ints)?),
        13 => {
            let count = any::r_cstr(abi, to, b"text", &mut bytes[..32])?;
            text(&bytes[..count])
        }
        14 => {
            let count = any::r_cstr_var(abi, to, b"text", 1, &mut bytes[..64])?;
            text(&bytes[..count])
        }
        other => unreachable!("no routine {other} in line"),
    })
}

fn out_of_line(abi: AbiId, number: u32, via: &Port, to: &SendRight<Port>) -> Result<String> {
    let rights = [via.port(), via.port(), SendRight::null(via)];
    let mut room = [0; 2048];
    Ok(match number {
        15 => format!("{:?}", any::r_ool_in(abi, to, &[1; 5000])?),
        16 => format!("{:?}", any::r_ool_in_dealloc(abi, to, Region::new(via, &[1; 50])?)?),
        17 => format!("{:?}", any::r_ool_in_maybe(abi, to, Give::Lend(&[1; 50]))?),
        18 => format!("{:?}", any::r_ool_out(abi, to)?.bytes()?),
        19 => format!("{:?}", any::r_ool_out_dealloc(abi, to)?.bytes()?),
        20 => format!("{:?}", any::r_ool_out_maybe(abi, to)?.bytes()?),
        21 => format!("{:?}", any::r_poly_in(abi, to, to.copy(), 1)?),
        22 => format!("{:?}", any::r_poly_out(abi, to)?),
        23 => format!("{:?}", any::r_polysend_out(abi, to)?),
        24 => format!("{:?}", any::r_ind_in(abi, to, &[1; 100])?),
        25 => format!("{:?}", any::r_ind_in_dealloc(abi, to, Give::Move(Region::new(via, &[1; 3000])?), 1)?),
        26 => format!("{:?}", any::r_ind_in_scopy(abi, to, &[1; 3000])?),
        27 => data(&any::r_ind_out(abi, to, &mut room)?)?,
        28 => data(&any::r_ind_out_dealloc(abi, to, &mut room)?.d)?,
        29 => format!("{:?}", any::r_portarr_ool_in(abi, to, &rights)?),
        30 => format!("{:?}", any::r_portarr_ool_out(abi, to)?),
        31 => format!("{:?}", any::r_portarr_ind_in(abi, to, &rights)?),
        32 => format!("{:?}", any::r_portarr_ind_out(abi, to)?.collect::<Vec<_>>()),
        other => unreachable!("no routine {other} out of line"),
    })
}

fn data(it: &Data<'_, Port, u8>) -> Result<String> {
    Ok(format!("{:?}", it.bytes()?))
}

fn others(abi: AbiId, number: u32, via: &Port, to: &SendRight<Port>) -> Result<String> {
    let (mut bytes, mut pairs) = ([0; 40], [[0; 2]; 8]);
    let answers = ReceiveRight::new(via)?;
    Ok(match number {
        33 => format!("{:?}", any::r_big(abi, to, &[1; 5000], 1)?),
        34 => format!("{:?}", any::r_islong(abi, to, 1)?),
        35 => format!("{:?}", any::r_seqno(abi, to, 1)?),
        36 => format!("{:?}", any::r_waittime(abi, to, Timeout(10), MsgOptions::NONE, 1)?),
        37 => format!("{:?}", any::r_replyport(abi, to, &answers, 1)?),
        38 => format!("{:?}", any::r_sureply(abi, to, &answers, 1)?),
        39 => format!("{:?}", any::r_trans(abi, to, 1)?),
        40 => format!("{:?}", any::r_trans_inout(abi, to, 1)?),
        41 => format!("{:?} {pairs:?}", any::r_struct_var(abi, to, &[[1, 2]], &mut pairs)?),
        42 => format!("{:?}", any::r_reqpoly(abi, to.copy(), 1)?),
        43 => {
            let (mut x, mut y) = ([0; 512], [Wide::new(0); 6]);
            let out = any::r_mixed(abi, to, &[1, 2], to, &[3], &mut x, &mut y)?;
            format!("{:?} {:?} {}", out.x.iter()?.collect::<Vec<_>>(), out.q, out.k)
        }
        44 => {
            let once = via.with_port(|it| via.make_send_once(it));
            format!("{:?}", any::s_reply(abi, once, 1, &[1, 2])?)
        }
        45 => format!("{:?}", any::s_ind(abi, to, Give::Lend(&[1; 3000]))?),
        46 => format!("{:?} {bytes:?}", any::r_chars(abi, to, &[1, 2], &mut bytes)?),
        47 => format!("{:?}", any::r_notlong(abi, to, &[1, 2])?.bytes()?),
        48 => format!("{:?}", any::r_odd(abi, to, &[1, 2], 3)?),
        other => unreachable!("no routine {other}"),
    })
}

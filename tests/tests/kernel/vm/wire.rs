//! Pages that stay.

use mig_rt::Protection;

use super::{FREE, PAGE, Vm, each};

#[test]
fn vm_wire() {
    each(|vm| {
        let host = vm.side.world.kernel.host_priv_port(&vm.side.task);
        let wire = |place, access| vm.wire(&host, vm.me(), place, access);
        vm.pages(FREE, 3);
        vm.protect(vm.me(), (FREE + 2 * PAGE, PAGE), false, Protection::READ).unwrap();
        covers!("vm_wire", "KERN_SUCCESS", wire((FREE, PAGE + 1), Protection::READ));
        assert_eq!(vm.side.world.kernel.census().pages, 2, "they are there now");
        covers!("vm_wire", "KERN_SUCCESS", wire((FREE + PAGE, PAGE), Protection::DEFAULT));
        covers!("vm_wire", "KERN_INVALID_ARGUMENT", wire((FREE + PAGE, 2 * PAGE), Protection::NONE));
        covers!("vm_wire", "KERN_SUCCESS", wire((FREE, 2 * PAGE), Protection::NONE));
        covers!("vm_wire", "KERN_INVALID_ARGUMENT", wire((FREE, PAGE), Protection::NONE));
        covers!("vm_wire", "KERN_SUCCESS", wire((FREE + PAGE, PAGE), Protection::NONE));
        refused(vm, &wire, &host);
        let huge = vm.allocate(vm.me(), 0, 2 << 30, true).unwrap();
        covers!("vm_wire", "KERN_RESOURCE_SHORTAGE", wire((huge, 2 << 30), Protection::READ));
        vm.deallocate(vm.me(), huge, 2 << 30).unwrap();
        vm.free(FREE, 3);
    });
}

fn refused(
    vm: &Vm<'_>,
    wire: &dyn Fn((u64, u64), Protection) -> mig_rt::Result<()>,
    host: &mig_rt::SendRight<runtime_kernel::Task>,
) {
    let page = (FREE, PAGE);
    covers!("vm_wire", "KERN_INVALID_HOST", vm.wire(vm.no_task(), vm.me(), page, Protection::READ));
    covers!("vm_wire", "KERN_INVALID_TASK", vm.wire(host, vm.no_task(), page, Protection::READ));
    covers!("vm_wire", "KERN_INVALID_ARGUMENT", wire(page, Protection(8)));
    let (hole, forbidden) =
        (wire((FREE, 4 * PAGE), Protection::READ), wire((FREE + PAGE, 2 * PAGE), Protection::DEFAULT));
    if vm.is_mach3() {
        covers!("vm_wire", "KERN_FAILURE", hole);
        covers!("vm_wire", "KERN_FAILURE", forbidden);
    } else {
        covers!("vm_wire", "KERN_INVALID_ADDRESS", hole);
        covers!("vm_wire", "KERN_PROTECTION_FAILURE", forbidden);
    }
}

#[test]
fn what_is_wired_is_written_and_not_replaced() {
    each(|vm| {
        let host = vm.side.world.kernel.host_priv_port(&vm.side.task);
        vm.pages(FREE, 2);
        vm.fill(FREE, 2, 1);
        vm.wire(&host, vm.me(), (FREE, PAGE), Protection::DEFAULT).unwrap();
        vm.write(vm.me(), FREE, &[2; 2 * PAGE as usize]).unwrap();
        assert_eq!((vm.byte(FREE), vm.byte(FREE + PAGE)), (Ok(2), Ok(2)));
        vm.free(FREE, 2);
        let again = vm.pages(FREE, 1);
        assert_eq!(vm.byte(again), Ok(0));
        let unwired = vm.wire(&host, vm.me(), (FREE, PAGE), Protection::NONE);
        covers!("vm_wire", "KERN_INVALID_ARGUMENT", unwired);
        vm.free(FREE, 1);
    });
}

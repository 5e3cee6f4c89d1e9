/* What stubs call: the C library of a Mach system declares it. */
#ifndef MACH_MIG_SUPPORT_H
#define MACH_MIG_SUPPORT_H

#include <mach/port.h>
#include <mach/std_types.h>
#include <string.h>

mach_port_t mig_get_reply_port (void);
void mig_put_reply_port (mach_port_t);
void mig_dealloc_reply_port (mach_port_t);
void mig_allocate (vm_address_t *, vm_size_t);
void mig_deallocate (vm_address_t, vm_size_t);
vm_size_t mig_strncpy (char *, const char *, vm_size_t);

#endif

/* What C's stubs call: the C library of the Hurd has it, Debian's headers of the kernel have not. */
#ifndef MACH_MIG_SUPPORT_H
#define MACH_MIG_SUPPORT_H
#include <string.h>
#include <mach/message.h>
mach_port_t mig_get_reply_port(void);
void mig_put_reply_port(mach_port_t port);
void mig_dealloc_reply_port(mach_port_t port);
mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
                           mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout,
                           mach_port_t notify);
#endif

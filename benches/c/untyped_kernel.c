/* The kernel of `kernel.c`, for untyped messages. */
#include "untyped.h"

typedef boolean_t (*demux_t)(mach_msg_header_t *, mach_msg_header_t *);

NDR_record_t NDR_record = {0, 0, 0, 0, 1, 0, 0, 0};

static demux_t demux;
char untyped_request[16384] __attribute__((aligned(16)));
char untyped_reply[16384] __attribute__((aligned(16)));

void untyped_serve_with(demux_t it)
{
    demux = it;
}

void mach_msg_destroy(mach_msg_header_t *message)
{
    OPAQUE();
}

static void deliver(mach_msg_header_t *message, unsigned size)
{
    unsigned bits = message->msgh_bits;
    unsigned remote = received(bits & 0x1f), local = received(bits >> 8 & 0x1f);
    mach_port_t to = message->msgh_remote_port;
    mach_msg_trailer_t *trailer = (mach_msg_trailer_t *) ((char *) message + size);
    message->msgh_bits = (bits & COMPLEX) | local | remote << 8;
    message->msgh_size = size;
    message->msgh_remote_port = message->msgh_local_port;
    message->msgh_local_port = to;
    if (bits & COMPLEX) {
        mach_msg_body_t *body = (mach_msg_body_t *) (message + 1);
        unsigned count = body->msgh_descriptor_count;
        char *at = (char *) (body + 1);
        for (; count; count--) {
            mach_msg_port_descriptor_t *port = (mach_msg_port_descriptor_t *) at;
            if (port->type == PORT_DESCRIPTOR) {
                port->pad1 = port->pad2 = 0;
                port->disposition = received(port->disposition);
                at += sizeof *port;
            } else {
                mach_msg_ool_descriptor_t *memory = (mach_msg_ool_descriptor_t *) at;
                memory->deallocate = 1;
                memory->pad1 = 0;
                at += sizeof *memory;
            }
        }
    }
    trailer->msgh_trailer_type = 0;
    trailer->msgh_trailer_size = sizeof *trailer;
}

int untyped_mach_msg(mach_msg_header_t *message, int option, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
                     mach_port_t rcv_name, unsigned timeout, mach_port_t notify)
{
    unsigned size;
    memcpy(untyped_request, message, send_size);
    deliver((mach_msg_header_t *) untyped_request, send_size);
    demux((mach_msg_header_t *) untyped_request, (mach_msg_header_t *) untyped_reply);
    size = ((mach_msg_header_t *) untyped_reply)->msgh_size;
    if (size + sizeof(mach_msg_trailer_t) > rcv_size)
        return MACH_RCV_TOO_LARGE;
    memcpy(message, untyped_reply, size);
    deliver(message, size);
    return 0;
}

/*
 * The kernel between both sides' stubs: it copies a message to the server and the reply back, turns the header round
 * and converts dispositions, and does nothing else. C's stubs and ours are carried by the same function; this one
 * carries typed messages.
 */
#include <stdint.h>
#include <string.h>
#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/mig_support.h>
#include "kernel.h"

typedef boolean_t (*demux_t)(mach_msg_header_t *, mach_msg_header_t *);

static demux_t demux;
char typed_request[16384] __attribute__((aligned(16)));
char typed_reply[16384] __attribute__((aligned(16)));

void typed_serve_with(demux_t it)
{
    demux = it;
}

void kernel_release(mach_port_t port)
{
    OPAQUE();
}

void kernel_free(const void *memory, size_t size)
{
    OPAQUE();
}

mach_port_t mig_get_reply_port(void)
{
    OPAQUE();
    return 2457;
}

void mig_put_reply_port(mach_port_t port)
{
    OPAQUE();
}

void mig_dealloc_reply_port(mach_port_t port)
{
    OPAQUE();
}

/* Bytes of an item, type word included. */
static unsigned length(const uint32_t *word)
{
    unsigned number = *word >> 16 & 0xfff, width = *word >> 8 & 0xff, start = 4;
    if (*word & 0x20000000u) {
        width = word[1] >> 16;
        number = word[2];
        start = 12;
    }
    return start + (*word & 0x10000000u ? (number * width / 8 + 3) & ~3u : sizeof(void *));
}

static void deliver(mach_msg_header_t *message, unsigned size, int sequence)
{
    unsigned bits = message->msgh_bits;
    unsigned remote = received(bits & 0xff), local = received(bits >> 8 & 0xff);
    mach_port_t to = message->msgh_remote_port;
    message->msgh_bits = (bits & 0x80000000u) | local | remote << 8;
    message->msgh_remote_port = message->msgh_local_port;
    message->msgh_local_port = to;
    message->msgh_seqno = sequence;
    message->msgh_size = size;
    if (bits & 0x80000000u) {
        char *at = (char *) (message + 1), *end = (char *) message + size;
        while (at < end) {
            uint32_t *word = (uint32_t *) at;
            unsigned name = *word & 0xff;
            if (name >= 16 && name <= 21)
                *word = (*word & ~0xffu) | received(name);
            at += length(word);
        }
    }
}

mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
                           mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout,
                           mach_port_t notify)
{
    unsigned size;
    memcpy(typed_request, message, send_size);
    deliver((mach_msg_header_t *) typed_request, send_size, 42);
    demux((mach_msg_header_t *) typed_request, (mach_msg_header_t *) typed_reply);
    size = ((mach_msg_header_t *) typed_reply)->msgh_size;
    if (size > rcv_size)
        return MACH_RCV_TOO_LARGE;
    memcpy(message, typed_reply, size);
    deliver(message, size, 7);
    return MACH_MSG_SUCCESS;
}

/* What the kernels of both families share. */
#ifndef KERNEL_H
#define KERNEL_H
#include <stddef.h>

/* What the compiler may not know of. */
#define OPAQUE() __asm__ volatile("" ::: "memory")

/* A disposition as sent → as received. */
static inline unsigned received(unsigned disposition)
{
    static const unsigned char all[8] = {16, 17, 18, 17, 17, 18, 22, 23};
    return disposition ? all[disposition & 7] : 0;
}

void kernel_release(unsigned port);
void kernel_free(const void *memory, size_t size);
unsigned mig_get_reply_port(void);
void mig_put_reply_port(unsigned port);
void mig_dealloc_reply_port(unsigned port);
#endif

/* What the server does, in C, for the stubs of both families. `src/service.rs` does the same. */
#include <string.h>
#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include "bench_server.h"
#include "kernel.h"

const int service_ints[1024] = {1, 2, 3};
const uint8_t service_bytes[4096] = {1, 2, 3};

kern_return_t S_b_null(mach_port_t server)
{
    return KERN_SUCCESS;
}

kern_return_t S_b_scalars(mach_port_t server, int a, uint64_t b, boolean_t c, int *x, uint64_t *y)
{
    *x = a + c;
    *y = b + 1;
    return KERN_SUCCESS;
}

kern_return_t S_b_in_few(mach_port_t server, const few_t d, int *x)
{
    *x = d[0] + d[12];
    return KERN_SUCCESS;
}

kern_return_t S_b_in_some(mach_port_t server, const some_t d, int *x)
{
    *x = d[0] + d[127];
    return KERN_SUCCESS;
}

kern_return_t S_b_in_many(mach_port_t server, const many_t d, int *x)
{
    *x = d[0] + d[1023];
    return KERN_SUCCESS;
}

kern_return_t S_b_in_ints(mach_port_t server, const ints_t d, mach_msg_type_number_t n, int k, int *x)
{
    *x = n ? d[0] + d[n - 1] + k : k;
    return KERN_SUCCESS;
}

kern_return_t S_b_in_bytes(mach_port_t server, const bytes_t d, mach_msg_type_number_t n, int *x)
{
    *x = n ? d[0] + d[n - 1] : 0;
    return KERN_SUCCESS;
}

kern_return_t S_b_in_two(mach_port_t server, const ints_t d, mach_msg_type_number_t n, int m, const bytes_t e,
                         mach_msg_type_number_t k, uint64_t z, int *x)
{
    *x = n && k ? d[n - 1] + e[k - 1] + m + (int) z : 0;
    return KERN_SUCCESS;
}

kern_return_t S_b_rights(mach_port_t server, mach_port_t a, mach_port_t b, mach_port_t c)
{
    if (MACH_PORT_VALID(a))
        kernel_release(a);
    if (MACH_PORT_VALID(b))
        kernel_release(b);
    if (MACH_PORT_VALID(c))
        kernel_release(c);
    return KERN_SUCCESS;
}

kern_return_t S_b_out_few(mach_port_t server, few_t d)
{
    memcpy(d, service_ints, sizeof(few_t));
    return KERN_SUCCESS;
}

kern_return_t S_b_out_some(mach_port_t server, some_t d)
{
    memcpy(d, service_ints, sizeof(some_t));
    return KERN_SUCCESS;
}

kern_return_t S_b_out_many(mach_port_t server, many_t d)
{
    memcpy(d, service_ints, sizeof(many_t));
    return KERN_SUCCESS;
}

kern_return_t S_b_out_ints(mach_port_t server, int n, ints_t d, mach_msg_type_number_t *count)
{
    if ((mach_msg_type_number_t) n > *count)
        n = *count;
    memcpy(d, service_ints, 4 * n);
    *count = n;
    return KERN_SUCCESS;
}

kern_return_t S_b_out_two(mach_port_t server, int n, ints_t d, mach_msg_type_number_t *count, bytes_t e,
                          mach_msg_type_number_t *length)
{
    if ((mach_msg_type_number_t) n > *count)
        n = *count;
    memcpy(d, service_ints, 4 * n);
    memcpy(e, service_bytes, 4 * n);
    *count = n;
    *length = 4 * n;
    return KERN_SUCCESS;
}

kern_return_t S_b_in_region(mach_port_t server, region_t d, mach_msg_type_number_t n, int *x)
{
    *x = n ? d[0] + d[n - 1] : 0;
    kernel_free(d, 4 * n);
    return KERN_SUCCESS;
}

kern_return_t S_b_out_region(mach_port_t server, region_t *d, mach_msg_type_number_t *count)
{
    *d = (region_t) service_ints;
    *count = 1024;
    return KERN_SUCCESS;
}

/* Client stubs of `bench.defs` for untyped messages. */
#include "untyped.h"

/* Completes the header, sends the request, and receives the reply into the same buffer. */
INLINE kern_return_t call(mach_msg_header_t *it, unsigned complex, mach_port_t server, int id,
                          mach_msg_size_t send_size, mach_msg_size_t rcv_size)
{
    kern_return_t result;
    it->msgh_local_port = mig_get_reply_port();
    it->msgh_bits = complex | COPY_SEND | MAKE_SEND_ONCE << 8;
    it->msgh_remote_port = server;
    it->msgh_id = id;
    it->msgh_voucher_port = 0;
    result = untyped_mach_msg(it, MACH_SEND_MSG | MACH_RCV_MSG, send_size, rcv_size, it->msgh_local_port, 0, 0);
    switch (result) {
    case 0:
        break;
    case MACH_SEND_INVALID_DATA:
    case MACH_SEND_INVALID_DEST:
    case MACH_SEND_INVALID_HEADER:
        mig_put_reply_port(it->msgh_local_port);
        break;
    default:
        mig_dealloc_reply_port(it->msgh_local_port);
    }
    return result;
}

/* The first check of a reply. */
INLINE kern_return_t check_id(const mach_msg_header_t *it, int id)
{
    if (it->msgh_id == id + 100)
        return 0;
    return it->msgh_id == MACH_NOTIFY_SEND_ONCE ? MIG_SERVER_DIED : MIG_REPLY_MISMATCH;
}

INLINE boolean_t is_size(mach_msg_size_t size, mach_msg_size_t min, mach_msg_size_t max)
{
    return min == max ? size == max : size >= min && size <= max;
}

/* Checks a reply without descriptors; the server's code if it is one. */
INLINE kern_return_t check_simple(const void *reply, int id, mach_msg_size_t min, mach_msg_size_t max)
{
    const mig_reply_error_t *it = reply;
    boolean_t complex = (it->Head.msgh_bits & COMPLEX) != 0;
    mach_msg_size_t size = it->Head.msgh_size;
    kern_return_t result = check_id(&it->Head, id);
    if (result != 0)
        return result;
    if (max == sizeof *it ? complex || size != max
                          : complex || (!is_size(size, min, max) && (size != sizeof *it || it->RetCode == 0)))
        return MIG_TYPE_ERROR;
    if (it->Head.msgh_remote_port != 0)
        return MIG_TYPE_ERROR;
    return it->RetCode;
}

#define ID(routine) (BASE + routine)
#define SIZE(type, variable) (sizeof(type) - (variable))

/* Sends `mess.In`, and checks `mess.Out` up to its variable part of so many bytes. */
#define CALL(number, complex, send_size)                                                                               \
    do {                                                                                                               \
        kern_return_t result = call(&mess.In.Head, complex, server, ID(number), send_size, sizeof mess.Out + 8);       \
        if (result != 0)                                                                                               \
            return result;                                                                                             \
    } while (0)
#define CHECK(check)                                                                                                   \
    do {                                                                                                               \
        kern_return_t result = check;                                                                                  \
        if (result != 0) {                                                                                             \
            mach_msg_destroy(&mess.Out.Head);                                                                          \
            return result;                                                                                             \
        }                                                                                                              \
    } while (0)
#define CHECK_SIMPLE(number, variable)                                                                                 \
    CHECK(check_simple(&mess.Out, ID(number), SIZE(mess.Out, variable), sizeof mess.Out))

kern_return_t untyped_b_null(mach_port_t server)
{
    Message_b_null mess;
    CALL(0, 0, sizeof mess.In);
    CHECK_SIMPLE(0, 0);
    return 0;
}

kern_return_t untyped_b_scalars(mach_port_t server, int a, uint64_t b, boolean_t c, int *x, uint64_t *y)
{
    Message_b_scalars mess;
    mess.In.NDR = NDR_record;
    mess.In.a = a;
    mess.In.b = b;
    mess.In.c = c;
    CALL(1, 0, sizeof mess.In);
    CHECK_SIMPLE(1, 0);
    *x = mess.Out.x;
    *y = mess.Out.y;
    return 0;
}

#define IN_FIXED(number, name)                                                                                         \
    kern_return_t untyped_##name(mach_port_t server, const int *d, int *x)                                             \
    {                                                                                                                  \
        Message_##name mess;                                                                                           \
        mess.In.NDR = NDR_record;                                                                                      \
        memcpy(mess.In.d, d, sizeof mess.In.d);                                                                        \
        CALL(number, 0, sizeof mess.In);                                                                               \
        CHECK_SIMPLE(number, 0);                                                                                       \
        *x = mess.Out.x;                                                                                               \
        return 0;                                                                                                      \
    }
IN_FIXED(2, b_in_few)
IN_FIXED(3, b_in_some)
IN_FIXED(4, b_in_many)

kern_return_t untyped_b_in_ints(mach_port_t server, const int *d, mach_msg_type_number_t dCnt, int k, int *x)
{
    Message_b_in_ints mess;
    Request_b_in_ints *InP = &mess.In;
    unsigned delta;
    InP->NDR = NDR_record;
    if (dCnt > 1024)
        return MIG_ARRAY_TOO_LARGE;
    memcpy(InP->d, d, 4 * dCnt);
    InP->dCnt = dCnt;
    delta = 4 * dCnt;
    InP = (Request_b_in_ints *) ((char *) InP + delta - 4096);
    InP->k = k;
    CALL(5, 0, SIZE(mess.In, 4096) + delta);
    CHECK_SIMPLE(5, 0);
    *x = mess.Out.x;
    return 0;
}

kern_return_t untyped_b_in_bytes(mach_port_t server, const uint8_t *d, mach_msg_type_number_t dCnt, int *x)
{
    Message_b_in_bytes mess;
    mess.In.NDR = NDR_record;
    if (dCnt > 4096)
        return MIG_ARRAY_TOO_LARGE;
    memcpy(mess.In.d, d, dCnt);
    mess.In.dCnt = dCnt;
    CALL(6, 0, SIZE(mess.In, 4096) + round4(dCnt));
    CHECK_SIMPLE(6, 0);
    *x = mess.Out.x;
    return 0;
}

kern_return_t untyped_b_in_two(mach_port_t server, const int *d, mach_msg_type_number_t dCnt, int m, const uint8_t *e,
                               mach_msg_type_number_t eCnt, uint64_t z, int *x)
{
    Message_b_in_two mess;
    Request_b_in_two *InP = &mess.In;
    unsigned delta, size;
    InP->NDR = NDR_record;
    if (dCnt > 1024)
        return MIG_ARRAY_TOO_LARGE;
    memcpy(InP->d, d, 4 * dCnt);
    InP->dCnt = dCnt;
    delta = 4 * dCnt;
    size = SIZE(mess.In, 4096 + 4096) + delta;
    InP = (Request_b_in_two *) ((char *) InP + delta - 4096);
    InP->m = m;
    if (eCnt > 4096)
        return MIG_ARRAY_TOO_LARGE;
    memcpy(InP->e, e, eCnt);
    InP->eCnt = eCnt;
    delta = round4(eCnt);
    size += delta;
    InP = (Request_b_in_two *) ((char *) InP + delta - 4096);
    InP->z = z;
    CALL(7, 0, size);
    CHECK_SIMPLE(7, 0);
    *x = mess.Out.x;
    return 0;
}

INLINE void pack_port(mach_msg_port_descriptor_t *it, mach_port_t name, unsigned disposition)
{
    it->name = name;
    it->disposition = disposition;
    it->type = PORT_DESCRIPTOR;
}

kern_return_t untyped_b_rights(mach_port_t server, mach_port_t a, mach_port_t b, mach_port_t c)
{
    Message_b_rights mess;
    mess.In.body.msgh_descriptor_count = 3;
    pack_port(&mess.In.a, a, COPY_SEND);
    pack_port(&mess.In.b, b, MOVE_SEND);
    pack_port(&mess.In.c, c, MAKE_SEND_ONCE);
    CALL(8, COMPLEX, sizeof mess.In);
    CHECK_SIMPLE(8, 0);
    return 0;
}

#define OUT_FIXED(number, name)                                                                                        \
    kern_return_t untyped_##name(mach_port_t server, int *d)                                                           \
    {                                                                                                                  \
        Message_##name mess;                                                                                           \
        CALL(number, 0, sizeof mess.In);                                                                               \
        CHECK_SIMPLE(number, 0);                                                                                       \
        memcpy(d, mess.Out.d, sizeof mess.Out.d);                                                                      \
        return 0;                                                                                                      \
    }
OUT_FIXED(9, b_out_few)
OUT_FIXED(10, b_out_some)
OUT_FIXED(11, b_out_many)

INLINE kern_return_t check_out_ints(const Reply_b_out_ints *it)
{
    const unsigned min = SIZE(*it, 4096);
    mach_msg_size_t size = it->Head.msgh_size;
    kern_return_t result = check_simple(it, ID(12), min, sizeof *it);
    if (result != 0)
        return result;
    if (it->dCnt > 1024)
        return MIG_TYPE_ERROR;
    if ((size - min) / 4 < it->dCnt || size != min + 4 * it->dCnt)
        return MIG_TYPE_ERROR;
    return 0;
}

kern_return_t untyped_b_out_ints(mach_port_t server, int n, int *d, mach_msg_type_number_t *dCnt)
{
    Message_b_out_ints mess;
    mess.In.NDR = NDR_record;
    mess.In.n = n;
    CALL(12, 0, sizeof mess.In);
    CHECK(check_out_ints(&mess.Out));
    if (mess.Out.dCnt > 1024) {
        memcpy(d, mess.Out.d, 4096);
        *dCnt = mess.Out.dCnt;
        return MIG_ARRAY_TOO_LARGE;
    }
    memcpy(d, mess.Out.d, 4 * mess.Out.dCnt);
    *dCnt = mess.Out.dCnt;
    return 0;
}

INLINE kern_return_t check_out_two(const Reply_b_out_two *it, const Reply_b_out_two **Out1P)
{
    const unsigned min = SIZE(*it, 4096 + 4096);
    mach_msg_size_t size = it->Head.msgh_size;
    kern_return_t result = check_simple(it, ID(13), min, sizeof *it);
    if (result != 0)
        return result;
    if (it->dCnt > 1024)
        return MIG_TYPE_ERROR;
    if ((size - min) / 4 < it->dCnt || size < min + 4 * it->dCnt)
        return MIG_TYPE_ERROR;
    size -= 4 * it->dCnt;
    it = (const Reply_b_out_two *) ((const char *) it + 4 * it->dCnt - 4096);
    *Out1P = it;
    if (it->eCnt > 4096)
        return MIG_TYPE_ERROR;
    if (size - min < it->eCnt || size != min + round4(it->eCnt))
        return MIG_TYPE_ERROR;
    return 0;
}

kern_return_t untyped_b_out_two(mach_port_t server, int n, int *d, mach_msg_type_number_t *dCnt, uint8_t *e,
                                mach_msg_type_number_t *eCnt)
{
    Message_b_out_two mess;
    const Reply_b_out_two *Out1P;
    mess.In.NDR = NDR_record;
    mess.In.n = n;
    CALL(13, 0, sizeof mess.In);
    CHECK(check_out_two(&mess.Out, &Out1P));
    if (mess.Out.dCnt > 1024) {
        memcpy(d, mess.Out.d, 4096);
        *dCnt = mess.Out.dCnt;
        return MIG_ARRAY_TOO_LARGE;
    }
    memcpy(d, mess.Out.d, 4 * mess.Out.dCnt);
    *dCnt = mess.Out.dCnt;
    if (Out1P->eCnt > 4096) {
        memcpy(e, Out1P->e, 4096);
        *eCnt = Out1P->eCnt;
        return MIG_ARRAY_TOO_LARGE;
    }
    memcpy(e, Out1P->e, Out1P->eCnt);
    *eCnt = Out1P->eCnt;
    return 0;
}

kern_return_t untyped_b_in_region(mach_port_t server, int *d, mach_msg_type_number_t dCnt, int *x)
{
    Message_b_in_region mess;
    mess.In.body.msgh_descriptor_count = 1;
    mess.In.d.address = d;
    mess.In.d.size = 4 * dCnt;
    mess.In.d.deallocate = 0;
    mess.In.d.copy = VIRTUAL_COPY;
    mess.In.d.type = OOL_DESCRIPTOR;
    mess.In.NDR = NDR_record;
    mess.In.dCnt = dCnt;
    CALL(14, COMPLEX, sizeof mess.In);
    CHECK_SIMPLE(14, 0);
    *x = mess.Out.x;
    return 0;
}

INLINE kern_return_t check_out_region(const Reply_b_out_region *it)
{
    const mig_reply_error_t *error = (const mig_reply_error_t *) it;
    boolean_t complex = (it->Head.msgh_bits & COMPLEX) != 0;
    kern_return_t result = check_id(&it->Head, ID(15));
    if (result != 0)
        return result;
    if (complex ? it->body.msgh_descriptor_count != 1 || it->Head.msgh_size != sizeof *it
                : it->Head.msgh_size != sizeof *error || error->RetCode == 0)
        return MIG_TYPE_ERROR;
    if (it->Head.msgh_remote_port != 0)
        return MIG_TYPE_ERROR;
    if (!complex)
        return error->RetCode;
    if (it->d.type != OOL_DESCRIPTOR)
        return MIG_TYPE_ERROR;
    if (it->d.size / 4 != it->dCnt)
        return MIG_TYPE_ERROR;
    return 0;
}

kern_return_t untyped_b_out_region(mach_port_t server, int **d, mach_msg_type_number_t *dCnt)
{
    Message_b_out_region mess;
    CALL(15, 0, sizeof mess.In);
    CHECK(check_out_region(&mess.Out));
    *d = mess.Out.d.address;
    *dCnt = mess.Out.dCnt;
    return 0;
}

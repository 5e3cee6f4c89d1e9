/* Server stubs of `bench.defs` for untyped messages, and their demultiplexer. */
#include "untyped.h"

kern_return_t S_b_null(mach_port_t server);
kern_return_t S_b_scalars(mach_port_t server, int a, uint64_t b, boolean_t c, int *x, uint64_t *y);
kern_return_t S_b_in_few(mach_port_t server, const int *d, int *x);
kern_return_t S_b_in_some(mach_port_t server, const int *d, int *x);
kern_return_t S_b_in_many(mach_port_t server, const int *d, int *x);
kern_return_t S_b_in_ints(mach_port_t server, const int *d, mach_msg_type_number_t n, int k, int *x);
kern_return_t S_b_in_bytes(mach_port_t server, const uint8_t *d, mach_msg_type_number_t n, int *x);
kern_return_t S_b_in_two(mach_port_t server, const int *d, mach_msg_type_number_t n, int m, const uint8_t *e,
                         mach_msg_type_number_t k, uint64_t z, int *x);
kern_return_t S_b_rights(mach_port_t server, mach_port_t a, mach_port_t b, mach_port_t c);
kern_return_t S_b_out_few(mach_port_t server, int *d);
kern_return_t S_b_out_some(mach_port_t server, int *d);
kern_return_t S_b_out_many(mach_port_t server, int *d);
kern_return_t S_b_out_ints(mach_port_t server, int n, int *d, mach_msg_type_number_t *count);
kern_return_t S_b_out_two(mach_port_t server, int n, int *d, mach_msg_type_number_t *count, uint8_t *e,
                          mach_msg_type_number_t *length);
kern_return_t S_b_in_region(mach_port_t server, int *d, mach_msg_type_number_t n, int *x);
kern_return_t S_b_out_region(mach_port_t server, int **d, mach_msg_type_number_t *count);

/* Puts a code in place of a reply. */
#define RETURN_ERROR(code)                                                                                             \
    do {                                                                                                               \
        mig_reply_error_t *error = (mig_reply_error_t *) OutHeadP;                                                     \
        error->RetCode = code;                                                                                         \
        error->NDR = NDR_record;                                                                                       \
        return;                                                                                                        \
    } while (0)
#define CHECK(check)                                                                                                   \
    do {                                                                                                               \
        kern_return_t result = check;                                                                                  \
        if (result != 0)                                                                                               \
            RETURN_ERROR(result);                                                                                      \
    } while (0)

/* A server stub begins with these. */
#define STUB(name)                                                                                                     \
    static void untyped_X##name(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP)
#define MESSAGES_OF(name)                                                                                              \
    Request_##name *In0P = (Request_##name *) InHeadP;                                                                 \
    Reply_##name *OutP = (Reply_##name *) OutHeadP
/* A stub with results ends with these. */
#define FINISH(size)                                                                                                   \
    do {                                                                                                               \
        OutP->NDR = NDR_record;                                                                                        \
        OutP->Head.msgh_size = size;                                                                                   \
    } while (0)
#define SERVER (In0P->Head.msgh_local_port)

INLINE kern_return_t check_simple(const mach_msg_header_t *it, mach_msg_size_t min, mach_msg_size_t max)
{
    mach_msg_size_t size = it->msgh_size;
    if (it->msgh_bits & COMPLEX)
        return MIG_BAD_ARGUMENTS;
    if (min == max ? size != max : size < min || size > max)
        return MIG_BAD_ARGUMENTS;
    return 0;
}

INLINE kern_return_t check_complex(const mach_msg_header_t *it, unsigned descriptors, mach_msg_size_t size)
{
    const mach_msg_body_t *body = (const mach_msg_body_t *) (it + 1);
    if (!(it->msgh_bits & COMPLEX) || body->msgh_descriptor_count != descriptors || it->msgh_size != size)
        return MIG_BAD_ARGUMENTS;
    return 0;
}

STUB(b_null)
{
    MESSAGES_OF(b_null);
    CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));
    OutP->RetCode = S_b_null(SERVER);
    OutP->NDR = NDR_record;
}

STUB(b_scalars)
{
    MESSAGES_OF(b_scalars);
    CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));
    CHECK(OutP->RetCode = S_b_scalars(SERVER, In0P->a, In0P->b, In0P->c, &OutP->x, &OutP->y));
    FINISH(sizeof *OutP);
}

#define IN_FIXED(name)                                                                                                 \
    STUB(name)                                                                                                         \
    {                                                                                                                  \
        MESSAGES_OF(name);                                                                                             \
        CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));                                                      \
        CHECK(OutP->RetCode = S_##name(SERVER, In0P->d, &OutP->x));                                                    \
        FINISH(sizeof *OutP);                                                                                          \
    }
IN_FIXED(b_in_few)
IN_FIXED(b_in_some)
IN_FIXED(b_in_many)

INLINE kern_return_t check_in_ints(const Request_b_in_ints *it)
{
    const unsigned min = sizeof *it - 4096;
    mach_msg_size_t size = it->Head.msgh_size;
    kern_return_t result = check_simple(&it->Head, min, sizeof *it);
    if (result != 0)
        return result;
    if (it->dCnt > 1024)
        return MIG_BAD_ARGUMENTS;
    if ((size - min) / 4 < it->dCnt || size != min + 4 * it->dCnt)
        return MIG_BAD_ARGUMENTS;
    return 0;
}

STUB(b_in_ints)
{
    MESSAGES_OF(b_in_ints);
    Request_b_in_ints *In1P;
    CHECK(check_in_ints(In0P));
    In1P = (Request_b_in_ints *) ((char *) In0P + 4 * In0P->dCnt - 4096);
    CHECK(OutP->RetCode = S_b_in_ints(SERVER, In0P->d, In0P->dCnt, In1P->k, &OutP->x));
    FINISH(sizeof *OutP);
}

INLINE kern_return_t check_in_bytes(const Request_b_in_bytes *it)
{
    const unsigned min = sizeof *it - 4096;
    mach_msg_size_t size = it->Head.msgh_size;
    kern_return_t result = check_simple(&it->Head, min, sizeof *it);
    if (result != 0)
        return result;
    if (it->dCnt > 4096)
        return MIG_BAD_ARGUMENTS;
    if (size - min < it->dCnt || size != min + round4(it->dCnt))
        return MIG_BAD_ARGUMENTS;
    return 0;
}

STUB(b_in_bytes)
{
    MESSAGES_OF(b_in_bytes);
    CHECK(check_in_bytes(In0P));
    CHECK(OutP->RetCode = S_b_in_bytes(SERVER, In0P->d, In0P->dCnt, &OutP->x));
    FINISH(sizeof *OutP);
}

INLINE kern_return_t check_in_two(const Request_b_in_two *it, const Request_b_in_two **In1P)
{
    const unsigned min = sizeof *it - 4096 - 4096;
    mach_msg_size_t size = it->Head.msgh_size;
    kern_return_t result = check_simple(&it->Head, min, sizeof *it);
    if (result != 0)
        return result;
    if (it->dCnt > 1024)
        return MIG_BAD_ARGUMENTS;
    if ((size - min) / 4 < it->dCnt || size < min + 4 * it->dCnt)
        return MIG_BAD_ARGUMENTS;
    size -= 4 * it->dCnt;
    it = (const Request_b_in_two *) ((const char *) it + 4 * it->dCnt - 4096);
    *In1P = it;
    if (it->eCnt > 4096)
        return MIG_BAD_ARGUMENTS;
    if (size - min < it->eCnt || size != min + round4(it->eCnt))
        return MIG_BAD_ARGUMENTS;
    return 0;
}

STUB(b_in_two)
{
    MESSAGES_OF(b_in_two);
    const Request_b_in_two *In1P, *In2P;
    CHECK(check_in_two(In0P, &In1P));
    In2P = (const Request_b_in_two *) ((const char *) In1P + round4(In1P->eCnt) - 4096);
    CHECK(OutP->RetCode =
              S_b_in_two(SERVER, In0P->d, In0P->dCnt, In1P->m, In1P->e, In1P->eCnt, In2P->z, &OutP->x));
    FINISH(sizeof *OutP);
}

INLINE kern_return_t check_port(const mach_msg_port_descriptor_t *it, unsigned disposition)
{
    return it->type == PORT_DESCRIPTOR && it->disposition == disposition ? 0 : MIG_TYPE_ERROR;
}

STUB(b_rights)
{
    MESSAGES_OF(b_rights);
    CHECK(check_complex(InHeadP, 3, sizeof *In0P));
    CHECK(check_port(&In0P->a, MOVE_SEND));
    CHECK(check_port(&In0P->b, MOVE_SEND));
    CHECK(check_port(&In0P->c, MOVE_SEND_ONCE));
    OutP->RetCode = S_b_rights(SERVER, In0P->a.name, In0P->b.name, In0P->c.name);
    OutP->NDR = NDR_record;
}

#define OUT_FIXED(name)                                                                                                \
    STUB(name)                                                                                                         \
    {                                                                                                                  \
        MESSAGES_OF(name);                                                                                             \
        CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));                                                      \
        CHECK(OutP->RetCode = S_##name(SERVER, OutP->d));                                                              \
        FINISH(sizeof *OutP);                                                                                          \
    }
OUT_FIXED(b_out_few)
OUT_FIXED(b_out_some)
OUT_FIXED(b_out_many)

STUB(b_out_ints)
{
    MESSAGES_OF(b_out_ints);
    CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));
    OutP->dCnt = 1024;
    CHECK(OutP->RetCode = S_b_out_ints(SERVER, In0P->n, OutP->d, &OutP->dCnt));
    FINISH(sizeof *OutP - 4096 + 4 * OutP->dCnt);
}

STUB(b_out_two)
{
    MESSAGES_OF(b_out_two);
    uint8_t e[4096];
    mach_msg_type_number_t eCnt = 4096;
    unsigned delta, size;
    CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));
    OutP->dCnt = 1024;
    CHECK(OutP->RetCode = S_b_out_two(SERVER, In0P->n, OutP->d, &OutP->dCnt, e, &eCnt));
    OutP->NDR = NDR_record;
    delta = 4 * OutP->dCnt;
    size = sizeof *OutP - 4096 - 4096 + delta;
    OutP = (Reply_b_out_two *) ((char *) OutP + delta - 4096);
    memcpy(OutP->e, e, eCnt);
    OutP->eCnt = eCnt;
    OutHeadP->msgh_size = size + round4(eCnt);
}

INLINE kern_return_t check_in_region(const Request_b_in_region *it)
{
    kern_return_t result = check_complex(&it->Head, 1, sizeof *it);
    if (result != 0)
        return result;
    if (it->d.type != OOL_DESCRIPTOR)
        return MIG_TYPE_ERROR;
    return it->d.size / 4 == it->dCnt ? 0 : MIG_TYPE_ERROR;
}

STUB(b_in_region)
{
    MESSAGES_OF(b_in_region);
    CHECK(check_in_region(In0P));
    CHECK(OutP->RetCode = S_b_in_region(SERVER, In0P->d.address, In0P->d.size / 4, &OutP->x));
    FINISH(sizeof *OutP);
}

STUB(b_out_region)
{
    MESSAGES_OF(b_out_region);
    mach_msg_type_number_t dCnt;
    CHECK(check_simple(InHeadP, sizeof *In0P, sizeof *In0P));
    OutP->d.deallocate = 1;
    OutP->d.copy = VIRTUAL_COPY;
    OutP->d.pad1 = 0;
    OutP->d.type = OOL_DESCRIPTOR;
    CHECK(S_b_out_region(SERVER, (int **) &OutP->d.address, &dCnt));
    OutP->d.size = 4 * dCnt;
    OutP->dCnt = dCnt;
    OutP->Head.msgh_bits |= COMPLEX;
    OutP->body.msgh_descriptor_count = 1;
    FINISH(sizeof *OutP);
}

/* As servers' tables have it. */
static const struct routine {
    void *impl_routine;
    void (*stub_routine)(mach_msg_header_t *, mach_msg_header_t *);
    unsigned argc, descr_count;
    void *arg_descr;
    unsigned max_reply_msg;
} routines[] = {
#define ROW(name) {0, untyped_X##name, 0, 0, 0, sizeof(Reply_##name)}
    ROW(b_null),     ROW(b_scalars),  ROW(b_in_few),   ROW(b_in_some),  ROW(b_in_many),   ROW(b_in_ints),
    ROW(b_in_bytes), ROW(b_in_two),   ROW(b_rights),   ROW(b_out_few),  ROW(b_out_some),  ROW(b_out_many),
    ROW(b_out_ints), ROW(b_out_two),  ROW(b_in_region), ROW(b_out_region),
};

boolean_t untyped_bench_server(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP)
{
    const int end = BASE + sizeof routines / sizeof *routines;
    const struct routine *routine = &routines[InHeadP->msgh_id - BASE];
    OutHeadP->msgh_bits = InHeadP->msgh_bits & 0x1f;
    OutHeadP->msgh_remote_port = InHeadP->msgh_remote_port;
    OutHeadP->msgh_size = sizeof(mig_reply_error_t);
    OutHeadP->msgh_local_port = 0;
    OutHeadP->msgh_id = InHeadP->msgh_id + 100;
    OutHeadP->msgh_voucher_port = 0;
    if (InHeadP->msgh_id < BASE || InHeadP->msgh_id >= end || routine->stub_routine == 0) {
        ((mig_reply_error_t *) OutHeadP)->NDR = NDR_record;
        ((mig_reply_error_t *) OutHeadP)->RetCode = MIG_BAD_ID;
        return 0;
    }
    routine->stub_routine(InHeadP, OutHeadP);
    return 1;
}

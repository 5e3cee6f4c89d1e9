/*
 * Messages of Darwin for 64-bit tasks, and those of `bench.defs` in particular. `untyped_user.c` and `untyped_server.c`
 * do with them what the stubs of Darwin's compiler do, step by step; Darwin's compiler itself is not to be had here.
 */
#ifndef UNTYPED_H
#define UNTYPED_H
#include <stdint.h>
#include <string.h>
#include "kernel.h"

typedef int kern_return_t;
typedef int boolean_t;
typedef unsigned mach_port_t;
typedef unsigned mach_msg_type_number_t;
typedef unsigned mach_msg_size_t;

enum {
    MIG_TYPE_ERROR = -300,
    MIG_REPLY_MISMATCH = -301,
    MIG_BAD_ID = -303,
    MIG_BAD_ARGUMENTS = -304,
    MIG_ARRAY_TOO_LARGE = -307,
    MIG_SERVER_DIED = -308,
    MACH_NOTIFY_SEND_ONCE = 71,
    MACH_SEND_MSG = 1,
    MACH_RCV_MSG = 2,
    MACH_SEND_INVALID_DATA = 0x10000002,
    MACH_SEND_INVALID_DEST = 0x10000003,
    MACH_SEND_INVALID_HEADER = 0x10000010,
    MACH_RCV_TOO_LARGE = 0x10004004,
    MOVE_SEND = 17,
    MOVE_SEND_ONCE = 18,
    COPY_SEND = 19,
    MAKE_SEND_ONCE = 21,
    PORT_DESCRIPTOR = 0,
    OOL_DESCRIPTOR = 1,
    VIRTUAL_COPY = 1,
    BASE = 8000
};

#define COMPLEX 0x80000000u

/* The stubs of Darwin's compiler have these parts written out in each of them. */
#define INLINE static inline __attribute__((always_inline))

#pragma pack(push, 4)

typedef struct {
    unsigned msgh_bits, msgh_size;
    mach_port_t msgh_remote_port, msgh_local_port, msgh_voucher_port;
    int msgh_id;
} mach_msg_header_t;

typedef struct {
    unsigned msgh_trailer_type, msgh_trailer_size;
} mach_msg_trailer_t;

typedef struct {
    unsigned msgh_descriptor_count;
} mach_msg_body_t;

typedef struct {
    mach_port_t name;
    unsigned pad1;
    unsigned pad2 : 16, disposition : 8, type : 8;
} mach_msg_port_descriptor_t;

typedef struct {
    void *address;
    unsigned deallocate : 8, copy : 8, pad1 : 8, type : 8;
    unsigned size;
} mach_msg_ool_descriptor_t;

typedef struct {
    unsigned char mig_vers, if_vers, reserved1, mig_encoding, int_rep, char_rep, float_rep, reserved2;
} NDR_record_t;

extern NDR_record_t NDR_record;

typedef struct {
    mach_msg_header_t Head;
    NDR_record_t NDR;
    kern_return_t RetCode;
} mig_reply_error_t;

/* A request, and its reply as the server writes it and as the client receives it. */
#define MESSAGES(name, request, reply)                                                                                 \
    typedef struct {                                                                                                   \
        mach_msg_header_t Head;                                                                                        \
        request                                                                                                        \
    } Request_##name;                                                                                                  \
    typedef struct {                                                                                                   \
        mach_msg_header_t Head;                                                                                        \
        reply                                                                                                          \
    } Reply_##name;                                                                                                    \
    typedef union {                                                                                                    \
        Request_##name In;                                                                                             \
        struct {                                                                                                       \
            Reply_##name Out;                                                                                          \
            mach_msg_trailer_t trailer;                                                                                \
        };                                                                                                             \
    } Message_##name;

#define DATA(...)                                                                                                      \
    NDR_record_t NDR;                                                                                                  \
    __VA_ARGS__
#define RESULT(...) DATA(kern_return_t RetCode; __VA_ARGS__)

MESSAGES(b_null, , RESULT())
MESSAGES(b_scalars, DATA(int a; uint64_t b; boolean_t c;), RESULT(int x; uint64_t y;))
MESSAGES(b_in_few, DATA(int d[13];), RESULT(int x;))
MESSAGES(b_in_some, DATA(int d[128];), RESULT(int x;))
MESSAGES(b_in_many, DATA(int d[1024];), RESULT(int x;))
MESSAGES(b_in_ints, DATA(mach_msg_type_number_t dCnt; int d[1024]; int k;), RESULT(int x;))
MESSAGES(b_in_bytes, DATA(mach_msg_type_number_t dCnt; uint8_t d[4096];), RESULT(int x;))
MESSAGES(b_in_two,
         DATA(mach_msg_type_number_t dCnt; int d[1024]; int m; mach_msg_type_number_t eCnt; uint8_t e[4096];
              uint64_t z;),
         RESULT(int x;))
MESSAGES(b_rights, mach_msg_body_t body; mach_msg_port_descriptor_t a; mach_msg_port_descriptor_t b;
         mach_msg_port_descriptor_t c;, RESULT())
MESSAGES(b_out_few, , RESULT(int d[13];))
MESSAGES(b_out_some, , RESULT(int d[128];))
MESSAGES(b_out_many, , RESULT(int d[1024];))
MESSAGES(b_out_ints, DATA(int n;), RESULT(mach_msg_type_number_t dCnt; int d[1024];))
MESSAGES(b_out_two, DATA(int n;),
         RESULT(mach_msg_type_number_t dCnt; int d[1024]; mach_msg_type_number_t eCnt; uint8_t e[4096];))
MESSAGES(b_in_region, mach_msg_body_t body; mach_msg_ool_descriptor_t d; DATA(mach_msg_type_number_t dCnt;),
         RESULT(int x;))
MESSAGES(b_out_region, , mach_msg_body_t body; mach_msg_ool_descriptor_t d; DATA(mach_msg_type_number_t dCnt;))

#pragma pack(pop)

/* Each fills whole words. */
INLINE unsigned round4(unsigned size)
{
    return (size + 3) & ~3u;
}

/* Darwin's, beside the one of the other family. */
int untyped_mach_msg(mach_msg_header_t *message, int option, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
                     mach_port_t rcv_name, unsigned timeout, mach_port_t notify);
void mach_msg_destroy(mach_msg_header_t *message);
boolean_t untyped_bench_server(mach_msg_header_t *InHeadP, mach_msg_header_t *OutHeadP);
#endif

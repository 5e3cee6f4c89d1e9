/* C's names for the types of shapes.defs. */
#ifndef SHAPES_TYPES_H
#define SHAPES_TYPES_H

#include <mach/message.h>
#include <mach/port.h>
#include <stdint.h>

typedef struct { int32_t number[3]; } s3_t;
typedef struct { int32_t first, second; } pair_t;

typedef uint8_t fix5_t[5];
typedef uint16_t fix3s_t[3];
typedef int big_t[5000];

typedef uint8_t bytes96_t[96];
typedef uint8_t bytes100_t[100];
typedef int ints10_t[10];
typedef pair_t pairs8_t[8];
typedef uint64_t quads6_t[6];
typedef char chars40_t[40];
typedef const char *const_chars40_t;

typedef char str32_t[32];
typedef const char *const_str32_t;
typedef char str64_t[64];
typedef const char *const_str64_t;

typedef uint8_t *bytes_ool_t;
typedef mach_port_t *ports_ool_t;
typedef uint8_t *bytes_ind_t;
typedef const uint8_t *const_bytes_ind_t;
typedef int *ints_ind_t;
typedef const int *const_ints_ind_t;
typedef mach_port_t *ports_ind_t;
typedef const mach_port_t *const_ports_ind_t;

typedef unsigned int handle_t;
handle_t hnd_in (int);
int hnd_out (handle_t);
void hnd_free (handle_t);

#endif

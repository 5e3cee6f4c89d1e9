/* C's names for the types of more.defs. */
#ifndef MORE_TYPES_H
#define MORE_TYPES_H

#include <mach/message.h>
#include <mach/port.h>
#include <stdint.h>

typedef struct { int32_t first, second; } pair_t;
typedef struct { int32_t number; int16_t small; char letter; } mixed_t;

typedef mach_port_t copied_4_t[4];
typedef mach_port_t moved_4_t[4];
typedef mach_port_t made_4_t[4];
typedef mach_port_t copied_3_t[3];
typedef mach_port_t moved_3_t[3];
typedef mach_port_t *any_ports_t;
typedef const mach_port_t *const_any_ports_t;
typedef mach_port_t *any_memory_t;
typedef mach_port_t *made_ports_t;
typedef const mach_port_t *const_made_ports_t;
typedef mach_port_t *moved_memory_t;

typedef mach_port_name_t names_t[6];
typedef boolean_t truths_t[8];
typedef boolean_t truths_5_t[5];
typedef short shorts_t[8];
typedef int64_t longs_20_t[20];
typedef int64_t longs_2_t[2];
typedef int ints_30_t[30];
typedef int ints_9_t[9];
typedef pair_t *pairs_t;
typedef const pair_t *const_pairs_t;
typedef pair_t *pairs_memory_t;
typedef char *bytes_t;
typedef const char *const_bytes_t;
typedef char *bytes_memory_t;
typedef char text_t[40];
typedef const char *const_text_t;
typedef char short_text_t[24];
typedef const char *const_short_text_t;

#endif

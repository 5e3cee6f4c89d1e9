/* Types of `bench.defs` as GNU's stubs want them. */
#ifndef SERVICE_H
#define SERVICE_H
#include <stdint.h>
typedef int few_t[13];
typedef int some_t[128];
typedef int many_t[1024];
typedef int ints_t[1024];
typedef uint8_t bytes_t[4096];
typedef int *region_t;
#endif

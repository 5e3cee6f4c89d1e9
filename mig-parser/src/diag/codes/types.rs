//! Codes M0301 to M0316: kinds of data, and flags.

use super::codes;

codes! {
    UNDECLARED = 301, Error, "a type is not declared", "\
A type must be declared before it is used, in this file or in one that it includes. Upper and lower case differ.

```text
type page_t = array[4096] of char;
routine demo_put(server : mach_port_t; page : pgae_t);
```

Correct the name, include the file that declares the type, or move the declaration up:

```text
type page_t = array[4096] of char;
routine demo_put(server : mach_port_t; page : page_t);
```

`char`, `short`, `int`, `int64`, `uintptr_t` and `intptr_t` need no declaration, except in dialects other than GNU's.
Each name is reported once, and what is made of it not at all.
";
    REDECLARED = 302, Warning, "a type is declared twice, differently", "\
The second declaration of a name gives it another meaning for everything that follows. One that means the same in a
message is no mistake: many definitions declare `int` again, or include a file twice.

```text
type count_t = MACH_MSG_TYPE_INTEGER_32;
type count_t = MACH_MSG_TYPE_INTEGER_64;
```

Keep one of them:

```text
type count_t = MACH_MSG_TYPE_INTEGER_64;
```

GNU MIG refuses every second declaration, and so does the GNU dialect. The other classic compilers warn each time.
";
    PAIR_SIZES = 303, Error, "the two sides of a pair differ in size", "\
`A|B` says what a datum is called when it is sent and when it is received. It is the same datum, so both kinds must
have the same size, or one of them none of its own.

```text
type odd_t = MACH_MSG_TYPE_INTEGER_32 | MACH_MSG_TYPE_INTEGER_64;
```

Pairs are meant for rights:

```text
type task_t = MACH_MSG_TYPE_MOVE_SEND | MACH_MSG_TYPE_PORT_SEND;
```

On `gnumach-x86_64` a right in line has 64 bits and the name of a port 32, so the two make no pair there.
";
    NO_SIZE = 304, Error, "a kind of data without a size", "\
Some kinds of data have no usual size: numbers, `MACH_MSG_TYPE_UNSTRUCTURED`, `MACH_MSG_TYPE_REAL` and the strings. In
the Mach 3 and GNU dialects `MACH_MSG_TYPE_POLYMORPHIC` is one of them, though not the keyword `polymorphic`.

```text
type float_t = MACH_MSG_TYPE_REAL;
```

Give the size in bits, in the long form:

```text
type float_t = (MACH_MSG_TYPE_REAL, 32);
```

The classic compilers say that a full declaration is needed. OSF's and Apple's have no long form any more; use
`MACH_MSG_TYPE_REAL_32` there.
";
    LONG_FORM_SIZE = 305, Warning, "the long form gives an unusual size", "\
The long form gives an element a size, but this kind of data has one already. The size that is written counts.

```text
type word_t = (MACH_MSG_TYPE_INTEGER_32, 16);
```

Write the usual size, or the kind of data that was meant:

```text
type word_t = MACH_MSG_TYPE_INTEGER_16;
```
";
    NOT_WHOLE_BYTES = 306, Warning, "a type is not a whole number of bytes", "\
Messages consist of bytes, so a type of 12 bits takes two. The rest is zero.

```text
type flags_t = array[12] of MACH_MSG_TYPE_BIT;
```

Choose a size that is a multiple of eight:

```text
type flags_t = array[16] of MACH_MSG_TYPE_BIT;
```

It is an error where the number of elements varies, as in `array[*:16] of MACH_MSG_TYPE_BIT`: nothing would say where
the array ends. The classic compilers warn, and recent GNU MIG crashes on types of less than a byte.
";
    EMPTY = 307, Warning, "a type holds nothing", "\
A type without elements sends a description of nothing.

```text
type name_t = array[0] of char;
```

Write the number that was meant. An array whose number of elements is not known beforehand is written so:

```text
type name_t = array[] of char;
```

It is an error to make an array of variable size of such a type. GNU MIG divides by the size of its elements and
crashes.
";
    REPEATED_FLAG = 308, Warning, "a flag is repeated", "\
A flag is written twice. The second one is ignored.

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc, dealloc);
```

Remove one of them:

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc);
```

It often comes from a macro that adds flags.
";
    BRACKETS = 309, Warning, "`[]` after a flag that is not decided at run time", "\
`dealloc[]` leaves it to the caller whether memory is deallocated. No other flag can be decided when the stub runs, so
one that is written with brackets is ignored.

```text
routine demo_put(server : mach_port_t; data : data_t, islong[]);
```

Remove the brackets:

```text
routine demo_put(server : mach_port_t; data : data_t, islong);
```
";
    LONG_AND_NOT_LONG = 310, Warning, "`islong` and `isnotlong` together", "\
One flag asks for the long form of the type word, the other for the short one. Both are ignored.

```text
routine demo_put(server : mach_port_t; data : data_t, islong, isnotlong);
```

Keep one of them, or none, which is nearly always right:

```text
routine demo_put(server : mach_port_t; data : data_t);
```
";
    DEALLOC_AND_RUN_TIME = 311, Warning, "`dealloc` or `notdealloc` beside `dealloc[]`", "\
`dealloc[]` gives the caller an argument that decides whether memory is deallocated. `dealloc` and `notdealloc` decide
it in the definition. Together with the first they are ignored.

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc, dealloc[]);
```

Keep one of them:

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc[]);
```
";
    DEALLOC_AND_NOT = 312, Warning, "`dealloc` and `notdealloc` together", "\
One flag takes the memory from its sender, the other leaves it there. Both are ignored, and what the type says counts.

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc, notdealloc);
```

Keep one of them:

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc);
```
";
    REDUNDANT_DEALLOC = 313, Warning, "a `dealloc` flag that changes nothing", "\
The flag says what is so anyway: by default memory stays with its sender, and a type can say that it leaves.

```text
type data_t = ^ array[] of (MACH_MSG_TYPE_CHAR, 8, dealloc);
routine demo_put(server : mach_port_t; data : data_t, dealloc);
```

Remove it from one of the two:

```text
type data_t = ^ array[] of (MACH_MSG_TYPE_CHAR, 8, dealloc);
routine demo_put(server : mach_port_t; data : data_t);
```

Of the classic compilers only GNU's says so.
";
    DEALLOC_IN_LINE = 314, Warning, "`dealloc` on data in line", "\
`dealloc` takes out-of-line memory from its sender. Data in line are part of the message, and there is nothing to take.
The flag is ignored.

```text
routine demo_put(server : mach_port_t; value : int, dealloc);
```

Remove it. To give a right away, send it as one:

```text
type given_t = MACH_MSG_TYPE_MOVE_SEND;
routine demo_give(server : mach_port_t; right : given_t);
```

In a C stub the flag makes the kernel refuse the message. On what a kernel itself sends it is ignored without a word.
";
    REDUNDANT_LONG = 315, Warning, "`islong` or `isnotlong` changes nothing", "\
The type word has this form anyway. The long form is taken for out-of-line arrays, for `array[]`, for elements of 256
bits and more, and for 4096 elements and more.

```text
type data_t = ^ array[] of char;
routine demo_put(server : mach_port_t; data : data_t, islong);
```

Remove the flag:

```text
routine demo_put(server : mach_port_t; data : data_t);
```
";
    LONG_FORM = 316, Warning, "an odd choice of the long or short form", "\
A receiver compares the form of a type word with the one that it expects, so `islong` and `isnotlong` change a protocol.
They exist for programs that were compiled with other rules.

```text
routine demo_set(server : mach_port_t; value : int, islong);
routine demo_put(server : mach_port_t; data : data_t, isnotlong);
```

The first makes the message longer without need. The second limits an array to 4095 elements where a short type word
has 12 bits for their number. Remove the flags:

```text
routine demo_set(server : mach_port_t; value : int);
routine demo_put(server : mach_port_t; data : data_t);
```
";
}

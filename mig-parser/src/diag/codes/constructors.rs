//! Codes M0317 on: types made of types.

use super::codes;

codes! {
    TOO_MANY_BITS = 317, Error, "an element is too large for a type word", "\
A type word has 16 bits for the size of an element.

```text
type picture_t = (MACH_MSG_TYPE_UNSTRUCTURED, 65536);
```

Divide the element into smaller ones:

```text
type picture_t = struct[8192] of MACH_MSG_TYPE_BYTE;
```

Older GNU MIG only warns, and its stubs keep the lower 16 bits of the size.
";
    NAME_TOO_LARGE = 318, Error, "a kind of data with a number above 255", "\
A type word has 8 bits for the kind of data, so that its number must be below 256.

```text
type odd_t = (300, 32);
```

Use a kind of data that the kernel knows:

```text
type odd_t = MACH_MSG_TYPE_INTEGER_32;
```

Older GNU MIG says nothing and sends the lower bits.
";
    TRANSLATED_VARIABLE = 319, Error, "a translation of a type of variable size", "\
`intran`, `outtran` and `intranpayload` name a C function that turns one value into another. An array of variable size
is no single value: it comes with a count that the function would not get.

```text
type names_t = array[*:8] of int
    intran: name_list_t to_names(names_t);
```

Convert the elements in the server's routine. The element's own type may be translated where it stands alone:

```text
type names_t = array[*:8] of int;
```
";
    DESTROYED_VARIABLE = 320, Error, "a destructor of a type of variable size", "\
`destructor` names a C function that frees one translated value. An array or string of variable size is none.

```text
type text_t = c_string[*:80]
    destructor: free_text(char_star_t);
```

Free what needs to be freed in the server's routine:

```text
type text_t = c_string[*:80];
```
";
    UNNAMED_ELEMENT = 321, Error, "GNU MIG needs a name for the elements of an array", "\
C stubs of the Mach 3 and GNU dialects declare arrays in line with the C type of their elements, so these need a name.

```text
type words_t = array[*:8] of MACH_MSG_TYPE_INTEGER_32;
```

Declare the element by itself:

```text
type word_t = MACH_MSG_TYPE_INTEGER_32;
type words_t = array[*:8] of word_t;
```

Arrays out of line and strings need no such name. Without a dialect the first form is accepted; Apple's compiler
accepts it too, and its output does not compile.
";
    ARRAY_OF_VARIABLE = 322, Error, "an array of elements that vary in size", "\
The elements of an array follow each other at equal distances, so they must have a constant size.

```text
type name_t = array[*:16] of char;
type names_t = array[4] of name_t;
```

Give the inner array a constant size, or send the arrays as separate arguments:

```text
type name_t = array[16] of char;
type names_t = array[4] of name_t;
```
";
    ARRAY_OF_OUT_OF_LINE = 323, Error, "an array of elements that are out of line", "\
In typed messages an item is in line or out of line as a whole, so an array cannot have elements out of line.

```text
type page_t = ^ array[] of char;
type pages_t = array[4] of page_t;
```

Send the pages as separate arguments, or all elements in one region:

```text
type page_t = array[4096] of char;
type pages_t = ^ array[] of page_t;
```

In untyped messages `array[n]` and `array[*:n]` of such a type are arrays of descriptors; the others are errors, too.
";
    OUT_OF_LINE_TWICE = 324, Error, "out of line twice", "\
`^` puts data out of line. They cannot be so twice.

```text
type page_t = ^ array[] of char;
type pages_t = ^ page_t;
```

Remove one `^`:

```text
type page_t = ^ array[] of char;
type pages_t = page_t;
```
";
    BOUNDED_OUT_OF_LINE = 325, Error, "an out-of-line array with a maximum, in a typed message", "\
A typed message describes a region of any number of elements. A maximum would be forgotten.

```text
type page_t = ^ array[*:4096] of char;
```

Leave it out, and check the number in the server's routine:

```text
type page_t = ^ array[] of char;
```

Untyped messages keep the maximum, and OSF's and Apple's compilers accept this form.
";
    CONSTANT_OUT_OF_LINE = 326, Warning, "data of constant size out of line, in a typed message", "\
In a typed message the number of out-of-line elements is set when the message is built, and for a type of constant
size nothing ever does. To declare such a type is odd; to use it in a routine is an error.

```text
type page_t = ^ array[4096] of char;
```

Use an array of variable size, or send the data in line:

```text
type page_t = ^ array[] of char;
```

GNU MIG accepts the first form, and its stubs transfer a region of no bytes. In untyped messages it means what it says.
";
    CONFLICTING_ANNOTATIONS = 327, Warning, "annotations that contradict each other", "\
Two annotations of a type give different names for the same thing. The last one counts.

```text
type task_t = MACH_MSG_TYPE_COPY_SEND
    ctype: mach_port_t
    intran: task_t port_to_task(port_t);
```

`ctype` and the argument of `intran` both say what the server's stub calls the type. Use one name:

```text
type task_t = MACH_MSG_TYPE_COPY_SEND
    ctype: mach_port_t
    intran: task_t port_to_task(mach_port_t);
```
";
    MEMBER = 328, Error, "a member of a structure that is out of line or varies in size", "\
The members of a structure lie at fixed places, so each must be in line and have a constant size.

```text
type text_t = array[*:16] of char;
type entry_t = struct { int id; text_t name; };
```

Use a constant size, or an argument of its own:

```text
type text_t = array[16] of char;
type entry_t = struct { int id; text_t name; };
```

GNU MIG refuses only members out of line. An array of variable size always counts as full there.
";
    DIVISION_BY_ZERO = 329, Error, "a division by zero", "\
An expression divides by zero.

```text
type page_t = array[4096 / (2 - 2)] of char;
```

Look at what the macros in it stand for:

```text
type page_t = array[4096 / 2] of char;
```

The classic compilers crash.
";
    TOO_LARGE = 330, Error, "a number or an array is too large", "\
Numbers have 32 bits and no sign, and a message holds at most 256 MiB in line. What is larger cannot be meant.

```text
type small_t = array[2 - 3] of char;
type image_t = array[100000] of array[100000] of char;
```

Correct the number, or send the data out of line:

```text
type small_t = array[3 - 2] of char;
type image_t = ^ array[] of char;
```

The classic compilers calculate with what remains of 32 bits, without a word.
";
    TOO_DEEP = 331, Error, "a type is made of too many others", "\
A type is made of others through more than two hundred arrays, structures or new names. No known definition comes
near, and every stage of the compiler follows these steps.

```text
type a_t = int;
type b_t = a_t;
type c_t = b_t;
```

Two hundred lines later, name the first type directly:

```text
type z_t = a_t;
```
";
    ZERO_BOUND = 332, Warning, "a maximum of 0", "\
`array[*:0]` would be an array that is always empty. The classic compilers take the 0 for no maximum at all, and so
does this one.

```text
type data_t = array[*:0] of char;
```

Write what was meant:

```text
type data_t = array[] of char;
type more_data_t = array[*:64] of char;
```

It often comes from a macro without a value.
";
    SAME_MEMBER = 333, Error, "two members of one name", "\
Two members of a structure have the same name. It does not occur in the message, but in programs.

```text
type point_t = struct { int x; int x; };
```

Give them different names:

```text
type point_t = struct { int x; int y; };
```

GNU MIG accepts this, because it looks at the sizes of members only.
";
    RIGHT_IN_STRUCTURE = 334, Warning, "a right inside a structure", "\
A structure with members travels as an array of numbers. The kernel does not look into it, so that the receiver gets the
sender's name of a port instead of a right.

```text
type entry_t = struct { int id; mach_port_t owner; };
```

Send the right as an argument of its own, or say that only a name is meant:

```text
type name_t = MACH_MSG_TYPE_PORT_NAME;
type entry_t = struct { int id; name_t owner; };
```

In untyped messages `struct[2] of mach_port_t` is an error, too: each right has its own descriptor. Use `array[2]`.
";
    NATIVE_IN_TYPED = 335, Error, "a native type in a typed message", "\
`PointerTo`, `PointerToIfNot` and `ValueOf` copy a C type whose size only the C compiler knows. A typed message must say
how many bits an item has.

```text
routine demo_put(server : mach_port_t; in value : ValueOf(point_t));
```

Declare a type of the same size:

```text
type point_t = struct[2] of int;
routine demo_put(server : mach_port_t; value : point_t);
```
";
    NATIVE_PART = 336, Error, "a type made of a native type", "\
`PointerTo`, `PointerToIfNot` and `ValueOf` copy a C type whose size only the C compiler knows. Arrays, structures and
data out of line need elements whose size the definition says.

```text
type points_t = array[4] of ValueOf(struct_point);
```

Give the whole a name in C, or declare the element with its size:

```text
routine demo_put(server : mach_port_t; in points : PointerTo(points_t));
type point_t = struct[2] of int;
type some_points_t = array[4] of point_t;
```

OSF's and Apple's compilers accept the first form. They take the size of an element for 0, and their stubs copy none of
it, or lie about its size.
";
    PAIR_KINDS = 337, Warning, "a pair that is a right on one side only", "\
`A|B` says what a datum is called when it is sent and when it is received. A kernel turns the kind of a right into
another kind of a right, and never a number into a right.

```text
type odd_t = MACH_MSG_TYPE_INTEGER_32 | MACH_MSG_TYPE_PORT_SEND;
```

Write a right on both sides, or say that only its name is meant:

```text
type right_t = MACH_MSG_TYPE_COPY_SEND | MACH_MSG_TYPE_PORT_SEND;
type name_t = MACH_MSG_TYPE_PORT_NAME;
```

The receiver of a typed message compares the kinds, and refuses it. In an untyped message a right has a descriptor if it
is sent as one, so that the example is a plain number there.
";
}

//! Codes M05xx: layouts, type tables and output.

use super::codes;

codes! {
    DISPLACED = 502, Warning, "GNU MIG's C stubs misplace a field", "\
C stubs that GNU MIG made since 2015 put the field behind an array of variable size a few bytes too late, if the array's
maximum does not end where a field may begin. C stubs agree with each other, and lose the end of the message.

```text
type name_t = array[*:5] of char;
routine demo_put(server : mach_port_t; name : name_t; size : int);
```

Rust stubs follow the protocol and cannot talk to such C stubs. Choose another maximum, or put the array last:

```text
type name_t = array[*:8] of char;
```
";
    TYPE_TABLE = 503, Error, "a type table is wrong", "\
A type table says what definitions do not: Rust names, signs, structures, constants. It is a TOML file with the parts
`types`, `flavors` and `constants`. What is wrong is reported with the name of the entry.

```toml
[types.natural_t]
scaler = \"u32\"
```

Correct the entry; numbers are `u8` to `u64`, `i8` to `i64`, `f32`, `f64`, `bool`, `name`, `address` and `size`:

```toml
[types.natural_t]
scalar = \"u32\"
```
";
    FORM_MISMATCH = 504, Error, "a type table contradicts a definition", "\
A type table says what a type looks like in Rust, and the definition says how large it is in a message. Here the two
differ: the number has another width, or the fields of a structure take more bytes than there are.

```toml
# The definition says: type natural_t = MACH_MSG_TYPE_INTEGER_32;
[types.natural_t]
scalar = \"u64\"
```

Correct the table, or the definition if it is the one that is wrong:

```toml
[types.natural_t]
scalar = \"u32\"
```
";
    JOIN_CONFLICT = 505, Error, "an interface differs between ABIs in a way that no trait can have", "\
Rust code for several ABIs has one trait. Widths of integers and maxima of arrays may differ; everything else must be
the same: order and directions of arguments, kinds of types, dispositions of rights.

```text
#ifdef __LP64__
routine demo_get(server : mach_port_t; out size : int64);
#else
routine demo_get(server : mach_port_t; index : int; out size : int);
#endif
```

Make the definitions agree, or generate code for each ABI separately.
";
    UNKNOWN_CONSTANT = 506, Error, "a constant without a value", "\
`waittime`, `sendtime` and `msgoption` take a number or a word. C looks the word up in a header; here a type table must
give it a value.

```text
waittime DEMO_TIMEOUT;
```

Write the number, or a table:

```toml
[constants.DEMO]
base = \"u32\"
values = { TIMEOUT = 1000 }
```
";
    REPLY_PORT_DISPOSITION = 507, Error, "a reply port that Rust stubs cannot make", "\
A caller that brings its own reply port has the receive right, and the stub makes a send-once right of it for the call:
the one kind of right that brings exactly one answer.

```text
type reply_port_t = MACH_MSG_TYPE_MAKE_SEND;
routine demo_get(server : mach_port_t; replyport back : reply_port_t; out value : int);
```

Declare it so:

```text
type reply_port_t = MACH_MSG_TYPE_MAKE_SEND_ONCE;
routine demo_get(server : mach_port_t; replyport back : reply_port_t; out value : int);
```
";
    UNSUPPORTED_TYPE = 508, Error, "a type that has no form in Rust", "\
The type is part of the language, but no known interface uses it in this place, and it has no form in Rust: a native C
type, an array of rights of any kind, an array of arrays of structures, and so on.

```text
type rights_t = array[*:8] of polymorphic;
routine demo_put(server : mach_port_t; rights : rights_t);
```

The report says what to use instead:

```text
type rights_t = array[*:8] of polymorphic | MACH_MSG_TYPE_PORT_SEND;
routine demo_put(server : mach_port_t; rights : rights_t);
```
";
    SAME_NAME = 509, Error, "two things get the same name in Rust", "\
Names of a definition become Rust names: types in camel case without `_t` or `_data_t`, functions and arguments in snake
case, constants of message ids in capitals. Two of them became the same.

```text
routine demo_get(server : mach_port_t; out value : int);
routine Demo_Get(server : mach_port_t; out size : int);
```

Give them names that differ in more than that; routine names do not occur in messages:

```text
routine demo_get(server : mach_port_t; out value : int);
routine demo_get_size(server : mach_port_t; out size : int);
```
";
    MANIFEST = 511, Error, "a manifest is wrong", "\
A manifest lists what is to be generated: for each set of interfaces its definitions, type tables and ABIs. It is a TOML
file. What is wrong is reported with the name of the entry, also two subsystems of a set with the same module.

```toml
[[set.subsystem]]
definition = \"../defs/demo.defs\"
modul = \"demo\"
```

Correct the entry:

```toml
[[set.subsystem]]
definition = \"../defs/demo.defs\"
module = \"demo\"
```
";
    UNKNOWN_SIZE = 512, Error, "a C type whose size nothing says", "\
`PointerTo` and `ValueOf` name a C type that is copied into the message as it stands. C's stubs take its size from a
header, which is not read here.

```text
routine demo_put(server : mach_port_t; in setting : PointerTo(setting_t));
```

State the size, in bytes, on the command line with `--type-size setting_t=16`, in a build script with
`Config::size`, or in a type table:

```toml
[types.setting_t]
size = 16
```
";
    OPTIONAL_NATIVE = 513, Error, "a C type that may be left out of a message", "\
`PointerToIfNot` leaves its argument out of the message if it has a certain value. Apple's compiler crashes when it
writes the server's stub for one, so there is no message of this kind to be compatible with.

```text
routine demo_put(server : mach_port_t; in setting : PointerToIfNot(setting_t, NULL));
```

Send it always:

```text
routine demo_put(server : mach_port_t; in setting : PointerTo(setting_t));
```
";
}

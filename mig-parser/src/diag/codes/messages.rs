//! Codes M0421 on: what the messages of routines carry, their ids, what is obsolete.

use super::codes;

codes! {
    OUT_OF_ONE_WAY = 421, Error, "a result of a simpleroutine", "\
A simpleroutine is one message; nothing comes back. So it can have no `out` or `inout` argument, and no token of a
reply.

```text
simpleroutine demo_get(server : mach_port_t; out value : int);
```

Make it a routine, or send the argument only:

```text
routine demo_get(server : mach_port_t; out value : int);
```
";
    INOUT_VARIABLE = 422, Error, "an `inout` array of variable size in line", "\
A server's stub edits an `inout` argument where it stands in the request. An array or string of variable size in line
could grow and move everything behind it.

```text
type data_t = array[*:64] of char;
routine demo_sort(server : mach_port_t; inout data : data_t);
```

Use two arguments, or send the data out of line:

```text
routine demo_sort(server : mach_port_t; data : data_t; out sorted : data_t);
```

In untyped messages `array[]` is out of line, and rights have descriptors of their own; both may be `inout` there. An
`array[*:n]` of arrays out of line may not: how many elements each of those has stands in line.
";
    COUNT_IN_OUT = 423, Warning, "`countinout` where nothing is counted", "\
With `countinout` the request says how many elements of an `out` array the caller has room for. That means nothing for
other directions, for types of constant size and strings, and for what is out of line. The flag is ignored.

```text
type data_t = array[*:64] of char;
routine demo_put(server : mach_port_t; data : data_t, countinout);
```

Remove it, or correct the direction:

```text
type data_t = array[*:64] of char;
routine demo_get(server : mach_port_t; out data : data_t, countinout);
```
";
    SERVER_COPY = 424, Warning, "`servercopy` on data that is not indefinite", "\
An `array[]` of a typed message arrives in line or out of line. With `servercopy` the server is told which, and keeps
the data. That means nothing for other types and for `out` arguments. The flag is ignored.

```text
type data_t = array[*:64] of char;
routine demo_put(server : mach_port_t; data : data_t, servercopy);
```

Remove it, or use an array without a maximum:

```text
type data_t = array[] of char;
routine demo_put(server : mach_port_t; data : data_t, servercopy);
```
";
    PHYSICAL_COPY = 425, Warning, "`physicalcopy` on data that is not out-of-line memory", "\
`physicalcopy` asks the kernel to copy out-of-line memory instead of sharing its pages. Data in line are copied anyway,
and rights are never copied. The flag is ignored.

```text
type data_t = array[*:64] of char;
routine demo_put(server : mach_port_t; data : data_t, physicalcopy);
```

Remove it, or send the data out of line:

```text
type data_t = ^ array[] of char;
routine demo_put(server : mach_port_t; data : data_t, physicalcopy);
```
";
    OVERWRITE = 426, Warning, "`overwrite` on data that is not out-of-line output", "\
With `overwrite` out-of-line data of a reply are received into a buffer of the caller's. They must be `out` and declared
with `^`; an `array[]` is not enough, although it travels out of line. The flag is ignored.

```text
type data_t = array[] of char;
routine demo_get(server : mach_port_t; out data : data_t, overwrite);
```

Declare the type out of line:

```text
type data_t = ^ array[] of char;
routine demo_get(server : mach_port_t; out data : data_t, overwrite);
```
";
    OVERWRITE_IN_KERNEL = 427, Error, "`overwrite` for a client in the kernel", "\
A client in the kernel gets out-of-line data as a copy object and has no buffer to receive into.

```text
subsystem kerneluser demo 4200;
routine demo_get(server : mach_port_t; out data : data_t, overwrite);
```

Leave the flag out where the client is in the kernel:

```text
routine demo_get(server : mach_port_t; out data : data_t);
```

Apple's and OSF's compilers stop with a fatal error.
";
    RET_CODE = 428, Warning, "`retcode` that cannot stand for the data", "\
`retcode` marks the one 32-bit `in` argument of a simpleroutine that is a code: if it is not zero, it is sent as an
error reply, without the other arguments. Among these must be rights or memory out of line. Anywhere else the flag is
ignored.

```text
routine demo_answer(client : mach_port_t; code : int, retcode; data : data_t);
```

Make it a simpleroutine, or remove the flag:

```text
simpleroutine demo_answer(client : mach_port_t; code : int, retcode; data : data_t);
```

OSF's and Apple's compilers stop at the flag in a routine with a reply, and so do their dialects. GNU MIG accepts it
anywhere and ignores it, as is done here for typed messages.
";
    SAME_COUNT = 429, Warning, "`samecount` without an array to share the count of", "\
With `samecount` an array has no count of its own but that of the argument before it. Both must be arrays of variable
size, go in the same direction, and have `countinout` or not. Otherwise the flag is ignored.

```text
routine demo_put(server : mach_port_t; size : int; data : data_t, samecount);
```

Put the arrays next to each other; more may follow:

```text
routine demo_put(server : mach_port_t; keys : data_t; values : data_t, samecount; flags : data_t, samecount);
```
";
    NO_TRANSLATION = 430, Warning, "a translated type without the function for this direction", "\
The server's routine gets another C type than the message holds, and no function converts the one into the other. The
value is passed as it is, which is right only if both types are the same in C.

```text
type task_t = MACH_MSG_TYPE_COPY_SEND intran: task_t port_to_task(mach_port_t);
routine demo_child(server : mach_port_t; out child : task_t);
```

Give the type the function that is missing:

```text
type task_t = MACH_MSG_TYPE_COPY_SEND ctype: mach_port_t
    intran: task_t port_to_task(mach_port_t)
    outtran: mach_port_t task_to_port(task_t);
```
";
    NATIVE_DIRECTION = 431, Error, "a native type in a direction it cannot have", "\
A native type must have its direction written before it: `in`, `out` or `inout`. A value, and a pointer that may be left
out, can only be `in`.

```text
routine demo_get(server : mach_port_t; point : PointerTo(point_t); out size : ValueOf(size_t));
```

Write the directions, and a pointer for what comes back:

```text
routine demo_get(server : mach_port_t; in point : PointerTo(point_t); out size : PointerTo(size_t));
```
";
    CONSUME_NONE = 432, Warning, "a time limit while unsent messages leak", "\
When a time limit is reached, the message was not sent, but the rights and memory in it have left their owner. With
`consumeonsenderror none` C stubs leave them to nobody.

```text
consumeonsenderror none;
waittime 1000;
routine demo_give(server : mach_port_t; right : given_t);
```

Have them destroyed:

```text
consumeonsenderror timeout;
```

`none` is the default of Apple's compiler and of the Darwin dialect, which give this warning for every time limit.
";
    SPECIAL_REPLY_PORT = 433, Error, "a special reply port in a kernel subsystem", "\
A special reply port belongs to a thread of a task. The kernel has none, neither as client nor as server.

```text
subsystem kernelserver demo 4200;
usespecialreplyport 1;
routine demo_get(server : mach_port_t; out value : int);
```

Ask for it only where both sides are tasks:

```text
subsystem demo 4200;
usespecialreplyport 1;
```

It holds for routines with a reply whose caller brings no port for it. Apple's compiler stops at the first one.
";
    OBSOLETE_KIND = 434, Warning, "an obsolete kind of routine", "\
`procedure`, `simpleprocedure` and `function` come from Mach 2.5. In C they returned nothing or a value, and called the
procedure that `error` names when something failed. Here they return errors as routines do.

```text
procedure demo_stop(server : mach_port_t);
function demo_count(server : mach_port_t) : int;
```

The messages stay the same when they become routines:

```text
routine demo_stop(server : mach_port_t);
routine demo_count(server : mach_port_t; out result : int);
```
";
    UNSUPPORTED_KIND = 435, Error, "Camelot routines and traps", "\
`camelotroutine` took part in transactions of the Camelot system; `traproutine` and `trapsimpleroutine` were system
calls. None of them is an ordinary message.

```text
traproutine demo_stop(server : mach_port_t);
```

Use an ordinary routine:

```text
routine demo_stop(server : mach_port_t);
```

Its number is kept, so that the other routines do not move.
";
    RESULT_TYPE = 437, Error, "a function result that is no value", "\
The result of a C function is a value. Arrays, strings and rights of a kind that is known only when the message arrives
cannot be one.

```text
function demo_name(server : mach_port_t) : name_t = c_string[32];
```

Use a routine with an `out` argument:

```text
routine demo_name(server : mach_port_t; out name : name_t = c_string[32]);
```
";
    ID_OF_REPLY = 438, Warning, "requests and replies share an id", "\
A reply has the id of its request plus 100. With more than a hundred routines, the requests of one have the id of
replies to another. That is harmless as long as no port gets both.

```text
subsystem demo 4200;
routine demo_first(server : mach_port_t);
skip 99;
routine demo_last(server : mach_port_t);
```

Give the routines behind the hundredth a subsystem of their own. The classic compilers do not look.
";
    ID_TOO_LARGE = 439, Error, "message ids are too large", "\
Message ids are signed 32-bit numbers, and the reply to the last routine has the largest one.

```text
subsystem demo 2147483600;
```

Choose a smaller base:

```text
subsystem demo 4200;
```

The classic compilers calculate with what remains of 32 bits, without a word.
";
    TRAILER_FIELD = 440, Error, "a trailer argument that names no field", "\
`serverimpl` and `userimpl` stand for a field of the trailer behind a message. It is named behind the type:
`msgh_trailer_type`, `_size`, `msgh_seqno`, `msgh_sender`, `msgh_audit`, `msgh_context`, `msgh_ad`, `msgh_labels`.

```text
routine demo_get(server : mach_port_t; serverimpl caller : security_token_t);
```

Name the field, or use an argument that means it:

```text
routine demo_get(server : mach_port_t; serverimpl caller : security_token_t, msgh_sender);
routine demo_set(server : mach_port_t; serversectoken caller : security_token_t);
```

Apple's compiler knows the two words and has no way to name a field; its output does not compile.
";
    NO_EFFECT = 441, Warning, "a flag that changes nothing on its argument", "\
`auto` has the memory of an `in` argument out of line deallocated after the server's routine, and never rights in it;
`const` promises that the routine does not write to an argument. On others they mean nothing and are ignored.

```text
routine demo_get(server : mach_port_t; index : int, auto; out data : data_t, const);
```

Remove them:

```text
routine demo_get(server : mach_port_t; index : int; out data : data_t);
```
";
    TOO_MANY = 442, Warning, "there are too many mistakes", "\
After fifty errors, and after fifty warnings, the others are only counted. If errors are among those, this is an error,
too.

```text
error[M0442]: 4211 more errors are not shown
```

Mend the first ones and compile again. Often one declaration is wrong, a file is missing, or the definition was written
for another dialect.
";
    OBSOLETE_SETTING = 443, Warning, "a setting of Mach 2.5", "\
`msgtype`, `msgkind` and the modes `kernel` and `camelot` of a subsystem belong to Mach 2.5 and to the first Mach 3.0.
Messages have no place for them any more, and they are ignored.

```text
subsystem kernel demo 4200;
msgtype MSG_TYPE_RPC;
```

Remove them. For a server in the kernel, write:

```text
subsystem kernelserver demo 4200;
```
";
    NO_TRAILER = 444, Error, "an argument from a trailer that messages do not have", "\
`serveraudittoken` and its kin, `serverimpl` and `userimpl` stand for what the kernel writes behind a message, into its
trailer. Typed messages have none.

```text
routine demo_get(server : mach_port_t; serveraudittoken caller : audit_token_t);
```

Leave the argument out where messages are typed, or compile the definition for `darwin-lp64` or `darwin-ilp32`:

```text
routine demo_get(server : mach_port_t
#ifdef __APPLE__
    ; serveraudittoken caller : audit_token_t
#endif
    );
```

A sequence number needs no trailer there: it is in the header of a typed message.
";
}

//! Codes M0401 to M0420: the subsystem, routines, and arguments that are no data.

use super::codes;

codes! {
    NO_SUBSYSTEM = 401, Error, "no subsystem", "\
Message ids count from the number that `subsystem` gives, so a file with routines must have one. A file of types alone
needs none.

```text
routine demo_stop(server : mach_port_t);
```

Begin the file with it:

```text
subsystem demo 4200;
routine demo_stop(server : mach_port_t);
```

The classic compilers also demand it of files without routines.
";
    SECOND_SUBSYSTEM = 402, Error, "a second subsystem", "\
A definition file describes one subsystem, from whose base all its ids count.

```text
subsystem demo 4200;
subsystem other 4300;
```

Write two files, and put types that both need into a third one without `subsystem`:

```text
subsystem demo 4200;
#include \"demo_types.defs\"
```

OSF's and Apple's compilers warn and forget the first one, GNU's gives up.
";
    REPEATED_MODE = 403, Warning, "`kerneluser` or `kernelserver` is repeated", "\
`kerneluser` or `kernelserver` is written twice.

```text
subsystem kernelserver kernelserver demo 4200;
```

Remove one of them, or write the other keyword if that was meant:

```text
subsystem kernelserver demo 4200;
```

It often comes from a macro that stands for one of them.
";
    BEFORE_SUBSYSTEM = 404, Error, "GNU MIG knows no types before `subsystem`", "\
GNU MIG makes its built-in types when it reads `subsystem`. A type or routine before that is an error there, and the
compiler often crashes afterwards. Without a dialect the order does not matter.

```text
#include <mach/std_types.defs>
subsystem demo 4200;
```

Put `subsystem` first:

```text
subsystem demo 4200;
#include <mach/std_types.defs>
```
";
    SECOND_RCS_ID = 405, Warning, "a second `rcsid`", "\
`rcsid` gives a text to the C files, and there is one place for it. The last one counts.

```text
rcsid \"demo.defs 1.1\";
rcsid \"demo.defs 1.2\";
```

Keep one of them:

```text
rcsid \"demo.defs 1.2\";
```

An included file may have one, too.
";
    SAME_ROUTINE = 406, Error, "two routines of one name", "\
Two routines have the same name, and so would the functions made of them.

```text
routine demo_get(server : mach_port_t; out value : int);
routine demo_get(server : mach_port_t; out size : int);
```

Give one of them another name:

```text
routine demo_get(server : mach_port_t; out value : int);
routine demo_get_size(server : mach_port_t; out size : int);
```

Ids follow from the order, not from the names. The classic compilers say nothing; the C compiler does.
";
    SAME_ARGUMENT = 407, Error, "two arguments of one name", "\
Two arguments of a routine have the same name.

```text
routine demo_move(server : mach_port_t; index : int; index : int);
```

Give them different names; they do not occur in messages:

```text
routine demo_move(server : mach_port_t; from : int; to : int);
```

The classic compilers say nothing; the C compiler does.
";
    NO_REQUEST_PORT = 408, Error, "a routine without a request port", "\
Every routine is sent to a port, so one of its arguments must be the request port: the first one without a direction,
or one that is written with `requestport`.

```text
routine demo_stop();
routine demo_get(in index : int; out value : int);
```

Add it, usually as the first argument:

```text
routine demo_stop(server : mach_port_t);
routine demo_get(server : mach_port_t; index : int; out value : int);
```
";
    REQUEST_PORT_TYPE = 409, Error, "a request port that is no send right", "\
The request port must be one send right or send-once right: not an array, not out of line, and no other data. The first
argument without a direction is taken for it.

```text
routine demo_get(index : int; server : mach_port_t; out value : int);
```

Put the port first, or give the other argument its direction:

```text
routine demo_get(server : mach_port_t; index : int; out value : int);
routine demo_find(in index : int; server : mach_port_t; out value : int);
```

In the Mach 3 and GNU dialects its type must not say `dealloc` either.
";
    REPLY_PORT_TYPE = 410, Error, "a reply port that is no send right", "\
A reply port must be one send right or send-once right, or a type whose kind is 0, which means that there is none.

```text
routine demo_get(server : mach_port_t; replyport back : int; out value : int);
```

Use a right:

```text
type reply_port_t = MACH_MSG_TYPE_MAKE_SEND_ONCE;
routine demo_get(server : mach_port_t; replyport back : reply_port_t; out value : int);
```
";
    SECOND_REQUEST_PORT = 411, Error, "two request ports", "\
A message goes to one port. Of two request ports the first would be lost: nothing carries it. An argument without a
direction is the request port if none came before it.

```text
routine demo_move(from : mach_port_t; requestport server : mach_port_t);
```

Say that the first one is data:

```text
routine demo_move(in from : mach_port_t; requestport server : mach_port_t);
```

The classic compilers warn, and send a message without the first argument.
";
    SECOND_REPLY_PORT = 412, Warning, "two reply ports on one side", "\
`replyport` is for both sides, `ureplyport` for the client, `sreplyport` for the server. Each side has one reply port,
and the last one that is written counts.

```text
routine demo_get(server : mach_port_t; replyport one : reply_port_t; sreplyport other : reply_port_t);
```

Keep one for each side:

```text
routine demo_get(server : mach_port_t; ureplyport one : reply_port_t; sreplyport other : reply_port_t);
```

OSF's and Apple's compilers have one place for both sides, so that this is a mistake in their dialects, too.
";
    SECOND_SEQNO = 413, Warning, "two sequence numbers", "\
A request has one sequence number. Of two arguments for it the last one gets it.

```text
routine demo_get(server : mach_port_t; msgseqno one : int; msgseqno other : int);
```

Keep one of them:

```text
routine demo_get(server : mach_port_t; msgseqno number : int);
```
";
    SECOND_TIME = 414, Warning, "two time limits of one kind", "\
A call has one time limit: `waittime` for sending and receiving, or `sendtime` for sending alone. Of two arguments of
one kind the last one counts; of one of each, `waittime`.

```text
routine demo_get(server : mach_port_t; waittime limit : int; sendtime other : int);
```

Keep one of them:

```text
routine demo_get(server : mach_port_t; waittime limit : int);
```
";
    SECOND_MSG_OPTION = 415, Warning, "two message options", "\
A call has one set of options. Of two arguments for it the last one counts.

```text
routine demo_get(server : mach_port_t; msgoption one : int; msgoption other : int);
```

Keep one of them; options can be combined in one number:

```text
routine demo_get(server : mach_port_t; msgoption options : int);
```
";
    SECOND_TOKEN = 416, Warning, "two tokens of one kind", "\
A message has one token of each kind, and each side gets it in one argument: `serversectoken` on the server's,
`usersectoken` on the client's, `sectoken` on both. The last one counts.

```text
routine demo_get(server : mach_port_t; sectoken one : security_token_t; serversectoken other : security_token_t);
```

Keep one of them:

```text
routine demo_get(server : mach_port_t; sectoken caller : security_token_t);
```
";
    INTEGER_TYPE = 417, Error, "a time limit or option that is no plain integer", "\
The kernel takes time limits and options as 32-bit integers, `MACH_MSG_TYPE_INTEGER_32` when sent and received.

```text
routine demo_get(server : mach_port_t; waittime limit : int64);
```

Use such a type:

```text
routine demo_get(server : mach_port_t; waittime limit : int);
```
";
    SEQNO_TYPE = 418, Error, "a sequence number that is no plain integer", "\
The kernel numbers messages with 32-bit integers.

```text
routine demo_get(server : mach_port_t; msgseqno number : int64);
```

Use such a type:

```text
routine demo_get(server : mach_port_t; msgseqno number : int);
```

Apple's compiler means to check this and does not.
";
    TOKEN_TYPE = 419, Error, "a token of the wrong type", "\
A security token and the context of a port have 8 bytes, an audit token 32; the numbers that `serverimpl` and `userimpl`
can name have 4. The type must be in line, have this size and be no right.

```text
type token_t = struct[2] of int;
routine demo_get(server : mach_port_t; serveraudittoken caller : token_t);
```

Use the type that the system's definitions declare:

```text
type audit_token_t = struct[8] of uint32_t;
routine demo_get(server : mach_port_t; serveraudittoken caller : audit_token_t);
```

Apple's compiler means to check this and does not.
";
    TOKEN_IN_KERNEL = 420, Warning, "a token on the kernel's side", "\
Tokens say who sent a message, and stand in the trailer that a kernel puts behind it for a task. Whether there is one
behind a message that the kernel itself receives depends on the kernel.

```text
subsystem kernelserver demo 4200;
routine demo_get(server : mach_port_t; serversectoken caller : security_token_t);
```

Leave the argument out there, unless this kernel is known to have it:

```text
routine demo_get(server : mach_port_t);
```

Apple's compiler means to refuse this and does not.
";
}

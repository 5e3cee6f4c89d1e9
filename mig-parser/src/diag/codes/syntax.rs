//! Codes M02xx: lexing, grammar and dialects.

use super::codes;

codes! {
    SYNTAX = 200, Error, "the text does not follow the grammar", "\
Something else was expected at the marked token, and nothing more particular could be said about it.
The message lists what may stand there.

```text
type name_t = array[*:64 of char;
```

`]` is missing before `of`:

```text
type name_t = array[*:64] of char;
```

The classic compilers say `syntax error` and go on after the next `;`.
";
    NO_TOKEN = 201, Error, "a character or a comment is not part of the language", "\
Definitions consist of words, decimal numbers and the characters `: ; , + - * / ( ) = ^ ~ < > [ ] | { }`.
Texts in quotes may contain anything, and the operands of settings such as `waittime` also `.` and `$`.

```text
type name_t = array[*:64] of char@;
```

Take the character out. The rest of the statement is read as if it were a blank.

Comments are removed by the preprocessor. One that is still there comes from another preprocessor: in strict C90 mode
many do not know `//`. Give the original file to this compiler.
";
    UNKNOWN_STATEMENT = 203, Error, "no statement begins with this word", "\
Every statement begins with a keyword: `subsystem`, `type`, `routine`, `simpleroutine`, `skip`, `import`,
`serverprefix` and so on. Upper and lower case do not matter.

```text
rotuine demo_stop(server : mach_port_t);
```

Correct the word:

```text
routine demo_stop(server : mach_port_t);
```

A macro that was not defined also looks like this.
";
    NO_SEMICOLON = 204, Error, "a semicolon is missing", "\
A `;` ends every statement and separates the arguments of a routine.

```text
type a_t = int
type b_t = int;
```

Write it where the label points:

```text
type a_t = int;
type b_t = int;
```

What follows is read as if it were there.
";
    NOT_CLOSED = 205, Error, "a parenthesis or brace is not closed", "\
The list that begins at one label has no end. Where it ends at the latest is known because a word follows which can
only begin a statement, or because the file ends.

```text
routine demo_stop(server : mach_port_t;
type a_t = int;
```

Close it:

```text
routine demo_stop(server : mach_port_t);
type a_t = int;
```
";
    EMPTY_ARGUMENT = 206, Error, "an argument is missing beside a semicolon", "\
`;` separates arguments and does not end them, so none may stand before `)`, at the beginning, or twice.

```text
routine demo_stop(server : mach_port_t;);
```

Leave it out:

```text
routine demo_stop(server : mach_port_t);
```

It often comes from a macro for an argument which is defined to nothing.
";
    WRONG_SEPARATOR = 207, Error, "arguments are separated by commas", "\
A comma stands before a flag of an argument; arguments themselves are separated by `;`. Reported once for each
routine.

```text
routine demo_add(server : mach_port_t, value : int);
```

Write a semicolon:

```text
routine demo_add(server : mach_port_t; value : int);
```
";
    NO_ARGUMENTS = 208, Error, "a routine has no argument list", "\
A routine has arguments in parentheses, at least the port that it is sent to.

```text
routine demo_stop;
```

Write them:

```text
routine demo_stop(server : mach_port_t);
```
";
    NO_TYPE = 209, Error, "an argument has no type", "\
An argument is a name, a colon and a type; a direction may stand before the name.

```text
routine demo_add(server mach_port_t; int value; out total);
```

Unlike in C, the type comes last:

```text
routine demo_add(server : mach_port_t; value : int; out total : int);
```
";
    ANONYMOUS_TYPE = 210, Error, "the type of an argument has no name", "\
Behind the colon of an argument the name of a type must stand, or a declaration in place, which has a name too.

```text
routine demo_set(server : mach_port_t; values : array[*:8] of int);
```

Either of these is right:

```text
routine demo_set(server : mach_port_t; values : values_t = array[*:8] of int);
type values_t = array[*:8] of int;
```

The classic compilers say `syntax error`.
";
    NO_EQUALS = 211, Error, "`=` is missing in the declaration of a type", "\
A type is declared with its name, `=` and what it stands for.

```text
type name_t : array[*:64] of char;
```

Write `=`:

```text
type name_t = array[*:64] of char;
```
";
    NOT_DECIMAL = 212, Error, "a number is not decimal", "\
Numbers are decimal. There are no hexadecimal numbers, no suffixes, and a leading 0 means nothing.

```text
type page_t = array[0x1000] of char;
```

Write the number in decimal:

```text
type page_t = array[4096] of char;
```

The classic compilers read `0x1000` as the number 0 and the name `x1000`, and say `syntax error`.
";
    NEGATIVE_NUMBER = 213, Error, "a number is negative", "\
Numbers are unsigned 32-bit ones and have no sign. `-` stands only between two operands.

```text
type name_t = array[-1] of char;
```

An array whose number of elements is not known beforehand is written so:

```text
type name_t = array[] of char;
```
";
    NUMBER_TOO_LARGE = 214, Error, "a number does not fit 32 bits", "\
The largest number is 4294967295.

```text
subsystem demo 99999999999;
```

Choose a smaller one. The classic compilers keep the lower 32 bits without a word: here they would number the
messages from 1215752191.
";
    UNKNOWN_DIRECTION = 215, Error, "an argument has an unknown direction", "\
The word before the name of an argument says which way it goes: `in`, `out`, `inout`; or that it has a part of its
own in the message: `requestport`, `replyport`, `sreplyport`, `ureplyport`, `waittime`, `msgoption`, `msgseqno`,
`serveraudittoken` and so on.

```text
routine demo_get(server : mach_port_t; uot value : int);
```

Correct the word:

```text
routine demo_get(server : mach_port_t; out value : int);
```
";
    UNKNOWN_FLAG = 216, Error, "an argument or a type has an unknown flag", "\
Behind a comma a flag must stand: `dealloc`, `notdealloc`, `islong`, `isnotlong`, `servercopy`, `countinout`,
`retcode`, `samecount`, `physicalcopy`, `overwrite`, `auto`, `const`.

```text
routine demo_put(server : mach_port_t; data : data_t, delloc);
```

Correct the word:

```text
routine demo_put(server : mach_port_t; data : data_t, dealloc);
```
";
    UNKNOWN_MODE = 217, Error, "a subsystem has an unknown mode", "\
Between `subsystem` and its name only `kerneluser` and `kernelserver` may stand, and in old definitions `kernel` and
`camelot`.

```text
subsystem kernelsever demo 4200;
```

Correct the word:

```text
subsystem kernelserver demo 4200;
```
";
    UNKNOWN_ANNOTATION = 218, Error, "a type has an unknown annotation", "\
Behind a type these words may stand, each with a colon: `ctype`, `cusertype`, `cservertype`, `intran`, `outtran`,
`destructor`, `intranpayload`.

```text
type task_t = MACH_MSG_TYPE_COPY_SEND ctyp: mach_port_t;
```

Correct the word:

```text
type task_t = MACH_MSG_TYPE_COPY_SEND ctype: mach_port_t;
```
";
    ANNOTATION_FORM = 219, Error, "an annotation has the wrong form", "\
Each annotation is written in one way:

```text
intran: server_type function(message_type)
outtran: message_type function(server_type)
destructor: function(server_type)
intranpayload: server_type function
ctype: type
cusertype: type
cservertype: type
```

`intran: task_t from_port` lacks what the function gets; `intran: task_t from_port(mach_port_t)` is right.
";
    UNKNOWN_IPC_TYPE = 220, Error, "no kind of data has this name", "\
The kinds of data that a kernel knows have fixed names: `MACH_MSG_TYPE_INTEGER_32`, `MACH_MSG_TYPE_COPY_SEND`,
`polymorphic` and so on, those of Mach 2.5 `MSG_TYPE_…`. They are written in upper case, `polymorphic` in any case.

```text
type word_t = MACH_MSG_TYPE_INT_32;
```

Correct the name:

```text
type word_t = MACH_MSG_TYPE_INTEGER_32;
```
";
    KEYWORD_AS_NAME = 221, Error, "a keyword is used as a name", "\
The marked word is a keyword in every dialect, so no routine, argument or type can be called so.

```text
routine demo_set(server : mach_port_t; type : int);
```

Choose another name; it does not occur in messages:

```text
routine demo_set(server : mach_port_t; kind : int);
```

Words which only some dialects reserve are reported when the dialect is named.
";
    WRONG_CASE = 222, Error, "a keyword is not written exactly", "\
Most keywords may be written in upper or lower case. `PointerTo`, `PointerToIfNot`, `ValueOf`, `UserTypeLimit` and
`OnStackLimit` may not.

```text
usertypelimit 512;
```

Write it as it is:

```text
UserTypeLimit 512;
```
";
    WRONG_OPERAND = 223, Error, "a statement has the wrong operand", "\
Statements of a keyword and an operand take exactly one thing of one kind.

```text
import mach/std_types.h;
waittime 5*1000;
```

A file name stands in quotes or angle brackets, `rcsid` takes a text in quotes, settings such as `waittime` take one
word, `skip` a number or nothing:

```text
import <mach/std_types.h>;
waittime 5000;
```
";
    UNKNOWN_POLICY = 224, Error, "`consumeonsenderror` has an unknown operand", "\
The statement says what happens to a message which could not be sent: `none` leaves it alone, `timeout` destroys it
after a time-out, `any` after an invalid destination too.

```text
consumeonsenderror always;
```

Write one of the three:

```text
consumeonsenderror any;
```
";
    RESULT = 225, Error, "a function has no result, or something else has one", "\
Only a `function` has a result, and it must have one: a type behind the arguments.

```text
function demo_count(server : mach_port_t);
routine demo_size(server : mach_port_t) : int;
```

Write the type, or an `out` argument:

```text
function demo_count(server : mach_port_t) : int;
routine demo_size(server : mach_port_t; out size : int);
```
";
    TOO_DEEP = 226, Error, "something is nested too deeply", "\
Parentheses, types inside types and the operators of an expression are limited to a hundred levels, so that no input
can exhaust the stack. No known definition comes near.

```text
type deep_t = array[2] of array[2] of array[2] of …;
```

Declare a part of it as a type of its own.
";
    TOO_MANY_ERRORS = 227, Error, "there are too many errors of grammar or dialect", "\
After fifty errors the others are only counted. The text is probably no definition file, a file that it includes is
missing, or another dialect is meant.

Mend the first ones and compile again:

```text
error[M0227]: 4211 more errors are not shown
```
";
    OTHER_DIALECT = 230, Error, "only other dialects know this", "\
A dialect was named, and this word or form is not part of it. Without one, everything that any dialect knows is
accepted.

```text
subsystem demo 4200;
routine demo_stop(server : mach_port_t; serveraudittoken caller : audit_token_t);
```

In the GNU dialect the last argument is an error. Compile the definition as `darwin`, or leave the argument out.
";
    RESERVED_BY_DIALECT = 231, Error, "the dialect reserves this name", "\
Which words are keywords differs: `error`, `auto` and `const` are names in the GNU dialect and keywords in the OSF
and Darwin dialects, with `islong` it is the other way round.

```text
routine demo_fail(server : mach_port_t; error : int);
```

Choose another name if the definition is to be read by such compilers:

```text
routine demo_fail(server : mach_port_t; error_ : int);
```
";
    TRAILER = 232, Error, "an argument for the trailer has the wrong form", "\
Arguments that stand for a field of the message's trailer take no flags. In the OSF dialect these are `msgseqno`,
`serversectoken`, `usersectoken`, and also `serverimpl` and `userimpl`, which name the field instead:

```text
routine demo_stop(server : mach_port_t; serverimpl caller : security_token_t, msgh_sender);
```

In the Darwin dialect nothing may follow `serverimpl` and `userimpl`.
";
}

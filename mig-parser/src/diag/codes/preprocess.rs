//! Codes M01xx: the preprocessor.

use super::codes;

codes! {
    CANNOT_READ = 100, Error, "a file cannot be read",
r#"A file exists but could not be read, or the file named on the command line does not exist.
The report quotes what the system says about it. Nothing is read after that.

    $ mig-cli emit preprocessed mach_port.def
    error[M0100]: `mach_port.def` cannot be read

Check the spelling and the permissions:

    $ mig-cli emit preprocessed mach_port.defs
"#;

    MISSING_INCLUDE = 101, Error, "an included file is not found",
r#"`#include "name"` is looked for beside the including file, then in the directories of `-I` in their order, then in
those of `-isystem`. `#include <name>` is looked for in the directories only. The report lists where it was looked for.

    #include <mach/std_types.defs>      // without any -I

Name the directory in which `mach` is:

    $ mig-cli emit preprocessed -I /usr/include file.defs

No directory is searched unless it is named: what a definition means does not depend on what is installed.
"#;

    BAD_INCLUDE = 102, Error, "an `#include` does not name a file",
r#"A file name stands in quotes or in angle brackets, or is a macro which expands to one of the two.

    #include mach/std_types.defs
    #include ""

Write:

    #include <mach/std_types.defs>
"#;

    INCLUDES_TOO_DEEP = 103, Error, "files include each other too deeply",
r#"A file that includes itself, perhaps through another one, would never end. Reading stops at a depth of 200, as in
the usual C compilers.

    /* types.defs */
    #include "types.defs"

An include guard makes the second inclusion empty:

    #ifndef _TYPES_DEFS_
    #define _TYPES_DEFS_
    …
    #endif
"#;

    UNKNOWN_DIRECTIVE = 104, Error, "a `#` line is not a directive",
r#"A line that begins with `#` is for the preprocessor, which does not know this word. Unknown words are accepted in
groups that a condition leaves out.

    #inlcude <mach/std_types.defs>

Write:

    #include <mach/std_types.defs>

Classic compilers stop with the same error. `#pragma`, `#ident` and `#sccs` are known and ignored.
"#;

    UNTERMINATED_CONDITIONAL = 105, Error, "a conditional has no `#endif`",
r#"Every `#if`, `#ifdef` and `#ifndef` ends with an `#endif` in the same file.

    #if KERNEL_SERVER
    subsystem KernelServer clock 1000;

Write:

    #if KERNEL_SERVER
    subsystem KernelServer clock 1000;
    #endif
"#;

    NO_OPEN_CONDITIONAL = 106, Error, "`#else`, `#elif` or `#endif` without `#if`",
r#"These directives continue or end a conditional, but none is open in this file. A conditional cannot begin in one
file and end in another.

    #endif /* KERNEL_SERVER */

Remove the line, or add the `#if` which is missing above it.
"#;

    AFTER_ELSE = 107, Error, "a group of a conditional comes after `#else`",
r#"`#else` begins the last group of a conditional; neither `#elif` nor a second `#else` may follow.

    #if KERNEL_SERVER
    #else
    #elif KERNEL_USER
    #endif

Put the groups in order:

    #if KERNEL_SERVER
    #elif KERNEL_USER
    #else
    #endif
"#;

    BAD_EXPRESSION = 108, Error, "a condition is malformed",
r#"The operand of `#if` and `#elif` is an integer expression of C: numbers, character constants, `defined`, the
operators of C without assignment, and parentheses. A name that is no macro counts as 0. The condition counts as false.

    #if KERNEL_SERVER ||
    #if VERSION = 3

Write:

    #if KERNEL_SERVER || KOBJECT_SERVER
    #if VERSION == 3
"#;

    EMPTY_MACRO = 109, Error, "an empty macro is used as a value",
r#"A macro that is defined with an empty body leaves nothing behind in a condition, so there is no value to test.

    #define KERNEL_SERVER
    #if KERNEL_SERVER

Give it a value, in the file or with `-DKERNEL_SERVER` (which means `-DKERNEL_SERVER=1`):

    #define KERNEL_SERVER 1

or ask only whether it is defined:

    #ifdef KERNEL_SERVER
"#;

    DIVISION_BY_ZERO = 110, Error, "a condition divides by zero",
r#"The right side of `/` or `%` is 0, often because a name is not defined and counts as 0.

    #if PAGES / PAGES_PER_SLICE > 4

Test for the name first; what `&&` and `||` do not need is not calculated:

    #if defined(PAGES_PER_SLICE) && PAGES / PAGES_PER_SLICE > 4
"#;

    BAD_INTEGER = 111, Error, "a number of a condition is not an integer",
r#"Conditions know integers of 64 bits: decimal, octal with a leading `0`, hexadecimal with `0x`, binary with `0b`,
each with the suffixes `u`, `l` and `ll`; and character constants such as `'a'`.

    #if VERSION >= 1.5
    #if MODE == 089

Write:

    #if VERSION_MAJOR > 1 || VERSION_MINOR >= 5
    #if MODE == 89
"#;

    NO_MACRO_NAME = 112, Error, "a directive lacks the name of a macro",
r#"`#define`, `#undef`, `#ifdef`, `#ifndef` and `defined` need the name of a macro: letters, digits and `_`, not
beginning with a digit.

    #ifdef
    #define 64BIT 1

Write:

    #ifdef KERNEL_SERVER
    #define IS_64BIT 1
"#;

    RESERVED_NAME = 113, Error, "a name that belongs to the preprocessor",
r#"`defined` is an operator of conditions and cannot be a macro. `__VA_ARGS__` stands for the arguments of `...` and
has a meaning only in the body of a macro whose parameters end with it.

    #define LIST(first) first, __VA_ARGS__

Write:

    #define LIST(first, ...) first, __VA_ARGS__
"#;

    BAD_PARAMETERS = 114, Error, "the parameters of a macro are malformed",
r#"A `(` directly behind the name of a macro begins its parameters: different names with commas between, and perhaps
`...` as the last one.

    #define PAIR(a b) a, b
    #define BOTH(a, a) a

Write:

    #define PAIR(a, b) a, b

If the `(` belongs to the body, put a blank before it: `#define SIZE (4)`.
"#;

    MISPLACED_OPERATOR = 115, Error, "`#` or `##` lacks an operand",
r#"In the body of a macro `##` joins the tokens on both of its sides, and in one with parameters `#` makes a string of
the parameter behind it.

    #define NAME(x) x ##
    #define TEXT(x) #y

Write:

    #define NAME(x) x ## _t
    #define TEXT(x) #x
"#;

    REDEFINED = 116, Warning, "a macro is defined again in another way",
r#"The same definition may be repeated, a different one replaces the first. Where the macro was used in between, the
file means two things at once, so this is seldom intended.

    #define LIMIT 64
    #define LIMIT 128

If it is intended, say so:

    #undef LIMIT
    #define LIMIT 128

Only the presence of white space in the body counts, not its amount.
"#;

    WRONG_ARITY = 117, Error, "a macro is called with the wrong number of arguments",
r#"A call has as many arguments as the macro has parameters; for one with `...`, at least as many as there are others.
Commas inside parentheses do not separate arguments.

    #define ROUTINE(name, number) routine name
    ROUTINE(port_allocate)

Write:

    ROUTINE(port_allocate, 3)

Reading goes on as if missing arguments were empty; those that are left over are ignored.
"#;

    UNTERMINATED_CALL = 118, Error, "the call of a macro does not end",
r#"The arguments of a macro end with a `)`, which may stand on a later line but not in another file. Inside a directive
it must stand on the same line.

    #define PREFIX(name) mach_ ## name
    routine PREFIX(port_allocate (

Write:

    routine PREFIX(port_allocate) (

An apostrophe without a partner hides a `)` on the rest of its line.
"#;

    BAD_PASTE = 119, Error, "`##` does not make a token",
r#"What `##` joins must be one token: a name, a number, a mark.

    #define POINTER(type) * ## type
    POINTER(int)

`*` and `int` stay two tokens, whether a blank is between them or not:

    #define POINTER(type) *type

Both tokens are kept side by side.
"#;

    USER_ERROR = 120, Error, "the file contains an `#error`",
r#"A file says with `#error` that it cannot be used as it is, mostly because a macro is missing. The text behind it is
the message.

    #if !defined(__LP64__) && !defined(__ILP32__)
    #error what is the size of a pointer?
    #endif

Do what the message asks for; for a macro of the target, name the ABI or define the macro with `-D`.
"#;

    USER_WARNING = 121, Warning, "the file contains a `#warning`",
r#"A file says with `#warning` that something about its use is odd. The text behind it is the message.

    #warning this interface is obsolete

Output is written all the same.
"#;

    BAD_LINE = 122, Error, "a line directive is malformed",
r#"`#line` is followed by a number, up to 2147483647, and perhaps by the name of a file in quotes. Preprocessors write
the same without the word, as `# 12 "file"`.

    #line twelve

Write:

    #line 12 "mach_port.defs"

Reports about what follows show that file and line.
"#;

    UNTERMINATED_COMMENT = 123, Error, "a comment does not end",
r#"A comment that begins with `/*` ends with the next `*/`. Comments do not nest, so one that should end at an outer
`*/` has already ended at an inner one.

    /* The port set.
    routine mach_port_move_member(

Write:

    /* The port set. */
    routine mach_port_move_member(
"#;

    INCLUDE_IN_CALL = 124, Error, "an `#include` stands inside the arguments of a macro",
r#"Between the arguments of a macro call, conditionals and definitions are obeyed, but a file cannot be included.

    WRAP(
    #include "arguments.h"
    )

Close the call before the `#include`, or put what the file contains into a macro.
"#;

    EXTRA_TOKENS = 125, Warning, "text behind a directive is ignored",
r#"A directive is complete, but there is more on its line. Behind `#else` and `#endif` such text is a custom of old and
is ignored in silence; elsewhere it may be a mistake.

    #ifdef KERNEL_SERVER || KERNEL_USER

tests `KERNEL_SERVER` alone. Write:

    #if defined(KERNEL_SERVER) || defined(KERNEL_USER)
"#;

    FILE_TOO_LARGE = 130, Error, "a file is too large",
r#"A file with more than 16 MiB is no definition file but a mistake: a device, a disk image, the output of a program
that went wrong.

    #include "/dev/zero"

Include the file that was meant. Libraries can raise the limit.
"#;

    OUTPUT_TOO_LARGE = 131, Error, "the preprocessed text is too long",
r#"The text after preprocessing, or all tokens made with `#` and `##`, have more than 16 MiB. Mostly a file is included
again and again, or a macro doubles its argument in every call.

    #define TWICE(x) x x
    TWICE(TWICE(TWICE(…)))

Libraries can raise the limit.
"#;

    TOO_MUCH_EXPANSION = 132, Error, "macros expand to too many tokens",
r#"All expansions of a run together may read and make 1,048,576 tokens. Macros that call each other twice grow beyond
that in twenty steps.

    #define A B B
    #define B C C
    …

Definition files need a few thousand. Libraries can raise the limit.
"#;

    NESTED_TOO_DEEP = 133, Error, "something is nested too deeply",
r#"Macro calls inside the arguments of macro calls, and parentheses and `?:` in conditions, may be nested 200 deep.

    #if ((((((((((((((((…

Nothing that people write comes near. A macro in between, or a condition in several steps, makes it flat.
"#;

    TOO_MANY_FILES = 134, Error, "too many files are included",
r#"A run may include 65,536 files and read 256 MiB from them; a file counts as often as it is read. Files that include
each other twice reach that soon.

    /* a.defs */
    #include "b.defs"
    #include "b.defs"

With an include guard, or `#pragma once`, the second inclusion costs nothing.
"#;

    TOO_MANY_DIAGNOSTICS = 135, Error, "there are too many diagnostics",
r#"After 200 diagnostics the preprocessor gives up: they mostly have a common cause, such as a file that is not a
definition at all.

    $ mig-cli emit preprocessed picture.png

Mend the first ones and try again.
"#;
}

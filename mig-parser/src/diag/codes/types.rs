//! Codes M03xx: types.

use super::codes;

codes! {
    UNDECLARED = 301, Error, "a type is not declared",
        "";
    REDECLARED = 302, Warning, "a type is declared twice, differently",
        "";
    PAIR_SIZES = 303, Error, "the two sides of a pair differ in size",
        "";
    NO_SIZE = 304, Error, "a kind of data without a size",
        "";
    LONG_FORM_SIZE = 305, Warning, "the long form gives an unusual size",
        "";
    NOT_WHOLE_BYTES = 306, Warning, "a type is not a whole number of bytes",
        "";
    EMPTY = 307, Warning, "a type holds nothing",
        "";
    REPEATED_FLAG = 308, Warning, "a flag is repeated",
        "";
    BRACKETS = 309, Warning, "`[]` after a flag that is not decided at run time",
        "";
    LONG_AND_NOT_LONG = 310, Warning, "`islong` and `isnotlong` together",
        "";
    DEALLOC_AND_RUN_TIME = 311, Warning, "`dealloc` or `notdealloc` beside `dealloc[]`",
        "";
    DEALLOC_AND_NOT = 312, Warning, "`dealloc` and `notdealloc` together",
        "";
    REDUNDANT_DEALLOC = 313, Warning, "a `dealloc` flag that changes nothing",
        "";
    DEALLOC_IN_LINE = 314, Warning, "`dealloc` on data in line",
        "";
    REDUNDANT_LONG = 315, Warning, "`islong` or `isnotlong` changes nothing",
        "";
    LONG_FORM = 316, Warning, "an odd choice of the long or short form",
        "";
    TOO_MANY_BITS = 317, Error, "an element is too large for a type word",
        "";
    NAME_TOO_LARGE = 318, Error, "a kind of data with a number above 255",
        "";
    TRANSLATED_VARIABLE = 319, Error, "a translation of a type of variable size",
        "";
    DESTROYED_VARIABLE = 320, Error, "a destructor of a type of variable size",
        "";
    UNNAMED_ELEMENT = 321, Error, "GNU MIG needs a name for the elements of an array",
        "";
    ARRAY_OF_VARIABLE = 322, Error, "an array of elements that vary in size",
        "";
    ARRAY_OF_OUT_OF_LINE = 323, Error, "an array of elements that are out of line",
        "";
    OUT_OF_LINE_TWICE = 324, Error, "out of line twice",
        "";
    BOUNDED_OUT_OF_LINE = 325, Error, "an out-of-line array with a maximum, in a typed message",
        "";
    CONSTANT_OUT_OF_LINE = 326, Error, "data of constant size out of line, in a typed message",
        "";
    CONFLICTING_ANNOTATIONS = 327, Warning, "annotations that contradict each other",
        "";
    MEMBER = 328, Error, "a member of a structure that is out of line or varies in size",
        "";
    DIVISION_BY_ZERO = 329, Error, "a division by zero",
        "";
    TOO_LARGE = 330, Error, "a number or an array is too large",
        "";
    TOO_DEEP = 331, Error, "a type is made of too many others",
        "";
}

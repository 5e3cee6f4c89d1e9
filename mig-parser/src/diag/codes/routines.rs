//! Codes M04xx: routines and the subsystem.

use super::codes;

codes! {
    NO_SUBSYSTEM = 401, Error, "no subsystem",
        "";
    SECOND_SUBSYSTEM = 402, Error, "a second subsystem",
        "";
    REPEATED_MODE = 403, Warning, "`kerneluser` or `kernelserver` is repeated",
        "";
    BEFORE_SUBSYSTEM = 404, Error, "GNU MIG knows no types before `subsystem`",
        "";
    SECOND_RCS_ID = 405, Warning, "a second `rcsid`",
        "";
    SAME_ROUTINE = 406, Error, "two routines of one name",
        "";
    SAME_ARGUMENT = 407, Error, "two arguments of one name",
        "";
    NO_REQUEST_PORT = 408, Error, "a routine without a request port",
        "";
    REQUEST_PORT_TYPE = 409, Error, "a request port that is no send right",
        "";
    REPLY_PORT_TYPE = 410, Error, "a reply port that is no send right",
        "";
    SECOND_REQUEST_PORT = 411, Error, "two request ports",
        "";
    SECOND_REPLY_PORT = 412, Warning, "two reply ports on one side",
        "";
    SECOND_SEQNO = 413, Warning, "two sequence numbers",
        "";
    SECOND_TIME = 414, Warning, "two time limits of one kind",
        "";
    SECOND_MSG_OPTION = 415, Warning, "two message options",
        "";
    SECOND_TOKEN = 416, Warning, "two tokens of one kind",
        "";
    INTEGER_TYPE = 417, Error, "a time limit or option that is no plain integer",
        "";
    SEQNO_TYPE = 418, Error, "a sequence number that is no plain integer",
        "";
    TOKEN_TYPE = 419, Error, "a token of the wrong type",
        "";
    TOKEN_IN_KERNEL = 420, Error, "a token on the kernel's side",
        "";
    OUT_OF_ONE_WAY = 421, Error, "a result of a simpleroutine",
        "";
    INOUT_VARIABLE = 422, Error, "an `inout` array of variable size in line",
        "";
    COUNT_IN_OUT = 423, Warning, "`countinout` where nothing is counted",
        "";
    SERVER_COPY = 424, Warning, "`servercopy` on data that is not indefinite",
        "";
    PHYSICAL_COPY = 425, Warning, "`physicalcopy` on data that is not out-of-line memory",
        "";
    OVERWRITE = 426, Warning, "`overwrite` on data that is not out-of-line output",
        "";
    OVERWRITE_IN_KERNEL = 427, Error, "`overwrite` for a client in the kernel",
        "";
    RET_CODE = 428, Warning, "`retcode` that cannot stand for the data",
        "";
    SAME_COUNT = 429, Warning, "`samecount` without an array to share the count of",
        "";
    NO_TRANSLATION = 430, Warning, "a translated type without the function for this direction",
        "";
    NATIVE_DIRECTION = 431, Error, "a native type in a direction it cannot have",
        "";
    CONSUME_NONE = 432, Warning, "a time limit while unsent messages leak",
        "";
    SPECIAL_REPLY_PORT = 433, Error, "a special reply port in a kernel subsystem",
        "";
    OBSOLETE_KIND = 434, Warning, "an obsolete kind of routine",
        "";
    UNSUPPORTED_KIND = 435, Error, "Camelot routines and traps",
        "";
    NO_RESULT = 436, Error, "a function without a result",
        "";
    RESULT_TYPE = 437, Error, "a function result that is no value",
        "";
    ID_OF_REPLY = 438, Warning, "requests and replies share an id",
        "";
    ID_TOO_LARGE = 439, Error, "message ids are too large",
        "";
}

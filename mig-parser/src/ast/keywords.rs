//! Words that the language keeps for itself, with their spelling.

/// Declares an enumeration of keywords with the spelling of each.
macro_rules! keywords {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// As it is written.
            pub const fn text(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// The keyword that a word spells, in any case.
            pub fn find(word: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|it| it.text().eq_ignore_ascii_case(word))
            }
        }
    };
}

keywords! {
    /// For whom stubs are made.
    SubsystemMode {
        /// The client runs in the kernel.
        KernelUser = "kerneluser",
        /// The server runs in the kernel.
        KernelServer = "kernelserver",
        /// Mach 2.5.
        Kernel = "kernel",
        /// Mach 2.5 with Camelot.
        Camelot = "camelot",
    }
}

keywords! {
    /// Kinds of routines.
    RoutineKind {
        /// Request and reply.
        Routine = "routine",
        /// Request only.
        SimpleRoutine = "simpleroutine",
        /// Like `routine`; failures go to the error procedure.
        Procedure = "procedure",
        /// Like `simpleroutine`; failures go to the error procedure.
        SimpleProcedure = "simpleprocedure",
        /// Like `procedure`, with a value.
        Function = "function",
        /// Camelot.
        CamelotRoutine = "camelotroutine",
        /// A system call.
        TrapRoutine = "traproutine",
        /// A system call without a reply.
        TrapSimpleRoutine = "trapsimpleroutine",
    }
}

keywords! {
    /// Directions of arguments.
    Direction {
        /// In the request.
        In = "in",
        /// In the reply.
        Out = "out",
        /// In both.
        InOut = "inout",
        /// The port that is sent to.
        RequestPort = "requestport",
        /// The port of the reply, both sides.
        ReplyPort = "replyport",
        /// The port of the reply, server only.
        SReplyPort = "sreplyport",
        /// The port of the reply, client only.
        UReplyPort = "ureplyport",
        /// Time limit of the call.
        WaitTime = "waittime",
        /// Options of the call.
        MsgOption = "msgoption",
        /// Sequence number of the request.
        MsgSeqNo = "msgseqno",
        /// Time limit of the send.
        SendTime = "sendtime",
        /// Security token, both sides.
        SecToken = "sectoken",
        /// Security token, server.
        ServerSecToken = "serversectoken",
        /// Security token, client.
        UserSecToken = "usersectoken",
        /// Audit token, both sides.
        AuditToken = "audittoken",
        /// Audit token, server.
        ServerAuditToken = "serveraudittoken",
        /// Audit token, client.
        UserAuditToken = "useraudittoken",
        /// Context of the port, server.
        ServerContextToken = "servercontexttoken",
        /// A field of the trailer, server.
        ServerImpl = "serverimpl",
        /// A field of the trailer, client.
        UserImpl = "userimpl",
    }
}

keywords! {
    /// Flags of types and arguments.
    FlagKind {
        /// Use the long descriptor.
        IsLong = "islong",
        /// Use the short descriptor.
        IsNotLong = "isnotlong",
        /// Take the memory or right from the sender.
        Dealloc = "dealloc",
        /// Leave it with the sender.
        NotDealloc = "notdealloc",
        /// The server keeps indefinite data.
        ServerCopy = "servercopy",
        /// The request says how much the caller can take.
        CountInOut = "countinout",
        /// An error code stands for the data.
        RetCode = "retcode",
        /// Counted by the array before.
        SameCount = "samecount",
        /// Physical copy of out-of-line memory.
        PhysicalCopy = "physicalcopy",
        /// Receive into the caller's buffer.
        Overwrite = "overwrite",
        /// The stub frees it after the call.
        Auto = "auto",
        /// The server will not write to it.
        Const = "const",
    }
}

keywords! {
    /// Settings.
    SettingKey {
        /// Receive time limit.
        WaitTime = "waittime",
        /// No receive time limit.
        NoWaitTime = "nowaittime",
        /// Send time limit.
        SendTime = "sendtime",
        /// No send time limit.
        NoSendTime = "nosendtime",
        /// Options of the call.
        MsgOption = "msgoption",
        /// Mach 2.5.
        MsgType = "msgtype",
        /// Mach 3.0 of 1990.
        MsgKind = "msgkind",
        /// Prefix of the server's names.
        ServerPrefix = "serverprefix",
        /// Prefix of the client's names.
        UserPrefix = "userprefix",
        /// Name of the demultiplexer.
        ServerDemux = "serverdemux",
        /// Error procedure.
        Error = "error",
        /// Limit for native types.
        UserTypeLimit = "UserTypeLimit",
        /// Largest message that stands on the stack.
        OnStackLimit = "OnStackLimit",
        /// Use the thread's special reply port.
        UseSpecialReplyPort = "usespecialreplyport",
        /// What happens to a message that could not be sent.
        ConsumeOnSendError = "consumeonsenderror",
    }
}

keywords! {
    /// Kinds of imports.
    ImportKind {
        /// Everywhere.
        Import = "import",
        /// Client.
        UImport = "uimport",
        /// Server.
        SImport = "simport",
        /// Implementation.
        IImport = "iimport",
        /// Declarations.
        DImport = "dimport",
    }
}

keywords! {
    /// Native types.
    NativeKind {
        /// A pointer to the C type.
        PointerTo = "PointerTo",
        /// The same, left out when it equals a value.
        PointerToIfNot = "PointerToIfNot",
        /// The C type by value.
        ValueOf = "ValueOf",
    }
}

keywords! {
    /// Operators of integer expressions.
    Operator {
        /// Addition.
        Add = "+",
        /// Subtraction.
        Subtract = "-",
        /// Multiplication.
        Multiply = "*",
        /// Division.
        Divide = "/",
    }
}

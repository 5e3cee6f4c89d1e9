//! Calls of C client stubs, and the functions that C server stubs call.

use mig_codegen::model::{Class, Companion, Flow, Role, Sides};

use super::{Described, Passed, Writer};

/// A parameter: its type, and what is given for it.
type Param = (String, String);

impl Writer<'_> {
    /// Calls the C client stub.
    pub(super) fn c_call(&self) -> String {
        let name = &self.routine.name;
        let function = format!("u_{}_{}{name}", self.key, self.routine.user_prefix);
        let here = self.args.iter().filter(|it| it.arg.is_on(Sides::User));
        let params: Vec<Param> = here.flat_map(|it| self.client_params(it)).collect();
        let types: String = params.iter().map(|it| format!("_: {}, ", it.0)).collect();
        let values: String =
            params.iter().enumerate().map(|(at, it)| format!("let a{at}: {} = {};\n", it.0, it.1)).collect();
        let given: String = (0..params.len()).map(|at| format!("a{at}, ")).collect();
        format!(
            "fn c_{name}(x_: Side) -> i32 {{
                unsafe extern \"C\" {{ fn {function}({types}) -> i32; }}
                {values}
                crate::c::paint_stack();
                // SAFETY: the types are those of the C stub, and every room is as large as it may fill.
                let code = unsafe {{ {function}({given}) }};
                x_.c_results(code)
            }}\n"
        )
    }

    fn client_params(&self, it: &Described<'_>) -> Vec<Param> {
        let at = it.at;
        let param = |ty: &str, method: &str| (ty.to_owned(), format!("x_.{method}({at})"));
        let out = it.is_data() && it.arg.flow != Flow::In;
        let mut params = vec![match it.arg.role {
            Role::WaitTime | Role::SendTime | Role::MsgOption => ("u32".to_owned(), "0".to_owned()),
            _ if out && it.is_pointed() => param("*mut *mut u8", "c_pointer_room"),
            _ if out => param("*mut u8", "c_room"),
            _ if it.is_scalar_port() => param("u32", "c_port"),
            _ if it.passed == Passed::Memory => param("*mut u8", "c_memory"),
            _ if it.is_by_value() => (it.c_type(), format!("x_.c_value::<{}>({at})", it.c_type())),
            _ => param("*mut u8", "c_array"),
        }];
        for companion in self.interface.companions(it.arg, Sides::User) {
            params.push(match companion {
                Companion::Poly if out => param("*mut u32", "c_poly_room"),
                Companion::Count if out => param("*mut u32", "c_count_room"),
                Companion::Poly => param("u32", "c_poly"),
                Companion::Count => param("u32", "c_count"),
                Companion::Dealloc => param("u32", "c_dealloc"),
                other => panic!("no typed message has {other:?}"),
            });
        }
        params
    }

    /// The function that the C server stub calls.
    pub(super) fn c_function(&self) -> String {
        let name = &self.routine.name;
        let function = format!("s_{}_{}{name}", self.key, self.routine.server_prefix);
        let (mut params, mut raws) = (String::new(), String::new());
        for it in self.args.iter().filter(|it| it.arg.is_on(Sides::Server)) {
            let (param, raw) = self.server_param(it);
            params += &param;
            raws += &raw;
        }
        format!(
            "#[unsafe(no_mangle)]
            unsafe extern \"C\" fn {function}({params}) -> i32 {{
                unsafe {{ Side::server().c_serve(&[{raws}]) }}
            }}\n"
        )
    }

    fn server_param(&self, it: &Described<'_>) -> (String, String) {
        let at = it.at;
        let out = it.is_data() && it.arg.flow != Flow::In;
        let (ty, value) = match it.arg.role {
            _ if out && it.is_pointed() => ("*mut *mut u8".to_owned(), format!("a{at}.cast()")),
            _ if out => ("*mut u8".to_owned(), format!("a{at}")),
            _ if it.is_scalar_port() => ("u32".to_owned(), format!("(&raw mut a{at}).cast()")),
            _ if it.passed == Passed::Memory => ("*mut u8".to_owned(), format!("(&raw mut a{at}).cast()")),
            _ if it.is_by_value() => (it.c_type(), format!("(&raw mut a{at}).cast()")),
            _ => ("*mut u8".to_owned(), format!("a{at}")),
        };
        let mut params = format!("mut a{at}: {ty}, ");
        let mut raw = [("count", Companion::Count), ("poly", Companion::Poly), ("dealloc", Companion::Dealloc)]
            .map(|it| (it.0, it.1, "null_mut()".to_owned()));
        for companion in self.interface.companions(it.arg, Sides::Server) {
            let name = format!("a{at}{}", companion.suffix());
            params += &format!("mut {name}: {}, ", if out { "*mut u32" } else { "u32" });
            let pointer = if out { name } else { format!("&raw mut {name}") };
            raw.iter_mut().filter(|it| it.1 == companion).for_each(|it| it.2.clone_from(&pointer));
        }
        let raw: String = raw.iter().map(|it| format!("{}: {}, ", it.0, it.2)).collect();
        (params, format!("({at}, Raw {{ at: {value}, {raw} }}),\n"))
    }
}

impl Described<'_> {
    fn is_by_value(&self) -> bool {
        self.ty.class == Class::Value && self.passed == Passed::Value
    }

    /// The type of a value: a number, or a block of numbers as large as C's structure.
    fn c_type(&self) -> String {
        let base = self.ty.bits.clamp(8, 64);
        let count = self.ty.c_bytes() * 8 / base;
        if self.ty.number == 1 { format!("u{base}") } else { format!("Block<[u{base}; {count}]>") }
    }
}

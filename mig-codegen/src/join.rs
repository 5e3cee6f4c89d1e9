//! One interface for all ABIs of a definition.
//!
//! ABIs preprocess differently, so a definition is one interface for each. The server's trait and the clients'
//! signatures need one for all: integers join to the wider of the same sign, maxima of arrays to the larger, and a
//! routine that one ABI lacks stays. What else differs cannot be joined.

use std::collections::HashMap;

use mig_parser::diag::codes::output as codes;
use mig_parser::diag::{Diagnostic, Diagnostics};

use crate::abi::Abi;
use crate::model::{Arg, ArgOptions, Class, Form, Interface, Member, Routine, Type, TypeId};

/// Joins the views of one definition. A single one is returned as it is. Conflicts are reported at the first view.
pub fn join(views: &[(&Abi, &Interface)], diagnostics: &mut Diagnostics) -> Interface {
    Joined::of(views, diagnostics).interface
}

/// The joined interface, and what each of its types is in each view.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    pub(crate) interface: Interface,
    /// By type of the interface, then by view; `None` if a view lacks it.
    pub(crate) sources: Vec<Vec<Option<TypeId>>>,
}

impl Joined {
    pub(crate) fn of(views: &[(&Abi, &Interface)], diagnostics: &mut Diagnostics) -> Joined {
        let [(_, first), others @ ..] = views else { return Joined::default() };
        if others.is_empty() {
            let sources = (0..first.types.len() as u32).map(|it| vec![Some(TypeId(it))]).collect();
            return Joined { interface: (*first).clone(), sources };
        }
        let out = Interface { types: Vec::new(), declared: Vec::new(), routines: Vec::new(), ..(*first).clone() };
        let mut joiner = Joiner { views, out, known: HashMap::new(), sources: Vec::new(), diagnostics };
        joiner.out.slots = views.iter().map(|it| it.1.slots).max().unwrap_or(0);
        joiner.routines();
        joiner.declared();
        Joined { interface: joiner.out, sources: joiner.sources }
    }
}

struct Joiner<'a> {
    views: &'a [(&'a Abi, &'a Interface)],
    out: Interface,
    /// Types that were joined: one id for each view that has it, and the result.
    known: HashMap<Vec<(usize, TypeId)>, TypeId>,
    sources: Vec<Vec<Option<TypeId>>>,
    diagnostics: &'a mut Diagnostics,
}

/// Why the types of two views cannot be joined.
struct Conflict(&'static str, usize, usize);

impl Joiner<'_> {
    fn routines(&mut self) {
        let mut numbers: Vec<u32> = self.views.iter().flat_map(|it| it.1.routines.iter().map(|it| it.number)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let views: Vec<(usize, Routine)> = self
                .views
                .iter()
                .enumerate()
                .filter_map(|(index, it)| Some((index, it.1.routines.iter().find(|it| it.number == number)?.clone())))
                .collect();
            self.routine(&views);
        }
    }

    fn routine(&mut self, views: &[(usize, Routine)]) {
        let Some(((first, model), others)) = views.split_first() else { return };
        for (index, other) in others {
            if let Some(what) = difference(model, other) {
                let what = format!("{what} of `{}`", model.name);
                return self.conflict(model, *first, *index, &what);
            }
        }
        let mut routine = model.clone();
        for (position, arg) in routine.args.iter_mut().enumerate() {
            let ids: Vec<(usize, TypeId)> = views.iter().map(|it| (it.0, it.1.args[position].ty)).collect();
            match self.ty(&ids) {
                Ok(ty) => arg.ty = ty,
                Err(Conflict(what, one, other)) => {
                    let what = format!("{what} of argument `{}` of `{}`", arg.name, model.name);
                    return self.conflict(model, one, other, &what);
                }
            }
            // Only one family knows these; the other has the arguments as they are without.
            let any = |flag: fn(&ArgOptions) -> bool| views.iter().any(|it| flag(&it.1.args[position].options));
            arg.options.same_count = any(|it| it.same_count);
            arg.options.ret_code = any(|it| it.ret_code);
        }
        self.out.routines.push(routine);
    }

    fn conflict(&mut self, routine: &Routine, one: usize, other: usize, what: &str) {
        let names = (self.views[one].0.name, self.views[other].0.name);
        self.diagnostics.push(
            Diagnostic::new(&codes::JOIN_CONFLICT, routine.span, format!("{what} differs between ABIs"))
                .label(format!("`{}` and `{}` disagree", names.0, names.1))
                .note("one trait serves every ABI, so only widths of integers and maxima of arrays may differ")
                .help("make the definitions agree, or generate the ABIs separately"),
        );
    }

    /// Types of the declarations, where all views have them: a set's shared types.
    fn declared(&mut self) {
        let by_name: Vec<HashMap<&str, TypeId>> = self
            .views
            .iter()
            .map(|it| it.1.declared.iter().filter_map(|id| Some((it.1.ty(*id).name.as_deref()?, *id))).collect())
            .collect();
        let (_, first) = self.views[0];
        for name in first.declared.iter().filter_map(|id| first.ty(*id).name.as_deref()) {
            let find = |(view, names): (usize, &HashMap<&str, TypeId>)| names.get(name).map(|id| (view, *id));
            let ids: Vec<(usize, TypeId)> = by_name.iter().enumerate().filter_map(find).collect();
            if let Ok(joined) = self.ty(&ids) {
                self.out.declared.push(joined);
            }
        }
    }

    /// The join of one type of each view.
    fn ty(&mut self, ids: &[(usize, TypeId)]) -> Result<TypeId, Conflict> {
        if let Some(known) = self.known.get(ids) {
            return Ok(*known);
        }
        let views = self.views;
        let view = |it: &(usize, TypeId)| views[it.0].1.ty(it.1);
        let widest = *ids.iter().max_by_key(|it| (view(it).bytes(), view(it).bits)).ok_or(Conflict("", 0, 0))?;
        // In one family such an array is in line if it is short, in the other never.
        let unbounded = ids.iter().all(|it| matches!(views[it.0].1.form(it.1).form, Form::Unbounded(_)));
        let model = view(&widest).clone();
        for id in ids {
            let other = view(id);
            // A text is a text, however its length is told.
            let length_differs = other.variable != model.variable && model.class != Class::Text;
            let place_differs = (other.inline, other.class) != (model.inline, model.class);
            if length_differs || place_differs && !unbounded {
                return Err(Conflict("the kind", widest.0, id.0));
            }
            if other.is_port() != model.is_port()
                || model.is_port() && (other.sent, other.received) != (model.sent, model.received)
            {
                return Err(Conflict("the disposition", widest.0, id.0));
            }
        }
        let form = self.form(&model, ids)?;
        let joined = self.add(Type { form, ..model }, ids);
        self.known.insert(ids.to_vec(), joined);
        Ok(joined)
    }

    fn add(&mut self, mut ty: Type, ids: &[(usize, TypeId)]) -> TypeId {
        if let Form::UpTo(of, max) = ty.form {
            ty.number = self.out.ty(of).number * max;
        }
        self.out.types.push(ty);
        let source = |view| ids.iter().find(|it| it.0 == view).map(|it| it.1);
        self.sources.push((0..self.views.len()).map(source).collect());
        TypeId(self.out.types.len() as u32 - 1)
    }

    fn form(&mut self, model: &Type, ids: &[(usize, TypeId)]) -> Result<Form, Conflict> {
        let views = self.views;
        // The same step into every view; an alias that only some have is seen through.
        let alias = ids.iter().all(|it| matches!(views[it.0].1.ty(it.1).form, Form::Alias(_)));
        let forms: Vec<(usize, &Form)> = ids
            .iter()
            .map(|it| (it.0, if alias { &views[it.0].1.ty(it.1).form } else { &views[it.0].1.form(it.1).form }))
            .collect();
        let conflict = |what: &'static str| {
            let kind = |it: &(usize, &Form)| std::mem::discriminant(it.1);
            let other = forms.iter().find(|it| kind(it) != kind(&forms[0])).or(forms.last());
            Conflict(what, forms[0].0, other.map_or(forms[0].0, |it| it.0))
        };
        let inner = |get: fn(&Form) -> Option<TypeId>| -> Result<Vec<(usize, TypeId)>, Conflict> {
            forms.iter().map(|it| Some((it.0, get(it.1)?))).collect::<Option<_>>().ok_or_else(|| conflict("the form"))
        };
        let counts = |get: fn(&Form) -> Option<u32>| -> Vec<u32> { forms.iter().filter_map(|it| get(it.1)).collect() };
        Ok(match forms[0].1 {
            Form::Alias(_) => Form::Alias(self.ty(&inner(alias_of)?)?),
            Form::Fixed(_, count) => {
                if counts(fixed_count).iter().any(|it| it != count) {
                    return Err(conflict("the length"));
                }
                Form::Fixed(self.ty(&inner(element_of)?)?, *count)
            }
            Form::UpTo(..) => {
                let max = counts(up_to).into_iter().max().unwrap_or(0);
                Form::UpTo(self.ty(&inner(element_of)?)?, max)
            }
            Form::Unbounded(_) => Form::Unbounded(self.ty(&inner(element_of)?)?),
            Form::OutOfLine(_) => Form::OutOfLine(self.ty(&inner(element_of)?)?),
            Form::Members(_) => Form::Members(self.members(&forms)?),
            Form::Text(_) => Form::Text(counts(text_size).into_iter().max().unwrap_or(0)),
            other if forms.iter().all(|it| std::mem::discriminant(it.1) == std::mem::discriminant(other)) => {
                model_form(model, other)
            }
            _ => return Err(conflict("the form")),
        })
    }

    fn members(&mut self, forms: &[(usize, &Form)]) -> Result<Vec<Member>, Conflict> {
        let lists: Option<Vec<(usize, &Vec<Member>)>> = forms
            .iter()
            .map(|(index, form)| match form {
                Form::Members(it) => Some((*index, it)),
                _ => None,
            })
            .collect();
        let (one, other) = (forms[0].0, forms.last().map_or(forms[0].0, |it| it.0));
        let lists = lists.ok_or(Conflict("the form", one, other))?;
        let (_, first) = &lists[0];
        if lists
            .iter()
            .any(|it| it.1.len() != first.len() || it.1.iter().zip(first.iter()).any(|(a, b)| a.name != b.name))
        {
            return Err(Conflict("the list of members", one, other));
        }
        (0..first.len())
            .map(|position| {
                let ids: Vec<(usize, TypeId)> = lists.iter().map(|it| (it.0, it.1[position].ty)).collect();
                Ok(Member { ty: self.ty(&ids)?, ..first[position].clone() })
            })
            .collect()
    }
}

fn alias_of(form: &Form) -> Option<TypeId> {
    match form {
        Form::Alias(it) => Some(*it),
        _ => None,
    }
}

fn element_of(form: &Form) -> Option<TypeId> {
    match form {
        Form::Fixed(it, _) | Form::UpTo(it, _) | Form::Unbounded(it) | Form::OutOfLine(it) => Some(*it),
        _ => None,
    }
}

fn fixed_count(form: &Form) -> Option<u32> {
    match form {
        Form::Fixed(_, it) => Some(*it),
        _ => None,
    }
}

fn up_to(form: &Form) -> Option<u32> {
    match form {
        Form::UpTo(_, it) => Some(*it),
        _ => None,
    }
}

fn text_size(form: &Form) -> Option<u32> {
    match form {
        Form::Text(it) => Some(*it),
        _ => None,
    }
}

/// The widest view's own form, where forms have nothing inside that could differ.
fn model_form(model: &Type, other: &Form) -> Form {
    if std::mem::discriminant(&model.form) == std::mem::discriminant(other) {
        model.form.clone()
    } else {
        other.clone()
    }
}

/// What two views of a routine disagree about, apart from types.
fn difference(one: &Routine, other: &Routine) -> Option<&'static str> {
    if one.name != other.name {
        return Some("the name");
    }
    if one.one_way != other.one_way {
        return Some("the kind");
    }
    // What only changes bytes of one family, or what C does with memory, is no difference to callers and methods.
    let key = |it: &Arg| (it.name.clone(), it.role, it.flow, it.options.dealloc);
    (!one.args.iter().map(key).eq(other.args.iter().map(key))).then_some("the argument list")
}

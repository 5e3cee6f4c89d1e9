//! Whether the model itself holds together: as many rights as are counted, each receive right in one place.

use std::collections::BTreeMap;

use super::ports::{Id, Item, Message, Model, Right, What};

/// Send, send-once and receive rights of a port.
type Counts = [u32; 3];

impl Model {
    /// Counts the rights that are somewhere.
    pub(crate) fn conserved(&self) -> Result<(), String> {
        let mut counts: BTreeMap<Id, Counts> = BTreeMap::new();
        let mut add = |right: Right| match right {
            Right::Null | Right::Dead => {}
            Right::Send(id) => counts.entry(id).or_default()[0] += 1,
            Right::Once(id) => counts.entry(id).or_default()[1] += 1,
            Right::Receive(id) => counts.entry(id).or_default()[2] += 1,
        };
        for entry in self.tasks.iter().flat_map(BTreeMap::values) {
            match entry.what {
                What::Send(id) => add(Right::Send(id)),
                What::Receive(id) => add(Right::Receive(id)),
                What::Both(id) => [Right::Send(id), Right::Receive(id)].map(&mut add).into_iter().collect(),
                What::Once(id) => add(Right::Once(id)),
                What::Set(_) | What::Dead => {}
            }
        }
        for port in self.ports.values() {
            port.queue.iter().flat_map(rights).for_each(&mut add);
            let requests =
                port.no_senders.into_iter().chain(port.destroyed).chain(port.dead_names.iter().map(|it| it.2));
            requests.for_each(|it| add(Right::Once(it)));
        }
        for (id, port) in &self.ports {
            let found = counts.get(id).copied().unwrap_or_default();
            let counted = [port.sends, port.onces, 1];
            if found != counted {
                return Err(format!("the model counts {counted:?} rights to port {id} and finds {found:?}"));
            }
        }
        Ok(())
    }
}

fn rights(message: &Message) -> impl Iterator<Item = Right> {
    let body = message.body.iter().filter_map(|it| if let Item::Right(it) = it { Some(*it) } else { None });
    let accepted = message.accepted.map(|it| Right::Once(it.0));
    [message.to, message.reply].into_iter().chain(body).chain(accepted)
}

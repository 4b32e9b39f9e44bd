//! What a command brings (内容), apart from who asks and where: and the name that it has by it.

use crate::engine::Engine;
use crate::engine::command::{Action, Command, Enter};
use crate::engine::error::SubmitError;
use crate::engine::look::Look;
use crate::engine::once::Asked;
use crate::engine::place;
use crate::engine::submit::Scratch;
use hubu_kernel::document::Entry;
use hubu_kernel::ident::Seq;
use hubu_kernel::record::Once;

impl Engine {
    /// The first answer's place when a command that can't be prepared any more is a repeat: its
    /// document may have ended since, or the catalog changed.
    ///
    /// # Errors
    /// `error`, which says why it can't be prepared, when it is none; or that its key was used for another command.
    pub(crate) fn repeated_or(
        &self,
        look: &dyn Look,
        scratch: &Scratch,
        error: SubmitError,
    ) -> Result<Seq, SubmitError> {
        match self.repeated(look, scratch) {
            Ok(first) => first.ok_or(error),
            // What was asked first is named with a key that may be the one missing: nobody can tell whether this is another.
            Err(SubmitError::KeyReused) if matches!(error, SubmitError::Fields(_)) => Err(error),
            Err(reused) => Err(reused),
        }
    }

    fn repeated(&self, look: &dyn Look, scratch: &Scratch) -> Result<Option<Seq>, SubmitError> {
        let once = scratch.once;
        let mut spent = None;
        look.look(place::of_once(once.key), &mut |shard| {
            spent = shard
                .once
                .get(once.key)
                .filter(|s| s.seq() >= self.horizon());
        });
        match spent {
            Some(spent) if !self.is_same(spent.body, once, &scratch.bytes) => {
                Err(SubmitError::KeyReused)
            }
            spent => Ok(spent.map(|spent| Seq(spent.seq()))),
        }
    }

    /// Whether the command at hand, whose name is `once` and which stands encoded in `asked`, is what `body` was made of.
    pub(crate) fn is_same(&self, body: u64, once: Once, asked: &[u8]) -> bool {
        body == once.body || self.veil().is_same(body, self.namer().body(asked), asked)
    }

    /// As [`Engine::is_same`], of a command that is not at hand.
    pub(crate) fn is_command(&self, body: u64, command: &Command) -> bool {
        let mut asked = Vec::new();
        let once = self.name(command, &content_of(&command.action), &mut asked);
        self.is_same(body, once, &asked)
    }

    /// The name of a command.
    pub(crate) fn once_of(&self, command: &Command) -> Once {
        self.name(command, &content_of(&command.action), &mut Vec::new())
    }

    pub(crate) fn name(&self, command: &Command, content: &Entry, scratch: &mut Vec<u8>) -> Once {
        let number;
        let (step, if_match, signature) = match &command.action {
            Action::Enter(enter) => {
                number = [enter.transition.map_or(u8::MAX, |id| id.0)];
                (&number[..], 0, None)
            }
            Action::Act(act) => (
                act.transition.as_bytes(),
                act.if_match.unwrap_or(0),
                act.signature.as_ref(),
            ),
        };
        let asked = Asked {
            // Whoever acts, for whomever: the same key a second time is a repeat.
            actor: command.actor.named().person,
            key: &command.key,
            step,
            if_match,
            content,
            signature,
        };
        self.namer().name(&asked, scratch)
    }
}

/// What a command brings: the entry, or the fields and lines of a step with its document as the one
/// link. Catalog and number are 0, so that it names the command whatever comes of it.
pub(crate) fn content_of(action: &Action) -> Entry {
    match action {
        Action::Enter(enter) => Entry {
            agency: enter.agency.clone(),
            fields: enter.fields.clone(),
            lines: enter.lines.clone(),
            links: enter.links.clone(),
            ..bare(enter)
        },
        Action::Act(act) => Entry {
            fields: act.fields.clone(),
            lines: act.lines.clone().unwrap_or_default(),
            links: vec![act.document],
            ..Entry::default()
        },
    }
}

/// As [`content_of`], emptying an entry: it is prepared once.
pub(crate) fn take_content(action: &mut Action) -> Entry {
    match action {
        Action::Enter(enter) => Entry {
            agency: std::mem::take(&mut enter.agency),
            fields: std::mem::take(&mut enter.fields),
            lines: std::mem::take(&mut enter.lines),
            links: std::mem::take(&mut enter.links),
            ..bare(enter)
        },
        Action::Act(_) => content_of(action),
    }
}

/// Undoes [`take_content`].
pub(crate) fn put_content(action: &mut Action, content: &mut Entry) {
    if let Action::Enter(enter) = action {
        enter.agency = std::mem::take(&mut content.agency);
        enter.fields = std::mem::take(&mut content.fields);
        enter.lines = std::mem::take(&mut content.lines);
        enter.links = std::mem::take(&mut content.links);
    }
}

fn bare(enter: &Enter) -> Entry {
    Entry {
        kind: enter.kind,
        division: enter.division,
        year: enter.year,
        ..Entry::default()
    }
}

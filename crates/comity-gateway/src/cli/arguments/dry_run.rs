//! What every command takes by which an officer does something that laws decide on.

use crate::cli::{Command, Hold, Mandate, Notice, OptOut, Peer, Subject, Taxii, Vault};
use clap::Args;
use comity_store::DryUntil;

/// Whether the act is a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct DryRun {
    /// Only say what would come of it: the same laws and facts are asked, and nothing is recorded, drawn or sent.
    #[arg(long)]
    pub dry_run: bool,
}

impl Command {
    /// How far the act goes as a dry run, where it is one. A share tells of its own: what it would leave out, too.
    #[must_use]
    pub fn dry_run(&self) -> Option<DryUntil> {
        use DryUntil::{End, FirstRecord};
        let (dry, until) = match self {
            Self::Recall(args) => (args.dry, FirstRecord),
            Self::Approve(args) => (args.dry, End),
            Self::Match(args) => (args.dry, FirstRecord),
            Self::Peer(Peer::Remove(args)) => (args.dry, FirstRecord),
            Self::Taxii(Taxii::Add(args)) => (args.dry, FirstRecord),
            Self::Taxii(Taxii::End(args)) => (args.dry, FirstRecord),
            Self::Taxii(Taxii::Import(args)) => (args.dry, FirstRecord),
            Self::Subject(Subject::Ask(ask)) => (ask.parts().1.dry, End),
            Self::Subject(Subject::Decide(args)) => (args.dry, End),
            Self::Subject(Subject::Show(args)) => (args.dry, FirstRecord),
            Self::Subject(Subject::Lift(args)) => (args.dry, End),
            Self::Subject(Subject::OptOut(OptOut::File(args))) => (args.dry, End),
            Self::Subject(Subject::OptOut(OptOut::Decide(args))) => (args.dry, End),
            Self::Mandate(Mandate::Add(args)) => (args.dry, FirstRecord),
            Self::Mandate(Mandate::End(args)) => (args.dry, FirstRecord),
            Self::Notice(Notice::Open(args)) => (args.dry, FirstRecord),
            Self::Notice(Notice::Address(args)) => (args.dry, FirstRecord),
            Self::Notice(Notice::Defer(args)) => (args.dry, FirstRecord),
            Self::Notice(Notice::Approve(args)) => (args.dry, FirstRecord),
            Self::Notice(Notice::Send(args)) => (args.dry, FirstRecord),
            Self::Notice(Notice::Close(args)) => (args.dry, FirstRecord),
            Self::Vault(Vault::Erase(args)) => (args.dry, FirstRecord),
            Self::Vault(Vault::Review(args)) => (args.dry, FirstRecord),
            Self::Vault(Vault::Read(args)) => (args.dry, FirstRecord),
            Self::Vault(Vault::Export(args)) => (args.dry, FirstRecord),
            Self::Vault(Vault::Unmask(args)) => (args.dry, FirstRecord),
            Self::Vault(Vault::View(args)) => (args.dry, FirstRecord),
            Self::Hold(Hold::Place(args)) => (args.dry, FirstRecord),
            Self::Hold(Hold::Lift(args)) => (args.dry, FirstRecord),
            _ => return None,
        };
        dry.dry_run.then_some(until)
    }
}

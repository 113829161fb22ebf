//! What the commands take beside the place they work on: one file for each kind of work.

mod audit;
mod convert;
mod exchange;
mod keeping;
mod law;
mod people;
mod subject;
mod taxii;
mod webhook;

pub use audit::{Audit, AuditCorrected, AuditReceipt, AuditReplay, AuditVerify};
pub use convert::{Export, ExportMisp, Import, ImportKev, ImportMisp, ImportVeris};
pub use exchange::{Approve, Attestation, Detect, GivenFact, Minimise, Recall, RecallList, Share};
pub use keeping::{Backup, Key, KeyKind, KeyRotate, Log, LogReceipt, Restore, Vault, VaultErase, VaultSweep};
pub use law::{Audience, Law, LawAdopt, LawCheck, LawDiff, LawExplain, LawShow, LawTry};
pub use people::{
    Officer, OfficerAdd, OfficerDelegate, OfficerRevoke, Peer, PeerAdd, Token, TokenAdd, TokenEnd,
};
pub use subject::{
    Subject, SubjectAsk, SubjectDecide, SubjectFile, SubjectLift, SubjectList, SubjectShow, SubjectStatus,
};
pub use taxii::{Taxii, TaxiiAdd, TaxiiEnd, TaxiiImport};
pub use webhook::{Webhook, WebhookAdd, WebhookOf};

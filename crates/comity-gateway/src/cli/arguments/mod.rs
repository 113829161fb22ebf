//! What the commands take beside the place they work on: one file for each kind of work.

mod audit;
mod convert;
mod dry_run;
mod exchange;
mod hold;
mod keeping;
mod law;
mod mandate;
mod matching;
mod notice;
mod opt_out;
mod people;
mod subject;
mod taxii;
mod uses;
mod webhook;

pub use audit::{Audit, AuditCorrected, AuditReceipt, AuditReplay, AuditVerify};
pub use convert::{Export, ExportMisp, Import, ImportKev, ImportMisp, ImportVeris};
pub use dry_run::DryRun;
pub use exchange::{Approve, Attestation, Detect, GivenFact, Minimise, Recall, RecallList, Share};
pub use hold::{Hold, HoldLift, HoldPlace};
pub use keeping::{
    Backup, Key, KeyKind, KeyRotate, Log, LogReceipt, Restore, ReviewOutcome, Vault, VaultErase, VaultReview,
    VaultSweep,
};
pub use law::{Audience, Law, LawAdopt, LawCheck, LawDiff, LawExplain, LawShow, LawTry};
pub use mandate::{Mandate, MandateAdd, MandateEnd};
pub use matching::Match;
pub use notice::{
    Notice, NoticeAddress, NoticeApprove, NoticeClose, NoticeDefer, NoticeList, NoticeOpen, NoticeSend,
    NoticeShow,
};
pub use opt_out::{OptOut, OptOutDecide, OptOutFile, OptOutOf};
pub use people::{
    Officer, OfficerAdd, OfficerDelegate, OfficerRevoke, Peer, PeerAdd, PeerRemove, Token, TokenAdd, TokenEnd,
};
pub use subject::{
    Subject, SubjectAsk, SubjectDecide, SubjectFile, SubjectLift, SubjectList, SubjectShow, SubjectStatus,
};
pub use taxii::{Taxii, TaxiiAdd, TaxiiEnd, TaxiiImport};
pub use uses::{AuditUses, UseOf, VaultApprove, VaultExport, VaultRead, VaultUnmask, VaultView};
pub use webhook::{Webhook, WebhookAdd, WebhookOf};

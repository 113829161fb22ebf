//! A gateway that holds records about people in a collection of its own.

use super::Tested;
use comity_exchange::collect::StandingRequest;
use comity_exchange::ports::{Officer, VersionWanted, Wanted};
use comity_exchange::report::ExchangeOutcome;
use comity_gateway::cli::serve::{Running, start};
use comity_gateway::clock::{Clock, OsEntropy};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::watch::{Stopper, stopping};
use comity_gateway::work::collections::{self, Reader};
use comity_gateway::work::manage;
use comity_terms::{ExchangeId, Party, Timestamp};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many records come in one bundle.
pub(super) const BUNDLE: usize = 1_000;
pub(super) const AGREEMENT: &str = "eu-nis2-2022-2555";
pub(super) const OFFICER: &str = "ana";

/// The gateway, its collection and its listeners.
pub(super) struct House {
    pub(super) gateway: Arc<Gateway>,
    pub(super) collection: StandingRequest,
    pub(super) running: Running,
    pub(super) root: PathBuf,
    _stopper: Stopper,
}

impl House {
    pub(super) async fn open(root: &Path, code: &str) -> Tested<Self> {
        Self::opened(root, code).await.map_err(|error| error.to_string().into())
    }

    async fn opened(root: &Path, code: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let party = code.parse()?;
        let now = Clock::new(Timestamp::UNIX_EPOCH).now();
        let directory = Directory::init(root, None, &party, "An authority", &mut OsEntropy, now)?;
        let gateway = Gateway::open(directory).await?;
        for pack in [code, AGREEMENT] {
            manage::adopt(&gateway, pack, root).await?;
        }
        let officer = Officer {
            name: OFFICER.to_owned(),
            role: "analyst".to_owned(),
            unit: None,
            training_until: "2099-01-01T00:00:00Z".parse()?,
            password_hash: String::new(),
        };
        manage::add_officer(&gateway, officer).await?;
        let collection = Self::collection(&gateway, party).await?;
        let (stopper, stop) = stopping();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let running = start(&gateway, any, Some(any), stop).await?;
        Ok(Self { gateway, collection, running, root: root.to_owned(), _stopper: stopper })
    }

    /// A collection of what comes from `partner`.
    async fn collection(
        gateway: &Gateway,
        partner: Party,
    ) -> Result<StandingRequest, Box<dyn std::error::Error>> {
        let asked = collections::Asked {
            title: format!("Mailboxes from {partner}"),
            description: None,
            agreement: AGREEMENT.parse()?,
            partner,
            activity: "threat_intel".parse()?,
            purpose: "cyber_defence".parse()?,
            facts: Vec::new(),
            can_read: true,
            can_write: true,
            until: None,
            reviewer: None,
        };
        Ok(collections::make(gateway, OFFICER, asked).await?)
    }

    /// What came from `partner`, as a bundle that can be passed on; at most 1,000 records.
    pub(super) async fn came_from(&self, partner: &str) -> Tested<Vec<u8>> {
        let collection = Self::collection(&self.gateway, partner.parse()?).await;
        let collection = collection.map_err(|error| error.to_string())?;
        let wanted = everything(&collection, BUNDLE as u32);
        let reader = Reader { training_valid_until: Timestamp::MAX, key: None };
        let read = collections::read(&self.gateway, &collection, &reader, wanted).await?;
        let mut objects = Vec::new();
        for record in &read.records {
            objects.push(serde_json::from_slice::<serde_json::Value>(record.object.as_bytes())?);
        }
        let id = "bundle--00000000-0000-4000-8000-000000000001";
        Ok(serde_json::json!({ "type": "bundle", "id": id, "objects": objects }).to_string().into_bytes())
    }

    /// Places a bundle in the collection: the whole way, recorded and durable.
    pub(super) async fn write(&self, bundle: String) -> Tested<ExchangeId> {
        let report =
            collections::write(&self.gateway, &self.collection, OFFICER, bundle.into_bytes()).await?;
        if report.outcome != ExchangeOutcome::Delivered {
            return Err(format!("{:?}: {:?}", report.outcome, report.decisions).into());
        }
        Ok(report.exchange_id.0)
    }
}

/// The latest of everything in a collection, at most `limit`.
pub(super) fn everything(collection: &StandingRequest, limit: u32) -> Wanted {
    Wanted {
        stream: collection.stream(),
        added_after: None,
        after: None,
        objects: Vec::new(),
        types: Vec::new(),
        versions: vec![VersionWanted::Last],
        limit,
    }
}

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Persons,
    Machines,
}

impl What {
    /// The type of such a record.
    pub(super) fn stix_type(self) -> &'static str {
        match self {
            Self::Persons => "email-addr",
            Self::Machines => "indicator",
        }
    }
}

/// The mailbox of person `number`.
pub(super) fn mailbox(number: usize) -> String {
    format!("person{number}@example.org")
}

/// The STIX id of record `number`.
pub(super) fn id(what: What, number: usize) -> String {
    format!("{}--00000000-0000-4000-8000-{number:012x}", what.stix_type())
}

/// STIX 2.1 with `count` records from `first` on: mailboxes of persons, or indicators.
pub(super) fn bundle(what: What, first: usize, count: usize) -> String {
    let mut out =
        String::from(r#"{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":["#);
    for number in first..first + count {
        if number > first {
            out.push(',');
        }
        let (id, mailbox) = (id(what, number), mailbox(number));
        let _ = match what {
            What::Persons => {
                write!(out, r#"{{"type":"email-addr","spec_version":"2.1","id":"{id}","value":"{mailbox}"}}"#)
            }
            What::Machines => write!(
                out,
                r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","pattern":"[file:hashes.'SHA-256' = '{number:064x}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}}"#
            ),
        };
    }
    out.push_str("]}");
    out
}

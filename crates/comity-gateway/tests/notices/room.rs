//! A gateway of its own in a temporary directory, without listeners.

use comity_exchange::notice::Addressee;
use comity_exchange::ports::Officer;
use comity_exchange::report::ExchangeReport;
use comity_exchange::shell::Shell as _;
use comity_gateway::clock::{Clock, OsEntropy};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::work::{manage, share};
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A gateway with an officer `ana`.
pub(crate) struct Room {
    pub(crate) gateway: Arc<Gateway>,
    room: tempfile::TempDir,
}

impl Room {
    /// Of that party, with these settings, under its own law and these agreements.
    pub(crate) async fn open(code: &str, settings: &str, packs: &[&str]) -> Self {
        let room = tempfile::tempdir().unwrap();
        let dir = room.path().join("data");
        let now = Clock::new(Timestamp::UNIX_EPOCH).now();
        let party = code.parse().unwrap();
        let made = Directory::init(&dir, None, &party, "National Cyber Centre", &mut OsEntropy, now).unwrap();
        std::fs::write(made.settings(), settings).unwrap();
        let gateway = Gateway::open(made).await.unwrap();
        for pack in [code].iter().chain(packs) {
            manage::adopt(&gateway, pack, Path::new("/")).await.unwrap();
        }
        let room = Self { gateway, room };
        room.officer("ana", "analyst").await;
        room
    }

    /// Makes an officer known.
    pub(crate) async fn officer(&self, name: &str, role: &str) {
        let officer = Officer {
            name: name.to_owned(),
            role: role.to_owned(),
            unit: None,
            training_until: self.after(365 * 86_400),
            password_hash: String::new(),
        };
        manage::add_officer(&self.gateway, officer).await.unwrap();
    }

    /// So many seconds from now.
    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        let now = self.gateway.now();
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { now.checked_sub(by).unwrap() } else { now.checked_add(by).unwrap() }
    }

    /// Everything that lies in the gateway's directory, but for its mailbox.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let files = comity_beside::files(self.room.path());
        let own =
            files.into_iter().filter(|path| !path.components().any(|part| part.as_os_str() == "mailbox"));
        own.flat_map(|path| std::fs::read(path).unwrap_or_default()).collect()
    }

    /// Places an indicator here: about machines, so that nobody is owed a notice of it.
    pub(crate) async fn share_indicator(&self) -> ExchangeReport {
        let bundle = json!({ "type": "bundle", "id": "bundle--6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7e", "objects": [{
            "type": "indicator", "spec_version": "2.1", "id": "indicator--6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7f",
            "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z", "pattern_type": "stix",
            "pattern": "[ipv4-addr:value = '198.51.100.9']", "valid_from": "2026-11-01T00:00:00Z",
        }] });
        let order = share::Order {
            bundle: Arc::new(bundle.to_string().into_bytes()),
            officer: "ana".into(),
            under: "eu-nis2-2022-2555".parse().unwrap(),
            to: self.gateway.signatory().party.clone(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "cyber_defence".parse().unwrap(),
            facts: Vec::new(),
            attestations: Vec::new(),
            assume_in_force: false,
            added: None,
            once: None,
        };
        share::share(&self.gateway, order).await.unwrap()
    }

    /// Places traffic data here, on a court's authorisation.
    pub(crate) async fn share_traffic(&self) -> ExchangeReport {
        let bundle = json!({
            "type": "bundle",
            "id": "bundle--6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d",
            "objects": [
                { "type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--11111111-1111-5111-8111-111111111111", "value": "203.0.113.7" },
                { "type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--22222222-2222-5222-8222-222222222222", "value": "198.51.100.9" },
                {
                    "type": "network-traffic", "spec_version": "2.1", "id": "network-traffic--33333333-3333-5333-8333-333333333333",
                    "src_ref": "ipv4-addr--11111111-1111-5111-8111-111111111111",
                    "dst_ref": "ipv4-addr--22222222-2222-5222-8222-222222222222",
                    "protocols": ["ipv4", "tcp"]
                }
            ]
        });
        let attested = json!({
            "value": "court", "issuer": "Harju County Court",
            "document_digest": format!("sha256:{}", "0".repeat(64)),
            "valid_until": self.after(86_400).to_string(),
        });
        let order = share::Order {
            bundle: Arc::new(bundle.to_string().into_bytes()),
            officer: "ana".into(),
            under: "comity-baseline".parse().unwrap(),
            to: self.gateway.signatory().party.clone(),
            activity: "criminal_investigation".parse().unwrap(),
            purpose: "criminal_investigation".parse().unwrap(),
            facts: [("offence_max_years", "5"), ("data_category", "traffic_data")]
                .map(|(key, value)| (key.parse().unwrap(), value.to_owned()))
                .to_vec(),
            attestations: vec![("authorisation".parse().unwrap(), attested.to_string().into_bytes())],
            assume_in_force: false,
            added: None,
            once: None,
        };
        share::share(&self.gateway, order).await.unwrap()
    }
}

/// Mari, who reads Estonian and is reached by that road.
pub(crate) fn person(road: &str) -> Addressee {
    let mut to = json!({ "name": "Mari Kask", "language": "et", "audience": "person" });
    to[road] = if road == "email" { json!("mari@example.ee") } else { json!("38001010000") };
    Addressee::read(to.to_string().as_bytes()).unwrap()
}

/// What lies in the mailbox.
pub(crate) fn letters(room: &Room) -> Vec<(PathBuf, Json)> {
    let files = comity_beside::files(&room.gateway.directory().data().join("mailbox"));
    files
        .into_iter()
        .map(|path| {
            let letter = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (path, letter)
        })
        .collect()
}

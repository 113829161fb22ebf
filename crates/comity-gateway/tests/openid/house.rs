//! A gateway of its own in a temporary directory, whose settings name a provider.

use crate::browser::Browser;
use comity_exchange::ports::{Officer, Store as _};
use comity_exchange::shell::Shell as _;
use comity_gateway::cli::serve::{Running, start};
use comity_gateway::clock::{Clock, OsEntropy};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::passwords;
use comity_gateway::watch::{Stopper, stopping};
use comity_gateway::work::manage;
use comity_terms::Timestamp;
use comity_tlog::LeafIndex;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct House {
    pub(crate) gateway: Arc<Gateway>,
    running: Running,
    _stopper: Stopper,
    _room: tempfile::TempDir,
}

impl House {
    /// One whose provider is `issuer`, to which it is `client_id` with `secret`; with one officer by password.
    pub(crate) async fn open(issuer: &str, client_id: &str, secret: &str) -> Self {
        let room = tempfile::tempdir().unwrap();
        let now = Clock::new(Timestamp::UNIX_EPOCH).now();
        let (dir, party) = (room.path().join("EE"), "EE".parse().unwrap());
        let directory = Directory::init(&dir, None, &party, "An authority", &mut OsEntropy, now).unwrap();
        let secret_file = room.path().join("secret");
        std::fs::write(&secret_file, format!("{secret}\n")).unwrap();
        let mut settings = std::fs::OpenOptions::new().append(true).open(directory.settings()).unwrap();
        writeln!(
            settings,
            r#"
            [signin.openid]
            issuer = "{issuer}"
            client_id = "{client_id}"
            client_secret_file = "{}"
            public_url = "https://gateway.example"
            scopes = ["profile"]
            name_claim = "preferred_username"
            role_claim = "groups"
            roles = [{{ value = "leads", role = "legal_officer" }}, {{ value = "cti", role = "analyst" }}]
            training_claim = "training_until"
            unit_claim = "department"
            "#,
            secret_file.display()
        )
        .unwrap();
        let gateway = Gateway::open(directory).await.unwrap();
        let officer = Officer {
            name: "a.password".to_owned(),
            role: "analyst".to_owned(),
            unit: None,
            training_until: Timestamp::UNIX_EPOCH,
            password_hash: passwords::hash(PASSWORD, &mut OsEntropy).unwrap(),
        };
        manage::add_officer(&gateway, officer).await.unwrap();
        let (stopper, stop) = stopping();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let running = start(&gateway, any, None, stop).await.unwrap();
        Self { gateway, running, _stopper: stopper, _room: room }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.running.plain.to_string())
    }

    /// How many entries its log has.
    pub(crate) async fn entries(&self) -> usize {
        self.gateway.store().logged(LeafIndex(0), 1_000).await.unwrap().len()
    }
}

//! `comity serve`: the gateway, running until it is told to stop, or until its store takes no changes any more.

use super::Serve;
use super::out::{Exit, Out};
use super::run::Local;
use crate::api;
use crate::dirs::Directory;
use crate::federation;
use crate::gateway::Gateway;
use crate::jobs::{
    escalations, notices, obligations, recalls, referrals, sweep, telling, webhooks, witnesses,
};
use crate::misp;
use crate::net::listener::{self, Door, Limits};
use crate::net::plain;
use crate::signin;
use crate::socket;
use crate::taxii;
use crate::watch::{Stop, metrics, ready, stopping};
use crate::work::{moving, outbox};
use comity_exchange::shell::Shell as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// `comity serve`
pub async fn run(args: &Serve, out: &mut Out<'_>) -> Exit {
    let directory = match Directory::open(&args.place.dir, args.place.keys.as_deref()) {
        Ok(directory) => directory,
        Err(error) => return out.bad_input(error),
    };
    if let Some(url) = &args.database
        && let Err(error) = moving::to_server(&directory, url)
    {
        return out.bad_input(error);
    }
    let gateway = match Gateway::open(directory).await {
        Ok(gateway) => gateway,
        Err(error) => return out.bad_input(error),
    };
    if let Err(error) = witnesses::ask(&gateway).await {
        return out.bad_input(error);
    }
    let (stopper, stop) = stopping();
    if let Err(error) = stopper.clone().on_signals() {
        return out.bad_input(error);
    }
    let running = match start(&gateway, args.listen, args.federation, stop.clone()).await {
        Ok(running) => running,
        Err(error) => return out.bad_input(error),
    };
    let (running, figures) = match args.metrics {
        None => (running, None),
        Some(at) => match running.with_metrics(&gateway, at, stop).await {
            Ok((running, figures)) => (running, Some(figures)),
            Err(error) => return out.bad_input(error),
        },
    };
    out.note(&format!("listening on http://{}", running.plain));
    if let Some(address) = running.federation {
        out.note(&format!("listening on https://{address}"));
    }
    if let Some(address) = figures {
        out.note(&format!("figures at http://{address}/metrics"));
    }
    let mut finishing = pin!(running.finish());
    tokio::select! {
        () = &mut finishing => {}
        _ = gateway.store().until_stopped() => {
            // Nothing that is under way can be recorded: those who wait hear so, and no one is kept longer.
            stopper.stop();
            let _ = timeout(GRACE, finishing).await;
        }
    }
    if let Some(why) = gateway.store().stopped() {
        return out.stopped(format!(
            "the gateway has stopped: {why}; start it again, and it finds out what was kept"
        ));
    }
    gateway.finish().await;
    Exit::Done
}

/// How long those who wait for a gateway that has stopped by itself have to hear so.
const GRACE: Duration = Duration::from_secs(5);

/// A gateway that listens.
pub struct Running {
    /// Where the public listener is.
    pub plain: SocketAddr,
    /// Where partners come in.
    pub federation: Option<SocketAddr>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Opens the operator's listener too; gives its address.
    ///
    /// # Errors
    /// What could not be opened, and why.
    pub async fn with_metrics(
        mut self,
        gateway: &Arc<Gateway>,
        at: SocketAddr,
        stop: Stop,
    ) -> Result<(Self, SocketAddr), String> {
        let listener = TcpListener::bind(at).await.map_err(|e| format!("{at}: {e}"))?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let router = metrics::router(Arc::clone(gateway));
        self.tasks.spawn(listener::serve(listener, Door::Plain, router, Limits::default(), stop));
        Ok((self, address))
    }

    /// Waits until it has stopped and what was under way is done.
    pub async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Opens listeners, socket and outbox.
///
/// # Errors
/// What could not be opened, and why.
pub async fn start(
    gateway: &Arc<Gateway>,
    plain_at: SocketAddr,
    federation_at: Option<SocketAddr>,
    stop: Stop,
) -> Result<Running, String> {
    let bound = async |at: SocketAddr| TcpListener::bind(at).await.map_err(|e| format!("{at}: {e}"));
    let address = |listener: &TcpListener| listener.local_addr().map_err(|e| e.to_string());
    let mut tasks = JoinSet::new();
    let listener = bound(plain_at).await?;
    let plain = address(&listener)?;
    let router = plain::router(Arc::clone(gateway))
        .merge(ready::router(Arc::clone(gateway)))
        .merge(signin::router(Arc::clone(gateway)))
        .merge(taxii::router(Arc::clone(gateway)))
        .merge(api::v1::router(Arc::clone(gateway)))
        .merge(misp::collection::collections(Arc::clone(gateway)));
    tasks.spawn(listener::serve(listener, Door::Plain, router, Limits::default(), stop.clone()));
    let mut federation = None;
    if let Some(at) = federation_at {
        let listener = bound(at).await?;
        federation = Some(address(&listener)?);
        let tls = gateway.certificate().server(gateway.pins().clone()).map_err(|e| e.to_string())?;
        let door = Door::Federation { tls, pins: gateway.pins().clone() };
        let router = federation::router(Arc::clone(gateway));
        tasks.spawn(listener::serve(listener, door, router, Limits::default(), stop.clone()));
    }
    let local = socket::bind(&gateway.directory().socket()).map_err(|e| e.to_string())?;
    tasks.spawn(socket::serve(local, Arc::new(Local(Arc::clone(gateway))), stop.clone()));
    tasks.spawn(telling::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(sweep::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(escalations::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(recalls::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(notices::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(obligations::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(referrals::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(webhooks::run(Arc::clone(gateway), stop.clone()));
    tasks.spawn(outbox::run(Arc::clone(gateway), stop));
    Ok(Running { plain, federation, tasks })
}

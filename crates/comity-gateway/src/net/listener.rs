//! Listeners: they accept, shake hands and hand requests to a router, one task for each connection.
//!
//! ```text
//! accept ─> seat ─> [task: handshake ─> requests, with who is there attached ─> close]
//! ```
//! Nothing that a client does or leaves undone holds the accept loop up: the handshake is in the connection's
//! own task under a time limit, and so are the head and the body of every request. When every seat is taken,
//! whoever has waited longest for its client leaves (`seats`). Bodies are bounded in size by the router, and
//! taken as they are: one that is compressed is refused (415), for its size is not known before it is unpacked.
//! So is a path that is not UTF-8 (400): no door has to say so in its own way.

use super::body::Timed;
use super::seats::{Seat, Seats};
use super::tls::{Connection, PinSet};
use crate::api::problem::{Kind, Problem, told};
use crate::watch::Stop;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::http::header;
use axum::response::IntoResponse as _;
use comity_terms::Digest;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

/// The bounds of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections, those in their handshake included. One more takes the seat of whoever has waited
    /// longest for its client.
    pub connections: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head: Duration,
    /// How long the next piece of a body may take.
    pub piece: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long what is under way may take once it is time to stop.
    pub grace: Duration,
}

impl Default for Limits {
    /// 1,024 connections (at 40 KiB each 40 MiB); 5 seconds, 60 seconds, 20 seconds, 10 minutes (the largest offer
    /// over 4 Mbit/s), 30 seconds.
    fn default() -> Self {
        Self {
            connections: 1_024,
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(60),
            piece: Duration::from_secs(20),
            body: Duration::from_secs(600),
            grace: Duration::from_secs(30),
        }
    }
}

/// Who may come in through a listener, and how.
#[derive(Clone)]
pub enum Door {
    /// Anyone, in the clear: their requests carry `ConnectInfo<SocketAddr>`.
    Plain,
    /// Partner gateways: their requests carry `ConnectInfo<Connection>`.
    Federation {
        /// How TLS is spoken: from [`Certificate::server`](super::tls::Certificate::server), with the same pins.
        tls: Arc<ServerConfig>,
        /// Who is let in, asked again for each request.
        pins: PinSet,
    },
}

/// Serves `router` until it is time to stop and what was under way is done.
pub async fn serve(listener: TcpListener, door: Door, router: Router, limits: Limits, mut stop: Stop) {
    let seats = Seats::new(limits.connections);
    loop {
        let accepted = tokio::select! {
            () = stop.wait() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, or a client that left: neither mends itself at once.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let seat = tokio::select! {
            () = stop.wait() => break,
            seat = seats.take() => seat,
        };
        let Some(seat) = seat else { break };
        let (door, router, stop) = (door.clone(), router.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = seat.dismissed() => tracing::debug!("a waiting connection left for another"),
                () = converse(stream, door, router, limits, stop, &seat) => {}
            }
        });
    }
    drop(listener);
    if timeout(limits.grace, seats.empty()).await.is_err() {
        tracing::warn!("stopped before every connection was done");
    }
}

async fn converse(
    stream: TcpStream,
    door: Door,
    router: Router,
    limits: Limits,
    stop: Stop,
    seat: &Arc<Seat>,
) {
    // Small answers leave at once; a failure only makes them slower.
    let _ = stream.set_nodelay(true);
    let (tls, pins) = match door {
        Door::Plain => {
            let Ok(from) = stream.peer_addr() else { return };
            return requests(stream, Caller::Anyone(from), router, limits, stop, seat).await;
        }
        Door::Federation { tls, pins } => (tls, pins),
    };
    let stream = match timeout(limits.handshake, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(%error, "a federation handshake was refused"),
        Err(_) => return tracing::info!("a federation handshake took too long"),
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let Some(pin) = certificate.map(|certificate| Digest::of(certificate)) else { return };
    requests(stream, Caller::Partner(pin, pins), router, limits, stop, seat).await;
}

/// Who is at the other end of a connection.
enum Caller {
    Anyone(SocketAddr),
    Partner(Digest, PinSet),
}

async fn requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    caller: Caller,
    router: Router,
    limits: Limits,
    mut stop: Stop,
    seat: &Arc<Seat>,
) {
    let seat = Arc::clone(seat);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        let working = Working::begin(&seat);
        let known = match &caller {
            Caller::Anyone(from) => {
                request.extensions_mut().insert(ConnectInfo(*from));
                true
            }
            Caller::Partner(pin, pins) => match pins.party(*pin) {
                None => false,
                Some(party) => {
                    request.extensions_mut().insert(ConnectInfo(Connection { party, pin: *pin }));
                    true
                }
            },
        };
        async move {
            let _working = working;
            if !known {
                return Ok::<_, Infallible>(dismissed());
            }
            if is_packed(&request) {
                return Ok(packed(request.uri().path()));
            }
            if !is_text(request.uri().path()) {
                let problem = Problem::new(Kind::Malformed).with_detail("the path is not UTF-8");
                return Ok(told(request.uri().path(), problem));
            }
            router.call(request.map(|body| Body::new(Timed::new(body, limits.piece, limits.body)))).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// A request is under way for as long as this lives.
struct Working(Arc<Seat>);

impl Working {
    fn begin(seat: &Arc<Seat>) -> Self {
        seat.work();
        Self(Arc::clone(seat))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.wait();
    }
}

fn dismissed() -> axum::response::Response {
    let problem = Problem::new(Kind::NoPartner);
    ([(header::CONNECTION, "close")], problem).into_response()
}

fn is_packed<B>(request: &hyper::Request<B>) -> bool {
    let encodings = request.headers().get_all(header::CONTENT_ENCODING);
    encodings.iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether a path is UTF-8 once its `%XX` are the bytes that they stand for.
fn is_text(path: &str) -> bool {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let escaped = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        decoded.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    std::str::from_utf8(&decoded).is_ok()
}

fn packed(path: &str) -> axum::response::Response {
    let problem = Problem::new(Kind::Compressed).with_detail("send it without Content-Encoding");
    ([(header::CONNECTION, "close"), (header::ACCEPT_ENCODING, "identity")], told(path, problem))
        .into_response()
}

/// The longest head of a request, and what is read ahead of a body: 64 KiB; ours have less than 1 KiB.
const HEAD_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;

//! A request's body that comes in time: each piece soon after the one before, and all of it before an end; and
//! that is no longer than its route takes: one that announces more is refused before any of it is read.

use crate::api::problem::{Kind, Problem};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// `route` with bodies of at most `most` bytes; longer ones get 413 and are told the bound.
pub(crate) fn at_most<S: Clone + Send + Sync + 'static>(
    most: usize,
    route: MethodRouter<S>,
) -> MethodRouter<S> {
    route.layer(DefaultBodyLimit::max(most)).layer(from_fn_with_state(most, within))
}

async fn within(State(most): State<usize>, request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced: Option<u64> = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    let announced = announced.filter(|length| *length > most as u64);
    let response = match announced {
        Some(_) => None,
        None => Some(next.run(request).await),
    };
    match response {
        Some(response) if response.status() != StatusCode::PAYLOAD_TOO_LARGE => response,
        _ => {
            let length = announced.map_or_else(|| "more".to_owned(), |length| format!("{length} bytes"));
            let problem =
                Problem::new(Kind::TooLong).with_detail(format!("it has {length}, the most is {most} bytes"));
            ([(header::CONNECTION, "close")], problem).into_response()
        }
    }
}

/// A body under time limits. Late, it ends with an error.
pub(super) struct Timed {
    body: Incoming,
    gap: Duration,
    end: Instant,
    late: Pin<Box<Sleep>>,
}

impl Timed {
    /// `gap` is the longest between two pieces, `whole` the longest for all of them.
    pub(super) fn new(body: Incoming, gap: Duration, whole: Duration) -> Self {
        let now = Instant::now();
        let end = now + whole;
        Self { body, gap, end, late: Box::pin(sleep_until(end.min(now + gap))) }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let next = self.end.min(Instant::now() + self.gap);
            self.late.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        ready!(self.late.as_mut().poll(cx));
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the body did not come in time"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

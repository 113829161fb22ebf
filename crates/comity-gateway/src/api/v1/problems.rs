//! The problems that many routes can answer with, once for the document (RFC 9457; a page each under `/api/problems/`).

use crate::api::problem::Problem;
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema as _};

/// What anybody can be answered.
pub(super) enum Anybody {}

/// What an officer can be answered who is not signed in, or asks too often.
pub(super) enum Signed {}

/// What a body can be answered.
pub(super) enum HasBody {}

impl IntoResponses for Anybody {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("429", "Too many requests")])
    }
}

impl IntoResponses for Signed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("401", "Nobody is signed in"), ("429", "Too many requests")])
    }
}

impl IntoResponses for HasBody {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("400", "It does not read"), ("413", "It is too long"), ("415", "It is no JSON")])
    }
}

fn problems(of: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let of = of.iter().map(|(status, description)| {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
        let response = ResponseBuilder::new().description(*description);
        ((*status).to_owned(), response.content("application/problem+json", problem).build().into())
    });
    of.collect()
}

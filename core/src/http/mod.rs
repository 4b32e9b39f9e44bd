//! HTTP (接口): routes, limits, bodies in and out, problems. Between `net` (sockets) and `access` and `engine`.
//!
//! [`route`] lists what there is; [`worker`] takes a request of one network thread through it:
//! its name ([`request_id`]) and its rates ([`limits`]), [`admission`] before a byte is read, `head` and `body`, the actor, then a handler (`submit`, `batch`,
//! `query` and others), and the answer's bytes ([`payload`]). [`wire`] is what goes over the wire, [`money`] the form of
//! amounts, `resolve` turns names into the catalog's codes. [`problem`] alone knows status codes; `wording`
//! and `refusal` know the words. [`access_table`] says who may do what. [`reader`] runs what touches the disk.

pub mod access_table;
pub mod admission;
pub mod app;
mod audit;
mod batch;
mod body;
mod browser;
mod document;
pub mod error;
mod event;
mod fault;
#[cfg(feature = "fuzzing")]
mod fuzzing;
pub mod head;
pub mod health;
pub mod limits;
mod measure;
pub mod money;
pub mod openapi;
pub mod page;
mod params;
pub mod payload;
mod privileged;
pub mod problem;
mod quota;
pub mod reader;
mod refusal;
pub mod request_id;
mod resolve;
mod respond;
pub mod route;
pub mod session;
mod signing;
mod submit;
mod tell;
mod turn;
pub mod wire;
mod wording;
mod work;
pub mod worker;

#[cfg(feature = "fuzzing")]
pub(crate) use fuzzing::{act, enter, read_query};

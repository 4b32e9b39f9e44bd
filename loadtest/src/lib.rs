//! `hubu-load`: the load harness of Hubu. It drives any deployment by its URL and believes nothing that the
//! server says about itself.
//!
//! Reading order: [`world`] is the province that a seed gives; [`wire`] speaks HTTP over connections of one's own;
//! [`book`] is what the harness itself wrote down of every answer; plan says who works how; users are the
//! officials (goose users); measure counts and times them; seed loads the world, run plays a day;
//! [`own`] plays plans of other systems, without world, book and audit;
//! [`scrape`] reads the server's own figures beside the run;
//! [`search`] raises the load until something breaks, [`sizing`] says what to buy from what it measured;
//! [`audit`] settles the book against the server; report draws what came out; [`diff`] compares two of it.
//!
//! Imports point one way: money, seeded and error are leaves; world and wire stand on them; book on world; users on
//! plan, book, wire and measure; audit on book and wire; run and report on all of these; search on run, own and report;
//! sizing on the curve of search alone.

pub mod audit;
pub mod book;
pub mod cli;
pub mod diff;
pub mod duration;
pub mod error;
pub mod measure;
pub mod money;
pub mod own;
pub mod plan;
pub mod report;
pub mod run;
pub mod scrape;
pub mod search;
pub mod seed;
pub mod seeded;
pub mod sizing;
pub mod users;
pub mod wire;
pub mod world;

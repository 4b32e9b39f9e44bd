//! One HTML page with everything in it: no script, no font, no picture from elsewhere. Chinese and English stand side by
//! side; a switch without script leaves one of them, also in print.
//!
//! The verdict comes first, then what users saw, what the server saw, what failed, the books, and where it all ran.

mod audit;
mod parts;
mod platform;
mod saw;
mod server;
mod sizing;
mod summary;

use std::path::Path;

use self::parts::{Page, escape};
use super::result::RunResult;
use crate::error::LoadError;

const STYLE: &str = include_str!("page.css");

/// The page of a result. `folder` is where the run's other files are: a sizing, if there is one.
///
/// # Errors
/// A chart cannot be drawn.
pub fn page(result: &RunResult, folder: &Path) -> Result<String, LoadError> {
    let mut page = Page::new();
    page.raw(&format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Hubu 户部 · {}</title><style>{STYLE}</style></head><body>",
        escape(&result.plan.name)
    ));
    page.raw(
        "<input class=\"switch\" type=\"radio\" name=\"language\" id=\"both\" checked>\
         <input class=\"switch\" type=\"radio\" name=\"language\" id=\"zh\"><input class=\"switch\" type=\"radio\" name=\"language\" id=\"en\">\
         <nav class=\"bar\"><label class=\"l-both\" for=\"both\">双语 Both</label><label class=\"l-zh\" for=\"zh\">中文</label>\
         <label class=\"l-en\" for=\"en\">English</label></nav><main>",
    );
    summary::draw(&mut page, result);
    saw::draw(&mut page, result)?;
    server::draw(&mut page, result)?;
    saw::failures(&mut page, result);
    audit::draw(&mut page, result);
    platform::draw(&mut page, result);
    sizing::draw(&mut page, folder);
    page.raw("</main></body></html>\n");
    Ok(page.take())
}

#[cfg(test)]
mod tests;

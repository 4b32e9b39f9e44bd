//! A division's own pool, by the real documents: the congress approves (SRC, TOT), the budget office hands on (OFF).

use hyper::header::HeaderValue;

use super::batch::{Done, send};
use crate::error::LoadError;
use crate::money;
use crate::wire::{Claims, Connection, Minter};
use crate::world::{Ledger, POOL, RowKey, World};

/// Loads the pool of one division; two officials, since nobody approves what he entered. Returns the last number.
pub(super) async fn load_pool(
    connection: &mut Connection,
    minter: &Minter,
    world: &World,
    division: u32,
) -> Result<u64, LoadError> {
    let code = world.divisions[division as usize].code;
    let official = |name: &str| minter.bearer(&Claims::new(name, "budget_office", code));
    let (enters, approves) = (official("load-budget-a")?, official("load-budget-b")?);
    let amount = money::text(POOL);
    let mut dims = String::new();
    world.push_dims(&mut dims, RowKey::of_division(Ledger::Off, division));
    let mut pool = Pool {
        connection,
        key: format!("seed-{:x}-{division}", world.recipe.seed),
        steps: 0,
    };
    let head = format!(
        r#""division":"{code:09}","fiscal_year":{}"#,
        world.recipe.fiscal_year
    );

    let lines = format!(
        r#""lines":[{{"amount":"{amount}","dims":{}}}]"#,
        without_office(&dims)
    );
    let create = format!(r#"{{"type":"legal_approval",{head},"transition":"enter",{lines}}}"#);
    let resolution = pool.step(&enters, "create", &create).await?;
    let fields = format!(
        r#"{{"resolution_no":"示例-1","income_total":"{amount}","expense_total":"{amount}"}}"#
    );
    let act = format!(
        r#"{{"document":"{}","transition":"confirm","fields":{fields}}}"#,
        resolution.document
    );
    pool.step(&approves, "act", &act).await?;

    let lines = format!(
        r#""lines":[{{"amount":"{amount}","dims":{},"to":{dims}}}]"#,
        without_office(&dims)
    );
    let create = format!(r#"{{"type":"pool_to_office",{head},"transition":"submit",{lines}}}"#);
    let handed = pool.step(&enters, "create", &create).await?;
    let act = format!(
        r#"{{"document":"{}","transition":"approve","fields":{{}}}}"#,
        handed.document
    );
    Ok(pool.step(&approves, "act", &act).await?.seq)
}

/// The pool of the whole division knows no office.
fn without_office(dims: &str) -> String {
    match dims.find(r#","office":"#) {
        Some(at) => format!("{}}}", &dims[..at]),
        None => dims.to_owned(),
    }
}

struct Pool<'a> {
    connection: &'a mut Connection,
    key: String,
    steps: u32,
}

impl Pool<'_> {
    async fn step(
        &mut self,
        token: &HeaderValue,
        verb: &str,
        command: &str,
    ) -> Result<Done, LoadError> {
        self.steps += 1;
        let key = format!("{}-pool-{}", self.key, self.steps);
        let body =
            format!(r#"{{"atomic":false,"commands":[{{"key":"{key}","{verb}":{command}}}]}}"#);
        let mut done = send(self.connection, token, body).await?;
        done.pop()
            .ok_or_else(|| LoadError::format("batch", "no result"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_office_is_cut_off_cleanly() {
        let cut = without_office(r#"{"fund_type":"1","exp_func":"2010301","office":"001"}"#);
        assert_eq!(cut, r#"{"fund_type":"1","exp_func":"2010301"}"#);
    }
}

//! The books: counts, and sums by ledger that a reader can add up.

use super::parts::{Page, Row, Words, both, escape, grouped, headings, yuan};
use crate::audit::{Amounts, Figures, LedgerSums, Settlement};
use crate::report::result::RunResult;

/// The fields of rows: two languages each.
const FIELDS: [Words; 6] = [
    ("批准额", "approved"),
    ("已用", "used"),
    ("占用（在途减）", "decreasing"),
    ("在途增", "increasing"),
    ("借方", "debit"),
    ("贷方", "credit"),
];

/// Every audit of the run; the sums of the last that has some.
pub(super) fn draw(page: &mut Page, result: &RunResult) {
    page.heading(("账目核对", "The audit"));
    if let Some(why) = &result.not_audited {
        page.note(&format!("未核对：{why}"), &format!("Not audited: {why}"));
        return;
    }
    page.note(
        "压测端自己记账：每条命令得到的答复都写入自己的账本，压测后与服务端逐笔、逐行、逐账本核对。",
        "The harness keeps books of its own: every answer is written down, and afterwards compared with the server command by command, row by row, ledger by ledger.",
    );
    for error in &result.audit_errors {
        page.note(
            &format!("未能完成核对：{error}"),
            &format!("Could not be done: {error}"),
        );
    }
    for audit in &result.audits {
        settlement(page, audit);
    }
    if let Some(last) = result.audits.iter().rev().find(|a| !a.ledgers.is_empty()) {
        sums(page, last);
    }
}

fn settlement(page: &mut Page, audit: &Settlement) {
    let word = if audit.is_clean() {
        both(("✓ 一致", "clean"))
    } else {
        format!("<span class=\"no\">{}</span>", both(("✗ 不一致", "FAILED")))
    };
    page.raw(&format!("<h3>{} · {word}</h3>", when(audit)));
    let rows: Vec<Row> = counts(&audit.figures)
        .into_iter()
        .map(|(words, text, means)| {
            Row::default()
                .text(both(words))
                .cell(text)
                .text(both(means))
        })
        .collect();
    page.table("facts", &[], &rows);
    let f = &audit.figures;
    page.note(
        &format!(
            "用时 {:.1} 秒，读取事件 {} 条，其中其他客户端 {} 条。",
            audit.seconds,
            grouped(f.events.into()),
            grouped(f.foreign_events.into())
        ),
        &format!(
            "{:.1} s, {} events read, {} of them of other clients.",
            audit.seconds,
            grouped(f.events.into()),
            grouped(f.foreign_events.into())
        ),
    );
    if !audit.findings.is_empty() {
        let rows: Vec<Row> = audit
            .findings
            .iter()
            .map(|finding| {
                Row::default()
                    .cell(format!("{:?}", finding.fault))
                    .text(escape(&finding.what))
                    .text(escape(&finding.detail))
            })
            .collect();
        let heads = headings(&[("差错", "fault"), ("何处", "where"), ("详情", "detail")]);
        page.table("", &heads, &rows);
    }
}

/// What an audit is called; its usual names in both languages.
fn when(audit: &Settlement) -> String {
    match audit.when.as_str() {
        "after the run" => both(("压测后", "after the run")),
        "after a restart" => both(("重启后", "after a restart")),
        other => escape(other),
    }
}

/// What was counted: what it is, the sum, what it means.
fn counts(f: &Figures) -> Vec<(Words, String, Words)> {
    let n = |count: u64| grouped(count.into());
    vec![
        (
            ("已答复成功 = 找到 + 丢失", "acknowledged = found + lost"),
            format!("{} = {} + {}", n(f.acknowledged), n(f.found), n(f.lost)),
            (
                "答复成功的命令，在服务端事件流中恰好出现一次，效果与压测端所算一致",
                "commands answered yes: each is in the server's feed once, with the effects that the harness computed",
            ),
        ),
        (
            ("重复入账", "doubled"),
            n(f.doubled),
            ("出现多于一次", "there more than once"),
        ),
        (
            ("金额不符", "misposted"),
            n(f.misposted),
            (
                "命令或额度行的效果与答复不同",
                "commands or rows with another effect than acknowledged",
            ),
        ),
        (
            ("拒绝；其中却已执行", "refused; of these done all the same"),
            format!("{}; {}", n(f.refused), n(f.refused_but_done)),
            (
                "答复拒绝的命令，不得留下任何痕迹",
                "commands answered no: none may have left a trace",
            ),
        ),
        (
            ("同键重发；答复矛盾", "asked twice; contradictory"),
            format!("{}; {}", n(f.repeated), n(f.contradictory)),
            (
                "故意用同一幂等键再发，答复必须相同",
                "keys repeated on purpose: the answer must be the same",
            ),
        ),
        (
            ("未答复；已查明 / 未查明", "unanswered; settled / not"),
            format!("{} / {}", n(f.unknown_resolved), n(f.unresolved)),
            (
                "没有得到答复的命令，按原键再问一次",
                "commands without an answer, asked again with their key",
            ),
        ),
        (
            ("逐行核对", "rows compared"),
            n(f.rows_compared),
            (
                "每行六个字段：期初 + 已答复的效果 = 现值",
                "six fields each: opening + acknowledged effects = found",
            ),
        ),
        (
            ("借方合计 = 贷方合计（元）", "debit = credit, yuan"),
            format!(
                "{} {} {}",
                yuan(f.debit),
                if f.debit == f.credit { "=" } else { "≠" },
                yuan(f.credit)
            ),
            ("全部额度行", "over all rows"),
        ),
    ]
}

fn sums(page: &mut Page, audit: &Settlement) {
    page.raw(&format!(
        "<h3>{} · {}</h3>",
        both(("分账本的算术（元）", "The arithmetic by ledger, in yuan")),
        when(audit)
    ));
    page.note(
        "每个账本：期初 + 各类命令的变动 = 应有，与服务端实有相减为零。未变动的字段不列。",
        "Each ledger: opening + what each kind of step changed = expected; less what the server has is nothing. Fields that never held anything are left out.",
    );
    for ledger in audit.ledgers.iter().filter(|l| !l.moves.is_empty()) {
        one_ledger(page, ledger);
    }
    let still: Vec<&str> = audit
        .ledgers
        .iter()
        .filter(|l| l.moves.is_empty() && l.expected() == l.found)
        .map(|l| l.ledger.as_str())
        .collect();
    if !still.is_empty() {
        let names = still.join(", ");
        page.note(
            &format!("未变动，期初等于实有：{names}"),
            &format!("Untouched, and found as they were opened: {names}"),
        );
    }
    for ledger in &audit.ledgers {
        if ledger.moves.is_empty() && ledger.expected() != ledger.found {
            one_ledger(page, ledger);
        }
    }
}

fn one_ledger(page: &mut Page, ledger: &LedgerSums) {
    let expected = ledger.expected().all();
    let found = ledger.found.all();
    let opening = ledger.opening.all();
    let all = |at: usize| {
        let moved = ledger.moves.iter().any(|m| m.change.all()[at] != 0);
        moved || opening[at] != 0 || found[at] != 0
    };
    let shown: Vec<usize> = (0..FIELDS.len()).filter(|at| all(*at)).collect();
    let row = |class: &'static str, name: String, values: [i128; 6], is_change: bool| {
        let mut row = Row::of(class).cell(name);
        for at in &shown {
            let plus = if is_change && values[*at] > 0 {
                "+"
            } else {
                ""
            };
            row = row.cell(format!("{plus}{}", yuan(values[*at])));
        }
        row
    };
    let mut rows = vec![row("", both(("期初", "opening")), opening, false)];
    for one in &ledger.moves {
        let change: Amounts = one.change;
        let name = format!(
            "{} × {}, {}",
            escape(&one.document),
            grouped(one.commands.into()),
            step(&one.step)
        );
        rows.push(row("", name, change.all(), true));
    }
    let left: [i128; 6] = std::array::from_fn(|at| found[at] - expected[at]);
    rows.push(row(
        "total",
        both(("= 应有", "= expected")),
        expected,
        false,
    ));
    rows.push(row("", both(("服务端实有", "found")), found, false));
    rows.push(row("sum", both(("差额", "difference")), left, false));
    let mut heads = vec![format!(
        "{} · {} {}",
        escape(&ledger.ledger),
        grouped(ledger.rows.into()),
        both(("行", "rows"))
    )];
    heads.extend(shown.iter().map(|at| both(FIELDS[*at])));
    page.table("small sums", &heads, &rows);
}

fn step(name: &str) -> String {
    both(match name {
        "reserve" => ("送审占用", "reserved"),
        "final" => ("终审", "final"),
        "release" => ("退回释放", "released"),
        _ => ("流转", "passed on"),
    })
}

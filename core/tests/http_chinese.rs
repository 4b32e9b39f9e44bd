//! Problems in Chinese: no English sentence is left in what an official reads.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use http_support::{AGENCY, CLERK, Client, REVIEWER, payment, serve};
use serde_json::{Value, json};

fn in_chinese(mut client: Client) -> Client {
    client.headers = client.headers.replace("-Language: en", "-Language: zh");
    client
}

/// What the client is told, which must hold no two English words in a row.
fn told(client: &mut Client, path: &str, body: Option<&Value>) -> String {
    let reply = match body {
        Some(body) => client.ask(path, body),
        None => client.get(path),
    };
    assert!(reply.status >= 400, "{reply:?}");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = detail.split_ascii_whitespace().collect();
    let english = words
        .windows(2)
        .any(|pair| is_word(pair[0]) && is_word(pair[1]));
    assert!(!english && !detail.is_ascii(), "{detail}");
    detail
}

#[test]
fn a_form_that_does_not_fit_is_told_in_chinese() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = in_chinese(serving.client(CLERK));
    let good = payment(&row, "10.00");
    let with = |place: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(place).unwrap() = value;
        body
    };
    let mut cases = vec![
        (with("/type", json!("nonsense")), "没有此单据类型"),
        (with("/division", json!("999999999")), "没有此区划"),
        (with("/agency", json!("1")), "不是区划420106000的单位"),
        (with("/fields", json!({})), "缺少字段payee_match"),
        (
            with("/fields", json!({ "colour": "red" })),
            "没有字段colour",
        ),
        (
            with("/fields", json!({ "order_no": "1" })),
            "此时不能填写字段order_no",
        ),
        (
            with("/fields/payee", json!("很".repeat(101))),
            "最多100个字",
        ),
        (with("/fields/payee", json!(7)), "应为文字"),
        (with("/lines", json!([])), "明细应为"),
        (with("/lines/0/amount", json!("1.001")), "金额须精确到分"),
        (with("/lines/0/month", json!(13)), "月份为1至12"),
        (with("/lines/0/month", Value::Null), "缺少月份"),
        (with("/lines/0/row", json!("9")), "没有额度9"),
    ];
    let dims = |dims: Value| {
        let mut body = good.clone();
        body["lines"][0]["dims"] = dims;
        body
    };
    cases.push((dims(json!({ "colour": "1" })), "没有要素colour"));
    cases.push((
        dims(json!({ "fund_type": "x" })),
        "“x”不是要素fund_type的值",
    ));
    cases.push((dims(json!({ "fund_type": "" })), "须有要素fund_type"));
    let mut unknown = good.clone();
    unknown["colour"] = json!(1);
    cases.push((unknown, "没有字段colour（第1行"));
    for (body, words) in &cases {
        let detail = told(&mut clerk, "/v1/documents", Some(body));
        assert!(detail.contains(words), "{detail} should have {words}");
    }
    for (path, words) in [
        ("/v1/quotas?limit=0", "应为1至"),
        ("/v1/quotas?colour=1", "没有此参数；可用：division"),
        ("/v1/quotas?ledger=X", "没有此账簿"),
        ("/v1/documents/999", "没有此单据"),
    ] {
        let detail = told(&mut clerk, path, None);
        assert!(detail.contains(words), "{detail} should have {words}");
    }
    serving.stop();
}

#[test]
fn a_guard_says_what_it_asks_for_in_the_readers_language() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let reply = serving
        .client(CLERK)
        .ask("/v1/documents", &payment(&row, "10.00"));
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/documents/{id}/actions/review");
    let body = json!({ "fields": { "alerts_blocking": 2 } });
    let mut reviewer = serving.client(REVIEWER);
    let english = reviewer.ask(&path, &body).json();
    assert_eq!(english["code"], "guard_failed");
    assert_eq!(
        english["detail"],
        "this does not hold: no grey or red alert is open"
    );
    let chinese = told(&mut in_chinese(reviewer), &path, Some(&body));
    assert_eq!(chinese, "不满足条件：不得有未解除的灰色、红色预警");

    // A flag that must be yes asks for itself, by its name in words.
    let mut body = payment(&row, "10.00");
    body["fields"]["payee_match"] = json!(false);
    let mut clerk = in_chinese(serving.client(CLERK));
    let chinese = told(&mut clerk, "/v1/documents", Some(&body));
    assert_eq!(chinese, "不满足条件：“户名账号相符”须为是");
    serving.stop();
}

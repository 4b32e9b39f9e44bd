//! The words for what went wrong before the engine decided anything, in both languages.

use super::error::{HttpError, Reason};
use super::fault;
use super::head::Language;
use super::money::Amount;
use super::problem::{Hint, Problem};
use crate::access::AccessError;
use crate::audit::Unwritten;
use crate::engine::beyond::Beyond;
use crate::engine::error::{Denied, EngineError, FieldFault, FormError, SubmitError};
use crate::engine::watermark::Latched;
use crate::signing::SignatureFault;

impl HttpError {
    /// The problem that the client is told.
    pub fn problem(&self, language: Language) -> Problem {
        let say =
            |code, zh: String| Problem::new(code, language, language.pick(zh, self.to_string()));
        match self {
            Self::Access(error) => access(error, language),
            Self::Submit(error) => submit(error, language),
            Self::Engine(error) => engine(error, language),
            Self::View(error) => {
                tracing::error!(%error, "a view can't be read");
                let zh = "查询视图暂不可用；办理不受影响";
                let en = "this view can't be read now; commands are not affected";
                Problem::new("view_stopped", language, language.pick(zh, en))
            }
            Self::Latched(error) => latched(error, language),
            Self::NoRoute => say("not_found", "没有这个路径".into()),
            Self::Method(allowed) => {
                let mut problem = say("method", format!("此路径只接受{allowed}"));
                problem.hint = Hint::Allow(allowed);
                problem
            }
            Self::NotFound(what) | Self::OutOfScope(what) => say(
                "not_found",
                format!("没有此{}，或不在您的数据权限内", noun(what)),
            ),
            Self::Audit(Unwritten::Behind) => say("shed", "审计日志积压，请稍后重试".into()),
            Self::Audit(Unwritten::Broken) => say(
                "audit_unavailable",
                "审计日志无法写入，特权操作暂停办理".into(),
            ),
            Self::KeyMissing => say("idempotency_key", "缺少Idempotency-Key请求头".into()),
            Self::KeyMalformed => say("idempotency_key", "幂等键为1至64个可见ASCII字符".into()),
            Self::IfMatch => say("if_match", "If-Match为带引号的版本号，例如\"3\"".into()),
            Self::Repeated(name) => say("header_repeated", format!("请求头{name}重复")),
            Self::Host => say("host", "请求须有且仅有一个Host请求头".into()),
            Self::TooMany { seconds, .. } => {
                let zh = format!("请求过于频繁，请{seconds}秒后重试");
                let mut problem = say("too_many_requests", zh);
                problem.hint = Hint::RetryIn(*seconds);
                problem
            }
            Self::NotJson => say(
                "content_type",
                "请求体的Content-Type须为application/json".into(),
            ),
            Self::BodyTooLarge { limit_bytes } => {
                say("body_too_large", format!("请求体超过{limit_bytes}字节"))
            }
            Self::BodySlow => say("body_slow", "请求体未在规定时间内到达".into()),
            Self::BodyBroken => say("body_broken", "请求体中途断开".into()),
            Self::BodySyntax(reason) => say(
                "body_syntax",
                format!("请求体不是合法的JSON：{}", fault::json(reason)),
            ),
            Self::BodyForm(reason) => say(
                "body_form",
                format!("请求体不符合接口定义：{}", fault::json(reason)),
            ),
            Self::Value { place, reason } => {
                say("value", format!("{place}：{}", reason_zh(reason)))
            }
            Self::Shed => say("shed", "正在办理的请求过多，请稍后重试".into()),
            Self::HeldBack => say("shed", "刚才已繁忙，请按Retry-After等候后再试".into()),
            Self::Internal(_) => {
                tracing::error!(error = %self, "a request failed for a reason of ours");
                Problem::new(
                    "internal",
                    language,
                    language.pick("服务内部错误", "internal error"),
                )
            }
        }
    }
}

/// Why a value does not fit, in Chinese.
fn reason_zh(reason: &Reason) -> String {
    match reason {
        Reason::Fixed(english) => fixed_zh(english).to_owned(),
        Reason::Parameter(known) => format!("没有此参数；可用：{known}"),
        Reason::Limit(max) => format!("应为1至{max}"),
        Reason::Dimension(name) => format!("没有要素{name}"),
        Reason::Field { kind, field } => format!("单据类型{kind}没有字段{field}"),
    }
}

#[rustfmt::skip]
fn fixed_zh(english: &str) -> &str {
    match english {
        "an amount is a plain decimal such as \"1234.56\"" => "金额为十进制数，例如\"1234.56\"",
        "an amount is a text such as \"1234.56\"" => "金额为带引号的十进制数，例如\"1234.56\"",
        "the amount is out of range" => "金额超出范围",
        "the amount is not exact to 0.01" => "金额须精确到分",
        "the amount is not more than 0" => "金额须大于0",
        "a month is 1 to 12" => "月份为1至12",
        "base64 with padding is wanted" => "应为带填充的base64",
        "a text is wanted" => "应为文字",
        "a whole number is wanted" => "应为整数",
        "true or false is wanted" => "应为true或false",
        "a day such as \"2026-03-31\" is wanted" => "应为日期，例如\"2026-03-31\"",
        "no id of a document" => "不是单据编号",
        "no id of a row" => "不是额度编号",
        "no such division" => "没有此区划",
        "no such ledger" => "没有此账簿",
        "no such year" => "没有此年度",
        "no such role" => "没有此岗位",
        "no such document type" => "没有此单据类型",
        "a cursor is given by the part before" => "游标须取自上一页",
        "too many small parts for one request" => "一次请求中的细项过多",
        "once, in plain characters" => "只能出现一次，且为普通字符",
        other => other,
    }
}

fn noun(english: &str) -> &str {
    match english {
        "document" => "单据",
        "row" => "额度",
        "division" => "区划",
        other => other,
    }
}

fn access(error: &AccessError, language: Language) -> Problem {
    let (code, zh) = match error {
        AccessError::Missing => (
            "unauthorized",
            "缺少令牌（Authorization: Bearer）".to_string(),
        ),
        // Whose it was is for the audit log alone.
        AccessError::Of { error, .. } => return access(error, language),
        AccessError::Expired => ("unauthorized", "令牌已过期".into()),
        AccessError::NotYet => ("unauthorized", "令牌尚未生效".into()),
        AccessError::Revoked => ("unauthorized", "令牌已被吊销".into()),
        AccessError::Unbound => (
            "unauthorized",
            "令牌绑定了客户端证书，而本连接未出示该证书".into(),
        ),
        AccessError::UnknownDivision(code) => {
            ("unauthorized", format!("令牌中的区划不存在：{code}"))
        }
        AccessError::Invalid(_) | AccessError::Key { .. } | AccessError::NoKeys => {
            ("unauthorized", "令牌无效".into())
        }
    };
    Problem::new(code, language, language.pick(zh, error.to_string()))
}

fn submit(error: &SubmitError, language: Language) -> Problem {
    let (code, zh) = match error {
        SubmitError::Form(form) => return self::form(form, language),
        SubmitError::Denied(Denied::Role) => ("role_denied", "您的岗位不能办理此步骤".to_string()),
        SubmitError::Denied(Denied::Division) => ("division_denied", "不属于您的区划".into()),
        SubmitError::Denied(Denied::Agency) => ("agency_denied", "属于其他单位".into()),
        SubmitError::Denied(Denied::Narrowed) => ("narrowed", "超出此令牌限定的范围".into()),
        SubmitError::Denied(Denied::Amount(beyond)) => ("amount_denied", beyond_zh(beyond)),
        SubmitError::Signature(fault) => self::signature(fault),
        SubmitError::KeyReused => ("key_reused", "此幂等键已用于另一请求".into()),
        SubmitError::NoDocument(id) => (
            "not_found",
            format!("没有单据{}，或不在您的数据权限内", id.0),
        ),
        SubmitError::Ended(id) => ("document_ended", format!("单据{}已办结，不能再办理", id.0)),
        SubmitError::Busy => ("shed", "待写入账本的记录过多，请稍后重试".into()),
        SubmitError::TooLarge => (
            "body_too_large",
            "此命令或批次超过账本一批所能容纳的大小".into(),
        ),
        SubmitError::Latched(error) => return latched(error, language),
        SubmitError::Closed => ("closing", "服务正在停止".into()),
        SubmitError::Fields(error) => {
            tracing::error!(%error, "a command with a sensitive field can't be dealt with");
            (
                "field_sealed",
                "敏感字段的密钥不在本机或已损坏；其他办理不受影响".into(),
            )
        }
        SubmitError::Standby => ("standby", "本服务器为备机，不受理办理；请向主机提交".into()),
    };
    let mut problem = Problem::new(code, language, language.pick(zh, error.to_string()));
    if let SubmitError::Denied(Denied::Amount(beyond)) = error {
        problem.limit = Some(beyond.limit.into());
        problem.asked = Some(Amount(beyond.asked));
        let roles = beyond.roles.iter().map(|(name, _)| name.clone());
        problem.roles = Some(roles.collect());
    }
    if let SubmitError::NoDocument(id) | SubmitError::Ended(id) = error {
        problem.document = Some(id.0.to_string());
    }
    problem
}

fn beyond_zh(beyond: &Beyond) -> String {
    let (asked, limit) = (Amount(beyond.asked), Amount::from(beyond.limit));
    let way = if beyond.is_below {
        "只办理超过"
    } else {
        "的权限至"
    };
    let roles: Vec<&str> = beyond.roles.iter().map(|(_, zh)| &**zh).collect();
    let who = match roles.is_empty() {
        true => "没有岗位可以办理此金额".into(),
        false => format!("可由以下岗位办理：{}", roles.join("、")),
    };
    format!("您的岗位{way}{limit}元，本单据为{asked}元；{who}")
}

fn signature(fault: &SignatureFault) -> (&'static str, String) {
    match fault {
        SignatureFault::Missing => (
            "signature_missing",
            "此步骤须签章：先取待签内容，签名后随`signature`提交".into(),
        ),
        SignatureFault::AtEntry => (
            "signature_form",
            "须签章的步骤不能与录入同时办理：先录入（不带`transition`），再签章".into(),
        ),
        SignatureFault::Malformed(algorithm) => (
            "signature_form",
            format!("不是{algorithm}签名：应为64字节的base64，SM2亦可为DER编码"),
        ),
        SignatureFault::Algorithm { given, taken } => (
            "signature_form",
            format!("此步骤不接受{given}签名，只接受：{taken}"),
        ),
        SignatureFault::OtherAlgorithm { key, given, actual } => (
            "signature_form",
            format!("密钥{key}的算法为{actual}，不是{given}"),
        ),
        SignatureFault::UnknownKey(key) => (
            "signer_unknown",
            format!("没有登记签名密钥{key}，请联系签章人名册管理员"),
        ),
        SignatureFault::NotInForce { key, span, today } => (
            "signature_key",
            format!("密钥{key}的有效期为{}，今天是{today}", span_zh(span)),
        ),
        SignatureFault::OtherSigner(key) => (
            "signer_other",
            format!("密钥{key}属于他人：由办理人本人签名，代办时亦同"),
        ),
        SignatureFault::Unfit => (
            "signature_unfit",
            "签名与单据现状不符：请重新取待签内容，核对后再签".into(),
        ),
        SignatureFault::TooMany { max, found } => (
            "batch_form",
            format!("原子批次最多{max}个签章步骤，现有{found}个：请分批提交"),
        ),
    }
}

fn span_zh(span: &str) -> String {
    span.replace("from ", "自").replace(" until ", "至")
}

fn form(error: &FormError, language: Language) -> Problem {
    let (code, zh) = match error {
        FormError::Key => (
            "idempotency_key",
            "幂等键为1至64个可见ASCII字符".to_string(),
        ),
        FormError::Kind => ("type_unknown", "没有此单据类型".into()),
        FormError::Division(code) => ("value", format!("没有此区划：{code:09}")),
        FormError::Agency { agency, division } => {
            ("value", format!("{agency}不是区划{division:09}的单位"))
        }
        FormError::Step { kind, step } => {
            ("type_unknown", format!("单据类型{kind}此时没有步骤{step}"))
        }
        FormError::Field(wrong @ FieldFault::Missing(_)) => ("field_missing", fault::field(wrong)),
        FormError::Field(wrong) => ("field", fault::field(wrong)),
        FormError::Links { max, found } => ("field", format!("关联单据最多{max}个，实有{found}个")),
        FormError::Lines {
            min, max, found, ..
        } => ("line", format!("明细应为{min}至{max}条，实有{found}条")),
        FormError::AtLine { line, fault: wrong } => {
            ("line", format!("第{line}条明细：{}", fault::line(wrong)))
        }
        FormError::Line { line, .. } => (
            "line",
            format!("第{line}条明细：没有可以为其生成单据的区划"),
        ),
        FormError::Base { line, row } => {
            ("line", format!("第{line}条明细：本区划没有额度{}", row.0))
        }
        FormError::Row { line, reason } => {
            ("line", format!("第{line}条明细：{}", fault::key(reason)))
        }
        FormError::Batch { max, found } => {
            ("batch_form", format!("一批1至{max}条命令，实有{found}条"))
        }
    };
    let mut problem = Problem::new(code, language, language.pick(zh, error.to_string()));
    if let FormError::Base { row, .. } = error {
        problem.row = Some(row.0.to_string());
    }
    problem
}

fn engine(error: &EngineError, language: Language) -> Problem {
    match error {
        EngineError::Latched(error) => latched(error, language),
        EngineError::Closed => Problem::new(
            "closing",
            language,
            language.pick("服务正在停止", "the server is stopping"),
        ),
        other => {
            tracing::error!(error = %other, "a read failed");
            let detail = language.pick("服务内部错误", "internal error");
            Problem::new("internal", language, detail)
        }
    }
}

/// The reason goes to the log and to `/readyz`; clients are told that it is so.
fn latched(_error: &Latched, language: Language) -> Problem {
    let zh = "账本暂时无法写入；已答复的办理均已保存，未答复的请用同一幂等键重试";
    let en =
        "the journal can't be written; what was answered is kept, retry the rest with the same key";
    Problem::new("journal_latched", language, language.pick(zh, en))
}

//! Problems (RFC 9457): the only place that knows status codes.
//!
//! Each has a `code` that never changes, for programs, and words in the client's language, for people.

use hyper::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::head::Language;
use super::money::Amount;

/// A problem as it leaves.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:hubu:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What sort of problem it is, in the client's language.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time, in the client's language.
    pub detail: String,
    /// The code: stable, for programs.
    pub code: &'static str,
    /// The journal's number, when the refusal is a decision: it is remembered under the command's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub seq: Option<String>,
    /// The document that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The row that said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The row's ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// The row's dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dims: Option<BTreeMap<String, String>>,
    /// What the row has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub available: Option<Amount>,
    /// What was asked of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub asked: Option<Amount>,
    /// The limit of the actor's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub limit: Option<Amount>,
    /// The roles that may do it with this amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The version or state that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The command of a batch that it is about, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The name of the request, by which the log speaks of it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub request_id: Option<String>,
    /// Headers that go with it.
    #[serde(skip)]
    pub hint: Hint,
}

/// What a problem's answer says in its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hint {
    /// Nothing.
    #[default]
    None,
    /// `WWW-Authenticate: Bearer`
    Authenticate,
    /// `Retry-After`
    Retry,
    /// `Retry-After`, in so many seconds.
    RetryIn(u32),
    /// `Allow`, with these methods.
    Allow(&'static str),
}

/// A code with its status and titles.
type Sort = (&'static str, StatusCode, &'static str, &'static str);

/// Every sort of problem, ascending by code.
#[rustfmt::skip]
static SORTS: &[Sort] = &[
    ("acted_before",        StatusCode::FORBIDDEN,              "四眼原则：须由另一人办理", "separation of duties: who acted before may not"),
    ("agency_denied",       StatusCode::FORBIDDEN,              "无权操作其他单位",     "another agency's"),
    ("ahead_of_plan",       StatusCode::CONFLICT,               "超出分月累计计划",     "ahead of the monthly plan"),
    ("amount_denied",       StatusCode::FORBIDDEN,              "超出岗位的金额权限",   "beyond the amount that your role may"),
    ("audit_unavailable",   StatusCode::SERVICE_UNAVAILABLE,    "审计日志无法写入",     "the audit log can't be written"),
    ("batch_form",          StatusCode::UNPROCESSABLE_ENTITY,   "批量请求不符合要求",   "the batch does not fit"),
    ("body_broken",         StatusCode::BAD_REQUEST,            "请求体中断",           "the body broke off"),
    ("body_form",           StatusCode::UNPROCESSABLE_ENTITY,   "请求体字段不符",       "the body does not fit"),
    ("body_slow",           StatusCode::REQUEST_TIMEOUT,        "请求体接收超时",       "the body did not arrive in time"),
    ("body_syntax",         StatusCode::BAD_REQUEST,            "请求体不是合法的JSON", "the body is no JSON"),
    ("body_too_large",      StatusCode::PAYLOAD_TOO_LARGE,      "请求体过大",           "the body is too large"),
    ("closing",             StatusCode::SERVICE_UNAVAILABLE,    "服务正在停止",         "the server is stopping"),
    ("content_type",        StatusCode::UNSUPPORTED_MEDIA_TYPE, "内容类型不支持",       "unsupported content type"),
    ("creator_acts",        StatusCode::FORBIDDEN,              "岗位分离：录入人不得办理", "separation of duties: the creator may not"),
    ("division_denied",     StatusCode::FORBIDDEN,              "无权操作其他区划",     "outside of your division"),
    ("document_ended",      StatusCode::CONFLICT,               "单据已办结",           "the document has ended"),
    ("field",               StatusCode::UNPROCESSABLE_ENTITY,   "字段不符合要求",       "a field does not fit"),
    ("field_missing",       StatusCode::UNPROCESSABLE_ENTITY,   "缺少必填字段",         "a field is missing"),
    ("field_sealed",        StatusCode::SERVICE_UNAVAILABLE,    "敏感字段暂不能办理",   "a sensitive field can't be dealt with"),
    ("frozen",              StatusCode::CONFLICT,               "额度已冻结",           "the row is frozen"),
    ("guard_failed",        StatusCode::UNPROCESSABLE_ENTITY,   "不满足流转条件",       "a condition does not hold"),
    ("header_repeated",     StatusCode::BAD_REQUEST,            "请求头重复",           "a header stands twice"),
    ("host",                StatusCode::BAD_REQUEST,            "缺少或错误的Host",     "Host missing or repeated"),
    ("idempotency_key",     StatusCode::BAD_REQUEST,            "缺少或错误的幂等键",   "idempotency key missing or malformed"),
    ("if_match",            StatusCode::BAD_REQUEST,            "If-Match格式错误",     "malformed If-Match"),
    ("insufficient",        StatusCode::CONFLICT,               "可用额度不足",         "not enough available"),
    ("internal",            StatusCode::INTERNAL_SERVER_ERROR,  "内部错误",             "internal error"),
    ("journal_latched",     StatusCode::SERVICE_UNAVAILABLE,    "账本无法写入",         "the journal can't be written"),
    ("key_reused",          StatusCode::UNPROCESSABLE_ENTITY,   "幂等键已用于其他请求", "the key was used for another command"),
    ("line",                StatusCode::UNPROCESSABLE_ENTITY,   "明细不符合要求",       "a line does not fit"),
    ("method",              StatusCode::METHOD_NOT_ALLOWED,     "方法不允许",           "method not allowed"),
    ("month_missing",       StatusCode::UNPROCESSABLE_ENTITY,   "缺少月份",             "a month is missing"),
    ("narrowed",            StatusCode::FORBIDDEN,              "超出令牌限定的范围",   "your token is narrowed to less"),
    ("negative",            StatusCode::CONFLICT,               "额度不得为负",         "the row would become negative"),
    ("not_creator",         StatusCode::FORBIDDEN,              "仅录入人可办理",       "only the creator may"),
    ("not_found",           StatusCode::NOT_FOUND,              "不存在或无权查看",     "not found"),
    ("overflow",            StatusCode::UNPROCESSABLE_ENTITY,   "金额超出范围",         "an amount is out of range"),
    ("previous_acts",       StatusCode::FORBIDDEN,              "岗位分离：上一岗不得办理", "separation of duties: who took the last step may not"),
    ("role_denied",         StatusCode::FORBIDDEN,              "岗位无权办理",         "none of your roles may"),
    ("shed",                StatusCode::SERVICE_UNAVAILABLE,    "繁忙，请稍后重试",     "busy, come back in a moment"),
    ("signature_form",      StatusCode::UNPROCESSABLE_ENTITY,   "签名不符合要求",       "the signature has not the form that is wanted"),
    ("signature_key",       StatusCode::FORBIDDEN,              "签名密钥不在有效期",   "the signing key is not in force"),
    ("signature_missing",   StatusCode::UNPROCESSABLE_ENTITY,   "此步骤须签章",         "the step must be signed"),
    ("signature_unfit",     StatusCode::FORBIDDEN,              "签名与单据不符",       "the signature does not fit the document"),
    ("signer_other",        StatusCode::FORBIDDEN,              "签名人不是办理人",     "the signer is not who takes the step"),
    ("signer_unknown",      StatusCode::FORBIDDEN,              "签名密钥未登记",       "the signing key is not registered"),
    ("stale_version",       StatusCode::PRECONDITION_FAILED,    "单据已变更",           "the document moved on"),
    ("standby",             StatusCode::SERVICE_UNAVAILABLE,    "备机不受理办理",       "a standby takes no commands"),
    ("too_many_requests",   StatusCode::TOO_MANY_REQUESTS,      "请求过于频繁",         "too many requests"),
    ("type_unknown",        StatusCode::UNPROCESSABLE_ENTITY,   "单据类型或步骤不存在", "no such document type or step"),
    ("unauthorized",        StatusCode::UNAUTHORIZED,           "未认证",               "not authenticated"),
    ("unbalanced",          StatusCode::UNPROCESSABLE_ENTITY,   "借贷不平",             "the postings do not balance"),
    ("value",               StatusCode::UNPROCESSABLE_ENTITY,   "取值不符合要求",       "a value does not fit"),
    ("view_stopped",        StatusCode::SERVICE_UNAVAILABLE,    "查询视图暂不可用",     "the view can't be read"),
    ("wrong_state",         StatusCode::CONFLICT,               "单据状态不符",         "the document's state has no such step"),
];

impl Problem {
    /// The problem of this code, with its words this time.
    pub fn new(code: &'static str, language: Language, detail: impl Into<String>) -> Self {
        let at = SORTS.binary_search_by_key(&code, |sort| sort.0);
        assert!(at.is_ok(), "{code} is in the table");
        let (code, status, zh, en) = SORTS[at.unwrap_or_default()];
        Self {
            kind: format!("urn:hubu:problem:{code}"),
            title: language.pick(zh, en),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            seq: None,
            document: None,
            row: None,
            ledger: None,
            dims: None,
            available: None,
            asked: None,
            limit: None,
            roles: None,
            actual: None,
            index: None,
            request_id: None,
            hint: match status {
                StatusCode::UNAUTHORIZED => Hint::Authenticate,
                StatusCode::SERVICE_UNAVAILABLE => Hint::Retry,
                _ => Hint::None,
            },
        }
    }
}

impl Language {
    /// The text in this language.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_stand_once() {
        assert!(SORTS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_problem_leaves_out_what_it_does_not_know() {
        let problem = Problem::new("shed", Language::English, "later");
        let text = serde_json::to_string(&problem).unwrap();
        assert_eq!(
            text,
            r#"{"type":"urn:hubu:problem:shed","title":"busy, come back in a moment","status":503,"detail":"later","code":"shed"}"#
        );
        assert_eq!(problem.hint, Hint::Retry);
    }
}

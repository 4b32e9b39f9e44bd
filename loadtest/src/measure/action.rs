//! The actions that are counted and timed apart.

/// What a user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Action {
    /// 录入并送审支付申请.
    PaymentSubmit,
    /// 单位审.
    PaymentReview,
    /// 签发.
    PaymentSign,
    /// 签章, several in one request.
    PaymentSeal,
    /// 发送, several in one request.
    PaymentSend,
    /// 回单, several in one request.
    PaymentReceipt,
    /// 录入并送审用款计划.
    PlanSubmit,
    /// Any of the plan's reviews.
    PlanReview,
    /// 批复, several in one request.
    PlanApprove,
    /// 匹配 a settlement.
    SettlementMatch,
    /// 结清.
    SettlementSettle,
    /// 录入并送审指标.
    IssueSubmit,
    /// 处室审.
    IssueReview,
    /// 下达.
    IssueIssue,
    /// 退回 of any document.
    Reject,
    /// A command asked a second time with its key.
    Repeat,
    /// Reading a work list.
    ReadWork,
    /// Reading quota rows.
    ReadQuotas,
    /// Reading a document.
    ReadDocument,
    /// Reading a division's sums.
    ReadSummary,
    /// Reading a document's trace.
    ReadTrace,
    /// 工资批量支付: many payments of one row in one request.
    PaymentPayroll,
    /// 修改后再送审 a plan that was sent back.
    PlanRevise,
    /// 录入并送审项目调剂.
    VirementSubmit,
    /// 部门审 a virement.
    VirementReview,
    /// 批复 a virement.
    VirementApprove,
    /// 录入并送审指标调减.
    ReductionSubmit,
    /// 处室审 a reduction.
    ReductionReview,
    /// 批复 a reduction.
    ReductionApprove,
    /// 登录: the first look at the work list, over a fresh connection.
    ReadLogin,
}

impl Action {
    /// Every action, in the order of their numbers.
    pub const ALL: [Self; 30] = [
        Self::PaymentSubmit,
        Self::PaymentReview,
        Self::PaymentSign,
        Self::PaymentSeal,
        Self::PaymentSend,
        Self::PaymentReceipt,
        Self::PlanSubmit,
        Self::PlanReview,
        Self::PlanApprove,
        Self::SettlementMatch,
        Self::SettlementSettle,
        Self::IssueSubmit,
        Self::IssueReview,
        Self::IssueIssue,
        Self::Reject,
        Self::Repeat,
        Self::ReadWork,
        Self::ReadQuotas,
        Self::ReadDocument,
        Self::ReadSummary,
        Self::ReadTrace,
        Self::PaymentPayroll,
        Self::PlanRevise,
        Self::VirementSubmit,
        Self::VirementReview,
        Self::VirementApprove,
        Self::ReductionSubmit,
        Self::ReductionReview,
        Self::ReductionApprove,
        Self::ReadLogin,
    ];

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::PaymentSubmit => "payment.submit",
            Self::PaymentReview => "payment.review",
            Self::PaymentSign => "payment.sign",
            Self::PaymentSeal => "payment.seal",
            Self::PaymentSend => "payment.send",
            Self::PaymentReceipt => "payment.receipt",
            Self::PlanSubmit => "pay_plan.submit",
            Self::PlanReview => "pay_plan.review",
            Self::PlanApprove => "pay_plan.approve",
            Self::SettlementMatch => "bank_settlement.match",
            Self::SettlementSettle => "bank_settlement.settle",
            Self::IssueSubmit => "indicator_issue.submit",
            Self::IssueReview => "indicator_issue.review",
            Self::IssueIssue => "indicator_issue.issue",
            Self::Reject => "reject",
            Self::Repeat => "repeat",
            Self::ReadWork => "read.work",
            Self::ReadQuotas => "read.quotas",
            Self::ReadDocument => "read.document",
            Self::ReadSummary => "read.summary",
            Self::ReadTrace => "read.trace",
            Self::PaymentPayroll => "payment.payroll",
            Self::PlanRevise => "pay_plan.revise",
            Self::VirementSubmit => "project_virement.submit",
            Self::VirementReview => "project_virement.review",
            Self::VirementApprove => "project_virement.approve",
            Self::ReductionSubmit => "indicator_reduction.submit",
            Self::ReductionReview => "indicator_reduction.review",
            Self::ReductionApprove => "indicator_reduction.approve",
            Self::ReadLogin => "read.login",
        }
    }

    /// The action that a transition of a document type is.
    pub fn of(kind: &str, transition: &str) -> Option<Self> {
        if transition == "reject" {
            return Some(Self::Reject);
        }
        let name = |a: &Self| a.name().split_once('.') == Some((kind, transition));
        Self::ALL.into_iter().find(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_and_names_differ() {
        for (action, at) in Action::ALL.into_iter().zip(0..) {
            assert_eq!(action as usize, at);
        }
        let mut names = Action::ALL.map(Action::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Action::ALL.len());
        assert_eq!(Action::of("payment", "seal"), Some(Action::PaymentSeal));
        assert_eq!(Action::of("payment", "reject"), Some(Action::Reject));
        assert_eq!(Action::of("payment", "fly"), None);
    }
}

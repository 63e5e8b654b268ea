/// Effort and budgets of thinking, and where thinking ends.
///
/// Begin with [ThinkingPlan] and [ThinkingOptions].
///
/// Source: Budget forcing, https://arxiv.org/abs/2501.19393
package glia.engine.thinking;

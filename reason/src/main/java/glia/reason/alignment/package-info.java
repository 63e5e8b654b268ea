/// Constitutional AI: critiques and revisions by principles, preferences by a model, adherence.
///
/// Begin with [Constitution] and [Revision].
///
/// Source: https://arxiv.org/abs/2212.08073
package glia.reason.alignment;

/// Computation at test time: votes, best of n, beams, trees, parallel thinking.
///
/// Begin with [Search] and [Strategy].
///
/// Sources: Self-consistency, https://arxiv.org/abs/2203.11171; optimal test-time compute,
/// https://arxiv.org/abs/2408.03314
package glia.reason.search;

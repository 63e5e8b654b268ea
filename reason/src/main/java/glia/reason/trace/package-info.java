/// Solutions in steps, of mixed quality, and drills in arithmetic, as training data.
///
/// Begin with [TraceSet] and [Drills].
///
/// Source: STaR, https://arxiv.org/abs/2203.14465
package glia.reason.trace;

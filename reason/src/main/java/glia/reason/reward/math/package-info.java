/// Mathematical answers: reads LaTeX and compares exactly.
///
/// Begin with [MathVerifier] and [LatexParser].
package glia.reason.reward.math;

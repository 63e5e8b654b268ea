/// Evaluation by tasks: bits per byte, multiple choice, exact match.
///
/// Begin with [Evaluation] and [EvalTask].
package glia.lab.eval;

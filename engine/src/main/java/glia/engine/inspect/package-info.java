/// Descriptions of a model: parameters, memory, the load of its experts.
///
/// Begin with [ModelSummary].
package glia.engine.inspect;

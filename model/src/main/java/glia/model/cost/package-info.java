/// Parameters, bytes of state and operations, computed from specifications alone.
///
/// Begin with [ParameterCount] and [TokenCost].
///
/// Source: Scaling laws (operations of a token), https://arxiv.org/abs/2001.08361
package glia.model.cost;

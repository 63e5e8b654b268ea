/// Choices of models and hardware for given needs.
///
/// Begin with [Planner].
package glia.plan.choose;

/// Models that are loaded on demand, kept alive and evicted.
///
/// Begin with [ModelPool] and [ServedModel].
package glia.serve.pool;

/// Metrics for Prometheus.
///
/// Begin with [ServerMetrics].
package glia.serve.metrics;

/// Records of a run: metrics.jsonl, TensorBoard files, report.html.
///
/// Begin with [MetricsFile] and [HtmlReport].
package glia.train.report;

/// Rows of data: JSON lines, JSON arrays, Parquet. Errors name file and line.
///
/// Begin with [JsonLines].
package glia.io.jsonl;

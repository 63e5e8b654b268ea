/// JSON as Java values or as a tree, with limits.
///
/// Begin with [JsonValues] and [JsonTree].
///
/// Source: RFC 8259, https://www.rfc-editor.org/rfc/rfc8259
package glia.io.json;

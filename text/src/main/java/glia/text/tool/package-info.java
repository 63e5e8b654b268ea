/// Tool calls in the syntax of each family, read while they are streamed.
///
/// Begin with [ToolFormat] and [ToolCallParser].
package glia.text.tool;

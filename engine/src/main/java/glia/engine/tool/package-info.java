/// Token masks by which tool calls have known names and valid arguments.
///
/// Begin with [ToolMasks].
package glia.engine.tool;

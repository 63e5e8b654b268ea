/// Markers of thinking, how templates switch it, and the splitter of a stream.
///
/// Begin with [ThinkingFormat] and [ThinkingSplitter].
package glia.text.thinking;

/// Anthropic's Messages API.
///
/// Begin with [Messages] and [MessageStream].
///
/// Source: https://docs.anthropic.com/en/api/messages
package glia.serve.anthropic;

/// What the APIs share beyond calls: stored conversations, functions of requests, texts of tokens.
///
/// Begin with [StoredResponses].
package glia.serve.chat;

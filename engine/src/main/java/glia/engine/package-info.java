/// Generation with a loaded model: text, chats, masked words, classes.
///
/// Begin with [LanguageModel] and [Engine].
package glia.engine;

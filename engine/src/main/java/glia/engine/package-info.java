/// Generation with a loaded model: texts and chats. [glia.engine.pass.Engine] computes it.
///
/// Begin with [LanguageModel] and [Chat].
package glia.engine;

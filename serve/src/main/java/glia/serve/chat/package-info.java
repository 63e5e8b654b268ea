/// A call for text in terms that all APIs share, its run and its events.
///
/// Begin with [GenerationCall] and [GenerationRun].
package glia.serve.chat;

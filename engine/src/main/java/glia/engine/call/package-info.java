/// A call for text in terms that all front ends share: its prompt, its masks, its run, and tools that run meanwhile.
///
/// Begin with [GenerationCall] and [GenerationRun].
package glia.engine.call;

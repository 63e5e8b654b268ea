/// What a sequence keeps between steps: blocks of the KV cache, recurrent states, shared prefixes.
///
/// Begin with [Sequence], [BlockPool] and [PrefixCache].
///
/// Source: Paged attention, https://arxiv.org/abs/2309.06180
package glia.engine.state;

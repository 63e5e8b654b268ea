/// Speculative decoding: tokens are guessed cheaply and checked in one pass.
///
/// Begin with [Drafting] and [DraftPolicy].
///
/// Sources: Speculative decoding, https://arxiv.org/abs/2211.17192; prompt lookup,
/// https://github.com/apoorvumang/prompt-lookup-decoding
package glia.engine.draft;

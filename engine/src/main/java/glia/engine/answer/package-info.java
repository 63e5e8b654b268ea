/// The text of an answer: what its tokens are, which part is thinking, which are tool calls, and where it ends.
///
/// Begin with [AnswerText] and [CollectedAnswer].
package glia.engine.answer;

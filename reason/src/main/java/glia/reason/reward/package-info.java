/// Rewards that recipes name: answers, formats, programs, models, commands.
///
/// Begin with [Reward] and [Rewards].
package glia.reason.reward;

/// Results of a model without generation: probabilities of prompts, classes, masked words.
///
/// Begin with [PromptScorer] and [Classifier].
package glia.engine.score;
